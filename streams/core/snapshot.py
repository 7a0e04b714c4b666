"""Snapshots: what a worker says of its reps, teams and sources, and what every board reads.

Each carries a `version` (sum of the applied input positions of its partition, computed-at in
milliseconds); of two snapshots of the same thing the one with the larger version holds, so a stale
or recovering owner never wins in the long run.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, json

from streams.core.day_line import DayLine
from streams.core.past_days import Usual
from streams.core.tally import Tally

WindowName = Literal[
    "5m",
    "15m",
    "30m",
    "60m",
    "last20",
    "last50",
    "last100",
    "shift",
    "today",
    "week",
    "month",
    "quarter",
    "year",
]
WINDOWS: tuple[WindowName, ...] = get_args(WindowName)
ADDITIVE_WINDOWS: tuple[WindowName, ...] = tuple(w for w in WINDOWS if not w.startswith("last"))
"""Windows that add up over reps; 'last N contacts' is a window of one rep only."""

WITHIN_A_DAY = frozenset({"5m", "15m", "30m", "60m", "shift", "today"})
"""Windows that need no earlier day, and of which a snapshot of an earlier date says nothing."""

Version = tuple[int, int]
"""(sum of applied input positions, computed-at in ms): compared in this order, larger holds.

The sum stands below the generation of the state (`GENERATION_SHIFT`), so that whatever a generation
says is above all that an earlier one ever said.
"""

GENERATION_SHIFT = 44
"""Leaves 17 million million events, and 511 generations while it stays exact as a double: Redis'
scripts and browsers have no other numbers."""


class RepSnapshot(Struct, kw_only=True, omit_defaults=True, gc=False):
    """Everything a board shows of one rep; the value of `rep-scoreboard`, key `rep_id`.

    `date` is the rep's local date now (YYYY-MM-DD) in `zone`. `windows` leaves out `shift` when the
    site has none now. `last_*` windows hold only contacts and deals. `newest_ms` is the newest
    event time counted for this rep, by kind (`call`, `deal`, `survey`, `visit`). `by_team` splits
    the windows of whole days over the teams the rep was in on those days; absent when that is one.
    `loading`: a worker has just started and still reads earlier days; the windows that need them
    are left out. `line` is the day by half hours, `usual` the working days before it; both absent
    for none, and `usual` while loading. `shift` is the name of the site's shift that runs now.
    """

    rep_id: str
    partition: int
    version: Version
    date: str
    zone: str
    team_id: str
    site: str
    in_roster: bool = False
    name: str | None = None
    windows: dict[WindowName, Tally] = {}
    newest_ms: dict[str, int] = {}
    by_team: dict[str, dict[WindowName, Tally]] = {}
    loading: bool = False
    line: DayLine | None = None
    usual: Usual | None = None
    shift: str | None = None


class Partial(Struct, kw_only=True, omit_defaults=True, gc=False):
    """What one partition adds to a team or a site: absolute; readers add up the partitions.

    `loading`: windows beyond today are left out, for earlier days of some reps are still read.
    """

    level: Literal["team", "site"]
    id: str
    partition: int
    version: Version
    reps: int
    windows: dict[WindowName, Tally] = {}
    loading: bool = False


class SourceFreshness(Struct, kw_only=True, omit_defaults=True, gc=False):
    """The newest event of a source on a topic that one partition has seen, times in UTC ms.

    `seen_ms` is the Kafka timestamp of that record; `partition` says whose view this is.
    """

    topic: str
    source: str
    partition: int
    newest_ms: int
    seen_ms: int


class PartitionStatus(Struct, kw_only=True, omit_defaults=True, gc=False):
    """How a partition fares: the state a board needs to say "live" or why not.

    Its `version` is (computed-at in ms, 0): the latest word holds, for an owner that has just taken
    over is behind the one before.
    """

    partition: int
    version: Version
    state: Literal["live", "catching_up", "recovering"]
    lag: Annotated[int, Meta(description="Events in Kafka that are not applied yet.")] = 0
    stopped: Annotated[dict[str, str], Meta(description="Stopped input topic -> why.")] = {}
    reps: Annotated[int, Meta(description="Reps it shows; with fewer a reader lacks some.")] = 0


class SnapshotBatch(Struct, kw_only=True):
    """What a worker hands its sinks at once. Every part is absolute; any may be empty.

    `released` are partitions this worker owns no more: a sink that shows only owned partitions
    (Prometheus, the page in the worker's process) drops them; a shared store (Redis) keeps them.
    `forgotten` are ids of reps that must be found nowhere any more; they are taken before `reps`,
    which show the same reps under other ids.
    """

    reps: list[RepSnapshot] = []
    partials: list[Partial] = []
    freshness: list[SourceFreshness] = []
    status: list[PartitionStatus] = []
    released: list[int] = []
    forgotten: list[str] = []


_encoder = json.Encoder(order="deterministic")
_rep_decoder = json.Decoder(RepSnapshot)


def encode_snapshot(snapshot: Struct) -> bytes:
    """Compact JSON with keys in a fixed order; equal snapshots give equal bytes."""
    return _encoder.encode(snapshot)


def decode_rep_snapshot(value: bytes) -> RepSnapshot:
    """Read a value of `rep-scoreboard`; raises msgspec.DecodeError when it is none."""
    return _rep_decoder.decode(value)
