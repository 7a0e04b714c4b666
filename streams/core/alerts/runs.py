"""A floor's history under several watches at once: as it stands, and with drops made up in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from streams.core.alerts.contact import Bucket
from streams.core.alerts.floor_watch import FloorWatch, standing
from streams.core.alerts.history import SiteHistory
from streams.core.alerts.measured import Rate
from streams.core.alerts.outcomes import Alert, Level
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fold
from streams.core.alerts.trials import Drop, Made, Worked, worsened
from streams.core.alerts.wallboard_rules import RULES, RuleWatch

Told = Callable[[int], None]
"""Hears how many more contacts have been folded."""
LAST_DAY = 1 << 40


class Alarm(NamedTuple):
    """Somebody says: this rep, at this contact."""

    site_id: str
    rep_id: str
    at_ms: int
    level: Level


class Watch(Protocol):
    """Whatever raises alarms about reps of one site."""

    def watch(self, bucket: Bucket) -> Iterable[Alarm]:
        """The alarms that a bucket gives; buckets come in order."""

    def watched(self) -> set[str] | None:
        """Reps at work on the newest day who are watched; None: it does not say."""


class Detector:
    """The shipped detector under some settings."""

    def __init__(self, site: SiteHistory, settings: AlertSettings) -> None:
        self._settings = settings
        self._floor = FloorWatch(site.site_id, site.zone.name)

    def watch(self, bucket: Bucket) -> Iterable[Alarm]:
        """The alarms that a bucket gives, at both levels."""
        for one in fold(self._floor, bucket, self._settings)[1]:
            if isinstance(one, Alert) and one.rep_id:
                yield Alarm(one.site_id, one.rep_id, one.at_ms, one.level)

    def watched(self) -> set[str]:
        """Reps at work on the newest day who are watched."""
        floor = self._floor
        return {
            rep_id
            for rep_id, rep in floor.reps.items()
            if rep.last_day == floor.day
            and standing(floor, rep_id, self._settings).state in ("watched", "amber")
        }


class WallboardRule:
    """One of the rules that wallboards ship."""

    def __init__(self, site: SiteHistory, name: str, settings: AlertSettings) -> None:
        self._site_id = site.site_id
        self._rule = RuleWatch(RULES[name], settings, site.zone)

    def watch(self, bucket: Bucket) -> Iterable[Alarm]:
        """The alarms that a bucket gives; all are red."""
        for rep_id, at_ms in self._rule.watch(bucket):
            yield Alarm(self._site_id, rep_id, at_ms, "red")

    def watched(self) -> None:
        """A rule does not say."""


Make = Callable[[SiteHistory], Watch]


class Calm:
    """The history as it stands: who was watched when, and how many alarms there were.

    Counted are local days in [`first`, `last`]. A rule is counted for those whom the detector made
    last before it watches.
    """

    def __init__(self, makes: Sequence[Make], first: int, last: int) -> None:
        self.floor: dict[tuple[str, str], Worked] = {}
        self.alarms: list[list[Alarm]] = [[] for _ in makes]
        self.rep_days = [0] * len(makes)
        self.days: set[int] = set()
        self._makes, self._first, self._last = makes, first, last

    def run(self, site: SiteHistory, told: Told) -> None:
        """Add a site."""
        watches = [make(site) for make in self._makes]
        today: list[list[Alarm]] = [[] for _ in watches]
        day = -1
        for bucket in site.buckets():
            if bucket.contacts:
                now = site.day_of(bucket)
                if now > self._last:
                    break
                if now > day >= 0:
                    self._end(site, day, watches, today)
                day = max(now, day)
            for contact in bucket.contacts:
                name = (site.site_id, contact.rep_id)
                worked = self.floor.get(name)
                if worked is None:
                    worked = self.floor[name] = Worked(contact.team_id)
                worked.add(day, contact.at_ms)
            for at, watch in enumerate(watches):
                today[at] += watch.watch(bucket)
            told(len(bucket.contacts))
        if day >= 0:
            self._end(site, day, watches, today)

    def _end(
        self, site: SiteHistory, day: int, watches: Sequence[Watch], today: list[list[Alarm]]
    ) -> None:
        """Count a local day that is over."""
        counted, by_all = self._first <= day, None
        watched: set[str] = set()
        for at, watch in enumerate(watches):
            own = watch.watched()
            if own is not None:
                watched = own
                by_all = own if by_all is None else by_all & own
            if counted:
                self.rep_days[at] += len(watched)
                self.alarms[at] += [
                    one for one in today[at] if own is not None or one.rep_id in watched
                ]
            today[at].clear()
        for rep_id in by_all or ():
            self.floor[site.site_id, rep_id].watched.add(day)
        if counted and by_all:
            self.days.add(day)

    def rate(self, at: int, level: Level) -> Rate:
        """How many alarms of a level a watch has raised."""
        return Rate(sum(one.level == level for one in self.alarms[at]), self.rep_days[at])


def dropping(
    sites: Iterable[SiteHistory],
    makes: Sequence[Make],
    drops: Sequence[Drop],
    made: Made,
    told: Told = lambda _: None,
) -> list[list[Alarm]]:
    """The alarms of every watch up to the end of the last drop, in one run of the history."""
    alarms: list[list[Alarm]] = [[] for _ in makes]
    for site in sites:
        mine = [drop for drop in drops if drop.site_id == site.site_id]
        if not mine:
            told(len(site))
            continue
        now: Mapping[str, Drop] = {drop.rep_id: drop for drop in mine}
        until_ms = max(drop.until_ms for drop in mine)
        watches = [make(site) for make in makes]
        left = len(site)
        for bucket in site.buckets():
            if bucket.contacts and bucket.contacts[0].at_ms >= until_ms:
                break
            worse = worsened(bucket, now, made)
            for at, watch in enumerate(watches):
                alarms[at] += watch.watch(worse)
            told(len(bucket.contacts))
            left -= len(bucket.contacts)
        told(left)
    return alarms
