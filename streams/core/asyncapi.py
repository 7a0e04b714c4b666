"""The AsyncAPI 3 document: which topics there are, who writes them, keys, headers, values."""

from __future__ import annotations

from typing import Any, Literal

from streams.core.dead_letter import SUFFIX
from streams.core.errors import REASON_CODES
from streams.core.events import (
    CALL_ENDED,
    DEAL_CLOSED,
    EVENTS,
    SCHEMA_VERSION,
    SURVEY_SUBMITTED,
    VISIT_LOGGED,
)
from streams.core.schema import PUBLISHED, Schema, components

BINDING = "0.5.0"
"""Version of the AsyncAPI Kafka bindings."""

_REP, _DEAL = "The event's `rep_id`.", "The event's `deal_id`."
_KEYS = {CALL_ENDED: _REP, DEAL_CLOSED: _DEAL, SURVEY_SUBMITTED: _REP, VISIT_LOGGED: _REP}
_OUTPUT_KEY = "The `rep_id`."
_OUTPUTS = {
    "deal-postings": ("deal-posting", "delete", "What deals add to each rep.", _OUTPUT_KEY),
    "rep-scoreboard": (
        "rep-scoreboard",
        "compact",
        "The latest snapshot of every rep.",
        _OUTPUT_KEY,
    ),
    "rep-alerts": (
        "rep-alert",
        "delete",
        "Conversion that really dropped, and what became of it.",
        "The `rep_id`, or the `team_id` where that is empty.",
    ),
    "alert-actions": (
        "alert-action",
        "delete",
        "What people did about alerts; one partition.",
        "The `action_id`.",
    ),
}
_READ = (*EVENTS, "deal-postings", "misrouted", "misrouted-deals")
"""All topics a worker reads; the two last hold events again that came under another key."""
_DEAD_LETTERS = "dead-letters"
_ABOUT = """\
Other systems write the events; floorcast counts them and writes postings, snapshots and alerts.

Every topic has the same number of partitions, but for `alert-actions`, which has one. A record lies
in the partition that Kafka's murmur2 of its key names, as the Java client does it (librdkafka:
`partitioner=murmur2_random`).
Values are UTF-8 JSON. Unknown fields are ignored, unknown members of a fixed set are refused. An
installation may put a prefix in front of all topic names."""


def asyncapi() -> Schema:
    """The AsyncAPI 3.0.0 document; in a fixed order, so that it encodes to the same bytes."""
    channels: Schema = {}
    operations: Schema = {}
    messages: Schema = {}
    for kind, struct in EVENTS.items():
        about = (struct.__doc__ or "").partition("\n")[0]
        messages[kind] = _message(kind, about, _KEYS[kind], _CLOUDEVENT)
        channels[kind] = _channel(kind, kind, about, "delete")
        operations[f"count-{kind}"] = _operation("receive", kind, kind)
    for topic, (name, cleanup, about, key) in _OUTPUTS.items():
        messages[name] = _message(name, about, key, None)
        channels[topic] = _channel(topic, name, about, cleanup)
        operations[f"publish-{topic}"] = _operation("send", topic, name)
    messages[_DEAD_LETTERS] = _dead_letter()
    channels[_DEAD_LETTERS] = {
        "address": "{topic}" + SUFFIX,
        "title": "Dead letters",
        "description": "Bad records of a topic with their raw bytes, and why they are bad.",
        "messages": {_DEAD_LETTERS: _ref("components", "messages", _DEAD_LETTERS)},
        "parameters": {
            "topic": {"description": "The topic it was read from.", "enum": list(_READ)}
        },
    }
    operations["put-aside"] = _operation("send", _DEAD_LETTERS, _DEAD_LETTERS)
    schemas = {name: _draft_07(schema) for name, schema in components(_SCHEMA_REF).items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "floorcast",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


_SCHEMA_REF = "#/components/schemas/{name}"
_CLOUDEVENT: Schema = {
    "type": "object",
    "description": "A CloudEvent in binary mode has these; a plain event has none.",
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "description": "Stands for a missing `event_id`."},
        "ce_source": {"type": "string", "description": "Stands for a missing `source`."},
        "ce_time": {"type": "string", "description": "Stands for a missing `occurred_at`."},
        "content-type": {
            "type": "string",
            "description": "`application/cloudevents+json` announces structured mode.",
        },
    },
}
_DEAD_LETTER_HEADERS: dict[str, Schema] = {
    "floorcast-reason": {"type": "string", "enum": list(REASON_CODES)},
    "floorcast-path": {"type": "string", "description": "JSON path of the fault."},
    "floorcast-message": {"type": "string", "description": "What is there and what is allowed."},
    "floorcast-origin-topic": {"type": "string"},
    "floorcast-origin-partition": {"type": "string", "description": "A decimal number."},
    "floorcast-origin-offset": {"type": "string", "description": "A decimal number."},
    "floorcast-origin-timestamp": {"type": "string", "description": "Milliseconds since 1970."},
}


def _message(name: str, about: str, key: str, headers: Schema | None) -> Schema:
    message: Schema = {"name": name, "title": name, "summary": about}
    if headers is not None:
        message["headers"] = headers
    message["payload"] = _ref("components", "schemas", PUBLISHED[name].struct.__name__)
    message["bindings"] = _bindings(key={"type": "string", "description": key})
    return message


def _dead_letter() -> Schema:
    return {
        "name": "dead-letter",
        "title": "dead-letter",
        "summary": "A record that cannot be counted, byte for byte; its own headers follow ours.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "properties": _DEAD_LETTER_HEADERS,
            "required": list(_DEAD_LETTER_HEADERS),
        },
        "bindings": _bindings(key={"type": "string", "description": "The bad record's key."}),
    }


def _channel(topic: str, message: str, about: str, cleanup: str) -> Schema:
    return {
        "address": topic,
        "description": about,
        "messages": {message: _ref("components", "messages", message)},
        "bindings": _bindings(topic=topic, topicConfiguration={"cleanup.policy": [cleanup]}),
    }


def _operation(action: Literal["send", "receive"], channel: str, message: str) -> Schema:
    return {
        "action": action,
        "channel": _ref("channels", channel),
        "messages": [_ref("channels", channel, "messages", message)],
    }


def _bindings(**kafka: Any) -> Schema:
    return {"kafka": {**kafka, "bindingVersion": BINDING}}


def _ref(*path: str) -> Schema:
    return {"$ref": "#/" + "/".join(path)}


def _draft_07(node: Any) -> Any:
    """AsyncAPI's own schema language is draft 07, where a tuple's types are called `items`."""
    if isinstance(node, list):
        return [_draft_07(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    out = {key: _draft_07(inner) for key, inner in node.items()}
    if "prefixItems" in out:
        rest = out.pop("items", True)
        out = {**out, "items": out.pop("prefixItems"), "additionalItems": rest}
    return out
