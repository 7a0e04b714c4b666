"""Bars with their error as a small SVG: no library draws it, and any browser shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, LINE, LEFT, TOP = 900, 30, 470, 44
_LONGEST = WIDTH - LEFT - 130


class Bar(NamedTuple):
    """A value with its standard error."""

    name: str
    value: float
    error: float


def bars(title: str, some: Sequence[Bar]) -> str:
    """An SVG of 900 px: a bar each, a line for the error, the value at its end."""
    most = max((bar.value + finite(bar.error) for bar in some), default=1.0) or 1.0
    height = TOP + LINE * len(some) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' font-family="sans-serif" font-size="14">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
    for at, bar in enumerate(some):
        y = TOP + LINE * at
        long, error = (_LONGEST * part / most for part in (bar.value, finite(bar.error)))
        middle, tip = y + LINE // 2, LEFT + long
        lines += [
            f'<text x="{LEFT - 10}" y="{middle + 5}" text-anchor="end">{escape(bar.name)}</text>',
            f'<rect x="{LEFT}" y="{y + 5}" width="{long:.1f}" height="{LINE - 10}"'
            f' fill="#2f6f9f"/>',
            f'<path d="M{tip - error:.1f} {middle}h{2 * error:.1f}" stroke="#111"'
            f' stroke-width="2"/>',
            f'<text x="{tip + error + 8:.1f}" y="{middle + 5}">{_words(bar)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def finite(error: float) -> float:
    """An error that can be drawn."""
    return error if math.isfinite(error) else 0.0


def _words(bar: Bar) -> str:
    return f"{bar.value:.1f}" if bar.value < 20 else f"{bar.value:,.0f}"  # as exact as the error is
