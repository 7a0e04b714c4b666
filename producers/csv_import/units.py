"""Text to numbers: durations to milliseconds, money to minor units, exactly."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

Convert = Callable[[str], object]

_SIXTY = 60
_MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}
_CLOCK = re.compile(r"^(-)?(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)$")
_MINOR = re.compile(r"^minor:([0-4])$")

UNITS = ("text", "integer", "number", *_MS, "h:mm:ss", "minor:0 to minor:4")
"""What `unit` may be."""


class WrongText(ValueError):
    """A cell's text cannot be read in the unit; the message says what was expected."""


def unit_of(name: str, decimal: str = ".") -> Convert:
    """The conversion of a unit's name; raises ValueError for a name that is none."""
    if name == "text":
        return str
    if name == "integer":
        return lambda text: _whole(_decimal(text, decimal), "a whole number")
    if name == "number":
        return lambda text: float(_decimal(text, decimal))
    if name in _MS:
        scale = _MS[name]
        return lambda text: _rounded(_decimal(text, decimal) * scale)
    if name == "h:mm:ss":
        return _clock_ms
    if found := _MINOR.match(name):
        digits = int(found[1])
        expected = f"an amount with at most {digits} decimals"
        return lambda text: _whole(_decimal(text, decimal).scaleb(digits), expected)
    msg = f"{name!r} is no unit; there are {', '.join(UNITS)}"
    raise ValueError(msg)


def _decimal(text: str, mark: str) -> Decimal:
    if mark == ",":
        # A point would be a thousands separator: not ours to guess.
        text = "x" if "." in text else text.replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        msg = "must be a number"
        raise WrongText(msg) from None
    if not number.is_finite() or "_" in text:
        msg = "must be a number"
        raise WrongText(msg)
    return number


def _whole(number: Decimal, expected: str) -> int:
    if number != number.to_integral_value():
        msg = f"must be {expected}"
        raise WrongText(msg)
    return int(number)


def _rounded(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))


def _clock_ms(text: str) -> int:
    found = _CLOCK.match(text)
    if found is None or int(found[3]) >= _SIXTY or float(found[4]) >= _SIXTY:
        msg = "must be a duration like 0:02:23 or 2:23"
        raise WrongText(msg)
    sign, hours, minutes, seconds = found.groups()
    total = (int(hours or 0) * 60 + int(minutes)) * 60_000 + _rounded(Decimal(seconds) * 1000)
    return -total if sign else total
