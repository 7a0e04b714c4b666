"""The one way a worker ends when it cannot go on: one clear line, then nothing more."""

from __future__ import annotations

import os
from typing import NoReturn

EXIT_CODE = 70
"""Exit status of a worker that stopped itself (EX_SOFTWARE); its supervisor starts it again."""


def stop_now(reason: str, exit_code: int = EXIT_CODE) -> NoReturn:
    """Write `reason` as the last line of standard error and end the process at once.

    No handlers, no commits, no flushes: whoever calls this no longer trusts what is in memory, and
    everything that counts is in Kafka. A restart reads it back.
    """
    os.write(2, f"floorcast: stopped: {reason}\n".encode())
    os._exit(exit_code)
