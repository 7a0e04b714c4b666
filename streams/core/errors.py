"""Everything floorcast raises on purpose.

PipelineError
├── MalformedEvent        one event is bad: it becomes a dead letter, its neighbours go on
├── SettingsError         settings or a person's file are wrong: exit code 2, a line a problem
│   └── PlanError         the same, for the plan
├── StateVersionMismatch  stored state is of a floorcast this one cannot read: it stops
└── SinkUnavailable       a sink's backend is away: try again later, counting goes on
"""

from __future__ import annotations

from typing import Literal, get_args

ReasonCode = Literal[
    "not_json",
    "schema",
    "unknown_schema_version",
    "cloudevent",
    "from_the_future",
    "too_old",
    "credits",
    "lines",
    "scale",
    "internal",
]
"""Why an event is bad; bounded, because it is a metric label and a filter."""

REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)


class PipelineError(Exception):
    """Base of every error floorcast raises on purpose."""


class MalformedEvent(PipelineError):
    """One event cannot be counted.

    `code` is one of `REASON_CODES`, `path` the JSON path of the fault (`$` for the whole value) and
    `message` says what was found there and what is allowed.
    """

    def __init__(self, code: ReasonCode, path: str, message: str) -> None:
        super().__init__(f"{code} at {path}: {message}")
        self.code: ReasonCode = code
        self.path = path
        self.message = message


class SettingsError(PipelineError):
    """Settings are wrong; `problems` holds every problem found, one line each.

    Operator action: mend each named field; nothing was started.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PlanError(SettingsError):
    """The plan file is wrong; `problems` holds every problem found, one line each.

    Operator action: mend each named entry of the plan; nothing was started.
    """


class StateVersionMismatch(PipelineError):
    """Stored state has a version this floorcast does not know.

    Operator action: run the floorcast release that wrote it, or a newer one.
    """

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"stored state has version {found}, this floorcast reads version {known}: "
            "run the release that wrote it, or a newer one"
        )
        self.found = found
        self.known = known


class SinkUnavailable(PipelineError):
    """A sink's backend did not take a write; the caller keeps the latest state and tries again."""
