"""All alerts that are to be shown, as of one moment: what workers hand to whoever shows them."""

from __future__ import annotations

from msgspec import Struct, json

from streams.core.alerts.book import Entry

MOMENT_MS = 10_000
"""Entries change with time, too (a mute ends), and are looked at anew this often."""


class KnownAlerts(Struct, frozen=True, kw_only=True):
    """Entries, the newest first, as somebody knows them who has read so much.

    `position` is the sum of the offsets of all partitions of `rep-alerts` and `alert-actions` up to
    which they were read, `moment_ms` the time, UTC ms, rounded down to `MOMENT_MS`. Of two the one
    with the larger `version` has heard more; with the same version they are the same.
    """

    position: int
    moment_ms: int
    entries: tuple[Entry, ...] = ()

    @property
    def version(self) -> tuple[int, int]:
        """What is compared."""
        return self.position, self.moment_ms


def encode_entries(entries: tuple[Entry, ...]) -> bytes:
    """Entries as a JSON list."""
    return _encode(entries)


def decode_entries(raw: bytes) -> tuple[Entry, ...]:
    """What `encode_entries` made; raises msgspec.DecodeError or ValidationError."""
    return _decode(raw)


_encode = json.Encoder().encode
_decode = json.Decoder(tuple[Entry, ...]).decode
