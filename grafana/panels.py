"""Panels in one style: what every one of them has is set here once.

Neutral colours by default; orange says that somebody should look. No red and green pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TableAutoCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
NEUTRAL, ATTENTION = "blue", "orange"

SHARE, SECONDS, COUNT, DEALS = "percentunit", "s", "none", "none"
EVENTS_PER_SECOND, BYTES, BYTES_PER_SECOND = "eps", "bytes", "Bps"

P = TypeVar("P", stat.Panel, table.Panel, timeseries.Panel, heatmap.Panel)


class Query(NamedTuple):
    """A query, the name its result is shown under (`{{label}}` for labels), and its own unit."""

    expr: str
    name: str
    unit: str | None = None
    decimals: int | None = None


def numbers(
    title: str,
    text: str,
    queries: Sequence[Query],
    *,
    unit: str,
    span: int,
    empty: str = "–",
    attention_at: float | None = None,
) -> stat.Panel:
    """Big numbers of now. `empty` stands where there is no number; 0/0 is never shown as 0."""
    panel = _common(stat.Panel(), title, text, unit=unit, span=span, height=5, empty=empty)
    panel.color_mode(BigValueColorMode.VALUE if attention_at else BigValueColorMode.NONE)
    panel.graph_mode(BigValueGraphMode.NONE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    panel.thresholds(_thresholds(attention_at))
    for ref, query in _lettered(queries):
        panel.with_target(_target(ref, query).instant())
        if properties := _own_look(query):
            panel.override_by_query(ref, properties)
    return panel


def lines(
    title: str,
    text: str,
    queries: Sequence[Query],
    *,
    unit: str,
    span: int = 12,
    stacked: bool = False,
    bars: bool = False,
    empty: str = "–",
) -> timeseries.Panel:
    """Values over time. `bars` for rare things, `stacked` for parts of a whole."""
    panel = _common(timeseries.Panel(), title, text, unit=unit, span=span, height=8, empty=empty)
    panel.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )
    panel.tooltip(
        common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    )
    panel.color_scheme(builders.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    panel.show_points(VisibilityMode.NEVER).line_width(2)
    panel.fill_opacity(70 if bars else 25 if stacked else 0)
    if bars:
        panel.draw_style(GraphDrawStyle.BARS)
    if stacked or bars:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if unit != SHARE:
        panel.axis_soft_min(0)
    for ref, query in _lettered(queries):
        panel.with_target(_target(ref, query).range())
        if properties := _own_look(query):
            panel.override_by_query(ref, properties)
    return panel


def rows(
    title: str,
    text: str,
    columns: Sequence[Query],
    labels: Mapping[str, str],
    *,
    sort: str,
    height: int = 9,
    span: int = 24,
    empty: str = "–",
) -> table.Panel:
    """A table of now: one row per set of labels, one column per query.

    `labels` maps a label to its column's heading, in the order of the columns; a query without a
    name gives labels only.
    """
    panel = _common(table.Panel(), title, text, unit=COUNT, span=span, height=height, empty=empty)
    panel.filterable(True).cell_options(TableAutoCellOptions())
    panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
    panel.thresholds(_thresholds(None))
    renamed, hidden = dict(labels), {"Time": True}
    for ref, query in _lettered(columns):
        panel.with_target(_target(ref, query).instant().format(PromQueryFormat.TABLE))
        value = f"Value #{ref}" if len(columns) > 1 else "Value"
        if query.name:
            renamed[value] = query.name
            if properties := _own_look(query):
                panel.override_by_name(query.name, properties)
        else:
            hidden[value] = True
    order = {name: at for at, name in enumerate(renamed)}
    panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={"excludeByName": hidden, "indexByName": order, "renameByName": renamed},
        )
    )
    return panel


def distribution(title: str, text: str, expr: str, *, unit: str, span: int = 12) -> heatmap.Panel:
    """The buckets of a histogram over time."""
    panel = _common(heatmap.Panel(), title, text, unit=unit, span=span, height=8, empty="–")
    panel.calculate(False).y_axis(heatmap.YAxisConfig().unit(unit))
    panel.color(
        heatmap.HeatmapColorOptions()
        .mode(HeatmapColorMode.SCHEME)
        .scheme("Blues")
        .steps(64)
        .exponent(0.5)
        .fill("blue")
        .reverse(False)
    )
    target = _target("A", Query(expr, "{{le}}")).range().format(PromQueryFormat.HEATMAP)
    return panel.with_target(target)


def _common(panel: P, title: str, text: str, *, unit: str, span: int, height: int, empty: str) -> P:
    panel.title(title).description(text).datasource(DATASOURCE)
    panel.unit(unit).span(span).height(height).no_value(empty)
    nothing = DashboardSpecialValueMapOptions(
        match=SpecialValueMatch.NULL_AND_NAN, result=ValueMappingResult(text=empty)
    )
    panel.mappings([SpecialValueMap(options=nothing)])
    return panel


def _target(ref: str, query: Query) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).datasource(DATASOURCE)
    return target.legend_format(query.name)


def _lettered(queries: Sequence[Query]) -> list[tuple[str, Query]]:
    return [(chr(ord("A") + at), query) for at, query in enumerate(queries)]


def _own_look(query: Query) -> list[DynamicConfigValue]:
    look = []
    if query.unit is not None:
        look.append(DynamicConfigValue(id_val="unit", value=query.unit))
    if query.decimals is not None:
        look.append(DynamicConfigValue(id_val="decimals", value=query.decimals))
    return look


def _thresholds(attention_at: float | None) -> builders.ThresholdsConfig:
    steps = [Threshold(value=None, color=NEUTRAL)]
    if attention_at is not None:
        steps.append(Threshold(value=attention_at, color=ATTENTION))
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
