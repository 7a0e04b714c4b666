"""The board file: which KPIs a page shows, in which order, when they ask for attention, and the TV.

One TOML text; everything in it may be left out. Every problem is reported at once.
"""

from __future__ import annotations

import tomllib
from typing import Any

from msgspec import Struct, field

from streams.core.change import LEAST_SAMPLE
from streams.core.errors import SettingsError
from streams.core.kpis import KPIS
from streams.core.plan_problems import Problems, join

LANGUAGES = ("en", "zh")
THEMES = ("dark", "light", "contrast")
PATHS = ("/floor", "/leaderboard", "/team/", "/rep/")
SHORTEST_S, LONGEST_S = 5, 300
MOST_ROWS = 14
MOST_KPIS = 12


class Threshold(Struct, frozen=True, omit_defaults=True):
    """Values from which a KPI asks for attention, in its unit; below or above by `higher`."""

    amber: float | None = None
    red: float | None = None
    higher: bool = True


class Section(Struct, frozen=True):
    """One kind of board: tiles on top, columns of its table, and what it is sorted by."""

    headline: list[str]
    columns: list[str]
    sort: str


class Tv(Struct, frozen=True):
    """The rotation: boards as paths, seconds a page stands, rows a page at most."""

    boards: list[str]
    seconds: int = 12
    rows: int = 10


class Page(Struct, frozen=True):
    """What a viewer who has chosen nothing gets. `wan`: Chinese pages group large money by 万."""

    language: str = "en"
    theme: str = "dark"
    celebrate: bool = False
    wan: bool = False


_HEADLINE = ["conversion", "deals_net", "revenue_net", "contacts", "connect_rate", "csat"]
_COLUMNS = ["deals_net", "conversion", "revenue_net", "connect_rate", "aht_ms", "csat"]
_DEFAULTS = {
    "floor": Section(_HEADLINE, _COLUMNS, "deals_net"),
    "team": Section(_HEADLINE, [*_COLUMNS[:2], "contacts", *_COLUMNS[2:]], "deals_net"),
    "rep": Section([*_HEADLINE, "dials", "aht_ms"], [], "deals_net"),
    "leaderboard": Section([], _COLUMNS, "revenue_net"),
}


class BoardFile(Struct, frozen=True):
    """A board file without faults; `least` is KPI to the sample below which a rate is chance."""

    floor: Section = _DEFAULTS["floor"]
    team: Section = _DEFAULTS["team"]
    rep: Section = _DEFAULTS["rep"]
    leaderboard: Section = _DEFAULTS["leaderboard"]
    least: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KPIS, LEAST_SAMPLE))
    thresholds: dict[str, Threshold] = {}
    tv: Tv = Tv([])
    page: Page = Page()


_SECTIONS = (*_DEFAULTS, "minimum_sample", "thresholds", "tv", "page")


def parse_board_file(text: str) -> BoardFile:
    """Read a board file; raises SettingsError with every problem in it."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"boards: not TOML: {error}"
        raise SettingsError([msg]) from error
    problems = Problems("boards")
    problems.known_keys("", content, _SECTIONS)
    read: dict[str, Any] = {
        name: _section(name, content.get(name, {}), usual, problems)
        for name, usual in _DEFAULTS.items()
    }
    least = _least(content.get("minimum_sample", {}), problems)
    thresholds = _thresholds(content.get("thresholds", {}), problems)
    tv = _tv(content.get("tv", {}), problems)
    page = _page(content.get("page", {}), problems)
    if problems.lines:
        raise SettingsError(problems.lines)
    return BoardFile(least=least, thresholds=thresholds, tv=tv, page=page, **read)


def _section(name: str, value: object, usual: Section, problems: Problems) -> Section:
    table = problems.table(name, value, ("headline", "columns", "sort"))
    sort = table.get("sort", usual.sort)
    if not isinstance(sort, str):
        problems.wrong(join(name, "sort"), sort, "must be the name of a KPI")
        sort = usual.sort
    elif sort not in KPIS:
        problems.unknown(join(name, "sort"), sort, "KPI", KPIS)
    return Section(
        headline=_kpis(join(name, "headline"), table.get("headline", usual.headline), problems),
        columns=_kpis(join(name, "columns"), table.get("columns", usual.columns), problems),
        sort=sort,
    )


def _kpis(where: str, value: object, problems: Problems) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_KPIS:
        problems.wrong(where, value, f"must be a list of at most {MOST_KPIS} KPIs")
        return []
    for at, one in enumerate(value):
        if not isinstance(one, str):
            problems.wrong(where, one, "must be the name of a KPI")
        elif one not in KPIS:
            problems.unknown(where, one, "KPI", KPIS)
        elif one in value[:at]:
            problems.wrong(where, one, "stands there more than once")
    return value


def _least(value: object, problems: Problems) -> dict[str, int]:
    table = problems.table("minimum_sample", value)
    usual = table.get("default", LEAST_SAMPLE)
    found = dict.fromkeys(KPIS, LEAST_SAMPLE)
    for key, number in (("default", usual), *((k, n) for k, n in table.items() if k != "default")):
        where = join("minimum_sample", key)
        if key != "default" and key not in KPIS:
            problems.unknown("minimum_sample", key, "KPI", KPIS)
        elif not isinstance(number, int) or isinstance(number, bool) or number < 0:
            problems.wrong(where, number, "must be a whole number, 0 or more")
        elif key == "default":
            found = dict.fromkeys(KPIS, number)
        else:
            found[key] = number
    return found


def _thresholds(value: object, problems: Problems) -> dict[str, Threshold]:
    found = {}
    for key, entry in problems.table("thresholds", value).items():
        where = join("thresholds", key)
        kpi = KPIS.get(key)
        table = problems.table(where, entry, ("amber", "red"))
        if kpi is None:
            problems.unknown("thresholds", key, "KPI", KPIS)
            continue
        if kpi.higher_is_better is None:
            problems.add(where, "neither more nor less of it is better, so it has no threshold")
            continue
        if kpi.per_currency:
            problems.add(where, "is money in several currencies, so it has no threshold")
            continue
        numbers = {}
        for level, number in table.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                problems.wrong(join(where, level), number, "must be a number in the KPI's unit")
            elif kpi.unit == "ratio" and not 0 <= number <= 1:
                problems.wrong(join(where, level), number, "must be from 0 to 1: 5 % is 0.05")
            else:
                numbers[level] = float(number)
        amber, red = numbers.get("amber"), numbers.get("red")
        if amber is not None and red is not None and (red > amber) == kpi.higher_is_better:
            problems.wrong(join(where, "red"), red, f"must be worse than amber = {amber:g}")
        found[key] = Threshold(amber, red, kpi.higher_is_better)
    return found


def _tv(value: object, problems: Problems) -> Tv:
    table = problems.table("tv", value, ("boards", "seconds", "rows"))
    boards = table.get("boards", [])
    if not isinstance(boards, list):
        problems.wrong("tv.boards", boards, 'must be a list such as ["/floor", "/team/north"]')
        boards = []
    for one in boards:
        path = one.split("?")[0] if isinstance(one, str) else ""
        of_one = any(p != path and path.startswith(p) for p in PATHS if p.endswith("/"))
        if not of_one and path not in PATHS[:2]:
            problems.wrong("tv.boards", one, f"must begin with one of {', '.join(PATHS)}")
    return Tv(
        boards=boards,
        seconds=_whole("tv.seconds", table.get("seconds", 12), SHORTEST_S, LONGEST_S, problems),
        rows=_whole("tv.rows", table.get("rows", 10), 1, MOST_ROWS, problems),
    )


def _whole(where: str, value: object, least: int, most: int, problems: Problems) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    problems.wrong(where, value, f"must be a whole number from {least} to {most}")
    return least


def _page(value: object, problems: Problems) -> Page:
    table = problems.table("page", value, ("language", "theme", "celebrate", "wan"))
    usual = Page()
    language, theme = table.get("language", usual.language), table.get("theme", usual.theme)
    if language not in LANGUAGES:
        problems.unknown("page.language", str(language), "language", LANGUAGES)
    if theme not in THEMES:
        problems.unknown("page.theme", str(theme), "theme", THEMES)
    switches = {}
    for key in ("celebrate", "wan"):
        switches[key] = table.get(key, False)
        if not isinstance(switches[key], bool):
            problems.wrong(join("page", key), switches[key], "must be true or false")
    return Page(str(language), str(theme), switches["celebrate"] is True, switches["wan"] is True)
