"""Records of the topic `matured-contacts`: contacts, and the ticks behind them.

A tick says: nothing that happened before this instant will come from me any more. It stands in the
log behind everything it speaks of, so who has read it has read that too. Ticks only grow; of two of
one sender the higher holds.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, msgpack

from streams.core.alerts.activity import Activity, ActivityTick
from streams.core.alerts.contact import MaturedContact


class Tick(Struct, array_like=True, frozen=True, tag="tick"):
    """The sender `partition` has said all there is of before `until_ms`."""

    partition: int
    until_ms: int


class Matured(Struct, array_like=True, frozen=True, tag="matured"):
    """Contacts of one site that have come to the age at which they are scored, in any order.

    `zone` is the site's IANA time zone.
    """

    site_id: str
    zone: str
    contacts: tuple[MaturedContact, ...]


Feed = Matured | Tick | Activity | ActivityTick


def encode_feed(said: Feed) -> bytes:
    """A record's value in `matured-contacts`."""
    return _encode(said)


def decode_feed(raw: bytes) -> Feed:
    """What `encode_feed` made; raises one of `malformed.DECODE_FAILURES`."""
    return _decode(raw)


_encode = msgpack.Encoder().encode
_decode: Callable[[bytes], Feed] = msgpack.Decoder(Feed).decode
