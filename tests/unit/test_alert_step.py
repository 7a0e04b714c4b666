"""A floor over weeks, told day by day: who is learned, told, held back, moved, forgotten."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from msgspec import structs

from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact, due_ms
from streams.core.alerts.floor_watch import FLOOR, FloorWatch, decode_floor, encode_floor, standing
from streams.core.alerts.new_day import FORGET_DAYS, pull
from streams.core.alerts.outcomes import (
    Alert,
    Cleared,
    Dropped,
    FeedHeard,
    FeedSilent,
    Outcome,
    Recovered,
    Restarted,
    Standing,
)
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.silence import SALES
from streams.core.alerts.step import fold
from streams.core.calendar import DAY_MS, HOUR_MS
from streams.core.errors import StateVersionMismatch

SETTINGS = AlertSettings()
REPS = 12
FIRST_DAY = 20_000
SOLD = 0.15


class Story:
    """Twelve reps of one team, 48 contacts a day each, six an hour."""

    def __init__(self) -> None:
        self.floor = FloorWatch("lisbon", "Europe/Lisbon")
        self.day = FIRST_DAY
        self.said: list[Outcome] = []
        self._random = random.Random(3)

    def work(
        self,
        days: int,
        *,
        sells: Callable[[int], float] = lambda _: 1.0,
        team: Callable[[int], str] = lambda _: "north",
        settings: AlertSettings = SETTINGS,
    ) -> list[Outcome]:
        """Some days; `sells` is the share of the usual by rep. What was said in them."""
        said: list[Outcome] = []
        for _ in range(days):
            opens = (self.day * DAY_MS + 9 * HOUR_MS) // BUCKET_MS
            for step in range(0, 96, 2):
                number = opens + step
                contacts = tuple(
                    MaturedContact(
                        number * BUCKET_MS + rep,
                        f"c-{number}-{rep}",
                        f"r{rep}",
                        team(rep),
                        self._random.random() < SOLD * sells(rep),
                    )
                    for rep in range(REPS)
                )
                said += fold(self.floor, Bucket(number, contacts), settings)[1]
            self.day += 1
        self.said += said
        return said


def reds(said: list[Outcome], rep_id: str | None = None) -> list[Alert]:
    found = [one for one in said if isinstance(one, Alert) and one.level == "red"]
    return [one for one in found if rep_id in (None, one.rep_id)]


def only_r3(share: float) -> Callable[[int], float]:
    return lambda rep: share if rep == 3 else 1.0


@pytest.fixture(scope="module")
def learned() -> bytes:
    """The floor after 41 days of nothing special."""
    story = Story()
    story.work(41)
    return encode_floor(story.floor)


@pytest.fixture
def story(learned: bytes) -> Story:
    story = Story()
    story.floor, story.day = decode_floor(learned), FIRST_DAY + 41
    return story


def test_a_rep_is_learned_and_says_what_is_missing() -> None:
    story = Story()
    assert standing(story.floor, "r3", SETTINGS) == Standing("unknown")
    story.work(3)
    assert standing(story.floor, "r3", SETTINGS) == Standing("learning", 0.0, 0, 10, "days")
    # The first day has no rate to be held against, the last ten are left out.
    story.work(18, sells=only_r3(0.0))
    assert standing(story.floor, "r3", SETTINGS) == Standing("learning", 0.0, 9, 10, "days")
    assert not [one for one in story.said if isinstance(one, Alert)]
    story.work(1)
    assert standing(story.floor, "r3", SETTINGS).state == "watched"


def test_a_stop_of_sales_is_found_in_that_rep_alone_and_starts_anew(story: Story) -> None:
    said = story.work(5, sells=only_r3(0.0))
    assert {one.rep_id for one in reds(said)} == {"r3"}
    first = reds(said)[0]
    # The run may begin before the stop, where chance had begun it.
    assert first.sales < 0.4 * first.expected
    assert first.evidence >= SETTINGS.red
    assert first.group == "north"
    # Of the days before, the first has no rate and the last ten are left out.
    assert first.baseline_days == first.at_ms // DAY_MS - FIRST_DAY - 11
    assert first.contacts_per_day == pytest.approx(48)
    assert first.expected / first.contacts == pytest.approx(SOLD, rel=0.3)
    assert first.since_ms >= (FIRST_DAY + 39) * DAY_MS
    after = said[said.index(first) + 1]
    assert after == Restarted(
        rep_id="r3", team_id="north", at_ms=first.at_ms, evidence=first.evidence, reason="red"
    )


def test_a_drop_that_is_slow_to_be_found_does_not_become_the_usual(story: Story) -> None:
    patient = structs.replace(SETTINGS, red=1e12, amber=1e11)
    before = story.floor.reps["r3"].theta
    story.work(20, sells=only_r3(0.5), settings=patient)
    rep = story.floor.reps["r3"]
    # All that have ended are left out, though the baseline lags behind by ten only.
    assert rep.run_days >= 19
    assert rep.base_days + rep.run_days == 59
    assert rep.theta == pytest.approx(before, rel=0.1)
    story.work(20, sells=only_r3(0.5), settings=patient)
    assert rep.theta < 0.85 * before


def test_a_bad_day_of_the_whole_team_is_nobodys_drop_but_the_teams(story: Story) -> None:
    found = reds(story.work(5, sells=lambda _: 0.3))
    assert {(one.rep_id, one.team_id) for one in found} == {("", "north")}


def test_a_team_that_drops_is_told_as_a_team_within_the_day(story: Story) -> None:
    # Two teams: what the other one sells is what is allowed for.
    halves = Story()
    teams = {rep: "north" if rep % 2 else "south" for rep in range(REPS)}
    small = structs.replace(SETTINGS, minimum_team=3)
    halves.work(41, team=teams.__getitem__, settings=small)
    began = len(reds(halves.said))
    said = halves.work(
        1,
        sells=lambda rep: 0.1 if teams[rep] == "north" else 1.0,
        team=teams.__getitem__,
        settings=small,
    )
    assert began == 0
    assert {(one.team_id, one.group) for one in reds(said, "")} == {("north", "")}
    alert = reds(said, "")[0]
    assert alert.evidence >= small.team_days * alert.contacts_per_day


def test_a_floor_without_any_sale_is_a_silent_feed_and_nobodys_drop(story: Story) -> None:
    before = structs.replace(story.floor.reps["r3"])
    said = story.work(2, sells=lambda _: 0.0)
    silent = [one for one in said if isinstance(one, FeedSilent)]
    assert len(silent) == 1
    assert silent[0].expected >= SALES
    assert silent[0].contacts == pytest.approx(SALES / SOLD, abs=24)
    assert not reds(said)
    unscored = sum(one.contacts for one in said if isinstance(one, Dropped))
    assert unscored == pytest.approx(2 * 48 * REPS - silent[0].contacts, abs=12)
    back = story.work(2)
    assert [one.ends for one in back if isinstance(one, FeedHeard)] == [silent[0].id]
    assert story.floor.reps["r3"].theta == pytest.approx(before.theta, rel=0.05)
    assert not reds(back)


def test_recovery_is_told_when_sales_are_usual_again_and_not_before(story: Story) -> None:
    red = reds(story.work(5, sells=only_r3(0.0)), "r3")[0]
    again = story.work(10, sells=only_r3(0.4))
    told = [one.id for one in reds(again, "r3")]
    over = [one for one in again if isinstance(one, Recovered) and one.rep_id == "r3"]
    assert {one.reason for one in over} <= {"again"}
    back = story.work(10)
    ends = [one for one in back if isinstance(one, Recovered) and one.rep_id == "r3"]
    assert [(one.ends, one.reason) for one in ends] == [([red.id, *told][-1], "evidence")]
    assert ends[0].evidence >= SETTINGS.recovered
    assert ends[0].sales > 0.8 * ends[0].expected
    assert story.floor.reps["r3"].open is None


def test_amber_comes_before_red_and_is_taken_back_when_sales_return(story: Story) -> None:
    said: list[Outcome] = []
    while standing(story.floor, "r3", SETTINGS).state != "amber":
        said += story.work(1, sells=only_r3(0.5))
    assert not reds(said, "r3")
    later = story.work(4, sells=only_r3(1.5))
    cleared = [one for one in later if isinstance(one, Cleared) and one.rep_id == "r3"]
    assert [one.level for one in cleared] == ["amber"]
    assert cleared[0].evidence < SETTINGS.amber / 2
    assert standing(story.floor, "r3", SETTINGS).state == "watched"


def test_a_rep_who_moves_is_not_judged_for_days_and_the_reason_is_kept(story: Story) -> None:
    def team(rep: int) -> str:
        return "south" if rep == 3 else "north"

    story.work(1, sells=only_r3(0.0))
    before = story.floor.reps["r3"].evidence
    said = story.work(9, sells=only_r3(0.0), team=team)
    moved = [one for one in said if isinstance(one, Restarted)]
    assert [(one.rep_id, one.reason, one.evidence) for one in moved] == [("r3", "moved", before)]
    assert not reds(said, "r3")
    left = standing(story.floor, "r3", SETTINGS)
    assert (left.state, left.need, left.unit) == ("moved", 10, "days")
    story.work(3, sells=only_r3(0.0), team=team)
    assert standing(story.floor, "r3", SETTINGS).state in ("watched", "amber")
    assert story.floor.reps["r3"].group == ""  # alone in the team, so held against the floor


def test_a_red_ends_with_its_reason_when_the_rep_moves(story: Story) -> None:
    red = reds(story.work(4, sells=only_r3(0.0)), "r3")[-1]
    said = story.work(1, team=lambda rep: "south" if rep == 3 else "north")
    ends = [one for one in said if isinstance(one, Recovered) and one.rep_id]
    assert [(one.rep_id, one.ends, one.reason) for one in ends] == [("r3", red.id, "moved")]


def test_a_rep_who_was_away_for_months_starts_anew(story: Story) -> None:
    story.day += 130
    story.work(1)
    assert standing(story.floor, "r3", SETTINGS) == Standing("learning", 0.0, 0, 10, "days")


def test_a_bucket_is_due_when_its_last_contact_has_matured() -> None:
    assert due_ms(0, 45 * 60_000) == 50 * 60_000


def test_reps_alike_are_drawn_together_and_different_ones_are_left_alone() -> None:
    assert pull([]) == 10.0
    assert pull([(100, 100.0)] * 20) == 200.0
    assert pull([(50, 100.0), (150, 100.0)] * 20) == pytest.approx(1 / (0.25 - 0.01))


def test_state_of_another_release_is_refused(learned: bytes) -> None:
    with pytest.raises(StateVersionMismatch):
        decode_floor(b"\x09" + learned[1:])


def test_teams_that_are_no_more_leave_nothing_behind() -> None:
    story = Story()
    story.work(3, team=lambda rep: "north" if rep < 6 else "south")
    story.work(1, team=lambda _: "west")
    floor = story.floor
    assert set(floor.groups) == {FLOOR, "north", "south", "west"}
    story.day += FORGET_DAYS - 1
    story.work(1, team=lambda _: "west")
    assert set(floor.groups) == {FLOOR, "west"}
    assert set(floor.teams) == {"west"}
    # One who comes again finds a new group, and a rate that is one.
    story.work(3, team=lambda _: "north")
    assert all(0.0 < floor.groups[one].average < 1.0 for one in (FLOOR, "north", "west"))
