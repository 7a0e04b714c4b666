"""What Redis serves: do versions ever go back, and do the windows hold what the days add up to?"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
import redis

from sinks.redis_keys import KINDS, RedisKeys
from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Tally
from tests.chaos.state_view import Row

_COUNTS = (
    "dials",
    "answered",
    "human_answered",
    "human_answered_outbound",
    "contacts",
    "contacts_outbound",
    "short_calls",
    "talk_ms",
    "hold_ms",
    "wrap_ms",
    "surveys",
    "csat_responses",
    "csat_satisfied",
    "nps_promoters",
    "nps_passives",
    "nps_detractors",
    "retracted",
)
_PARTS = {
    "deals_gross": "deals_gross_bp",
    "deals_reversed": "deals_reversed_bp",
    "csat_rating_sum": "csat_rating_e4",
}

Sums = dict[str, int]
Difference = tuple[str, str, str, object, object]
"""Rep, window, cell, what it should be, what is shown."""


class VersionWatch:
    """Follows the change stream, and notes when a version is lower than one seen before it.

    Redis may lose everything (the epoch of its layout changes then); otherwise versions only grow.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._keys = RedisKeys(prefix)
        self._newest: dict[str, tuple[int, int]] = {}
        self._epoch: bytes | None = None
        self._stop = threading.Event()
        self.looks = 0
        self.went_back: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True, name="versions")
        self._thread.start()

    def close(self) -> None:
        """Watch no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        at: str | bytes = "$"
        while not self._stop.is_set():
            with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self._url) as client:
                while not self._stop.is_set():
                    at = self._look(client, at)
            self._stop.wait(0.2)

    def _look(self, client: Any, at: str | bytes) -> str | bytes:
        found = client.xread({self._keys.changes: at}, count=100, block=300)
        # Either protocol version: a mapping, or pairs.
        streams = found.values() if isinstance(found, dict) else [s[1] for s in found]
        entries = [entry for part in streams for entry in _flat(part)]
        with client.pipeline(transaction=True) as pipe:
            pipe.get(self._keys.layout)
            for kind in KINDS:
                pipe.hgetall(self._keys.versions(kind))
            epoch, *held = pipe.execute()
        if epoch != self._epoch:
            self._epoch, self._newest, at = epoch, {}, "0-0"
        for kind, versions in zip(KINDS, held, strict=True):
            for field, written in versions.items():
                self._compare(f"{kind} {field.decode()}", written)
        self.looks += 1
        return entries[-1][0] if entries else at

    def _compare(self, name: str, written: bytes) -> None:
        first, second = written.split(b" ")
        version = (int(first), int(second))
        held = self._newest.get(name, version)
        if version < held:
            self.went_back.append(f"{name}: {held} became {version}")
        self._newest[name] = version


def _flat(part: list[Any]) -> list[Any]:
    """The entries of a stream; of the newer protocol they lie one list deeper."""
    return part[0] if part and isinstance(part[0], list) else part


def rep_snapshots(url: str, prefix: str) -> dict[str, RepSnapshot]:
    """The snapshots Redis holds."""
    with redis.Redis.from_url(url) as client:
        held: Any = client.hgetall(RedisKeys(prefix).held("reps"))
    decode = msgspec.json.Decoder(RepSnapshot).decode
    return {rep.decode(): decode(value) for rep, value in held.items()}


def leaderboards(url: str, prefix: str, shots: Mapping[str, RepSnapshot]) -> list[Difference]:
    """Where the rank sets say something else than the snapshots beside them."""
    out: list[Difference] = []
    with redis.Redis.from_url(url) as client:
        for name, score in (("contacts", _contacts), ("deals", _deals)):
            found: Any = client.zrange(
                RedisKeys(prefix).rank("today", name), 0, -1, withscores=True
            )
            ranked = {rep.decode(): value for rep, value in found}
            for rep, shot in shots.items():
                wanted = score(shot.windows.get("today", Tally()))
                if ranked.get(rep) != wanted:
                    out.append((rep, "today", f"rank {name}", wanted, ranked.get(rep)))
    return out


def _contacts(tally: Tally) -> float:
    return float(tally.contacts)


def _deals(tally: Tally) -> float:
    return tally.deals_net_bp / 10_000


class Windows:
    """Calendar windows as sums of a recount's days."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._days: dict[str, dict[date, Sums]] = {}
        for row in rows:
            sums = self._days.setdefault(row["rep_id"], {})
            sums[date.fromisoformat(row["date"])] = _of_row(row)

    def compare(self, shots: Mapping[str, RepSnapshot]) -> tuple[int, list[Difference]]:
        """(cells compared, those that differ) of every window of every rep."""
        cells = 0
        out: list[Difference] = []
        for rep in sorted(self._days.keys() | shots.keys()):
            shot = shots.get(rep)
            if shot is None:
                out.append((rep, "all", "snapshot", "one", "none"))
                continue
            today = date.fromisoformat(shot.date)
            for window, (first, last) in _periods(today).items():
                wanted = self._sum(rep, first, last)
                shown = _of_tally(shot.windows.get(window, Tally()))
                for cell in wanted.keys() | shown.keys():
                    cells += 1
                    if wanted.get(cell, 0) != shown.get(cell, 0):
                        pair = (wanted.get(cell, 0), shown.get(cell, 0))
                        out.append((rep, f"{window} of {shot.date}", cell, *pair))
        return cells, out

    def day(self, rep: str, day: date) -> Sums:
        """The cells of one day."""
        return self._days.get(rep, {}).get(day, {})

    def _sum(self, rep: str, first: date, last: date) -> Sums:
        out: Sums = {}
        for day, sums in self._days.get(rep, {}).items():
            if first <= day <= last:
                for cell, value in sums.items():
                    out[cell] = out.get(cell, 0) + value
        return out


def _periods(today: date) -> dict[WindowName, tuple[date, date]]:
    """Window to its first and last day."""
    monday = today - timedelta(days=today.weekday())
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return {
        "today": (today, today),
        "week": (monday, monday + timedelta(days=6)),
        "month": (today.replace(day=1), _end_of_months(today.replace(day=1), 1)),
        "quarter": (quarter, _end_of_months(quarter, 3)),
        "year": (today.replace(month=1, day=1), today.replace(month=12, day=31)),
    }


def _end_of_months(first: date, months: int) -> date:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _of_row(row: Row) -> Sums:
    sums = {name: int(row[name]) for name in _COUNTS}
    for name in _PARTS:
        sums[name] = _parts(row[name])
    sums["new_customers"] = _parts(row["new_customers"])
    for side in ("revenue_gross", "revenue_reversed"):
        sums |= {f"{side} {currency}": amount for currency, amount in row[side].items()}
    for product, amounts in row["products"].items():
        sums |= {f"{product} {currency}": amount for currency, amount in amounts.items()}
    return sums


def _of_tally(tally: Tally) -> Sums:
    sums = {name: int(getattr(tally, name)) for name in _COUNTS}
    sums |= {name: int(getattr(tally, field)) for name, field in _PARTS.items()}
    sums["new_customers"] = tally.new_net_bp
    for currency, products in tally.money.items():
        gross, back, _ = tally.revenue(currency)
        sums |= {f"revenue_gross {currency}": gross, f"revenue_reversed {currency}": back}
        for product, (up, down) in products.items():
            sums[f"{product} {currency}"] = up - down
    return sums


def _parts(decimal: str) -> int:
    """A number with four places as 1/10,000."""
    return int(decimal.replace(".", ""))
