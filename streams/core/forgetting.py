"""Reps whose name and id are shown no more: the records of `forgotten-reps`.

A pseudonym is random, so that nobody can find the id it stands for by trying ids; and the key of a
record is a hash of the id, so that only who has the id can find the record and take it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec import DecodeError, Struct, json, structs

from streams.core.errors import PipelineError
from streams.core.snapshot import RepSnapshot

RECORD_VERSION = 1
"""Version of these records; one that is higher is of a newer floorcast."""
PREFIX = "gone-"
"""First part of every pseudonym."""


class Forgotten(Struct, frozen=True, kw_only=True):
    """The word on one rep, the last holds; `undone`: it is shown as itself again."""

    record: int = RECORD_VERSION
    pseudonym: str
    at_ms: int
    undone: bool = False


def forgotten_key(rep_id: str) -> bytes:
    """The Kafka key of the record on a rep; its id cannot be read out of it, only tried."""
    return (
        hashlib.blake2b(rep_id.encode(), digest_size=16, person=b"fc-forget").hexdigest().encode()
    )


encode_forgotten = json.Encoder().encode
"""The value of a record."""

_decode = json.Decoder(Forgotten).decode


class ForgottenReps:
    """Everybody a record was heard of; whoever shows reps replaces them here first."""

    def __init__(self) -> None:
        self._said: dict[bytes, Forgotten] = {}

    def hear(self, key: bytes | None, value: bytes | None) -> bool:
        """Take a record; True when it changed anything.

        Raises PipelineError for a record that cannot be read: it may be somebody's name.
        """
        if key is None:
            return False
        before = self._said.get(key)
        if value is None:
            self._said.pop(key, None)
            return before is not None
        try:
            said = _decode(value)
        except DecodeError as error:
            msg = f"forgotten-reps holds a record that is not floorcast's: {error}"
            raise PipelineError(msg) from error
        if said.record > RECORD_VERSION:
            msg = (
                f"forgotten-reps was written by a newer floorcast (record version {said.record}, "
                f"this one reads {RECORD_VERSION}): run that release, or a newer one"
            )
            raise PipelineError(msg)
        self._said[key] = said
        return said != before

    def of(self, rep_id: str) -> Forgotten | None:
        """The word on a rep; None when there was never any."""
        return self._said.get(forgotten_key(rep_id)) if self._said else None

    def hides(self, rep_id: str) -> bool:
        """Whether a rep is shown under a pseudonym now."""
        said = self.of(rep_id)
        return said is not None and not said.undone

    def replace(self, shots: Iterable[RepSnapshot]) -> tuple[list[RepSnapshot], list[str]]:
        """(the snapshots with pseudonyms in place, ids that must be shown nowhere any more).

        The ids are those of forgotten reps, and pseudonyms of those who are themselves again.
        """
        if not self._said:
            return list(shots), []
        shown, gone = [], []
        for shot in shots:
            said = self.of(shot.rep_id)
            if said is None:
                shown.append(shot)
            elif said.undone:
                shown.append(shot)
                gone.append(said.pseudonym)
            else:
                shown.append(structs.replace(shot, rep_id=said.pseudonym, name=None))
                gone.append(shot.rep_id)
        return shown, gone
