"""A child process of the tests: waited for until ready, stopped or killed, never an orphan."""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")
_LOG_TAIL_BYTES = 3_000
_POLL_S = 0.05


class ServiceFailed(Exception):
    """A server of the tests did not start or stop as asked; the message ends with its log."""


class ChildProcess:
    """One command at a time, its output appended to a log file, gone when the test process is.

    `start` may be called again after `stop` or `kill`. The command runs in a process group of its
    own, so Ctrl-C reaches the tests first and they stop it.
    """

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; raises ServiceFailed when it does not run."""
        if self._process is None:
            msg = f"{self.name} is not running"
            raise ServiceFailed(msg)
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the command was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(
        self,
        command: Sequence[str | Path],
        *,
        ready: Callable[[], bool],
        timeout_s: float = 30.0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run `command` and return when `ready()` is true.

        Raises ServiceFailed when the command ends before that, or is killed after `timeout_s`.
        """
        if self.running:
            msg = f"{self.name} is already running"
            raise ServiceFailed(msg)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid())]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*leash, *(str(part) for part in command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                start_new_session=True,
            )
        atexit.register(self.kill)
        self._wait_until(ready, timeout_s)

    def stop(self, timeout_s: float = 20.0) -> int | None:
        """End it with SIGTERM and return its exit code, None when it did not run.

        Raises ServiceFailed, after SIGKILL, when it does not end in time.
        """
        process = self._process
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            msg = f"{self.name} did not stop within {timeout_s:g} s\n{self.log_tail()}"
            raise ServiceFailed(msg) from None
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and its own children with SIGKILL, as a power cut would; safe when it is gone."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._process = None
        atexit.unregister(self.kill)

    def log_tail(self) -> str:
        """The last lines the command wrote."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")

    def _wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            if not self.running:
                problem = "ended before it was ready"
                break
            if ready():
                return
            if time.monotonic() > deadline:
                problem = f"was not ready within {timeout_s:g} s"
                break
            time.sleep(_POLL_S)
        tail = self.log_tail()
        self.kill()
        msg = f"{self.name} {problem}\n{tail}"
        raise ServiceFailed(msg)
