"""What is explained of a rep is the state of the desk, and what its next contact would meet."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from streams.core.alerts.contact import BUCKET_MS, MaturedContact
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.explain import RepExplained, WorkedDay, explain
from streams.core.alerts.feed import Matured, Tick, encode_feed
from streams.core.alerts.floor_watch import standing
from streams.core.alerts.group import MOST
from streams.core.alerts.habits import added, read_days
from streams.core.alerts.outcomes import Standing
from streams.core.alerts.settings import AlertSettings
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.bench.alert_world import World, world_days
from tests.builders import Record

QUICK = AlertSettings(
    red=1e8,
    amber=1e7,
    baseline_days=6,
    baseline_lag_days=2,
    minimum_days=4,
    minimum_contacts=100,
    minimum_team=4,
    moved_days=3,
)
WORLD = World(reps=10, teams=2, days=14, seed=3)
ANA = "rep-00000"  # of team-0


def log(said: Sequence[Matured | Tick]) -> list[Record]:
    return [Record("m", 0, n, 0, None, encode_feed(one)) for n, one in enumerate(said)]


def said_of(world: World, site: str = "lisbon") -> list[Matured | Tick]:
    said: list[Matured | Tick] = []
    for day in world_days(world, {}):
        for bucket in day:
            said.append(Matured(site, "UTC", bucket.contacts))
            said.append(Tick(0, (bucket.number + 1) * BUCKET_MS))
    return said


def desk_of(said: Sequence[Matured | Tick], senders: int = 1) -> AlertDesk:
    desk = AlertDesk(senders, QUICK)
    desk.apply(log(said))
    return desk


def of(desk: AlertDesk, rep_id: str = ANA, days: int = 100) -> RepExplained:
    (one,) = explain({3: desk}, rep_id, QUICK, days)
    return one


def test_it_is_the_state_of_the_desk_after_a_replay_and_after_a_checkpoint() -> None:
    said = said_of(WORLD)
    desk, taken_up = desk_of(said), AlertDesk(1, QUICK)
    half = desk_of(said[: len(said) // 2])
    taken_up.load(half.encode())
    taken_up.apply(log(said))
    floor = desk.floors["lisbon"]
    for rep_id, rep in floor.reps.items():
        one = of(desk, rep_id)
        assert one == of(taken_up, rep_id)
        assert one.standing == standing(floor, rep_id, QUICK)
        assert one.standing.evidence == rep.evidence
        assert (one.run.contacts, one.run.sales, one.run.expected) == (
            rep.run_contacts,
            rep.run_sales,
            rep.run_expected,
        )
        assert (one.usual.days, one.usual.sales, one.usual.ratio) == (6, rep.base_sales, rep.theta)
        assert (one.partition, one.scored_until_ms, one.waiting) == (3, desk.folded_ms, 0)
        assert one.silent == ""


def test_the_group_s_rate_is_what_the_rep_s_contact_was_held_against() -> None:
    said = said_of(WORLD)
    desk = desk_of(said)
    before = desk.floors["lisbon"].reps[ANA].expected_today
    at_ms = desk.folded_ms + 7
    others = [
        MaturedContact(at_ms, f"x{n}", f"rep-{n:05d}", f"team-{n % 2}", sale=n == 2)
        for n in range(10)
    ]
    more = Matured("lisbon", "UTC", tuple(others))
    desk.apply(log([*said, more, Tick(0, at_ms // BUCKET_MS * BUCKET_MS + BUCKET_MS)]))
    one, rep = of(desk), desk.floors["lisbon"].reps[ANA]
    assert one.group.rate == pytest.approx(rep.expected_today - before, abs=1e-12)
    assert one.expected == min(one.group.rate * rep.theta, MOST)
    assert (one.group.group, one.group.reps) == ("team-0", 5)
    assert one.group.hour == at_ms % DAY_MS // HOUR_MS


def test_what_an_alert_would_say_beside_sales_is_of_the_run_and_of_the_usual_days() -> None:
    desk = desk_of(said_of(WORLD))
    floor = desk.floors["lisbon"]
    ran = [rep_id for rep_id, rep in floor.reps.items() if rep.run_contacts]
    assert ran
    for rep_id in ran:
        rep, also = floor.reps[rep_id], {one.what: one for one in of(desk, rep_id).run.also}
        assert set(also) == {"short_calls", "talk", "leads"}
        past = read_days(rep.habits_past)
        usual = added(past[at] for at in rep.base_of(rep.past_days()))
        short, seen = also["short_calls"], rep.habits_run
        assert (short.seen, short.usual) == (
            seen.short / seen.answered,
            usual.short / usual.answered,
        )


def test_days_are_the_newest_first_and_say_which_of_them_are_usual() -> None:
    desk = desk_of(said_of(WORLD))
    one, rep = of(desk), desk.floors["lisbon"].reps[ANA]
    assert one.days[0] == WorkedDay(
        ago=0,
        contacts=rep.contacts_today,
        sales=rep.sales_today,
        expected=rep.expected_today * rep.theta,
        in_usual=False,
    )
    # The first day of all knows no rate, so it is no day of the past.
    assert [day.ago for day in one.days] == list(range(13))
    usual = [day for day in one.days if day.in_usual]
    assert len(usual) == one.usual.days == 6
    assert sum(day.contacts for day in usual) == one.usual.contacts
    assert sum(day.sales for day in usual) == one.usual.sales
    assert sum(day.expected for day in usual) == pytest.approx(one.usual.expected * rep.theta)
    assert [day.ago for day in usual] == list(range(usual[0].ago, usual[0].ago + 6))
    assert usual[0].ago > QUICK.baseline_lag_days
    assert of(desk, days=3).days == one.days[:3]


def test_who_is_learned_or_moved_is_silent_and_it_says_for_how_long() -> None:
    young = desk_of(said_of(WORLD._replace(days=6)))
    assert of(young).silent == "learning: 2 of 4 days of a usual rate"
    assert not any(day.in_usual for day in of(young).days[:3])

    said = said_of(WORLD)
    moved = desk_of(said)
    at_ms = moved.folded_ms + 1
    there = MaturedContact(at_ms, "x", ANA, "team-1", sale=False)
    tick = Tick(0, at_ms // BUCKET_MS * BUCKET_MS + BUCKET_MS)
    moved.apply(log([*said, Matured("lisbon", "UTC", (there,)), tick]))
    one = of(moved)
    assert one.team_id == "team-1"
    assert one.standing.state == "moved"
    assert one.silent.startswith("moved to another team: 4 working days, an open one too")


def test_nobody_is_said_to_be_known_of_whom_no_contact_was_scored() -> None:
    desk = desk_of(said_of(WORLD._replace(days=1))[:1])
    assert explain({0: desk}, ANA, QUICK) == []
    assert explain({}, ANA, QUICK) == []


def test_while_nobody_sells_nobody_is_scored_and_it_says_so() -> None:
    said = said_of(WORLD)
    desk = desk_of(said)
    bucket = desk.folded_ms // BUCKET_MS
    dry = [
        MaturedContact(bucket * BUCKET_MS, f"x{n:03}", f"rep-{n % 10:05d}", "team-0", sale=False)
        for n in range(400)
    ]
    tick = Tick(0, (bucket + 1) * BUCKET_MS)
    desk.apply(log([*said, Matured("lisbon", "UTC", tuple(dry)), tick]))
    assert of(desk).silent.startswith("no sale of anybody in ")


def test_a_red_that_is_not_over_is_named() -> None:
    touchy = structs.replace(QUICK, red=20.0, amber=10.0)
    desk = AlertDesk(1, touchy)
    desk.apply(log(said_of(WORLD)))
    reps = desk.floors["lisbon"].reps
    named = {rep: explain({0: desk}, rep, touchy)[0].open_red for rep in reps}
    assert any(named.values())
    assert named == {rep: one.open.alert_id if one.open else "" for rep, one in reps.items()}


def test_what_waits_and_for_whom_is_said() -> None:
    said: list[Matured | Tick] = []
    for record in said_of(WORLD):
        said.append(record)
        if isinstance(record, Tick):
            said.append(Tick(1, record.until_ms))
    desk = desk_of(said, senders=2)
    at_ms = desk.folded_ms
    more = Matured("lisbon", "UTC", (MaturedContact(at_ms, "x", ANA, "team-0", sale=False),))
    desk.apply(log([*said, more, Tick(0, at_ms + BUCKET_MS)]))
    one = of(desk)
    assert (one.waiting, one.waits_for, one.scored_until_ms) == (1, (1,), at_ms)


def test_a_rep_of_two_sites_is_told_of_each() -> None:
    here, there = said_of(WORLD, "lisbon"), said_of(WORLD, "porto")
    desks = {5: desk_of(here), 0: desk_of(there)}
    found = explain(desks, ANA, QUICK)
    assert [(one.partition, one.site_id) for one in found] == [(0, "porto"), (5, "lisbon")]
    assert found[0].standing == found[1].standing == standing(desks[5].floors["lisbon"], ANA, QUICK)
    assert isinstance(found[0].standing, Standing)
