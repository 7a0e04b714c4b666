"""Instants on the command line, and instants in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import click

from streams.core.clock import SystemClock
from streams.core.codec import to_ms

_AGO = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

_YEAR_10000_MS = 253_402_300_800_000
"""From here on datetime cannot show it."""


class Instant(click.ParamType):
    """RFC 3339 with offset, or how long ago: `30m`, `2h`, `7d`. Becomes UTC milliseconds."""

    name = "TIME"
    sign = -1

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """UTC milliseconds of what was written."""
        if isinstance(value, int):
            return value
        ago = _AGO.fullmatch(value)
        if ago:
            return SystemClock().now_ms() + self.sign * int(ago[1]) * _UNIT_MS[ago[2]]
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            msg = (
                f"{value!r} is neither RFC 3339 with offset (2026-11-02T15:00:00+08:00) nor 2h, 7d"
            )
            self.fail(msg, param, ctx)
        return to_ms(at)


class Until(Instant):
    """RFC 3339 with offset, or how long from now: `30m`, `2h`, `7d`. Becomes UTC milliseconds."""

    sign = 1


def shown(at_ms: int) -> str:
    """An instant for people, in UTC to the second; `-` when unknown."""
    if not 0 <= at_ms < _YEAR_10000_MS:
        return "-"
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
