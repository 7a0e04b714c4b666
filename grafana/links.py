"""Links between the boards and to floorcast's own page: from a number to what is behind it."""

from __future__ import annotations

from typing import NamedTuple

PAGE = "http://localhost:8080"
"""Where the own page is, unless `make dashboards ARGS="--page URL"` says otherwise."""

FLOOR, TEAM, REP, ALERTS, PIPELINE = (
    f"floorcast-{one}" for one in ("floor", "team", "rep", "alerts", "pipeline")
)
"""The boards' uids."""

CELL = "${__value.raw:percentencode}"
"""The table cell that is clicked, safe in a URL whatever ids look like."""

_KEPT = "${__url_time_range}&${datasource:queryparam}"


class Link(NamedTuple):
    """A link on numbers: its words and where it leads."""

    title: str
    url: str
    new_window: bool = False

    def value(self) -> dict[str, object]:
        """As Grafana wants it in a field's `links`."""
        return {"title": self.title, "url": self.url, "targetBlank": self.new_window}


def to_board(uid: str, title: str, **variables: str) -> Link:
    """To another board with the same time range; `variables` become its choices."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return Link(title, f"/d/{uid}?{_KEPT}{chosen}")


def to_page(path: str, title: str = "Live page") -> Link:
    """To the own page, `path` beginning with a slash."""
    return Link(title, f"${{page:raw}}{path}", new_window=True)


def of_team(team: str = CELL) -> list[Link]:
    """To everything there is of a team."""
    return [to_board(TEAM, "Team board", team=team), to_page(f"/team/{team}", "Team, live page")]


def of_rep(rep: str = CELL) -> list[Link]:
    """To everything there is of a rep."""
    return [to_board(REP, "Rep board", rep=rep), to_page(f"/rep/{rep}", "Rep, live page")]
