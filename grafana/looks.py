"""What every panel has: title, description, unit, words where there is no number, thresholds.

Neutral colours by default; orange says that somebody should look. No red and green pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import (
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMappingResult,
)

from grafana.links import Link

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
NEUTRAL, ATTENTION = "text", "orange"

SHARE, SECONDS, COUNT, DEALS = "percentunit", "s", "locale", "locale"
"""`locale` puts the reader's own separators between thousands."""

EVENTS_PER_SECOND, BYTES, BYTES_PER_SECOND = "eps", "bytes", "Bps"
HMS = "dthms"
"""Seconds as 00:02:15: whole, where the unit `s` would round to minutes or hours."""

AGO = "dateTimeFromNow"
"""An instant in milliseconds, shown as how long ago it was."""

NO_DATA = "no data"
"""Prometheus knows nothing: not the same as zero, nor as a rate without a denominator."""

P = TypeVar("P", stat.Panel, table.Panel, timeseries.Panel, heatmap.Panel, statetimeline.Panel)


class Query(NamedTuple):
    """A query, the name its result is shown under (`{{label}}` for labels), and its own look.

    `links` are for a table's column, or for one of several numbers.
    """

    expr: str
    name: str
    unit: str | None = None
    decimals: int | None = None
    links: Sequence[Link] = ()


def common_look(
    panel: P,
    title: str,
    text: str,
    *,
    unit: str,
    span: int,
    height: int,
    empty: str,
    nothing: str = NO_DATA,
    attention_at: float | None = None,
) -> P:
    """Set what every panel has.

    `empty` stands for a rate without a denominator (0/0 comes as NaN), `nothing` where there is no
    series at all; neither is ever shown as a number. `attention_at` is a threshold.
    """
    panel.title(title).description(text).datasource(DATASOURCE)
    panel.unit(unit).span(span).height(height).no_value(nothing)
    no_ratio = DashboardSpecialValueMapOptions(
        match=SpecialValueMatch.NA_N, result=ValueMappingResult(text=empty)
    )
    panel.mappings([SpecialValueMap(options=no_ratio)])
    return panel.thresholds(thresholds(attention_at))


def thresholds(attention_at: float | None) -> builders.ThresholdsConfig:
    """Neutral, and attention from a value on."""
    steps = [Threshold(value=None, color=NEUTRAL)]
    if attention_at is not None:
        steps.append(Threshold(value=attention_at, color=ATTENTION))
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def target(ref: str, query: Query) -> prometheus.Dataquery:
    """A query under its letter."""
    made = prometheus.Dataquery().ref_id(ref).expr(query.expr).datasource(DATASOURCE)
    return made.legend_format(query.name)


def lettered(queries: Sequence[Query]) -> list[tuple[str, Query]]:
    """Queries with the letters they are known by."""
    return [(chr(ord("A") + at), query) for at, query in enumerate(queries)]


def own_look(query: Query) -> list[DynamicConfigValue]:
    """What a query has apart from its panel."""
    look = []
    if query.unit is not None:
        look.append(DynamicConfigValue(id_val="unit", value=query.unit))
    if query.decimals is not None:
        look.append(DynamicConfigValue(id_val="decimals", value=query.decimals))
    if query.links:
        look.append(links_look(query.links))
    return look


def links_look(links: Sequence[Link]) -> DynamicConfigValue:
    """Links as a property of fields."""
    return DynamicConfigValue(id_val="links", value=[one.value() for one in links])
