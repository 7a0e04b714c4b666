"""The floor's time: a made-up past that runs fast while events come and at its pace in between.

Days then begin, and clocks change, in the middle of faults, and every worker still agrees on what
`today` is. A worker can be given a clock of its own that is wrong by some hours.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

_LOOK_S = 0.05
"""How often a worker looks whether its clock was set."""


class FloorClock:
    """Sets the time that every worker reads from `folder`."""

    def __init__(self, folder: Path, now_ms: int) -> None:
        self._file = folder / "clock.json"
        self._folder = folder
        self._at = (time.time(), now_ms, 1.0)
        self.set(now_ms, 1.0)

    def now_ms(self) -> int:
        """The floor's time, UTC milliseconds."""
        return _time_at(self._at)

    def set(self, now_ms: int, speed: float) -> None:
        """It is `now_ms` now, and `speed` seconds of the floor pass in a second."""
        self._at = (time.time(), now_ms, speed)
        _replace(self._file, json.dumps(self._at))

    def shift(self, worker: str, offset_ms: int) -> None:
        """Make one worker's clock wrong by so much; 0 puts it right."""
        _replace(self._folder / f"{worker}.offset", str(offset_ms))


class WorkerClock:
    """What a worker takes for the system's clock."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._file = folder / "clock.json"
        self._offset = folder / f"{worker}.offset"
        self._looked_s = 0.0
        self._at = (0.0, 0, 1.0)
        self._off_ms = 0

    def now_ms(self) -> int:
        """The floor's time as this worker has it, UTC milliseconds."""
        now_s = time.monotonic()
        if now_s - self._looked_s > _LOOK_S:
            self._looked_s = now_s
            self._at = tuple(json.loads(self._file.read_text("utf-8")))
            self._off_ms = int(self._offset.read_text("utf-8")) if self._offset.exists() else 0
        return _time_at(self._at) + self._off_ms


def _time_at(at: tuple[float, int, float]) -> int:
    real_s, floor_ms, speed = at
    return floor_ms + int((time.time() - real_s) * 1000 * speed)


def _replace(file: Path, text: str) -> None:
    """Write a file in one step: a reader finds the old text or the new one."""
    part = file.with_suffix(file.suffix + ".part")
    part.write_text(text, "utf-8")
    part.replace(file)
