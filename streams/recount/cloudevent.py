"""CloudEvents to the plain events inside, as the CloudEvents 1.0 Kafka binding sends them.

A CloudEvent's `source` and `time` stand for a `source` and `occurred_at` that the event inside does
not have; blanks and what is not ASCII in the source are percent-encoded.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

_ATTRIBUTES = {"source": "source", "time": "occurred_at"}
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


def plain_event(value: bytes, headers: Sequence[tuple[str, bytes]]) -> bytes:
    """The event in a record as JSON; `value` itself when it is no CloudEvent or a broken one."""
    said = {name.lower(): content for name, content in headers}
    structured = said.get("content-type", b"").lower().startswith(b"application/cloudevents+json")
    binary = "ce_specversion" in said
    if not (structured or binary or b'"specversion"' in value):
        return value
    try:
        event = json.loads(value)
        if structured or (not binary and "rep_id" not in event and "specversion" in event):
            return _filled(_inside(event), event)
        if binary:
            attributes = {n: said[f"ce_{n}"].decode() for n in _ATTRIBUTES if f"ce_{n}" in said}
            return _filled(event, attributes)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # not to be read; the caller finds that out
    return value


def _inside(envelope: Mapping[str, Any]) -> Any:
    if envelope.get("data_base64") is not None:
        return json.loads(base64.b64decode(envelope["data_base64"]))
    return envelope["data"]


def _filled(event: dict[str, Any], attributes: Mapping[str, Any]) -> bytes:
    for attribute, field in _ATTRIBUTES.items():
        text = attributes.get(attribute)
        if text is not None and field not in event:
            event[field] = quote(text, safe=_PRINTABLE) if field == "source" else text
    return json.dumps(event).encode()
