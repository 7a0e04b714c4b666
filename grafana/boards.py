"""What all dashboards have in common: uid, refresh, time range, variables."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.panels import DATASOURCE


def dashboard(uid: str, title: str, text: str) -> Dashboard:
    """An empty dashboard with the data source as its first variable."""
    board = Dashboard(title).uid(uid).description(text).tags(["floorcast"])
    board.refresh("10s").time("now-6h", "now").timezone("browser").readonly()
    board.tooltip(DashboardCursorSync.CROSSHAIR)
    source = DatasourceVariable("datasource").label("Data source").type("prometheus")
    return board.with_variable(source)


def choice(name: str, label: str, query: str) -> QueryVariable:
    """A variable of several values, all of them at first."""
    everything = VariableOption(selected=True, text="All", value="$__all")
    variable = QueryVariable(name).label(label).query(query)
    variable.datasource(DATASOURCE)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.NATURAL_ASC)
    return variable.multi(True).include_all(True).all_value(".*").current(everything)
