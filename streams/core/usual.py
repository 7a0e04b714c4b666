"""What is usual for a rep: the last working days before today, to hold today against."""

from __future__ import annotations

from streams.core.calendar import date_of
from streams.core.past_days import PastDay, Usual
from streams.core.rep import Memo, Rep
from streams.core.scoreboard import Scoreboard
from streams.core.tally import Total, tally

USUAL_DAYS = 20
"""Working days that are looked back on: a day with a dial, a contact or an inbound call is one."""
FARTHEST_DAYS = 60
"""Calendar days beyond which nothing is usual any more."""


def usual_of(board: Scoreboard, rep: Rep, today: int) -> Usual | None:
    """What was usual for a rep before `today`; None when there was no working day.

    `board` must be settled and the rep loaded. Read once a day, and when an earlier day changes.
    """
    memo = rep.usual
    if memo is None or memo.before != today:
        memo = rep.usual = Memo(today, _look_back(board, rep, today))
    return memo.value


def _look_back(board: Scoreboard, rep: Rep, today: int) -> Usual | None:
    total = Total()
    days: list[PastDay] = []
    for day in rep.history.days_before(today):
        if day < today - FARTHEST_DAYS or len(days) == USUAL_DAYS:
            break
        # The last two weeks are in memory; only what lies further back is asked of the store.
        found = rep.history.recent.get(day) or board.total(rep, day)
        if not found:
            continue
        one = tally(found)
        if one.dials or one.contacts or one.inbound:
            total.add(found)
            days.append(PastDay(date_of(day).isoformat(), one.contacts, one.deals_net_bp))
    if not days:
        return None
    days.reverse()
    return Usual(days=days, tally=tally(total))
