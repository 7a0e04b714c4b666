"""Free TCP ports on loopback for servers of the tests."""

import random
import socket
from pathlib import Path

_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 15_000
_DEFAULT_EPHEMERAL_START = 32_768

_handed_out: set[int] = set()


def free_port() -> int:
    """Return a port nobody listens on; never the same one twice in a test process.

    It lies below the range the system takes client ports from: a client that keeps trying to reach
    a stopped server on a port of that range can be given the same port for itself, connect to
    itself, and so keep the server from coming back.
    """
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(_LOWEST, _ephemeral_start())
        if port not in _handed_out and _can_listen(port):
            _handed_out.add(port)
            return port


def _ephemeral_start() -> int:
    try:
        start = int(_EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    except OSError:
        return _DEFAULT_EPHEMERAL_START
    return max(start, _LOWEST + 1_000)


def _can_listen(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
