"""The life of every alert: what the detector told of it, and what people did about it.

Everything may come in any order, and again and again: the book depends only on what was heard, so
every worker, the page and the command line come to the same. One red has one life, from the amber
it grew out of to its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from streams.core.alerts.actions import AlertAction, encode_action
from streams.core.alerts.told import RepAlert, encode_alert
from streams.core.calendar import DAY_MS

KEPT_MS = 35 * DAY_MS
"""How long after its contact, or its end, an alert is an entry; longer than any mute."""

EntryState = Literal["red", "amber", "acknowledged", "recovered", "cleared"]
What = Literal["amber", "red", "ack", "comment", "mute", "unmute", "recovered", "cleared"]
_ORDER: tuple[What, ...] = (
    "mute", "unmute", "amber", "red", "ack", "comment", "cleared", "recovered",
)  # fmt: skip
OPEN: tuple[EntryState, ...] = ("red", "acknowledged", "amber")
"""States of an alert that has not ended."""


class Happened(Struct, frozen=True, omit_defaults=True):
    """One thing in the life of an alert, at `at_ms`, by `by` ("" for the detector).

    `text` is what was said, or why it ended. Of a mute, `until_ms` is
    its end as it was asked for.
    """

    at_ms: int
    what: What
    by: str = ""
    text: str = ""
    until_ms: int = 0


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alert and all that became of it, oldest first.

    `acknowledged`: somebody has it in hand. `muted_until_ms` is 0 when its rep and team are not
    muted. `ended_muted`: one of them was when it ended. `grew_from` are the ids of ambers that
    became this red; they have no entry of their own. `end_text` is language to the sentences about
    its end.
    """

    alert: RepAlert
    state: EntryState
    muted_until_ms: int = 0
    life: tuple[Happened, ...] = ()
    grew_from: tuple[str, ...] = ()
    end_text: dict[str, str] = {}
    ended_muted: bool = False

    @property
    def unseen(self) -> bool:
        """True for a red that nobody has in hand and nobody has muted."""
        return self.state == "red" and not self.muted_until_ms

    @property
    def over_by(self) -> str:
        """Why a red is over; "" while it is not."""
        ends = [one.text for one in self.life if one.what == "recovered"]
        return ends[-1] if ends else ""

    @property
    def firing(self) -> bool:
        """True when somebody has to be told; while sales are missing, though it is in hand."""
        # What fires keeps back the alerts about a silent site's people: an ack mends no feed.
        in_hand = self.state == "acknowledged" and self.alert.kind == "deals_silent"
        return self.unseen or (in_hand and not self.muted_until_ms)


class AlertBook:
    """Everything heard of alerts; `revision` grows with each change, and only then.

    An alert is an entry for `kept_ms` after its contact, and for `ended_kept_ms` after its end.
    `generation`: alerts of this generation of the state only; None: of all.
    """

    def __init__(
        self,
        kept_ms: int = KEPT_MS,
        ended_kept_ms: int | None = None,
        *,
        generation: int | None = None,
    ) -> None:
        self.revision = 0
        self._generation = generation
        self._kept_ms = kept_ms
        self._ended_kept_ms = kept_ms if ended_kept_ms is None else ended_kept_ms
        self._told: dict[str, RepAlert] = {}
        self._ends: dict[str, RepAlert] = {}
        self._of_alert: dict[str, dict[str, AlertAction]] = {}
        self._of_target: dict[tuple[str, str], dict[str, AlertAction]] = {}

    def hear(self, alert: RepAlert) -> None:
        """Take a record of `rep-alerts`."""
        if self._generation not in (None, alert.generation):
            return
        if alert.state in ("red", "amber"):
            self._keep(self._told, alert.alert_id, alert)
        elif alert.ends:
            self._keep(self._ends, alert.ends, alert)

    def act(self, action: AlertAction) -> None:
        """Take a record of `alert-actions`; one of an alert not heard of yet waits for it."""
        if action.verb in ("ack", "comment"):
            held = self._of_alert.setdefault(action.alert_id, {})
        else:
            held = self._of_target.setdefault(_target(action), {})
        before = held.get(action.action_id)
        if before is None or encode_action(action) < encode_action(before):
            held[action.action_id] = action
            self.revision += 1

    def entries(self, now_ms: int) -> list[Entry]:
        """All alerts that are kept at an instant, the newest first."""
        grown = self._grown()
        became = {amber for ambers in grown.values() for amber in ambers}
        out = [
            self._entry(alert_id, grown.get(alert_id, ()), now_ms)
            for alert_id in self._told
            if alert_id not in became and self._is_kept(alert_id, now_ms)
        ]
        return sorted(out, key=lambda entry: (-entry.alert.at_ms, entry.alert.alert_id))

    def firing(self, now_ms: int) -> list[Entry]:
        """The reds that are neither ended, acknowledged nor muted, the newest first.

        A silent site fires until sales come again, acknowledged or not.
        """
        return [entry for entry in self.entries(now_ms) if entry.firing]

    def forget(self, now_ms: int) -> None:
        """Let go of what is in no entry any more; no entry of `now_ms` or later changes."""
        before_ms = now_ms - max(self._kept_ms, KEPT_MS)
        red_of = {amber: red for red, ambers in self._grown().items() for amber in ambers}
        # With a red go the ambers it grew from, or they would be open again.
        gone = [
            alert_id
            for alert_id in self._told
            if not self._is_kept(red_of.get(alert_id, alert_id), now_ms)
        ]
        for alert_id in gone:
            self._told.pop(alert_id, None)
        known = self._told.keys()
        self._ends = {
            ended: end
            for ended, end in self._ends.items()
            if ended in known or end.at_ms >= before_ms
        }
        self._of_alert = {
            alert_id: left
            for alert_id, held in self._of_alert.items()
            if (left := held if alert_id in known else _since(held, before_ms))
        }
        self._of_target = {
            target: left
            for target, held in self._of_target.items()
            if (left := _since(held, before_ms))
        }

    def _keep(self, held: dict[str, RepAlert], key: str, alert: RepAlert) -> None:
        before = held.get(key)
        # Of two that are not the same any rule does that asks for no order of arrival.
        if before is None or encode_alert(alert) < encode_alert(before):
            held[key] = alert
            self.revision += 1

    def _is_kept(self, alert_id: str, now_ms: int) -> bool:
        if (end := self._ends.get(alert_id)) is not None:
            return end.at_ms >= now_ms - self._ended_kept_ms
        alert = self._told[alert_id]
        return alert.at_ms >= now_ms - self._kept_ms

    def _grown(self) -> dict[str, list[str]]:
        """Red to the amber that became it, as the red says."""
        return {
            one.alert_id: [one.ends]
            for one in self._told.values()
            if one.state == "red" and one.ends in self._told
        }

    def _entry(self, alert_id: str, grew_from: Iterable[str], now_ms: int) -> Entry:
        alert = self._told[alert_id]
        end = self._ends.get(alert_id)
        began: Literal["red", "amber"] = "red" if alert.state == "red" else "amber"
        state: EntryState = began
        life = [Happened(alert.at_ms, began)]
        for amber in grew_from:
            life.append(Happened(self._told[amber].at_ms, "amber"))
            life += map(_did, self._of_alert.get(amber, {}).values())
        of_this = self._of_alert.get(alert_id, {}).values()
        life += map(_did, of_this)
        if any(action.verb == "ack" for action in of_this):
            state = "acknowledged"
        if end is not None:
            state = "recovered" if end.state == "recovered" else "cleared"
            life.append(Happened(end.at_ms, state, text=end.why))
        targets = [("rep", alert.rep_id), ("team", alert.team_id)]
        start_ms = min(one.at_ms for one in life)
        end_ms = None if end is None else end.at_ms
        for target in targets:
            life += map(_did, self._mutes_within(target, start_ms, end_ms))
        return Entry(
            alert=alert,
            state=state,
            muted_until_ms=max(self._muted_until(target, now_ms) for target in targets),
            life=tuple(sorted(life, key=_when)),
            grew_from=tuple(grew_from),
            end_text={} if end is None else end.text,
            ended_muted=end_ms is not None
            and any(self._muted_until(target, end_ms, heard_ms=end_ms) for target in targets),
        )

    def _muted_until(
        self, target: tuple[str, str], now_ms: int, heard_ms: int | None = None
    ) -> int:
        """Until when a rep or a team is muted, by the last word on it; 0: it is not.

        With `heard_ms` by the last word that was said until then.
        """
        words = self._of_target.get(target, {}).values()
        heard = (one for one in words if heard_ms is None or one.at_ms <= heard_ms)
        last = max(heard, key=_said, default=None)
        return 0 if last is None or last.until_ms <= now_ms else last.until_ms

    def _mutes_within(
        self, target: tuple[str, str], start_ms: int, end_ms: int | None
    ) -> Iterator[AlertAction]:
        """What was said of a target that held at some time from `start_ms` until `end_ms`."""
        words = sorted(self._of_target.get(target, {}).values(), key=_said)
        for number, word in enumerate(words):
            after = words[number + 1].at_ms if number + 1 < len(words) else word.until_ms
            held_until = min(word.until_ms, after) if word.verb == "mute" else word.at_ms + 1
            if held_until > start_ms and (end_ms is None or word.at_ms < end_ms):
                yield word


def _target(action: AlertAction) -> tuple[str, str]:
    return ("rep", action.rep_id) if action.rep_id else ("team", action.team_id)


def _said(action: AlertAction) -> tuple[int, str]:
    return action.at_ms, action.action_id


def _did(action: AlertAction) -> Happened:
    return Happened(action.at_ms, action.verb, action.by, action.text, action.until_ms)


def _when(one: Happened) -> tuple[int, int, str, str, int]:
    return one.at_ms, _ORDER.index(one.what), one.by, one.text, one.until_ms


def _since(held: dict[str, AlertAction], before_ms: int) -> dict[str, AlertAction]:
    return {one: action for one, action in held.items() if action.at_ms >= before_ms}
