"""Recording rules of the floor: what many viewers ask for is added up once.

Names are `level:metric:operation`. Numerators and denominators are recorded apart, ratios never: a
sum of ratios is no ratio. A partition that changes hands is on two workers for the moment between
two scrapes, so each rule takes one series per rep, in one team, before it adds up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

PLACE = "rep:floorcast_rep_info:topk"
"""The one team and site each rep is counted in; always 1."""

REPS = "team:floorcast_rep_info:count"
WORKERS = "floor:floorcast_workers:count"
"""Workers that answer; always there while rules are evaluated, so its absence tells of none."""

MISSING_BEFORE = "floor:floorcast_partitions_missing_before:count"
MISSING = "floor:floorcast_partitions_missing:count"
"""Partitions that no worker shows: their reps are missing from every sum of the same moment.

Counted before the sums and after them, and the higher counts: a scrape that fails, or comes again,
between two rules of one evaluation would else leave a low sum that looks whole.
"""

WAITING = "topic:floorcast_consumer_lag_events:sum"
NEWEST = "source:floorcast_newest_event_timestamp_seconds:max"

TODAY = (
    "dials",
    "human_answered_dials",
    "human_answered_calls",
    "contacts",
    "talk_seconds",
    "hold_seconds",
    "wrap_seconds",
    "deals_gross",
    "deals_reversed",
    "new_customer_deals",
    "csat_responses",
    "csat_satisfied",
    "csat_rating_points",
)
HOUR = ("dials", "contacts", "deals_gross", "deals_reversed")
COUNTS = (*(f"today_{one}" for one in TODAY), *(f"trailing_60m_{one}" for one in HOUR))
"""Families behind `floorcast_rep_` and `floorcast_team_` that are added up per team and site."""

MONEY = ("today_revenue_gross_minor_units", "today_revenue_reversed_minor_units")
"""The same with a label `currency`."""

_MISSING_NOW = (
    "max(floorcast_input_partitions)",
    "- (count(max by (partition) (floorcast_rep_partition_shown)) or vector(0))",
)

INTERVAL = "10s"
"""As often as Prometheus scrapes."""

HEAD = """\
# Sums over reps, once for all viewers; made by `make dashboards` from grafana/recording.py.
# One series per rep, in one team, before anything is added up: a partition that changes hands is
# on two workers until the next scrape. Without rep series (rep_label = "off") the partitions' parts
# of teams are added up instead.

groups:
"""


class Rule(NamedTuple):
    """A recorded name and its PromQL, in lines."""

    name: str
    lines: tuple[str, ...]


def recorded(suffix: str) -> str:
    """The name a family's sums are recorded under."""
    return f"team:floorcast_{suffix}:sum"


def rules() -> Iterator[Rule]:
    """All rules in the order in which they are evaluated."""
    yield Rule(MISSING_BEFORE, _MISSING_NOW)
    yield Rule(PLACE, ("topk by (rep) (1, max by (rep, team, site) (floorcast_rep_info))",))
    yield Rule(REPS, (f"count by (team, site) ({PLACE})",))
    for suffix in COUNTS:
        yield Rule(recorded(suffix), _sum(suffix))
    for suffix in MONEY:
        yield Rule(recorded(suffix), _sum(suffix, "currency"))
    after = ("(", *(f"  {line}" for line in _MISSING_NOW), f") > {MISSING_BEFORE}")
    yield Rule(MISSING, (*after, f"or {MISSING_BEFORE}"))


def pipeline_rules() -> Iterator[Rule]:
    """What both the pipeline's board and the others ask for."""
    yield Rule(WORKERS, ('count(up{job="floorcast"} == 1) or vector(0)',))
    yield Rule(
        WAITING,
        ("sum by (topic) (max by (topic, partition) (floorcast_consumer_lag_events))",),
    )
    yield Rule(
        NEWEST,
        ("max by (topic, source) (floorcast_source_newest_event_timestamp_seconds)",),
    )


def document() -> str:
    """The text of the rule file."""
    groups = {"floorcast-floor": rules(), "floorcast-flow": pipeline_rules()}
    return HEAD + "\n".join(_group(name, made) for name, made in groups.items())


def _sum(suffix: str, *more: str) -> tuple[str, ...]:
    of_rep, of_team = ", ".join(("rep", *more)), ", ".join(("team", "partition", *more))
    by_place, by_team = ", ".join(("team", "site", *more)), ", ".join(("team", *more))
    return (
        f"sum by ({by_place}) (",
        f"  max by ({of_rep}) (floorcast_rep_{suffix})",
        f"  * on (rep) group_left (team, site) {PLACE}",
        ")",
        "or",
        f"sum by ({by_team}) (max by ({of_team}) (floorcast_team_{suffix}))",
        "  and on () absent(floorcast_rep_info)",
    )


def _group(name: str, made: Iterator[Rule]) -> str:
    out = [f"  - name: {name}", f"    interval: {INTERVAL}", "    rules:"]
    for rule in made:
        out.append(f"      - record: {rule.name}")
        if len(rule.lines) == 1:
            quote = '"' in rule.lines[0]
            out.append("        expr: " + (f"'{rule.lines[0]}'" if quote else rule.lines[0]))
        else:
            out.append("        expr: |")
            out += [f"          {line}" for line in rule.lines]
    return "\n".join(out) + "\n"
