"""The demo's processes: none outlives the demo, and the first that ends on its own is reported."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from streams.core.errors import PipelineError

_LEASH = Path(__file__).with_name("leash.py")
_POLL_S = 0.05
_TAIL_LINES = 15
_TAIL_BYTES = 8_000


class ChildEnded(PipelineError):
    """A process of the demo ended, or was not ready in time; the message ends with its log.

    Operator action: read the log; `floorcast demo --keep-logs` keeps the whole of it.
    """


class Child:
    """A running process: what it is called, its log, and how long it may take to stop."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], log: Path, patience_s: float
    ) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.patience_s = patience_s

    def end(self) -> None:
        """SIGTERM, then after its patience SIGKILL, for it and its own children."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.patience_s)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def tail(self) -> str:
        """The last lines of its log, each indented."""
        with contextlib.suppress(OSError):
            text = self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
            return "".join(f"\n  {line}" for line in text.splitlines()[-_TAIL_LINES:])
        return ""

    def _signal(self, number: signal.Signals) -> None:
        # macOS answers EPERM for a group of which only a zombie is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


class Children:
    """Processes in the order they were started, each in a group of its own with a log in `folder`.

    A group of its own, so that Ctrl-C reaches the demo alone and it stops them in order, the last
    one first. They must be started from the main thread: on Linux a child is killed when the thread
    that started it ends. Leaving the context stops them all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        patience_s: float = 1.0,
    ) -> int:
        """Start a process and return its id; it gets `patience_s` seconds when it is to stop."""
        log = self._folder / f"{name}.log"
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid())]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=dict(environment),
                start_new_session=True,
            )
        self._children.append(Child(name, process, log, patience_s))
        return process.pid

    def check(self) -> None:
        """Raise ChildEnded when one has ended; of several the one that was started first."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                how = f"exit code {code}" if code >= 0 else _signal_name(-code)
                msg = f"the {child.name} ended ({how}); the end of its log:{child.tail()}"
                raise ChildEnded(msg)

    def wait(self, seconds: float) -> None:
        """Sleep, and raise ChildEnded as soon as one ends."""
        end_s = time.monotonic() + seconds
        self.check()
        while (left_s := end_s - time.monotonic()) > 0:
            time.sleep(min(left_s, _POLL_S))
            self.check()

    def wait_until(self, ready: Callable[[], bool], name: str, timeout_s: float) -> None:
        """Return when `ready()`; ChildEnded when one ends, or `name` is not ready in time."""
        end_s = time.monotonic() + timeout_s
        while not ready():
            self.wait(_POLL_S)
            if time.monotonic() > end_s:
                tail = next((child.tail() for child in self._children if child.name == name), "")
                msg = f"the {name} was not ready after {timeout_s:g} s; the end of its log:{tail}"
                raise ChildEnded(msg)

    def stop(self) -> None:
        """Stop all, the last one started first; returns when none is left. Safe to repeat."""
        while self._children:
            self._children[-1].end()
            self._children.pop()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
