"""Records of the topic `matured-contacts`: contacts, and the ticks behind them.

A tick says: nothing that happened before this instant will come from me any more. It stands in the
log behind everything it speaks of, so who has read it has read that too. Ticks only grow; of two of
one sender the higher holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, msgpack

from streams.core.alerts.contact import MaturedContact, Pause


class Tick(Struct, array_like=True, frozen=True, tag="tick"):
    """The sender `partition` has said all there is of before `until_ms`.

    `paused`: why the alerts of these contacts must be held back.
    """

    partition: int
    until_ms: int
    paused: tuple[Pause, ...] = ()


class Matured(Struct, array_like=True, frozen=True, tag="matured"):
    """Contacts of one site that have come to the age at which they are scored, in any order.

    `zone` is the site's IANA time zone.
    """

    site_id: str
    zone: str
    contacts: tuple[MaturedContact, ...]


class Ticks:
    """The latest tick of every sender of a topic, `senders` partitions of them."""

    def __init__(self, senders: int) -> None:
        self.senders = senders
        self._until_ms: dict[int, int] = {}

    def hear(self, partition: int, until_ms: int) -> None:
        """A tick has come; lower ones than before, and those of nobody, change nothing."""
        if partition < self.senders:
            self._until_ms[partition] = max(self._until_ms.get(partition, -1), until_ms)

    def lowest_ms(self) -> int:
        """All senders have said all there is of before this instant; -1: one has never ticked."""
        if len(self._until_ms) < self.senders:
            return -1
        return min(self._until_ms.values())

    def behind(self) -> list[int]:
        """The senders that hold up all others: those that never ticked, else the lowest."""
        silent = [p for p in range(self.senders) if p not in self._until_ms]
        lowest = self.lowest_ms()
        return silent or [p for p, at in sorted(self._until_ms.items()) if at == lowest]

    def held(self) -> Mapping[int, int]:
        """Sender to its latest tick."""
        return self._until_ms

    def restore(self, held: Iterable[tuple[int, int]]) -> None:
        """Take up where somebody else has left."""
        self._until_ms = dict(held)


def encode_feed(said: Matured | Tick) -> bytes:
    """A record's value in `matured-contacts`."""
    return _encode(said)


def decode_feed(raw: bytes) -> Matured | Tick:
    """What `encode_feed` made; raises msgspec.DecodeError or ValidationError."""
    return _decode(raw)


_encode = msgpack.Encoder().encode
_decode: Callable[[bytes], Matured | Tick] = msgpack.Decoder(Matured | Tick).decode
