"""What the detector says of a bucket: values with their reason; the effects happen at the edge."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

from msgspec import Struct

from streams.core.alerts.also import Also

Level = Literal["red", "amber"]
Metric = Literal["connect_rate", "dials", "short_calls"]


class Whose(NamedTuple):
    """Whose sales are looked at: a rep's, or with `rep_id` "" a whole team's."""

    rep_id: str
    team_id: str


class Alert(Struct, frozen=True, kw_only=True):
    """A rep's conversion really dropped, as far as `evidence` goes.

    `contacts`, `sales`, `expected` are of the run that led here, from `since_ms` on; `expected` is
    the sum of the rep's usual chances, allowing for the group. `evidence` is the mean number of
    contacts between such alerts of a rep selling normally. `baseline_*` is what usual stands on.
    `group` is the team held against, "" for the floor. `rep_id` is "" when it is a whole team's.
    `ends`: the amber that it grew from. `also` is what else was looked at over the run, changed or
    not; empty while too few usual days are known.
    """

    id: str
    level: Level
    site_id: str
    rep_id: str
    team_id: str
    group: str
    at_ms: int
    since_ms: int
    evidence: float
    contacts: int
    sales: int
    expected: float
    baseline_days: int
    baseline_contacts: int
    ends: str = ""
    also: tuple[Also, ...] = ()

    @property
    def contacts_per_day(self) -> float:
        """Contacts of the rep's usual working day."""
        return self.baseline_contacts / self.baseline_days


class Cleared(Struct, frozen=True, kw_only=True):
    """A rep is no longer amber; `ends` is the id of the amber.

    `evidence`: the evidence has fallen below half the threshold. `moved`: the rep has changed
    teams. `gone`: no contact came for so long that the rep is forgotten.
    """

    ends: str
    rep_id: str
    team_id: str
    level: Level
    at_ms: int
    evidence: float
    reason: Literal["evidence", "moved", "gone"]


class Recovered(Struct, frozen=True, kw_only=True):
    """A red that was told is over; `ends` is its id.

    `evidence`: the rep sells as usual again, as far as `evidence` goes: a rep still selling at the
    middle ratio of usual gets there once in so many contacts. `contacts`, `sales`, `expected` are
    of the stretch from `since_ms` on that shows it. `again`: the next red takes its place. `moved`,
    `gone`: as of `Cleared`; nobody knows whether the rep has recovered.
    """

    ends: str
    rep_id: str
    team_id: str
    group: str
    at_ms: int
    evidence: float
    since_ms: int
    contacts: int
    sales: int
    expected: float
    reason: Literal["evidence", "again", "moved", "gone"]


class Restarted(Struct, frozen=True, kw_only=True):
    """A rep's evidence was set back to nothing; `evidence` is what it was.

    `moved`: it was held against another team's rate. `red`: it has just been told.
    """

    rep_id: str
    team_id: str
    at_ms: int
    evidence: float
    reason: Literal["red", "moved"]


class FeedSilent(Struct, frozen=True, kw_only=True):
    """No sale on a floor in so many `contacts`, which usually bring `expected` sales."""

    id: str
    at_ms: int
    since_ms: int
    contacts: int
    expected: float
    reason: Literal["no_sales"] = "no_sales"


class FeedHeard(Struct, frozen=True, kw_only=True):
    """There are sales on the floor again; `ends` is the id of the silence."""

    ends: str
    at_ms: int
    reason: Literal["sales"] = "sales"


class ActivityChanged(Struct, frozen=True, kw_only=True):
    """What a team does has changed (`red`), or is as usual again (`recovered`, which `ends` a red).

    Since `since_ms` there were `seen` of `of` where `expected` were usual: connects of dials, dials
    of reps at work (each in each bucket), short calls of answered ones. A team at its usual gets
    here about once in `days` working days; usual is taken from `usual_days`. `why` a red is over:
    `gone`, the team has not been at work for so long that it is forgotten.
    """

    id: str
    metric: Metric
    state: Literal["red", "recovered"]
    ends: str
    team_id: str
    at_ms: int
    since_ms: int
    seen: int
    of: int
    expected: float
    days: float
    usual_days: int
    why: Literal["evidence", "gone"] = "evidence"

    @property
    def reason(self) -> str:
        """What it is counted as."""
        return self.metric


class Dropped(Struct, frozen=True, kw_only=True):
    """Contacts that changed nothing.

    `repeat`: their entity is in the bucket already. `folded`: their bucket had been folded before
    they came. `feed_silent`: nobody knows which of them sold.
    """

    bucket: int
    contacts: int
    reason: Literal["repeat", "folded", "feed_silent"]


class Standing(Struct, frozen=True):
    """What the detector can say of a rep at all.

    `learning`: too little history, `have` of `need` baseline days or contacts, whichever is short.
    `moved`: `need` - `have` working days are left. `unknown`: no contact yet.
    """

    state: Literal["watched", "amber", "learning", "moved", "unknown"]
    evidence: float = 0.0
    have: int = 0
    need: int = 0
    unit: Literal["", "days", "contacts"] = ""


Outcome = (
    Alert | Cleared | Recovered | Restarted | FeedSilent | FeedHeard | ActivityChanged | Dropped
)


def alert_id(site_id: str, whose: Whose, level: Level, at_ms: int, entity: str) -> str:
    """The id of an alert: the same whenever, and by whomever, the same contacts are folded."""
    rep_id, team_id = whose
    of = ("conversion_drop", site_id, rep_id) if rep_id else ("team_drop", site_id, team_id)
    text = "\x1f".join((*of, level, str(at_ms), entity))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def silence_id(site_id: str, since_ms: int, at_ms: int) -> str:
    """The id of a silence of a site's deals."""
    text = "\x1f".join(("deals_silent", site_id, str(since_ms), str(at_ms)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
