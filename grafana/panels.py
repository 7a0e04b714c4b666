"""The kinds of panels, each in one style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common, heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import text as texts
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TableAutoCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    FieldColorModeId,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.links import Link
from grafana.looks import (
    ATTENTION,
    COUNT,
    NO_DATA,
    SHARE,
    Query,
    common_look,
    lettered,
    links_look,
    own_look,
    target,
)

EVERY_FIELD = "/.*/"


def numbers(
    title: str,
    text: str,
    queries: Sequence[Query],
    *,
    unit: str,
    span: int,
    height: int = 5,
    empty: str = "–",
    attention_at: float | None = None,
    links: Sequence[Link] = (),
) -> stat.Panel:
    """Big numbers of now, as large as their tile allows."""
    panel = common_look(
        stat.Panel(),
        title,
        text,
        unit=unit,
        span=span,
        height=height,
        empty=empty,
        attention_at=attention_at,
    )
    panel.color_mode(BigValueColorMode.VALUE if attention_at else BigValueColorMode.NONE)
    panel.graph_mode(BigValueGraphMode.NONE)
    # `lastNotNull` passes over NaN, so a rate without a denominator would look like no data.
    panel.reduce_options(common.ReduceDataOptions().calcs(["last"]).values(False))
    if links:
        panel.override_by_regexp(EVERY_FIELD, [links_look(links)])
    for ref, query in lettered(queries):
        panel.with_target(target(ref, query).instant())
        if properties := own_look(query):
            panel.override_by_query(ref, properties)
    return panel


def lines(
    title: str,
    text: str,
    queries: Sequence[Query],
    *,
    unit: str,
    span: int = 12,
    height: int = 8,
    stacked: bool = False,
    bars: bool = False,
    empty: str = "–",
    nothing: str = NO_DATA,
    attention_at: float | None = None,
    links: Sequence[Link] = (),
) -> timeseries.Panel:
    """Values over time. `bars` for rare things, `stacked` for parts of a whole."""
    panel = common_look(
        timeseries.Panel(),
        title,
        text,
        unit=unit,
        span=span,
        height=height,
        empty=empty,
        nothing=nothing,
        attention_at=attention_at,
    )
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
    if attention_at is not None:
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    if bars:
        panel.draw_style(GraphDrawStyle.BARS)
    if stacked or bars:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if unit != SHARE:
        panel.axis_soft_min(0)
    if links:
        panel.override_by_regexp(EVERY_FIELD, [links_look(links)])
    for ref, query in lettered(queries):
        panel.with_target(target(ref, query).range())
        if properties := own_look(query):
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
    nothing: str = "–",
    links: Mapping[str, Sequence[Link]] | None = None,
) -> table.Panel:
    """A table of now: one row per set of labels, one column per query.

    `labels` maps a label to its column's heading, in the order of the columns, `links` a heading to
    where its cells lead; a query without a name gives labels only.
    """
    panel = common_look(
        table.Panel(),
        title,
        text,
        unit=COUNT,
        span=span,
        height=height,
        empty=empty,
        nothing=nothing,
    )
    panel.filterable(True).cell_options(TableAutoCellOptions())
    panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
    renamed, hidden = dict(labels), {"Time": True, "job": True}
    for ref, query in lettered(columns):
        panel.with_target(target(ref, query).instant().format(PromQueryFormat.TABLE))
        value = f"Value #{ref}" if len(columns) > 1 else "Value"
        if query.name:
            renamed[value] = query.name
            if properties := own_look(query):
                panel.override_by_name(query.name, properties)
        else:
            hidden[value] = True
    for heading, leading in (links or {}).items():
        panel.override_by_name(heading, [links_look(leading)])
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
    panel = common_look(heatmap.Panel(), title, text, unit=unit, span=span, height=8, empty="–")
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
    query = target("A", Query(expr, "{{le}}")).range().format(PromQueryFormat.HEATMAP)
    return panel.with_target(query)


def states(
    title: str, text: str, query: Query, word: str, *, span: int = 24, height: int = 7
) -> statetimeline.Panel:
    """When something was so: a bar with `word` in it while a series is 1."""
    panel = common_look(
        statetimeline.Panel(),
        title,
        text,
        unit=COUNT,
        span=span,
        height=height,
        empty="–",
        nothing="none in this time",
        attention_at=1,
    )
    panel.mappings([ValueMap(options={"1": ValueMappingResult(text=word, color=ATTENTION)})])
    panel.merge_values(True).show_value(VisibilityMode.AUTO).row_height(0.8).fill_opacity(80)
    panel.legend(common.VizLegendOptions().show_legend(False).calcs([]))
    panel.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
    return panel.with_target(target("A", query).range())


def words(title: str, text: str, content: str, *, span: int = 24, height: int = 14) -> texts.Panel:
    """A page of Markdown."""
    panel = texts.Panel().title(title).description(text).span(span).height(height)
    return panel.content(content)
