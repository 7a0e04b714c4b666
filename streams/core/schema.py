"""JSON Schemas of everything on a topic that other systems write or read, made from the structs."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Literal, NamedTuple

from msgspec import Struct, json

from streams.core.alerts.actions import AlertAction
from streams.core.alerts.told import RepAlert
from streams.core.events import EVENTS, SCHEMA_VERSION, DealPosting
from streams.core.snapshot import RepSnapshot

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Published(NamedTuple):
    """A struct on a topic: `read` from others, or `written` by floorcast for others and itself."""

    struct: type[Struct]
    use: Literal["read", "written"]


PUBLISHED: dict[str, Published] = {
    **{kind: Published(struct, "read") for kind, struct in EVENTS.items()},
    "deal-posting": Published(DealPosting, "written"),
    "rep-scoreboard": Published(RepSnapshot, "written"),
    "rep-alert": Published(RepAlert, "written"),
    "alert-action": Published(AlertAction, "written"),
}
"""Name of a schema to what it describes."""


def schemas() -> dict[str, Schema]:
    """Name to JSON Schema (2020-12) of everything in `PUBLISHED`."""
    documents = {}
    for name, published in PUBLISHED.items():
        document = _tidy(json.schema(published.struct))
        title = f"{name} {SCHEMA_VERSION}"
        documents[name] = {"$schema": DIALECT, "title": title, **document}
    return documents


def components(
    ref_template: str, structs: Iterable[type[Struct]] | None = None
) -> dict[str, Schema]:
    """Struct name to JSON Schema of `structs`, by default of `PUBLISHED`, with such references."""
    if structs is None:
        structs = [published.struct for published in PUBLISHED.values()]
    _, found = json.schema_components(structs, ref_template=ref_template)
    return {name: _tidy(schema) for name, schema in sorted(found.items())}


def encode_document(document: Schema) -> bytes:
    """A document as it is checked in: equal documents give equal bytes."""
    return json.format(json.encode(document), indent=2) + b"\n"


def _tidy(node: Any) -> Any:
    """Docstrings as Python 3.13 keeps them, so that every Python writes the same bytes."""
    if isinstance(node, dict):
        return {
            key: cleandoc(inner)
            if key == "description" and isinstance(inner, str)
            else _tidy(inner)
            for key, inner in node.items()
        }
    return [_tidy(inner) for inner in node] if isinstance(node, list) else node
