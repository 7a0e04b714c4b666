"""Settings tried on a history: what is counted is what the detector says, and nothing else."""

from __future__ import annotations

import json
import math
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec import structs

from streams.cli.main import cli, main
from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact, bucket_of
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.feed import Matured, Tick, encode_feed
from streams.core.alerts.floor_watch import FloorWatch, decode_floor, encode_floor
from streams.core.alerts.habits import Campaigns, Habits
from streams.core.alerts.history import ContactLine, LogHistory, SiteHistory, history_of_lines
from streams.core.alerts.measured import quantile, share_found
from streams.core.alerts.outcomes import Alert
from streams.core.alerts.runs import Alarm, Calm, Detector, WallboardRule, dropping
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.simulate import (
    Asked,
    Setting,
    Simulated,
    TooLittleHistory,
    simulate,
)
from streams.core.alerts.step import fold
from streams.core.alerts.trials import Drop, Made, Worked, choose, runs_of, worsened
from streams.core.alerts.wallboard_rules import RULES, RuleWatch
from streams.core.calendar import DAY_MS, Zone
from tests.bench.alert_trial import WARM, Shipped, calm
from tests.bench.alert_world import FIRST_DAY, World, world_days
from tests.builders import Record

QUICK = AlertSettings(
    red=300,
    amber=60,
    baseline_days=8,
    baseline_lag_days=2,
    minimum_days=4,
    minimum_contacts=100,
    minimum_team=4,
    moved_days=2,
)
WORLD = World(reps=8, teams=2, days=34, seed=3)
MAKES = [partial(Detector, settings=QUICK)] + [
    partial(WallboardRule, name=name, settings=QUICK) for name in RULES
]


def world_history(world: World, site_id: str = "site") -> SiteHistory:
    history = SiteHistory(site_id, "UTC")
    for day in world_days(world, {}):
        for bucket in day:
            history.add(bucket)
    return history


@pytest.fixture(scope="module")
def history() -> SiteHistory:
    return world_history(WORLD)


def tried(history: SiteHistory, asked: Asked) -> Simulated:
    return simulate({history.site_id: history}, [Setting("now", QUICK)], asked)


def nameless(floor: FloorWatch) -> bytes:
    """The state without ids of alerts and without habits, which a history does not have."""
    copy = decode_floor(encode_floor(floor))
    for of in (*copy.reps.values(), *copy.teams.values()):
        of.amber_id, of.habits_past = "", b""
        of.habits_today, of.habits_run = Habits(), Habits()
        if of.open is not None:
            of.open.alert_id = ""
    copy.campaigns = Campaigns()
    return encode_floor(copy)


def nothing(_: int) -> None:
    pass


def test_a_history_gives_back_what_it_took() -> None:
    took, gave = FloorWatch("site", "UTC"), FloorWatch("site", "UTC")
    history = SiteHistory("site", "UTC")
    for day in world_days(WORLD._replace(days=12), {}):
        for bucket in day:
            fold(took, bucket, QUICK)
            history.add(bucket)
    for bucket in history.buckets():
        fold(gave, bucket, QUICK)
    assert nameless(gave) == nameless(took)


def test_the_history_of_a_log_is_what_its_desks_fold() -> None:
    buckets = [bucket for day in world_days(WORLD._replace(days=8), {}) for bucket in day]
    said: list[Matured | Tick] = []
    for bucket in buckets:
        half = len(bucket.contacts) // 2
        said.append(Matured("site", "UTC", bucket.contacts[half:]))
        said.append(Matured("site", "UTC", bucket.contacts[:half]))
        said += [Tick(n, (bucket.number + 1) * BUCKET_MS) for n in (0, 1)]
    late = Matured("site", "UTC", buckets[0].contacts)
    records = [Record("m", 1, n, 0, None, encode_feed(one)) for n, one in enumerate([*said, late])]

    desk, log = AlertDesk(2, QUICK), LogHistory(2)
    desk.apply(records)
    for record in records:
        log.apply(1, [record])
    floor = FloorWatch("site", "UTC")
    for bucket in log.sites["site"].buckets():
        fold(floor, bucket, QUICK)
    # The desk also counts the empty buckets, in which nothing happens.
    floor.newest = desk.floors["site"].newest
    assert nameless(floor) == nameless(desk.floors["site"])
    assert (log.waiting(), log.bad()) == (0, 0)


def test_lines_in_any_order_are_the_same_history(history: SiteHistory) -> None:
    contacts = [c for bucket in history.buckets() for c in bucket.contacts]
    # The names in a history are of a bucket only; those of lines are of the whole.
    named = [
        ContactLine(at_ms=c.at_ms, rep_id=c.rep_id, team_id=c.team_id, sale=c.sale, entity=str(at))
        for at, c in enumerate(contacts)
    ]
    forwards = history_of_lines(named, "UTC")[""]
    backwards = history_of_lines([*named[::-1], *named[:50]], "UTC")[""]
    assert [b.number for b in forwards.buckets()] == [b.number for b in history.buckets()]
    assert len(backwards) == len(forwards) == len(history)
    for one, other in zip(forwards.buckets(), backwards.buckets(), strict=True):
        assert sorted(_facts(one)) == sorted(_facts(other))


def _facts(bucket: Bucket) -> list[tuple[int, str, str, bool]]:
    return [(c.at_ms, c.rep_id, c.team_id, c.sale) for c in bucket.contacts]


def test_as_history_stands_it_counts_what_the_benchmark_counts() -> None:
    world = World(reps=12, teams=1, days=48)
    settings, utc = AlertSettings(), Zone("UTC")
    rules = [RuleWatch(make, settings, utc) for make in RULES.values()]
    _, rates = calm(world, Shipped(settings), [Shipped(settings, "amber"), *rules])
    history = world_history(world)
    found = Calm(
        [partial(Detector, settings=settings)]
        + [partial(WallboardRule, name=name, settings=settings) for name in RULES],
        FIRST_DAY + WARM,
        1 << 40,
    )
    found.run(history, nothing)
    counted = [found.rate(0, "red"), found.rate(0, "amber")]
    counted += [found.rate(at, "red") for at in range(1, len(RULES) + 1)]
    assert counted == rates
    assert rates[0].rep_days == 12 * (world.days - WARM)


def test_a_drop_that_keeps_every_sale_gives_the_alarms_of_history(history: SiteHistory) -> None:
    calm_run = Calm(MAKES, 0, 1 << 40)
    calm_run.run(history, nothing)
    _, drops = choose(calm_run.floor, 6, 1, (0, 1 << 40))
    assert drops
    assert calm_run.alarms[0]
    for run in runs_of(calm_run.floor, drops):
        alarms = dropping([history], MAKES, run, Made(1.0, 1))
        # The bucket in which the last one ends is seen as a whole.
        last = bucket_of(max(drop.until_ms for drop in run))
        assert alarms[0] == [one for one in calm_run.alarms[0] if bucket_of(one.at_ms) <= last]
    worse = dropping([history], MAKES, drops[:1], Made(0.0, 1))
    assert worse[0] != calm_run.alarms[0]


def test_the_same_seed_gives_the_same_and_another_seed_something_else(
    history: SiteHistory,
) -> None:
    asked = Asked(drops=3, seed=5)
    one, again = tried(history, asked), tried(history, asked)
    assert one == again
    assert tried(history, asked._replace(seed=6)).drops != one.drops


def test_a_delay_is_that_of_the_detector_on_the_contacts_without_those_sales(
    history: SiteHistory,
) -> None:
    done = tried(history, Asked(drops=1, keep=0.0))
    (drop,) = done.drops
    floor = FloorWatch("site", "UTC")
    contacts = 0
    for bucket in history.buckets():
        changed = Bucket(
            bucket.number,
            tuple(
                c if c.rep_id != drop.rep_id or c.at_ms < drop.from_ms else _without_sale(c)
                for c in bucket.contacts
            ),
        )
        reds = [
            one
            for one in fold(floor, changed, QUICK)[1]
            if isinstance(one, Alert) and one.level == "red" and one.rep_id == drop.rep_id
        ]
        mine = [c for c in sorted(changed.contacts) if c.rep_id == drop.rep_id]
        told = [one for one in reds if one.at_ms >= drop.from_ms]
        last_ms = told[0].at_ms if told else math.inf
        contacts += sum(drop.from_ms <= c.at_ms <= last_ms for c in mine)
        if told:
            break
    assert done.rows[0].delay_contacts == [contacts]
    day = history.day_of(bucket) - drop.from_ms // DAY_MS + 1  # this rep works every day
    assert done.rows[0].delay_days == [day]


def _without_sale(contact: MaturedContact) -> MaturedContact:
    return structs.replace(contact, sale=False)


def test_each_sale_of_a_drop_is_kept_as_often_as_asked(history: SiteHistory) -> None:
    drop = Drop(0, "site", "rep-00001", 1 << 60, 0)
    before = after = 0
    for bucket in history.buckets():
        worse = worsened(bucket, {"rep-00001": drop}, Made(0.7, 1))
        assert _others(worse) == _others(bucket)
        before += sum(c.sale for c in bucket.contacts if c.rep_id == "rep-00001")
        after += sum(c.sale for c in worse.contacts if c.rep_id == "rep-00001")
    assert abs(after - 0.7 * before) < 3 * math.sqrt(0.7 * 0.3 * before)


def _others(bucket: Bucket) -> list[object]:
    return [c for c in bucket.contacts if c.rep_id != "rep-00001"]


def test_a_drop_lasts_so_many_days_and_delays_count_both_ends() -> None:
    worked = Worked("north")
    for day in range(5):  # day d has contacts at 100 d + 0, 10, 20
        for at in (0, 10, 20):
            worked.add(day, 100 * day + at)
    drop = worked.drop("site", "ana", 1, 3, 0.5)
    assert drop == Drop(110, "site", "ana", 321, 1)
    assert worked.since(drop, 110) == (1, 1)
    assert worked.since(drop, 120) == (2, 1)
    assert worked.since(drop, 300) == (6, 3)


def test_no_rep_drops_twice_in_a_run_and_few_of_a_team_at_once(history: SiteHistory) -> None:
    calm_run = Calm(MAKES[:1], 0, 1 << 40)
    calm_run.run(history, nothing)
    followed, drops = choose(calm_run.floor, 15, 1, (0, 1 << 40))
    assert (followed, len(drops)) == (20, 15)
    runs = runs_of(calm_run.floor, drops)
    assert sorted(drop for run in runs for drop in run) == drops
    for run in runs:
        assert len({drop.rep_id for drop in run}) == len(run)
        for team in ("team-0", "team-1"):
            begins = [
                drop.from_ms
                for drop in sorted(run)
                if calm_run.floor["site", drop.rep_id].team_id == team
            ]
            assert all(later - earlier >= 19 * DAY_MS for earlier, later in pairwise(begins))


def test_quantiles_count_what_was_never_found() -> None:
    delays = [10.0, 20.0, 30.0, math.inf]
    assert quantile(delays, 0.5) == 20.0
    assert quantile(delays, 0.95) == math.inf
    assert (share_found(delays), share_found(delays, 20)) == (0.75, 0.5)


def test_with_too_little_history_it_says_so() -> None:
    short = world_history(WORLD._replace(days=20))
    with pytest.raises(TooLittleHistory, match=r"nobody has more than 20 working days"):
        tried(short, Asked())


def test_alarms_before_the_first_date_are_not_counted(history: SiteHistory) -> None:
    all_of_it = tried(history, Asked(drops=1)).rows[0].rate
    half = tried(history, Asked(drops=1, first=FIRST_DAY + 10)).rows[0].rate
    assert half.rep_days == 24 * WORLD.reps
    assert all_of_it.rep_days > half.rep_days


def test_alarms_of_two_sites_are_apart() -> None:
    one, other = world_history(WORLD, "a"), world_history(WORLD, "b")
    calm_run = Calm(MAKES[:1], 0, 1 << 40)
    for site in (one, other):
        calm_run.run(site, nothing)
    alarms = calm_run.alarms[0]
    of_a = [Alarm("b", *alarm[1:]) for alarm in alarms if alarm.site_id == "a"]
    assert of_a == [alarm for alarm in alarms if alarm.site_id == "b"]


# -- the command


@pytest.fixture(scope="module")
def lines(history: SiteHistory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contacts") / "contacts.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for bucket in history.buckets():
            for c in bucket.contacts:
                row = {"at_ms": c.at_ms, "rep_id": c.rep_id, "team_id": c.team_id, "sale": c.sale}
                file.write(json.dumps(row) + "\n")
    return path


def run(*args: str | Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["alerts", "simulate", *map(str, args)], env=env)
    said = str(done.exception) if done.exception and not done.output else done.output
    return done.exit_code, said


def test_the_command_puts_what_is_asked_for_beside_the_plan(lines: Path, tmp_path: Path) -> None:
    plan, picture = tmp_path / "next.toml", tmp_path / "choice.svg"
    plan.write_text(
        "[alerts]\nred = 300\namber = 60\nbaseline_days = 8\nbaseline_lag_days = 2\n"
        "minimum_days = 4\nminimum_contacts = 100\nminimum_team = 4\n",
        encoding="utf-8",
    )
    asked = ["--contacts", str(lines), "--trials", "3", "--json", "--picture", str(picture)]
    code, said = run(*asked, "--red", "200", env={"FLOORCAST_PLAN": str(plan)})
    assert code == 0
    found = json.loads(said)
    assert [(row["name"], row["level"]) for row in found["rows"][:4]] == [
        ("what you ask for", "red"),
        ("what you ask for", "amber"),
        ("the plan as it is", "red"),
        ("the plan as it is", "amber"),
    ]
    assert [row["settings"]["red"] for row in found["rows"][::2][:2]] == [200.0, 300.0]
    assert [row["name"] for row in found["rows"][4:]] == list(RULES)
    assert found["rows"][0]["alarms"] > found["rows"][2]["alarms"]
    drawn = picture.read_text("utf-8")
    assert drawn.startswith("<svg")
    assert "what you ask for, red" in drawn


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (("--red", "5"), "alerts.red = 5.0: must be a number from 10 to"),
        (("--red", "900"), "amber (1000) must be below red (900)"),
        (("--minimum-team", "1"), "alerts.minimum_team = 1"),
        (("--half-life", "0"), "alerts.half_life_hours = 0.0"),
    ],
)
def test_what_no_plan_may_say_cannot_be_asked_for(
    lines: Path, option: tuple[str, str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["alerts", "simulate", "--contacts", str(lines), *option])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert problem in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            '{"at_ms": "noon", "rep_id": "a", "team_id": "n", "sale": true}',
            "line 1: Expected `int`",
        ),
        ('{"at_ms": 1, "rep_id": "a", "team_id": "n"}', "missing required field `sale`"),
        ("nonsense", "line 1"),
    ],
)
def test_a_line_that_is_no_contact_is_named(
    tmp_path: Path, line: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "contacts.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["alerts", "simulate", "--contacts", str(path)])
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


def test_a_short_file_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "contacts.jsonl"
    for text in ("", '{"at_ms": 1, "rep_id": "a", "team_id": "n", "sale": true}\n'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            main(["alerts", "simulate", "--contacts", str(path)])
        assert ended.value.code == 1
        said = capsys.readouterr().err
        assert "too little history" in said
        assert said.count("\n") == 1
