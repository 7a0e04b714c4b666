"""Stopped inputs: the records of `input-stops`, which make a stop outlive the worker."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import DecodeError, Meta, Struct, json


class InputState(Struct, kw_only=True, omit_defaults=True):
    """The latest word on one partition of an input. Kafka key: `TOPIC:PARTITION`.

    `stopped` comes from a worker: `why`, and `offset`, where it would go on. `resumed` comes from a
    person: bad events below `accept_until` are put aside without being held against the sender.
    """

    state: Literal["stopped", "resumed"]
    at_ms: int
    why: str = ""
    offset: Annotated[int, Meta(ge=0)] = 0
    accept_until: Annotated[int, Meta(ge=0)] = 0


_encode = json.Encoder().encode
_decode = json.Decoder(InputState).decode


def input_key(topic: str, partition: int) -> bytes:
    """The Kafka key of a partition of an input."""
    return f"{topic}:{partition}".encode()


def parse_input(name: str) -> tuple[str, int] | None:
    """(topic, partition) of `TOPIC:PARTITION`; None when it is not of that form."""
    topic, colon, partition = name.rpartition(":")
    if not (colon and topic and partition.isascii() and partition.isdigit()):
        return None
    return topic, int(partition)


def encode_input_state(state: InputState) -> bytes:
    """The record's value."""
    return _encode(state)


def decode_input_state(value: bytes | None) -> InputState | None:
    """What a record's value says; None for a tombstone or what is none of ours."""
    if value is None:
        return None
    try:
        return _decode(value)
    except DecodeError:
        return None
