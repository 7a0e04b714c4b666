"""Which drops are made up to try detectors on a floor's own history: who, from when, in which run.

Nothing is drawn in turn: every chance is a hash of what it is about, so a drop is the same whatever
else is tried beside it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from msgspec import structs

from streams.core.alerts.contact import Bucket, MaturedContact

FOLLOWED = (60, 40, 20)
"""Working days a drop is followed for: the most that leave enough starts to choose from."""
_STARTS_A_DROP = 3
FEWEST_STARTS = 20
"""With fewer there is too little history to try anything."""
_APART_DAYS = 20
"""Most drops are found by then: the next of the team may begin."""
_SHARE = 10
"""One rep in so many of a team drops at once: more would lower the team's rate."""


class Drop(NamedTuple):
    """A rep of a site, whose contacts in [`from_ms`, `until_ms`) sell less than they did.

    `day` is the place of the first day among the rep's working days.
    """

    from_ms: int
    site_id: str
    rep_id: str
    until_ms: int
    day: int


class Made(NamedTuple):
    """How drops are made: a sale is kept with probability `keep`, which ones goes by `seed`."""

    keep: float
    seed: int


class Worked:
    """A rep's contacts: `at` their instants, `days` the local days, `begins` each day's first.

    `watched` are the days on which every detector has the rep's usual.
    """

    def __init__(self, team_id: str) -> None:
        self.team_id = team_id
        self.at = array("q")
        self.days: list[int] = []
        self.begins: list[int] = []
        self.watched: set[int] = set()

    def add(self, day: int, at_ms: int) -> None:
        """A contact behind all others."""
        if not self.days or day > self.days[-1]:
            self.days.append(day)
            self.begins.append(len(self.at))
        self.at.append(at_ms)

    def drop(self, site_id: str, rep_id: str, day: int, followed: int, part: float) -> Drop:
        """One that begins so far into a day's contacts, and lasts so many days."""
        ends = [*self.begins[1:], len(self.at)]
        begin, end = self.begins[day], ends[day]
        from_ms = self.at[begin + int(part * (end - begin))]
        return Drop(from_ms, site_id, rep_id, self.at[ends[day + followed - 1] - 1] + 1, day)

    def since(self, drop: Drop, at_ms: int) -> tuple[int, int]:
        """(contacts, working days) from a drop to an instant, both ends counted."""
        last = bisect_right(self.at, at_ms)
        days = bisect_left(self.begins, last) - drop.day
        return last - bisect_left(self.at, drop.from_ms), days


Floor = Mapping[tuple[str, str], Worked]
"""(site, rep) to what they did."""


def chance(*about: object) -> float:
    """A number in [0, 1) that is as good as drawn, and always the same for the same."""
    digest = blake2b("\x1f".join(map(str, about)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / (1 << 48)


def choose(floor: Floor, count: int, seed: int, between: tuple[int, int]) -> tuple[int, list[Drop]]:
    """(working days each is followed for, up to `count` drops); none with too little history.

    They begin at some contact of a day in [first, last] of `between` on which the rep is watched.
    """
    followed, starts = 0, []
    for followed in FOLLOWED:
        starts = _starts(floor, followed, between)
        if len(starts) >= max(_STARTS_A_DROP * count, FEWEST_STARTS):
            break
    if len(starts) < FEWEST_STARTS:
        return followed, []
    starts.sort(key=lambda start: chance(seed, "start", *start))
    return followed, sorted(
        floor[site_id, rep_id].drop(
            site_id, rep_id, day, followed, chance(seed, "contact", site_id, rep_id, day)
        )
        for site_id, rep_id, day in starts[:count]
    )


def _starts(floor: Floor, followed: int, between: tuple[int, int]) -> list[tuple[str, str, int]]:
    """(site, rep, place among the rep's days) of every day a drop may begin on."""
    first, last = between
    return [
        (*name, at)
        for name, worked in floor.items()
        for at, day in enumerate(worked.days[: max(len(worked.days) - followed + 1, 0)])
        if first <= day <= last and day in worked.watched
    ]


def runs_of(floor: Floor, drops: Sequence[Drop]) -> list[list[Drop]]:
    """The drops, dealt to few runs: few of a team at once in each, and a rep only once."""
    sizes = Counter((site_id, worked.team_id) for (site_id, _), worked in floor.items())
    runs: list[list[Drop]] = []
    for drop in sorted(drops):
        team = _team(floor, drop)
        most = max(sizes[team] // _SHARE, 1)
        for run in runs:
            beside = sum(
                _team(floor, one) == team and drop.from_ms < _freed_ms(floor, one) for one in run
            )
            if beside < most and all(_name(one) != _name(drop) for one in run):
                run.append(drop)
                break
        else:
            runs.append([drop])
    return runs


def _name(drop: Drop) -> tuple[str, str]:
    return drop.site_id, drop.rep_id


def _team(floor: Floor, drop: Drop) -> tuple[str, str]:
    return drop.site_id, floor[_name(drop)].team_id


def _freed_ms(floor: Floor, drop: Drop) -> int:
    """When the next of the team may drop."""
    worked = floor[_name(drop)]
    return worked.at[worked.begins[min(drop.day + _APART_DAYS, len(worked.begins) - 1)]]


def worsened(bucket: Bucket, now: Mapping[str, Drop], made: Made) -> Bucket:
    """The bucket with each sale of those who drop (by rep) kept or not."""
    contacts = [_worse(one, now.get(one.rep_id), made) for one in bucket.contacts]
    return Bucket(bucket.number, tuple(contacts))


def _worse(contact: MaturedContact, drop: Drop | None, made: Made) -> MaturedContact:
    if drop is None or not contact.sale or not drop.from_ms <= contact.at_ms < drop.until_ms:
        return contact
    if (
        chance(made.seed, "kept", drop.site_id, drop.rep_id, contact.at_ms, contact.entity)
        < made.keep
    ):
        return contact
    return structs.replace(contact, sale=False)
