"""The OpenAPI 3.1 document of the API, made from its endpoints and the structs they answer."""

from __future__ import annotations

from sinks.wallboard.api.acting import ACTS, Act, Acted
from sinks.wallboard.api.asked import schema_of
from sinks.wallboard.api.endpoints import BASE, ENDPOINTS, Endpoint
from sinks.wallboard.api.problem import MEDIA_TYPE, Problem
from sinks.wallboard.auth import COOKIE
from streams.core.schema import Schema, components

_ABOUT = """\
The numbers of the board for other tools, and what can be done about alerts. Every rate comes with
`num` and `den`; a null `value` means that there is none, never 0. Money is in minor units, times
are UTC milliseconds.

Everybody is told what their token lets them see and nothing else; on loopback without a log-in that
is everything. Answers carry an ETag that stays while the numbers do: send it as If-None-Match.
Lists are in a fixed order; send `next` of a page as `cursor` for the following one. Unknown
parameters are refused. Every error is a problem document (RFC 9457)."""

_ERRORS = {
    "400": "A parameter is wrong; `detail` says which and what is allowed.",
    "401": "There is no token, or it is not known, revoked or over.",
    "403": "The proxy's user has no grant, or the header came from elsewhere.",
}
_ACT_ERRORS = {
    "400": "The body is wrong; `detail` says which part and what is allowed.",
    "403": "This token may look and not act, or the request came from another site.",
    "415": "The body is not sent as application/json.",
    "503": "Kafka did not take it; nothing was done.",
}
_MISSING = "There is none, or none that may be seen."
_ETAG: Schema = {
    "ETag": {"description": "Changes when the numbers do.", "schema": {"type": "string"}}
}


def openapi() -> Schema:
    """The document; in a fixed order, so that it encodes to the same bytes."""
    structs = [one.answer for one in ENDPOINTS if one.answer is not None]
    structs += [Acted, *(one.body for one in ACTS)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "floorcast",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "security": [{"bearer": []}, {"cookie": []}, {}],
        "paths": {one.path: {"get": _operation(one)} for one in ENDPOINTS}
        | {one.path: {"post": _act(one)} for one in ACTS},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
            "schemas": components("#/components/schemas/{name}", [*structs, Problem]),
        },
    }


def _operation(one: Endpoint) -> Schema:
    parameters = [schema_of(name) for name in one.parameters]
    if one.id_of:
        parameters.insert(0, _path_parameter(one.id_of))
    return {
        "operationId": one.name,
        "summary": one.about,
        "parameters": parameters,
        "responses": _responses(one),
    }


def _act(one: Act) -> Schema:
    errors = _ERRORS | _ACT_ERRORS | {"404": _MISSING, "default": "Any other error."}
    body = {"application/json": {"schema": _ref(one.body.__name__)}}
    done = {"application/json": {"schema": _ref(Acted.__name__)}}
    return {
        "operationId": one.verb,
        "summary": one.about,
        "parameters": [_path_parameter("alert_id")] if one.of_alert else [],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "202": {"description": "It is written.", "content": done},
            **_problems(errors),
        },
    }


def _path_parameter(what: str) -> Schema:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The {what}.",
        "schema": {"type": "string", "minLength": 1},
    }


def _responses(one: Endpoint) -> Schema:
    out: Schema = {}
    if one.answer is None:
        stream = {"text/event-stream": {"schema": {"type": "string"}}}
        out["200"] = {"description": "The stream; it has no end.", "content": stream}
    else:
        content = {"application/json": {"schema": _ref(one.answer.__name__)}}
        out["200"] = {"description": "The numbers now.", "headers": _ETAG, "content": content}
        out["304"] = {"description": "Nothing has changed.", "headers": _ETAG}
    errors = {**_ERRORS, **({"404": _MISSING} if one.id_of else {})}
    errors["default"] = "Any other error."
    return out | _problems(errors)


def _problems(errors: dict[str, str]) -> Schema:
    content = {MEDIA_TYPE: {"schema": _ref(Problem.__name__)}}
    return {status: {"description": about, "content": content} for status, about in errors.items()}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
