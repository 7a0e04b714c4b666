"""Messages of the event stream as they go over the wire: encoded and packed once for everybody.

A compressed stream is one gzip file that never ends. Each message is packed by itself and flushed,
so that the same bytes can go into every viewer's file, whatever was sent there before.
"""

from __future__ import annotations

import zlib

GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Begins a gzip file without name and time; what follows is raw deflate."""
_LEVEL = 6


class Message:
    """A message for any number of viewers; it is packed when the first one wants that."""

    __slots__ = ("_packed", "data", "number")

    def __init__(self, data: bytes, number: int = 0) -> None:
        """`number` orders the messages of one view; those that are never missed have none."""
        self.data = data
        self.number = number
        self._packed: bytes | None = None

    @property
    def packed(self) -> bytes:
        """The message as a part of a deflate stream that refers to nothing before it."""
        if self._packed is None:
            packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._packed = packer.compress(self.data) + packer.flush(zlib.Z_FULL_FLUSH)
        return self._packed


START_OVER = Message(b"")
"""Asks the connection to send the whole board: what waited was given up."""
