"""Findings, and running checks so that none of them can stop the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Literal

import click
from confluent_kafka import KafkaException
from msgspec import Struct

from streams.core.errors import PipelineError, SettingsError

Status = Literal["ok", "warn", "fail", "skipped"]


class Finding(Struct, frozen=True):
    """A line of the doctor: what was looked at, how it is, what was found, and what to do."""

    check: str
    status: Status
    found: str
    do: str = ""


Look = Callable[[], Iterable[Finding]]


class Check(Struct, frozen=True):
    """A subject to look at; `kafka`: pointless when no broker answers."""

    name: str
    look: Look
    kafka: bool = True


class _Running:
    """A check at work in a thread that nobody waits for longer than is allowed."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._found: list[Finding] | None = None
        # Daemons: a check that hangs must not keep the process.
        self._thread = threading.Thread(target=self._run, name=check.name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._found = made(self.check)

    def findings(self, deadline_s: float, timeout_s: float) -> list[Finding]:
        """What it found, or that it has not come to an end by then."""
        self._thread.join(max(0.0, deadline_s - monotonic()))
        if self._found is None:
            found = f"not done within {timeout_s:g} s"
            return [Finding(self.check.name, "fail", found, "try again with a longer --timeout")]
        return self._found


def made(check: Check) -> list[Finding]:
    """The findings of a check; that it cannot be made is one too."""
    try:
        return list(check.look())
    except SettingsError as error:
        return [Finding(check.name, "fail", problem) for problem in error.problems]
    except (click.ClickException, PipelineError, KafkaException, OSError, ValueError) as error:
        return [Finding(check.name, "fail", f"cannot be checked: {_why(error)}")]
    except Exception as error:  # one check's own fault must not hide what the others find
        return [Finding(check.name, "fail", f"the check itself is broken: {error!r}")]


def _why(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, KafkaException):
        return str(error.args[0].str().strip(": ") or error.args[0].name())
    return str(error) or type(error).__name__


def run_checks(checks: Sequence[Check], timeout_s: float) -> list[Finding]:
    """The findings of all checks, in their order; each has `timeout_s` seconds.

    The first one says whether a broker answers; when it fails, those that need Kafka are skipped.
    """
    first = _Running(checks[0]).findings(monotonic() + timeout_s, timeout_s)
    reachable = all(one.status != "fail" for one in first)
    # Side by side: they mostly wait.
    deadline_s = monotonic() + timeout_s
    running = [_Running(check) if reachable or not check.kafka else check for check in checks[1:]]
    out = list(first)
    for one in running:
        if isinstance(one, _Running):
            out += one.findings(deadline_s, timeout_s)
        else:
            out.append(Finding(one.name, "skipped", "no broker answers"))
    return out


def listed(names: Iterable[object], most: int = 5) -> str:
    """The first names, and how many more there are."""
    all_names = [str(name) for name in names]
    more = len(all_names) - most
    return ", ".join(all_names[:most]) + (f" and {more} more" if more > 0 else "")
