"""What a plan says, and what it says when it is wrong."""

from datetime import UTC, datetime

import pytest

from streams.core.calendar import date_of
from streams.core.errors import PlanError, SettingsError
from streams.core.plan import Plan, parse_plan

GOOD = """
[sites.shanghai]
zone = "Asia/Shanghai"
shifts = [
    { name = "early", start = "08:00", end = "16:30", days = ["mon", "tue", "wed", "thu", "fri"] },
    { name = "night", start = "22:00", end = "06:00" },
    { name = "sunday", start = "00:00", end = "24:00", days = ["sun"] },
]
[sites.london]
zone = "Europe/London"
[teams.north]
site = "shanghai"
name = "North"
[teams.city]
site = "london"
[[roster]]
rep = "r-1"
team = "north"
name = "Li Na"
[[roster]]
rep = "r-2"
team = "north"
from = 2026-01-01
until = 2026-06-30
[[roster]]
rep = "r-2"
team = "city"
name = "Kim"
from = 2026-06-30
until = 2026-09-01
[[roster]]
rep = "r-2"
team = "city"
from = 2026-10-01
[dispositions]
SALE = ["positive"]
NI = ["negative", "do_not_call"]
A = []
[deals]
reversals = "contra"
"""


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, "UTC")
    return caught.value.problems


def test_a_plan_gives_back_what_it_says() -> None:
    plan = parse_plan(GOOD, "America/New_York")
    assert plan.sites["shanghai"].zone.name == "Asia/Shanghai"
    assert [(s.name, s.start, s.end) for s in plan.sites["shanghai"].shifts] == [
        ("early", 480, 990),
        ("night", 1320, 1800),
        ("sunday", 0, 1440),
    ]
    assert plan.sites["shanghai"].shifts[0].weekdays == {0, 1, 2, 3, 4}
    assert (plan.teams["north"].name, plan.teams["city"].name) == ("North", "city")
    assert plan.dispositions == {
        "SALE": frozenset({"positive"}),
        "NI": frozenset({"negative", "do_not_call"}),
        "A": frozenset(),
    }
    assert plan.reversals == "contra"
    assert plan.reps() == ["r-1", "r-2"]
    assert plan.name_of("r-1") == "Li Na"
    assert plan.name_of("r-2") == "Kim"
    assert plan.name_of("r-3") is None


def test_a_rep_outside_the_roster_is_at_the_default_site_in_the_zone_of_the_settings() -> None:
    for plan in (parse_plan(GOOD, "America/New_York"), Plan.empty("America/New_York")):
        place = plan.place("stranger", ms("2026-02-01"))
        assert (place.team_id, place.in_roster) == (None, False)
        assert (place.site.id, place.site.zone.name) == ("default", "America/New_York")
        assert plan.fixed_place("stranger") == place


def test_a_rep_with_one_place_for_all_time_has_a_fixed_place() -> None:
    plan = parse_plan(GOOD, "UTC")
    fixed = plan.fixed_place("r-1")
    assert fixed is not None
    assert fixed.team_id == "north"
    assert plan.place("r-1", ms("1990-01-01")) == fixed == plan.place("r-1", ms("2090-01-01"))
    assert plan.fixed_place("r-2") is None


@pytest.mark.parametrize(
    ("at", "team"),
    [
        ("2025-12-31T15:59:59", None),
        ("2025-12-31T16:00:00", "north"),  # 2026-01-01 begins in Shanghai
        ("2026-06-29T22:59:59", "north"),  # 2026-06-30 has begun there, not yet in London
        ("2026-06-29T23:00:00", "city"),
        ("2026-08-31T22:59:59", "city"),
        ("2026-08-31T23:00:00", None),  # the gap begins on London's 1 September
        ("2026-09-30T22:59:59", None),
        ("2026-09-30T23:00:00", "city"),
        ("2030-01-01T00:00:00", "city"),
    ],
)
def test_roster_dates_are_local_dates_of_the_teams_site(at: str, team: str | None) -> None:
    place = parse_plan(GOOD, "UTC").place("r-2", ms(at))
    assert place.team_id == team
    assert place.in_roster == (team is not None)


def test_the_fingerprint_is_the_same_for_the_same_plan_and_ignores_what_shapes_nothing() -> None:
    plan = parse_plan(GOOD, "UTC").fingerprint()
    for old, new in (
        ('name = "Li Na"', ""),
        ('start = "08:00"', 'start = "09:00"'),
        ('["negative", "do_not_call"]', '["do_not_call", "negative"]'),
        ("until = 2026-09-01", "until = 2026-09-01 # a remark"),
    ):
        assert old in GOOD
        assert parse_plan(GOOD.replace(old, new), "UTC").fingerprint() == plan


def test_the_fingerprint_ignores_a_move_between_teams_of_one_zone() -> None:
    stays = '[sites.a]\nzone = "UTC"\n[teams.x]\nsite = "a"\n[teams.y]\nsite = "a"\n'
    one = stays + '[[roster]]\nrep = "r"\nteam = "x"\n'
    two = (
        stays
        + '[[roster]]\nrep = "r"\nteam = "y"\nfrom = 2026-05-01\n'
        + '[[roster]]\nrep = "r"\nteam = "x"\nuntil = 2026-05-01\n'
    )
    assert parse_plan(one, "UTC").fingerprint() == parse_plan(two, "UTC").fingerprint()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Asia/Shanghai"', '"Asia/Tokyo"'),
        ("until = 2026-09-01", "until = 2026-09-02"),
        ('rep = "r-1"', 'rep = "r-3"'),
        ('"negative", "do_not_call"', '"negative"'),
        ("A = []\n", ""),
        ('"contra"', '"restate"'),
    ],
)
def test_the_fingerprint_changes_with_what_shapes_contributions(old: str, new: str) -> None:
    assert old in GOOD
    changed = parse_plan(GOOD.replace(old, new), "UTC")
    plan = parse_plan(GOOD, "UTC")
    assert changed.fingerprint() != plan.fingerprint()
    assert plan.fingerprint() != parse_plan(GOOD, "Europe/London").fingerprint()


def test_the_fingerprint_of_the_kept_days_ignores_what_the_roster_says_of_others() -> None:
    end = 20_635  # 2026-07-01
    assert str(date_of(end)) == "2026-07-01"
    kept = (end - 400, end)
    plan = parse_plan(GOOD, "UTC")
    later = parse_plan(GOOD.replace("until = 2026-09-01", "until = 2026-08-01"), "UTC")
    earlier = parse_plan(GOOD.replace("until = 2026-06-30", "until = 2026-06-29"), "UTC")
    assert later.fingerprint(kept) == plan.fingerprint(kept)
    assert earlier.fingerprint(kept) != plan.fingerprint(kept)
    assert plan.fingerprint(kept) != plan.fingerprint((end - 400, end + 1))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a =", "plan: not TOML: Invalid value (at end of document)"),
        ("[rooster]", "plan: rooster: no such key; did you mean roster?"),
        ("roster = 1", "plan: roster = 1: must be a list of tables, such as [[roster]]"),
        ("sites = []", "plan: sites = []: must be a table"),
        ("[sites.a]", "plan: sites.a: zone is missing"),
        (
            '[sites.default]\nzone = "UTC"',
            "plan: sites.default: this id stands for reps outside the roster; choose another",
        ),
        (
            '[sites.a]\nzone = "Asia/Shangai"',
            "plan: sites.a: zone 'Asia/Shangai': no such IANA time zone; "
            "did you mean Asia/Shanghai?",
        ),
        ('[sites.a]\nzone = "UTC"\nzon = 1', "plan: sites.a.zon: no such key; did you mean zone?"),
        (
            '[sites.a]\nzone = "UTC"\nshifts = [{ name = "s", start = "8:00", end = "16:00" }]',
            "plan: sites.a.shifts entry 1.start = '8:00': "
            'must be a time in quotes, such as "08:30"',
        ),
        (
            '[sites.a]\nzone = "UTC"\nshifts = [{ name = "s", start = 08:00:00, end = "16:00" }]',
            "plan: sites.a.shifts entry 1.start = 08:00:00: "
            'must be a time in quotes, such as "08:30"',
        ),
        (
            '[sites.a]\nzone = "UTC"\nshifts = [{ name = "s", start = "08:00", end = "08:00" }]',
            "plan: sites.a.shifts entry 1.end = '08:00': must differ from start",
        ),
        (
            '[sites.a]\nzone = "UTC"\n'
            'shifts = [{ name = "s", start = "08:00", end = "16:00", days = ["monday"] }]',
            "plan: sites.a.shifts entry 1.days = ['monday']: "
            "must be a list of some of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            '[sites.a]\nzone = "UTC"\nshifts = [{ name = "s", start = "08:00", end = "16:00" },'
            ' { name = "s", start = "16:00", end = "20:00" }]',
            "plan: sites.a.shifts entry 2.name = 's': this site has a shift of that name already",
        ),
        (
            '[sites.london]\nzone = "UTC"\n[teams.t]\nsite = "lodon"',
            "plan: teams.t.site = 'lodon': no such site; did you mean london?",
        ),
        (
            '[teams.t]\nsite = "x"',
            "plan: teams.t.site = 'x': no such site; known: none",
        ),
        (
            '[[roster]]\nrep = "r-1"\nteam = "north"',
            "plan: roster entry 1 (r-1).team = 'north': no such team; known: none",
        ),
        (
            '[dispositions]\nSALE = ["positve"]',
            "plan: dispositions.SALE = 'positve': no such flag; did you mean positive?",
        ),
        (
            '[dispositions]\nSALE = ["positive", "negative"]',
            "plan: dispositions.SALE: a call cannot be both positive and negative; keep one",
        ),
        (
            '[deals]\nreversals = "restated"',
            "plan: deals.reversals = 'restated': must be one of restate, contra",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_the_entry_and_what_to_do(text: str, line: str) -> None:
    assert problems(text) == (line,)


TEAM = '[sites.a]\nzone = "UTC"\n[teams.t]\nsite = "a"\n'


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ('from = "2026-01-01"', "from = '2026-01-01': must be a date without quotes"),
        ("from = 2026-01-01T08:00:00", "from = 2026-01-01T08:00:00: must be a date without"),
        ("from = 0001-01-01", "from = 0001-01-01: must be a date without quotes from 1970 on"),
        (
            "from = 2026-01-02\nuntil = 2026-01-02",
            "until = 2026-01-02: must be later than from",
        ),
    ],
)
def test_a_bad_roster_date_is_a_fault(entry: str, line: str) -> None:
    (found,) = problems(f'{TEAM}[[roster]]\nrep = "r"\nteam = "t"\n{entry}')
    assert found.startswith(f"plan: roster entry 1 (r).{line}")


def test_overlapping_roster_entries_of_a_rep_are_a_fault_and_abutting_ones_are_not() -> None:
    first = '[[roster]]\nrep = "r"\nteam = "t"\nuntil = 2026-01-02\n'
    assert problems(f'{TEAM}{first}[[roster]]\nrep = "r"\nteam = "t"\nfrom = 2026-01-01') == (
        "plan: roster entry 2 (r): overlaps roster entry 1: "
        "give one an until and the other a later from",
    )
    assert problems(f'{TEAM}{first}[[roster]]\nrep = "r"\nteam = "t"') != ()
    parse_plan(f'{TEAM}{first}[[roster]]\nrep = "r"\nteam = "t"\nfrom = 2026-01-02', "UTC")


def test_every_fault_is_told_at_once_and_none_because_of_another() -> None:
    text = (
        '[sites.a]\nzone = "Mars"\n[teams.t]\nsite = "a"\nnmae = "T"\n'
        '[[roster]]\nrep = "r"\nteam = "t"\n[[roster]]\nteam = "t"\n[deals]\nreversals = 1\n'
    )
    assert [line.split(":")[1].strip() for line in problems(text)] == [
        "sites.a",
        "teams.t.nmae",
        "roster entry 2",
        "deals.reversals = 1",
    ]


def test_an_unknown_default_zone_is_a_fault_of_the_settings() -> None:
    with pytest.raises(SettingsError, match=r"'Berlin': no such .* did you mean Europe/Berlin\?"):
        parse_plan("", "Berlin")


def test_a_date_far_ahead_stands_for_ever() -> None:
    text = f'{TEAM}[[roster]]\nrep = "r"\nteam = "t"\nfrom = 2026-01-01\nuntil = 9999-12-31\n'
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"):
        plan = parse_plan(text.replace('"UTC"', f'"{zone}"'), "UTC")
        assert plan.place("r", ms("2999-01-01")).team_id == "t"
