"""What a namespace's state rests on, and what to do when that is no longer what it was.

State in a changelog means something only beside the topics it was counted from, under the plan it
was counted with. Both are written down in the topic `state-basis` before the first event is
counted, and compared before every start. A *namespace* is one generation of the state of an app:
`floorcast`, and after a rebuild `floorcast.g1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeVar

from msgspec import DecodeError, Struct, json

from streams.core.plan_shape import PlanShape, plan_changes
from streams.core.segment import STATE_VERSION

RECORD_VERSION = 1
"""Version of these records; one that is higher is of a newer floorcast."""

Role = Literal["input", "own", "changelog"]
Decision = Literal["agrees", "void", "lost"]

_BASIS, _LIVE, _DROPPED = "basis:", "live:", "dropped:"


class TopicFacts(Struct, frozen=True):
    """A topic as Kafka has it: its id (empty where the broker tells none) and partitions.

    `input` is what others publish, `own` what workers write for workers.
    """

    id: str
    partitions: int
    role: Role


class Basis(Struct, frozen=True, kw_only=True):
    """The surroundings of one namespace's state; Kafka key `basis:NAMESPACE`.

    `by` is a random id of who wrote the record, `detail_days` the fewest days that were ever kept.
    """

    record: int = RECORD_VERSION
    namespace: str
    by: str
    at_ms: int
    state_version: int = STATE_VERSION
    cluster: str
    topics: dict[str, TopicFacts]
    detail_days: int
    plan: PlanShape


class Live(Struct, frozen=True, kw_only=True):
    """Which generation of an app is live; Kafka key `live:APP`. Without one it is generation 0."""

    record: int = RECORD_VERSION
    generation: int
    since_ms: int
    plan: str


class Dropped(Struct, frozen=True, kw_only=True):
    """The highest generation of a rebuild that was ever dropped; Kafka key `dropped:APP`.

    Its number is never given again: alerts that it has told bear it, and would be another's.
    """

    record: int = RECORD_VERSION
    generation: int


class Mismatch(NamedTuple):
    """One thing that is not as it was, and the exact steps; `of_plan`: mending the plan helps."""

    what: str
    steps: str
    of_plan: bool = False


class _Head(Struct):
    record: int


_encode = json.Encoder().encode
_head = json.Decoder(_Head).decode


def namespace(app: str, generation: int) -> str:
    """The name of a generation of an app's state."""
    return f"{app}.g{generation}" if generation else app


def app_of(name: str) -> str:
    """The app of a namespace."""
    return re.sub(r"\.g[0-9]+$", "", name)


def basis_key(name: str) -> bytes:
    """The Kafka key of a namespace's basis."""
    return (_BASIS + name).encode()


def live_key(app: str) -> bytes:
    """The Kafka key of the record that says which generation of an app is live."""
    return (_LIVE + app).encode()


def dropped_key(app: str) -> bytes:
    """The Kafka key of the record that says which generations of an app were dropped."""
    return (_DROPPED + app).encode()


def next_generation(live: int, begun: Iterable[int], dropped: int) -> int:
    """The generation that a rebuild counts into: one that is under way, else a number never used.

    `begun` are all that have a basis, `dropped` is the highest that was dropped; one up to it that
    still has a basis was left half-way.
    """
    used = max(live, dropped)
    return max((number for number in begun if number > used), default=used + 1)


def namespace_of(key: bytes) -> str | None:
    """The namespace of a basis' key; None for any other key."""
    name = key.decode(errors="replace")
    return name.removeprefix(_BASIS) if name.startswith(_BASIS) else None


def encode_record(record: Basis | Live | Dropped) -> bytes:
    """The record's value."""
    return _encode(record)


def decode_basis(value: bytes) -> Basis | int:
    """A basis; or the version of a record that this floorcast cannot read."""
    return _decode(value, _decode_basis)


def decode_live(value: bytes) -> Live | int:
    """Which generation is live; or the version of a record that this floorcast cannot read."""
    return _decode(value, _decode_live)


def decode_dropped(value: bytes) -> Dropped | int:
    """Which generations were dropped; or the version of a record that cannot be read."""
    return _decode(value, _decode_dropped)


_decode_basis = json.Decoder(Basis)
_decode_live = json.Decoder(Live)
_decode_dropped = json.Decoder(Dropped)


_T = TypeVar("_T", Basis, Live, Dropped)


def _decode(value: bytes, decoder: json.Decoder[_T]) -> _T | int:
    try:
        version = _head(value).record
        return decoder.decode(value) if version == RECORD_VERSION else version
    except DecodeError:
        return -1


def unreadable(version: int, where: str) -> Mismatch:
    """What to say of a record that `decode_basis` or `decode_live` could not read."""
    if version > RECORD_VERSION:
        return Mismatch(
            f"{where} was written by a newer floorcast (record version {version}, this one reads "
            f"{RECORD_VERSION})",
            "run the release that wrote it, or a newer one",
        )
    return Mismatch(
        f"{where} is not a record of floorcast",
        "give this floor a FLOORCAST_TOPIC_PREFIX of its own",
    )


def mismatches(stored: Basis, found: Basis, first_day: int, plan_file: str) -> list[Mismatch]:
    """What of `stored` does not hold any more, with the steps; empty when all of it does.

    `found` has the plan's shape over the days of `stored`; `first_day` is the first one kept now;
    `plan_file` is what to call the plan in a command.
    """
    again = f"`floorcast rebuild --plan {plan_file}`, then `floorcast rebuild --switch`"
    if stored.state_version != found.state_version:
        return [_other_version(stored.state_version, found.state_version, again)]
    if stored.cluster != found.cluster and stored.cluster and found.cluster:
        return [
            Mismatch(
                f"this state belongs to cluster {stored.cluster}, and this is {found.cluster}: "
                "offsets of one mean nothing in the other",
                f"set FLOORCAST_BROKERS to that cluster, or count anew here: {again}",
            )
        ]
    out = list(_topics(stored.topics, found.topics, again))
    if found.detail_days > stored.detail_days:
        out.append(
            Mismatch(
                f"detail_days is {found.detail_days}, but events older than {stored.detail_days} "
                "days were passed over",
                f"set detail_days to {stored.detail_days} again, or count anew: {again}",
            )
        )
    out += [
        Mismatch(
            f"the plan is not the one this state was counted under: {change}",
            "put it back (a change of the roster may begin on the next local day), or count all "
            f"days under the new one: {again}",
            of_plan=True,
        )
        for change in plan_changes(stored.plan, found.plan, first_day)
    ]
    return out


def _other_version(stored: int, found: int, again: str) -> Mismatch:
    what = f"this state has version {stored}, and this floorcast reads version {found}"
    if stored > found:
        return Mismatch(what, "run the release that wrote it, or a newer one")
    return Mismatch(what, f"run the release that wrote it, or count anew: {again}")


def _topics(
    stored: Mapping[str, TopicFacts], found: Mapping[str, TopicFacts], again: str
) -> Iterator[Mismatch]:
    for name, was in sorted(stored.items()):
        now = found.get(name)
        if now is None:
            continue  # an input that is not read any more (`visits`); what is missing is said apart
        if was.id and now.id and was.id != now.id:
            lost = {
                "input": "its events and the state's positions belong to the one before",
                "own": "what was not counted yet of the one before is gone",
                "changelog": "the state that was in it is gone",
            }[was.role]
            yield Mismatch(
                f"topic {name} was made anew (its id is {now.id}, it was {was.id}): {lost}",
                f"put back what was in it if you can, then count anew: {again}",
            )
        elif was.partitions != now.partitions:
            yield Mismatch(
                f"topic {name} has {now.partitions} partitions, it had {was.partitions}: reps and "
                "deals belong to other partitions now",
                f"set FLOORCAST_PARTITIONS={now.partitions}, give every topic that `floorcast "
                f"topics check` then names as many, and count anew: {again}",
            )


def sharing(namespaces: Iterable[str], app: str) -> Mismatch | None:
    """Another app that counts under the same prefix, when there is one.

    Both would write the same deal-postings and snapshots, and count each other's deals.
    """
    others = sorted({app_of(name) for name in namespaces} - {app})
    if not others:
        return None
    return Mismatch(
        f"the app {others[0]} counts under this prefix: two apps would share deal-postings, "
        "misrouted and rep-scoreboard, and count each other's deals",
        f"set FLOORCAST_APP={others[0]}, or give this app a FLOORCAST_TOPIC_PREFIX of its own",
    )


def judge(held: Basis | None, heard: Basis, differs: bool) -> Decision:
    """What a record that was heard means for a worker whose own view it fits or `differs` from.

    Whoever writes has compared with what was held. So of two workers that write at once, the one
    whose record came first has the word, and says it again (`void`); the other has `lost`.
    """
    if not differs:
        return "agrees"
    if held is not None and held.plan.upto_ms >= heard.plan.upto_ms:
        return "void"
    return "lost"
