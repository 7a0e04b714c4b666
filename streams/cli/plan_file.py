"""Reads the plan that the settings name."""

from __future__ import annotations

from pathlib import Path

from streams.core.errors import PlanError
from streams.core.plan import Plan, parse_plan
from streams.settings import Settings


def load_plan(settings: Settings) -> Plan:
    """The plan, or the empty one when the settings name none; raises PlanError."""
    if settings.plan is None:
        return Plan.empty(settings.zone)
    path = Path(settings.plan)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise PlanError([f"plan = {settings.plan!r}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise PlanError([f"plan = {settings.plan!r}: is not UTF-8 text: {error}"]) from error
    try:
        return parse_plan(text, settings.zone)
    except PlanError as error:
        raise PlanError([f"{path}: {problem}" for problem in error.problems]) from error
