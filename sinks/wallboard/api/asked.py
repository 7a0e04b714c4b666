"""What an asker may say: query parameters, checked strictly, each told by its name."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from aiohttp import web
from msgspec import Meta, Struct, json

from sinks.wallboard.scope import EVERYTHING, Scope
from streams.core.board import NAMES
from streams.core.kpis import KPIS
from streams.core.snapshot import WINDOWS, WindowName

_SORTS = (*KPIS, *NAMES)
MIN_SAMPLE = 20


def _one_of(names: Collection[str], about: str) -> Meta:
    return Meta(description=about, extra_json_schema={"enum": list(names)})


class Asked(Struct, frozen=True, kw_only=True):
    """A question to the API; the descriptions are those of the OpenAPI document."""

    scope: Scope = EVERYTHING
    window: Annotated[WindowName, Meta(description="The time that is counted.")] = "today"
    team: (
        Annotated[str, Meta(min_length=1, description="Only reps who are in this team.")] | None
    ) = None
    site: Annotated[str, Meta(min_length=1, description="Only reps of this site.")] | None = None
    sort: Annotated[str, _one_of(_SORTS, "What rows are sorted by, best first.")] = "deals_net"
    kpi: Annotated[str, _one_of((*KPIS,), "What reps are ranked by.")] = "deals_net"
    currency: (
        Annotated[
            str,
            Meta(
                pattern="^[A-Z]{3}$",
                description="For KPIs of money; absent: the one most reps have.",
            ),
        ]
        | None
    ) = None
    min_sample: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="Rates over a smaller denominator have no rank."),
    ] = MIN_SAMPLE
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Items on a page.")] = 100
    cursor: (
        Annotated[
            str,
            Meta(max_length=1_500, description="`next` of the page before; absent: the first."),
        ]
        | None
    ) = None


def _said(hint: Any) -> Any:
    """What a query can say: absence stands for None."""
    return hint if hasattr(hint, "__metadata__") else get_args(hint)[0]


_HINTS = {
    name: _said(hint)
    for name, hint in get_type_hints(Asked, include_extras=True).items()
    if name != "scope"
}
_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Asked)}


def schema_of(name: str) -> dict[str, Any]:
    """The OpenAPI parameter object of a query parameter."""
    schema = json.schema(_HINTS[name])
    about = schema.pop("description")
    if _DEFAULTS[name] is not None:
        schema["default"] = _DEFAULTS[name]
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def asked(request: web.Request, names: Collection[str], scope: Scope) -> Asked:
    """What was asked; answers 400 with one line that names the parameter and what is allowed."""
    values: dict[str, Any] = {}
    for name, text in request.query.items():
        if name not in names:
            close = difflib.get_close_matches(name, names, 1, 0.5)
            known = f"known: {', '.join(names)}" if names else "there are none here"
            raise _wrong(name, text, f"no such parameter; {_hint(close, known)}")
        if name in values:
            raise _wrong(name, text, "is there twice")
        try:
            values[name] = msgspec.convert(text, _HINTS[name], strict=False)
        except msgspec.ValidationError as error:
            raise _wrong(name, text, _rule(name, str(error))) from None
        allowed = _HINTS[name].__metadata__[0].extra_json_schema
        if allowed is not None and text not in allowed["enum"]:
            close = difflib.get_close_matches(text, allowed["enum"], 1, 0.5)
            known = f"known: {', '.join(allowed['enum'])}"
            raise _wrong(name, text, f"no such KPI; {_hint(close, known)}")
    return Asked(scope=scope, **values)


def _rule(name: str, error: str) -> str:
    if name == "window":
        return f"no such window; known: {', '.join(WINDOWS)}"
    return error.replace("Expected", "must be").replace("`", "")


def _hint(close: list[str], known: str) -> str:
    return f"did you mean {close[0]}?" if close else known


def _wrong(name: str, text: str, rule: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=f"{name} = {text[:100]!r}: {rule}")
