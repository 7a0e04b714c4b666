"""What somebody does about alerts on the page: acknowledge, comment, mute, unmute."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta, Struct, json

from sinks.wallboard.api.answers import Instant
from sinks.wallboard.api.endpoints import BASE
from sinks.wallboard.auth import actor_of, scope_of
from sinks.wallboard.model import BoardModel
from sinks.wallboard.scope import Scope
from streams.core.alerts.actions import LONGEST_ID, AlertAction, Verb
from streams.core.errors import PipelineError
from streams.core.malformed import DECODE_FAILURES

WriteAction = Callable[[AlertAction], Awaitable[None]]
"""Puts an action on `alert-actions` and waits until it is there; raises PipelineError."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Acting(Struct, frozen=True):
    """How actions get to Kafka; `name` is who acts where nobody has to log in."""

    write: WriteAction
    name: str


class Said(Struct, forbid_unknown_fields=True):
    """What is said with it, if anything."""

    text: str = ""


class Comment(Struct, forbid_unknown_fields=True):
    """What is noted."""

    text: str


class MuteAsked(Struct, forbid_unknown_fields=True):
    """Whom to mute, a rep or a team, and until when."""

    until_ms: Annotated[int, Meta(description="UTC, milliseconds since 1970; a month at most.")]
    rep_id: str = ""
    team_id: str = ""
    text: str = ""


class UnmuteAsked(Struct, forbid_unknown_fields=True):
    """Whose mute ends, of a rep or a team."""

    rep_id: str = ""
    team_id: str = ""
    text: str = ""


class Acted(Struct, frozen=True, kw_only=True):
    """What was written to `alert-actions`; alerts show it a second or two later."""

    action_id: str
    at_ms: Instant
    by: str


class Act(Struct, frozen=True):
    """A path below `BASE` that is posted to; with `of_alert`, `{id}` is the alert's."""

    verb: Verb
    path: str
    about: str
    body: type[Struct]
    of_alert: bool


ACTS = (
    Act("ack", "/alerts/{id}/ack", "Say that somebody has an alert in hand.", Said, True),
    Act("comment", "/alerts/{id}/comment", "Note something about an alert.", Comment, True),
    Act("mute", "/alerts/mute", "Have no alert of a rep or a team told.", MuteAsked, False),
    Act("unmute", "/alerts/unmute", "End a mute at once.", UnmuteAsked, False),
)


def add_acting(app: web.Application, model: BoardModel, acting: Acting | None) -> None:
    """Add the paths; without `acting` each is refused."""
    for one in ACTS:
        app.router.add_post(BASE + one.path, _handler(one, model, acting))


def _handler(act: Act, model: BoardModel, acting: Acting | None) -> _Handler:
    async def handle(request: web.Request) -> web.Response:
        if acting is None:
            raise web.HTTPForbidden(text="this page takes no actions: it is not joined to Kafka")
        who = actor_of(request)
        if who is None:
            problem = "this token may look and not act; `floorcast tokens create --acts` makes one"
            raise web.HTTPForbidden(text=problem)
        _refuse_foreign(request)
        said = msgspec.structs.asdict(await _body(request, act))
        if act.of_alert:
            said["alert_id"] = request.match_info["id"]
        _check(model, scope_of(request), said)
        name = (who or acting.name)[:LONGEST_ID]
        try:
            action = AlertAction(
                action_id=uuid.uuid4().hex, at_ms=model.now_ms(), by=name, verb=act.verb, **said
            )
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        try:
            await acting.write(action)
        except PipelineError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from error
        acted = Acted(action_id=action.action_id, at_ms=action.at_ms, by=action.by)
        return web.Response(
            status=202,
            body=json.encode(acted),
            content_type="application/json",
            headers={hdrs.CACHE_CONTROL: "no-store"},
        )

    return handle


def _refuse_foreign(request: web.Request) -> None:
    """Refuse what a page of another site made a browser send, cookie and all."""
    # No form can send this type, and no other site's script without asking the server first.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send Content-Type: application/json")
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN)
    if site is not None:
        foreign = site != "same-origin"
    else:
        foreign = origin is not None and origin.partition("://")[2].lower() != request.host.lower()
    if foreign:
        raise web.HTTPForbidden(
            text="actions are taken from this page itself, not from other sites"
        )


async def _body(request: web.Request, act: Act) -> Any:
    raw = await request.read() or b"{}"
    try:
        return json.decode(raw, type=act.body)
    except DECODE_FAILURES as error:
        raise web.HTTPBadRequest(text=f"the body is wrong: {error}") from None


def _check(model: BoardModel, scope: Scope, said: dict[str, Any]) -> None:
    """Refuse what is not of a team that the asker leads; whether it is there is not told."""
    alert_id, rep_id, team_id = (said.get(one, "") for one in ("alert_id", "rep_id", "team_id"))
    if alert_id:
        named, teams = f"alert {alert_id!r}", _teams_of_alert(model, alert_id)
    elif rep_id:
        named, teams = f"rep {rep_id!r}", _teams_of_rep(model, rep_id)
    elif team_id:
        named, teams = f"team {team_id!r}", {team_id}
    else:
        return  # what is missing is told as any other fault of an action
    if not any(scope.allows_team(one) for one in teams):
        raise web.HTTPNotFound(text=f"no {named} here, or none of a team you lead")


def _teams_of_alert(model: BoardModel, alert_id: str) -> set[str]:
    return {
        one.alert.team_id
        for one in model.entries
        if alert_id in (one.alert.alert_id, *one.grew_from)
    }


def _teams_of_rep(model: BoardModel, rep_id: str) -> set[str]:
    """The team a rep is in now; of one who is not shown here, those of the alerts."""
    shot = model.latest.reps.get(rep_id)
    if shot is not None:
        return {shot.team_id}
    return {one.alert.team_id for one in model.entries if one.alert.rep_id == rep_id}
