"""Opens CloudEvents 1.0 as the Kafka protocol binding sends them: binary and structured mode.

An event of ours inside need not repeat what the CloudEvent says around it: `id` stands for a
missing `event_id`, `source` for `source`, `time` for `occurred_at`. Other attributes are ignored.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Raw, json

from streams.core.errors import MalformedEvent
from streams.core.malformed import DECODE_FAILURES, malformed_from

STRUCTURED_TYPE = b"application/cloudevents+json"
SPEC = "1.0"
_FIELDS = {"event_id": "id", "source": "source", "occurred_at": "time"}
"""Field of ours to the attribute that stands for it when it is missing."""

Mode = Literal["binary", "structured"]
_fields = json.Decoder(dict[str, Raw]).decode
_text = json.Decoder(str).decode


class Opened(NamedTuple):
    """What was inside: `value` is the event's JSON.

    `root` is the JSON path of the event in the record's value, and `attributes` are the JSON paths
    of attributes that stand for fields in `value`.
    """

    value: bytes
    root: str
    attributes: dict[str, str]

    def outer_path(self, path: str) -> str:
        """The path in the record's value for a path in the event."""
        field = path[2:]
        return self.attributes.get(field) or self.root + path[1:]


def mode_of(headers: Sequence[tuple[str, bytes]]) -> Mode | None:
    """Which mode a record's headers announce; the content type decides, as the binding says."""
    mode: Mode | None = None
    for name, content in headers:
        match name.lower():
            case "ce_specversion":
                mode = "binary"
            case "content-type" if (content or b"").lower().startswith(STRUCTURED_TYPE):
                return "structured"
    return mode


def open_binary(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Opened:
    """The event of a binary CloudEvent; raises MalformedEvent."""
    attributes: dict[str, str] = {}
    for name, content in headers:
        if name.lower().startswith("ce_") and content is not None:
            try:
                attributes[name[3:].lower()] = content.decode()
            except UnicodeDecodeError:
                raise MalformedEvent("cloudevent", "$", f"header `{name}` is not UTF-8") from None
    _check_spec(attributes.get("specversion"), "$", "header `ce_specversion`")
    return _fill(value, "$", attributes, {})


def open_structured(value: bytes | None) -> Opened:
    """The event of a structured CloudEvent; raises MalformedEvent."""
    try:
        envelope = _present(value)
    except DECODE_FAILURES as error:
        raise malformed_from(error, value=value) from error
    return _open_envelope(envelope)


def sniff_structured(value: bytes | None) -> Opened | None:
    """The event of a structured CloudEvent that came without its header; None when it is none."""
    try:
        envelope = _present(value)
    except DECODE_FAILURES:
        return None
    if "specversion" not in envelope or not {"data", "data_base64"} & envelope.keys():
        return None
    return _open_envelope(envelope)


def _present(value: bytes | None) -> dict[str, Raw]:
    """The members of an envelope; one that is null counts as absent, as the JSON format says."""
    envelope = _fields(value)  # type: ignore[arg-type] # no value: a TypeError, as callers expect
    return {name: raw for name, raw in envelope.items() if bytes(raw) != b"null"}


def _open_envelope(envelope: dict[str, Raw]) -> Opened:
    attributes: dict[str, str] = {}
    for name in ("specversion", *_FIELDS.values()):
        raw = envelope.get(name)
        if raw is not None:
            attributes[name] = _string(raw, f"$.{name}")
    _check_spec(attributes.get("specversion"), "$.specversion", "`specversion`")
    data, coded = envelope.get("data"), envelope.get("data_base64")
    if data is not None and coded is not None:
        raise MalformedEvent("cloudevent", "$.data", "`data` and `data_base64` exclude each other")
    paths = {name: f"$.{name}" for name in attributes}
    if data is not None:
        return _fill(bytes(data), "$.data", attributes, paths)
    if coded is None:
        raise MalformedEvent("cloudevent", "$.data", "`data` is missing: it holds the event")
    try:
        value = binascii.a2b_base64(_string(coded, "$.data_base64"), strict_mode=True)
    except ValueError as error:
        message = f"`data_base64` is not base64: {error}"
        raise MalformedEvent("cloudevent", "$.data_base64", message) from error
    return _fill(value, "$.data_base64", attributes, paths)


def _check_spec(found: str | None, path: str, what: str) -> None:
    if found != SPEC:
        said = "is missing" if found is None else f"is {found[:20]!r}"
        raise MalformedEvent("cloudevent", path, f"{what} {said}: only {SPEC!r} is read")


def _string(raw: Raw, path: str) -> str:
    try:
        return _text(raw)
    except DECODE_FAILURES as error:
        message = f"`{path[2:]}` must be a string: {error}"
        raise MalformedEvent("cloudevent", path, message) from error


def _fill(
    value: bytes | None, root: str, attributes: dict[str, str], paths: dict[str, str]
) -> Opened:
    """Put attributes where fields are missing; the rest of the event stays byte for byte."""
    try:
        fields = _fields(value)  # type: ignore[arg-type] # no value: a TypeError, handled here
    except DECODE_FAILURES as error:
        inner = malformed_from(error, value=value)
        raise MalformedEvent(inner.code, root, inner.message) from error
    filled: dict[str, str] = {}
    for field, attribute in _FIELDS.items():
        text = attributes.get(attribute)
        if text is not None and field not in fields:
            fields[field] = Raw(json.encode(_printable(text) if field == "source" else text))
            filled[field] = paths.get(attribute, f"$.{field}")
    return Opened(json.encode(fields) if filled else value or b"", root, filled)


def _printable(uri: str) -> str:
    """A URI reference with blanks and what is not ASCII percent-encoded (RFC 3987, 3.1)."""
    return "".join(
        c if "!" <= c <= "~" else "".join(f"%{byte:02X}" for byte in c.encode()) for c in uri
    )
