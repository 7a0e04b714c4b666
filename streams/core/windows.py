"""Every window of a rep, built on the read side out of contributions and settled totals.

Trailing windows are [now - length, now). `today` is the rep's local day now, week, month, quarter
and year are the calendar ones it lies in, `shift` runs from the shift's start to now. 'Last N
contacts' are the N greatest by (instant, entity key); its deals are those closed since the first.
"""

from __future__ import annotations

from itertools import islice

from streams.core.calendar import (
    date_of,
    month_days,
    next_shift_start,
    quarter_days,
    shift_at,
    week_days,
    year_days,
)
from streams.core.day_line import DayLine, day_line
from streams.core.lanes import SHIFT
from streams.core.moments import Moments
from streams.core.past_days import Usual
from streams.core.plan import Place
from streams.core.rep import LastTeam, Rep, Tail, Teams
from streams.core.roster import DEFAULT_SITE
from streams.core.scoreboard import Scoreboard
from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Money, Total, add_money, tally
from streams.core.usual import usual_of

MINUTE_MS = 60_000


def _only(day: int) -> tuple[int, int]:
    return day, day + 1


TRAILING: tuple[tuple[WindowName, int], ...] = (
    ("5m", 5 * MINUTE_MS),
    ("15m", 15 * MINUTE_MS),
    ("30m", 30 * MINUTE_MS),
    ("60m", 60 * MINUTE_MS),
)
LONGEST_MS = TRAILING[-1][1]
LAST: tuple[tuple[WindowName, int], ...] = (("last20", 20), ("last50", 50), ("last100", 100))
MOST_CONTACTS = LAST[-1][1]
UNASSIGNED = "unassigned"
CONTACTS = SHIFT["contacts"]
GROSS, REVERSED = SHIFT["deals_gross_bp"], SHIFT["deals_reversed_bp"]
CONTACTS_AND_DEALS = (2**32 - 1 << CONTACTS) | (2**64 - 1 << GROSS) | (2**64 - 1 << REVERSED)
TEAM_DAYS = 7
"""Days before today looked at for the team of a rep outside the roster, before nobody knows it."""
NEVER_MS = 2**62
"""After every instant."""

CALENDAR: tuple[WindowName, ...] = ("today", "week", "month", "quarter", "year")
_PERIODS = (_only, week_days, month_days, quarter_days, year_days)

Moment = tuple[int, int, Money | None]
"""(instant, cell, money) of something that happened."""


class Windows:
    """The windows of one rep at one instant, as totals.

    `until_ms`: they stay as they are until then, unless an event comes. `by_team` is (team, site)
    to the part of the calendar windows that belongs there, when the rep was in several. `loading`:
    the windows beyond today are not known yet, and left out. `line` is the day's, `shift` the name
    of the one that runs now.
    """

    __slots__ = (
        "by_team",
        "line",
        "loading",
        "place",
        "shift",
        "team_id",
        "today",
        "totals",
        "until_ms",
        "usual",
    )

    def __init__(self, place: Place, team_id: str, today: int, until_ms: int) -> None:
        self.place = place
        self.team_id = team_id
        self.today = today
        self.until_ms = until_ms
        self.totals: dict[WindowName, Total] = {}
        self.by_team: dict[tuple[str, str], dict[WindowName, Total]] = {}
        self.loading = False
        self.line: DayLine | None = None
        self.usual: Usual | None = None
        self.shift: str | None = None


def windows_at(board: Scoreboard, rep: Rep, now_ms: int) -> Windows:
    """All windows of a rep now; `board` must be settled."""
    place = board.place(rep, now_ms)
    zone = place.site.zone
    today = zone.day_of(now_ms)
    out = Windows(place, _team(board, rep, place, today), today, zone.day_bounds(today)[1])
    shift = shift_at(zone, place.site.shifts, now_ms)
    since_ms = now_ms - LONGEST_MS
    if shift is not None:
        since_ms = min(since_ms, shift[1])
        out.until_ms = min(out.until_ms, shift[2])
        out.shift = shift[0]
    if place.site.shifts:
        starts_ms = next_shift_start(zone, place.site.shifts, now_ms)
        out.until_ms = min(out.until_ms, starts_ms or out.until_ms)
    days = _days(board, rep, since_ms, today)
    for _, moments in days:
        for kind, newest in moments.newest_ms.items():
            if newest > rep.newest_ms.get(kind, 0):
                rep.newest_ms[kind] = newest
    recent = [moment for _, moments in days for moment in moments.recent]
    _trailing(recent, now_ms, out)
    if shift is not None:
        out.totals["shift"] = _shift(recent, shift[1], now_ms)
    out.totals["today"] = rep.history.day(today)
    for day, moments in days:
        if day == today:
            deals = ((at_ms, gross - back) for at_ms, gross, back in moments.deals)
            out.line = day_line([at_ms for at_ms, _ in moments.contacts], deals)
    if not rep.loaded:
        out.loading = True
        return out
    _calendar(rep, today, out)
    out.usual = usual_of(board, rep, today)
    if rep.place is None:
        _split_by_team(board, rep, out)
    _last_contacts(board, rep, today, [m for day, m in days if day >= today], out)
    return out


def snapshot(rep: Rep, windows: Windows, partition: int, version: tuple[int, int]) -> RepSnapshot:
    """The snapshot that carries a rep's windows."""
    place = windows.place
    return RepSnapshot(
        rep_id=rep.rep_id,
        partition=partition,
        version=version,
        date=date_of(windows.today).isoformat(),
        zone=place.site.zone.name,
        team_id=windows.team_id,
        site=place.site.id,
        in_roster=place.in_roster,
        loading=windows.loading,
        line=windows.line,
        usual=windows.usual,
        shift=windows.shift,
        windows={name: tally(total) for name, total in windows.totals.items()},
        newest_ms=dict(rep.newest_ms),
        by_team={
            team: {name: tally(total) for name, total in parts.items()}
            for (team, _), parts in windows.by_team.items()
        },
    )


def _team(board: Scoreboard, rep: Rep, place: Place, today: int) -> str:
    """The roster's team; of others that of the latest counted contribution, else the last known."""
    if place.team_id is not None:
        return place.team_id
    held = board.peek(rep, today)
    team = held.team() if held is not None else None
    if team is None:
        memo = rep.last_team
        if memo is None or memo.before != today:
            memo = rep.last_team = LastTeam(today, _team_before(board, rep, today))
        team = memo.team_id
    return team or UNASSIGNED


def _team_before(board: Scoreboard, rep: Rep, today: int) -> str | None:
    """The team of the newest day that names one, of the last few before today with anything."""
    held = (d for d in rep.history.days_before(today) if board.total(rep, d) is not None)
    named = (board.team(rep, day) for day in islice(held, TEAM_DAYS))
    return next((team for team in named if team), None)


def _days(board: Scoreboard, rep: Rep, since_ms: int, today: int) -> list[tuple[int, Moments]]:
    """The days that hold instants from `since_ms` on, and today's; tomorrow's for clocks ahead."""
    first = min(today, board.place(rep, since_ms).site.zone.day_of(since_ms))
    held = ((day, board.peek(rep, day)) for day in range(first, today + 2))
    return [(day, Moments(one, since_ms)) for day, one in held if one is not None]


def _trailing(recent: list[Moment], now_ms: int, out: Windows) -> None:
    totals = {name: Total() for name, _ in TRAILING}
    for at_ms, cell, money in recent:
        if at_ms >= now_ms:
            # A clock ahead of ours: it enters every window when that instant has passed.
            out.until_ms = min(out.until_ms, at_ms + 1)
            continue
        for name, length in TRAILING:
            if at_ms >= now_ms - length:
                totals[name].cell += cell
                if money:
                    add_money(totals[name].money, money, 1)
                out.until_ms = min(out.until_ms, at_ms + length + 1)
    out.totals.update(totals)


def _shift(recent: list[Moment], start_ms: int, now_ms: int) -> Total:
    total = Total()
    for at_ms, cell, money in recent:
        if start_ms <= at_ms < now_ms:
            total.cell += cell
            if money:
                add_money(total.money, money, 1)
    return total


def _calendar(rep: Rep, today: int, out: Windows) -> None:
    history = rep.history
    out.totals["week"] = history.days(*week_days(today))
    out.totals["month"] = history.whole_months(*month_days(today))
    out.totals["quarter"] = history.whole_months(*quarter_days(today))
    out.totals["year"] = history.whole_months(*year_days(today))


def _split_by_team(board: Scoreboard, rep: Rep, out: Windows) -> None:
    """A rep-day counts for the team the roster has the rep in on that day."""
    memo = rep.teams
    if memo is None or memo.before != out.today:
        memo = rep.teams = _teams_before(board, rep, out.today)
    own = (out.team_id, out.place.site.id)
    if memo.parts.keys() <= {own}:
        return
    out.by_team = {name: dict(parts) for name, parts in memo.parts.items()}
    present = out.by_team.setdefault(own, {})
    today = out.totals["today"]
    for window in CALENDAR:
        total = present[window].copy() if window in present else Total()
        total.add(today)
        present[window] = total


def _teams_before(board: Scoreboard, rep: Rep, today: int) -> Teams:
    """The parts of this year's days before today, by team and window."""
    periods = dict(zip(CALENDAR, (f(today) for f in _PERIODS), strict=True))
    parts: dict[tuple[str, str], dict[WindowName, Total]] = {}
    for day in range(min(first for first, _ in periods.values()), today):
        total = board.total(rep, day)
        if total is None:
            continue
        team = board.plan.roster.team_on(rep.rep_id, day)
        name = (UNASSIGNED, DEFAULT_SITE) if team is None else (team.id, team.site.id)
        into = parts.setdefault(name, {})
        for window, (first, end) in periods.items():
            if first <= day < end:
                into.setdefault(window, Total()).add(total)
    return Teams(today, parts)


def _last_contacts(
    board: Scoreboard, rep: Rep, today: int, latest: list[Moments], out: Windows
) -> None:
    tail = _tail(board, rep, today)
    found = list(tail.contacts)
    closed = list(tail.deals)
    for moments in latest:
        found += moments.contacts
        closed += moments.deals
    found.sort(reverse=True)
    for name, count in LAST:
        newest = found[:count]
        if not newest:
            out.totals[name] = Total()
            continue
        first_ms = newest[-1][0]
        gross = sum(g for at, g, _ in closed if at >= first_ms)
        back = sum(r for at, _, r in closed if at >= first_ms)
        out.totals[name] = Total((len(newest) << CONTACTS) + (gross << GROSS) + (back << REVERSED))


def _tail(board: Scoreboard, rep: Rep, today: int) -> Tail:
    """Enough contacts from before today, or all there are; only what has changed is looked at."""
    tail = rep.tail
    if tail is None or tail.before != today:
        tail = rep.tail = Tail(today)
    elif not tail.stale:
        return tail
    for day in tail.stale:
        _look_at(board, rep, day, tail)
    tail.stale.clear()
    count = sum(len(contacts) for contacts, _ in tail.days.values())
    for day in rep.history.days_before(tail.since):
        if count >= MOST_CONTACTS:
            break
        tail.since = day
        count += _look_at(board, rep, day, tail)
    if count < MOST_CONTACTS:
        tail.since = 0  # there are no more, so whatever comes for an earlier day matters
    else:
        _forget_the_oldest(tail, count)
    tail.contacts = sorted((x for found, _ in tail.days.values() for x in found), reverse=True)
    del tail.contacts[MOST_CONTACTS:]
    tail.deals = [x for _, closed in tail.days.values() for x in closed]
    return tail


def _forget_the_oldest(tail: Tail, count: int) -> None:
    """Keep no more days than it takes: late events for earlier ones then change nothing."""
    for day in sorted(tail.days):
        count -= len(tail.days[day][0])
        if count < MOST_CONTACTS:
            tail.since = day
            return
        del tail.days[day]


def _look_at(board: Scoreboard, rep: Rep, day: int, tail: Tail) -> int:
    """Put a day's contacts and deals into the tail; how many contacts it has."""
    tail.days.pop(day, None)
    total = board.total(rep, day)
    # Cheap to ask: a dialer's own days hold many calls and no contact.
    held = board.peek(rep, day) if total and total.cell & CONTACTS_AND_DEALS else None
    if held is None:
        return 0
    moments = Moments(held, NEVER_MS)
    tail.days[day] = (moments.contacts, moments.deals)
    return len(moments.contacts)
