"""What teams do: counted from calls, gathered from partitions, and told when it changes."""

from __future__ import annotations

import random

import msgspec
import pytest

from streams.core.alerts.activity import Activity, ActivityTick, Counting, TeamBucket, added
from streams.core.alerts.activity_desk import ActivityDesk
from streams.core.alerts.activity_fold import ActivityFloor, fold_activity
from streams.core.alerts.activity_words import activity_text
from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.maturing import Site, Span
from streams.core.alerts.new_day import FORGET_DAYS
from streams.core.alerts.outcomes import ActivityChanged
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.told import told
from streams.core.calendar import DAY_MS, HOUR_MS
from streams.core.events import CALL_ENDED
from streams.core.intake import apply_slice
from streams.core.plan import parse_plan
from streams.core.scoreboard import Scoreboard
from streams.engine.stores import MemorySegments
from tests.builders import NOON_MS, call, record

SETTINGS = AlertSettings()
START = NOON_MS // BUCKET_MS * BUCKET_MS
NUMBER = START // BUCKET_MS
FIRST_DAY = 20_000
DAY_BUCKETS = 96


def counted(*calls: dict[str, object], span: Span) -> dict[Site, list[TeamBucket]]:
    board = Scoreboard(0, 1, parse_plan("", "UTC"), MemorySegments())
    board.new_writer(b"w" * 8)
    for offset, value in enumerate(calls):
        apply_slice(board, CALL_ENDED, [record(CALL_ENDED, value, offset)], {})
    counting = Counting(board, span)
    for rep in board.reps.values():
        counting.add(rep)
    return counting.rows()


def test_a_bucket_counts_dials_connects_and_short_calls_of_the_team() -> None:
    span = Span(START, START + BUCKET_MS)
    found = counted(
        call(at_ms=START, call_id="a", team_id="north"),
        call(at_ms=START + 1, call_id="b", team_id="north", result="no_answer"),
        call(at_ms=START + 2, call_id="c", team_id="north", talk_ms=500),
        call(at_ms=START + 3, call_id="d", team_id="north", direction="inbound"),
        call(at_ms=START + 4, call_id="e", team_id="north", op="retract"),
        call(at_ms=START + BUCKET_MS, call_id="f", team_id="north"),
        span=span,
    )
    assert found == {Site("default", "UTC"): [TeamBucket(NUMBER, "north", 1, 3, 2, 3, 1)]}


def test_a_rep_is_at_work_for_an_hour_after_a_call() -> None:
    span = Span(START, START + 14 * BUCKET_MS)
    found = counted(call(at_ms=START, call_id="a", team_id="north"), span=span)
    (rows,) = found.values()
    assert [(row.number - NUMBER, row.reps, row.dials) for row in rows] == [
        (at, 1, int(at == 0)) for at in range(12)
    ]


def row(number: int, dials: int, connects: int, *, reps: int = 10, short: int = 3) -> TeamBucket:
    return TeamBucket(number, "north", reps, dials, connects, connects, short)


def test_parts_of_a_team_add_up() -> None:
    assert added([row(1, 5, 2), row(1, 7, 3)]) == TeamBucket(1, "north", 20, 12, 5, 5, 6)


def test_a_bucket_waits_for_all_partitions_and_counts_each_once() -> None:
    first, second = row(NUMBER, 5, 2), row(NUMBER, 7, 3)
    said = [
        Activity(0, "s", "UTC", (first,)),
        Activity(1, "s", "UTC", (second,)),
        Activity(1, "s", "UTC", (row(NUMBER, 90, 90),)),  # sent again after a crash
    ]
    desk = ActivityDesk(2, SETTINGS)
    for one in said:
        desk.apply(one)
    desk.apply(ActivityTick(0, START + BUCKET_MS))
    assert desk.folded_ms == -1
    half = ActivityDesk(2, SETTINGS)
    half.load(desk.stored())
    for each in (desk, half):
        each.apply(ActivityTick(1, START + BUCKET_MS))
        each.apply(said[0])  # comes for a folded bucket
        (watches,) = each.floors["s"].teams.values()
        assert watches[0].of_today[NUMBER * BUCKET_MS % DAY_MS // HOUR_MS] == 12
    assert desk.stored() == half.stored()


class Team:
    """Ten reps, 15 dials of which 5 connect every five minutes, with some chance."""

    def __init__(self) -> None:
        self.floor = ActivityFloor("s", "UTC")
        self._random = random.Random(7)
        self.day = FIRST_DAY

    def work(
        self, days: int, *, dials: float = 1.0, connects: float = 1.0, short: float = 1.0
    ) -> list[ActivityChanged]:
        out = []
        for _ in range(days):
            opens = (self.day * DAY_MS + 9 * HOUR_MS) // BUCKET_MS
            for number in range(opens, opens + DAY_BUCKETS):
                made = self._coins(30, 0.5 * dials)
                met = self._coins(made, 0.33 * connects)
                one = row(number, made, met, short=self._coins(met, 0.1 * short))
                out += fold_activity(self.floor, number, [one], SETTINGS)[1]
            self.day += 1
        return out

    def _coins(self, count: int, chance: float) -> int:
        return sum(self._random.random() < chance for _ in range(count))


def test_nothing_is_said_while_nothing_changes_or_too_little_is_known() -> None:
    team = Team()
    assert not team.work(4)
    assert not team.work(1, connects=0.0)
    assert not Team().work(25)


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        ({"connects": 0.3}, "connect_rate"),
        ({"dials": 0.3}, "dials"),
        ({"short": 4.0}, "short_calls"),
    ],
)
def test_a_change_is_told_once_and_so_is_its_end(change: dict[str, float], metric: str) -> None:
    team = Team()
    team.work(10)
    said = team.work(1, **change)
    assert [(one.metric, one.state) for one in said] == [(metric, "red")]
    assert said[0].days >= SETTINGS.team_days
    back = team.work(2)
    assert [(one.metric, one.state, one.ends) for one in back] == [
        (metric, "recovered", said[0].id)
    ]
    record_ = told("s", said[0], lambda _, team: team.title())
    assert record_ is not None
    assert (record_.key, record_.state, record_.counted is not None) == ("north", "red", True)
    for one in (said[0], back[0]):
        assert activity_text(one, "North").startswith("North: ")
        assert activity_text(one, "北区", "zh").startswith("北区：")
    assert "once in" in activity_text(said[0], "North")
    assert "as usual again" in activity_text(back[0], "North")


def test_a_team_that_is_no_more_is_forgotten_and_its_red_is_over() -> None:
    team = Team()
    team.work(10)
    (red,) = team.work(1, connects=0.3)

    def others(day: int) -> list[ActivityChanged]:
        number = (day * DAY_MS + 9 * HOUR_MS) // BUCKET_MS
        south = TeamBucket(number, "south", 10, 15, 5, 5, 0)
        return fold_activity(team.floor, number, [south], SETTINGS)[1]

    last = team.day - 1
    assert not others(last + FORGET_DAYS)
    assert set(team.floor.teams) == {"north", "south"}
    (end,) = others(last + FORGET_DAYS + 1)
    assert (end.state, end.ends, end.why) == ("recovered", red.id, "gone")
    assert set(team.floor.teams) == set(team.floor.last_days) == {"south"}
    said = told("s", end, lambda _, team: team.title())
    assert said is not None
    assert (said.state, said.why, said.ends) == ("recovered", "gone", red.id)
    assert said.text == {
        "en": "North: no calls for months; the comparison has ended.",
        "zh": "North：数月没有通话，比较结束。",
    }


def test_a_state_that_does_not_say_when_teams_were_at_work_forgets_none_at_once() -> None:
    team = Team()
    team.work(2)
    *before, _ = msgspec.to_builtins(team.floor)
    floor = team.floor = msgspec.convert(before, ActivityFloor)
    assert not floor.last_days
    team.day += 500
    assert not team.work(1)
    assert floor.last_days == {"north": team.day - 1}
    assert floor.teams["north"][0].days == 2


def test_a_bucket_that_was_folded_changes_nothing() -> None:
    team = Team()
    team.work(6)
    before = ActivityDesk(1, SETTINGS)
    before.floors["s"] = team.floor
    stored = before.stored()
    assert not fold_activity(team.floor, team.floor.newest, [row(0, 9, 9)], SETTINGS)[1]
    assert before.stored() == stored
