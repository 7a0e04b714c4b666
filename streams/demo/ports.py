"""Free TCP ports on loopback, known before the process that will listen on them is started."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"

_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 15_000
_USUAL_EPHEMERAL_START = 32_768


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """A port nobody listens on and that is not in `taken`.

    It lies below the range the system takes client ports from: a client that knocks before the
    server is up can be given a port of that range for itself, and end up connected to itself.
    """
    start = max(_ephemeral_start(), _LOWEST + 1_000)
    while True:
        port = _LOWEST + secrets.randbelow(start - _LOWEST)
        if port not in taken and can_listen(port):
            return port


def can_listen(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody takes connections on this loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _ephemeral_start() -> int:
    try:
        return int(_EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    except OSError:
        return _USUAL_EPHEMERAL_START
