"""Per-rep series for Prometheus, rendered by hand from the partitions this worker owns.

prometheus_client takes seconds and hundreds of megabytes for ten thousand reps; text put together
from cached label blocks takes a fraction of it, and family by family the event loop never waits
long. A partition that recovers shows nothing: its numbers are not whole yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice

from sinks.alert_series import alert_family
from sinks.exposition import escaped, gauge, number
from sinks.latest import Latest
from sinks.rep_families import COUNTS, HOUR, REVENUE, names
from sinks.rep_label import RepLabel, shown_id
from sinks.team_series import team_families, team_tallies
from streams.core.alerts.book import Entry
from streams.core.snapshot import RepSnapshot, SnapshotBatch
from streams.core.tally import Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

ROWS_AT_ONCE = 250
"""Reps whose values are put into text before the event loop gets its turn."""

_EMPTY = Tally()
_TODAY, _HOUR = [one.value for one in COUNTS], [one.value for one in HOUR]


class _Row:
    """What one rep exports: its label block and its values as text, made once per snapshot.

    `series` is how many series that are.
    """

    __slots__ = ("info", "labels", "money", "newest", "series", "snapshot", "values")

    def __init__(self, snapshot: RepSnapshot, labels: str, info: str) -> None:
        self.snapshot = snapshot
        self.labels = labels
        self.info = info
        today = snapshot.windows.get("today", _EMPTY)
        hour = snapshot.windows.get("60m", _EMPTY)
        # Inline what `number` does: there are some 40 of these a rep, and 10,000 reps a scrape.
        self.values = [None if (v := value(today)) is None else repr(v) for value in _TODAY]
        self.values += [None if (v := value(hour)) is None else repr(v) for value in _HOUR]
        called_ms = snapshot.newest_ms.get("call")
        self.newest = None if called_ms is None else number(called_ms / 1000)
        self.money = [(escaped(c), *today.revenue(c)[:2]) for c in today.money]
        shown = len(self.values) - self.values.count(None) + (self.newest is not None)
        self.series = 1 + shown + 2 * len(self.money)


class PrometheusSink:
    """Holds the snapshots of owned partitions and renders them as text exposition.

    `rep_label`: `id`, `hash` (a pseudonym: it hides ids from a glance, not from who has the list of
    ids; names are left out) or `off` (no rep series, only teams, each partition's part apart).
    Beyond `series_limit` rep series whole reps are left out, the last ones by id, and
    `floorcast_rep_series_dropped` says how many series that were; team series and alerts are never
    cut. `alerts` gives all alerts there are; those that are open are shown.
    """

    name = "prometheus"

    def __init__(
        self,
        *,
        rep_label: RepLabel = "id",
        series_limit: int = 500_000,
        alerts: Callable[[], Iterable[Entry]] = tuple,
    ) -> None:
        self._latest = Latest()
        self._alerts = alerts
        self._rep_label = rep_label
        self._series_limit = series_limit
        self._rows: dict[str, _Row] = {}

    async def start(self) -> None:
        """Nothing to open: Prometheus comes and asks."""

    async def write(self, batch: SnapshotBatch) -> None:
        """Take a batch, after letting go of the partitions it releases; never raises."""
        self._latest.release(batch.released)
        self._latest.take(batch)
        for rep_id in self._rows.keys() - self._latest.reps.keys():
            del self._rows[rep_id]

    async def needs_resync(self) -> bool:
        """Never: what was written stays as long as the process."""
        return False

    async def close(self) -> None:
        """Nothing to close."""

    def render(self) -> bytes:
        """The whole exposition at once; on an event loop use `render_chunks`."""
        return "".join(self._pieces()).encode()

    async def render_chunks(self) -> AsyncIterator[bytes]:
        """The exposition piece by piece, other tasks in between; all of one moment."""
        for piece in self._pieces():
            if piece:
                yield piece.encode()
            await asyncio.sleep(0)

    def _pieces(self) -> Iterator[str]:
        """Families in turn; empty pieces where only time has passed."""
        recovering = {p for p, one in self._latest.status.items() if one.state == "recovering"}
        shown = sorted(self._latest.status.keys() - recovering)
        # Snapshots are replaced, never altered, so these lists stay as they are now.
        teams = team_tallies(
            self._latest.partials.values(), recovering, by_partition=self._rep_label == "off"
        )
        reps: list[RepSnapshot] = []
        if self._rep_label != "off":
            held = self._latest.reps.values()
            reps = sorted((one for one in held if one.partition not in recovering), key=_rep_id)
        rows: list[_Row] = []
        room, dropped = self._series_limit, 0
        source = iter(reps)
        while part := list(islice(source, ROWS_AT_ONCE)):
            for row in map(self._row, part):
                series = row.series
                if dropped or series > room:
                    dropped += series
                else:
                    room -= series
                    rows.append(row)
            yield ""
        yield gauge(
            "floorcast_rep_series_dropped",
            "Rep series left out because of rep_series_limit; must be 0.",
            [f" {dropped}\n"],
        )
        yield gauge(
            "floorcast_rep_recovering_partitions",
            "Owned partitions that recover and show nothing until they are whole.",
            [f" {len(recovering)}\n"],
        )
        yield gauge(
            "floorcast_rep_partition_shown",
            "1 for each partition whose numbers are here; an absent one is missing from all sums.",
            [f'{{partition="{p}"}} 1\n' for p in shown],
        )
        yield alert_family(self._alerts(), self._rep_label)
        yield from _rep_families(rows)
        yield from team_families(teams)

    def _row(self, snapshot: RepSnapshot) -> _Row:
        row = self._rows.get(snapshot.rep_id)
        if row is None or row.snapshot is not snapshot:
            labels, info = self._labels(snapshot)
            row = self._rows[snapshot.rep_id] = _Row(snapshot, labels, info)
        return row

    def _labels(self, snapshot: RepSnapshot) -> tuple[str, str]:
        """(label block, label block of the info series); kept while nothing in them changes."""
        row = self._rows.get(snapshot.rep_id)
        if row is not None and _same_place(row.snapshot, snapshot):
            return row.labels, row.info
        rep = shown_id(snapshot.rep_id, self._rep_label)
        name = "" if self._rep_label == "hash" else snapshot.name or ""
        inner = (
            f'rep="{escaped(rep)}",team="{escaped(snapshot.team_id)}",'
            f'site="{escaped(snapshot.site)}"'
        )
        in_roster = "true" if snapshot.in_roster else "false"
        info = f'{{{inner},name="{escaped(name)}",in_roster="{in_roster}"}} 1\n'
        return f"{{{inner}}} ", info


def _rep_families(rows: Sequence[_Row]) -> Iterator[str]:
    yield gauge(
        "floorcast_rep_info",
        "Who a rep is; the value is always 1.",
        [row.info for row in rows],
    )
    yield gauge(
        "floorcast_rep_newest_call_timestamp_seconds",
        "When the rep's newest call that is counted ended, seconds since 1970.",
        [f"{row.labels}{row.newest}\n" for row in rows if row.newest is not None],
    )
    for i, (name, text) in enumerate(names("rep")):
        yield gauge(
            name,
            text,
            [f"{row.labels}{row.values[i]}\n" for row in rows if row.values[i] is not None],
        )
    for at, (suffix, text) in enumerate(REVENUE, start=1):
        yield gauge(
            f"floorcast_rep_today_{suffix}",
            text,
            [
                f'{row.labels[:-2]},currency="{money[0]}"}} {money[at]}\n'
                for row in rows
                for money in row.money
            ],
        )


def _rep_id(snapshot: RepSnapshot) -> str:
    return snapshot.rep_id


def _same_place(one: RepSnapshot, other: RepSnapshot) -> bool:
    return (one.team_id, one.site, one.name, one.in_roster) == (
        other.team_id,
        other.site,
        other.name,
        other.in_roster,
    )
