"""What all dashboards have in common: uid, refresh, time range, variables, links."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    ConstantVariable,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.links import PAGE
from grafana.looks import ATTENTION, DATASOURCE

TAG = "floorcast"
WALL = "wallboard"
"""Boards that are made for a TV: their first screen holds everything that matters."""


def dashboard(uid: str, title: str, text: str, *, wall: bool = True) -> Dashboard:
    """An empty dashboard with the data source as its first variable."""
    board = Dashboard(title).uid(uid).description(text).tags([TAG, WALL] if wall else [TAG])
    board.refresh("10s").time("now-6h", "now").timezone("browser").readonly()
    board.tooltip(DashboardCursorSync.CROSSHAIR)
    others = DashboardLink("Boards").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    board.link(others.keep_time(True).include_vars(True).as_dropdown(False))
    page = DashboardLink("Live page").type(DashboardLinkType.LINK).url("${page:raw}/")
    board.link(page.icon("external link").target_blank(True))
    board.with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
    return board.with_variable(ConstantVariable("page").label("Live page").value(PAGE))


def marks(name: str, expr: str, title: str) -> AnnotationQuery:
    """Marks on every graph where a query has a value; `title` may name its labels."""
    made = AnnotationQuery().name(name).datasource(DATASOURCE).enable(True).icon_color(ATTENTION)
    return made.expr(expr).step("60s").title_format(title).text_format("{{team}} {{rep}}")


def choice(name: str, label: str, query: str) -> QueryVariable:
    """A variable of several values, all of them at first."""
    everything = VariableOption(selected=True, text="All", value="$__all")
    variable = one(name, label, query).multi(True)
    return variable.include_all(True).all_value(".*").current(everything)


def one(name: str, label: str, query: str, *, shown: bool = True) -> QueryVariable:
    """A variable of one value, the first at first; hidden when it follows from another."""
    variable = QueryVariable(name).label(label).query(query)
    variable.datasource(DATASOURCE)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.NATURAL_ASC)
    return variable if shown else variable.hide(VariableHide.HIDE_VARIABLE)
