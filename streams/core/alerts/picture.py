"""Bars with their error, and curves, as a small SVG: no library draws it, and any browser shows it.

A part is what `bars` and `curves` give; `below` and `alone` make a picture of parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, LINE, LEFT, TOP = 900, 30, 470, 44
_LONGEST = WIDTH - LEFT - 130
_CURVE_LEFT, _CURVE_WIDTH, _CURVE_HEIGHT = 60, 560, 240
_COLOURS = ("#2f6f9f", "#c9762b", "#4f8f4f", "#8f4f8f")
_DASHES = ("", "6 4", "2 3", "8 3 2 3")


class Bar(NamedTuple):
    """A value with its standard error."""

    name: str
    value: float
    error: float


class Curve(NamedTuple):
    """Shares in [0, 1] at 1, 2, 3, ..."""

    name: str
    shares: list[float]


class Part(NamedTuple):
    """Lines of SVG below a title, and their height, px."""

    title: str
    lines: list[str]
    height: int


def bars(title: str, some: Sequence[Bar]) -> Part:
    """A bar each, a line for the error, the value at its end."""
    most = max((bar.value + finite(bar.error) for bar in some), default=1.0) or 1.0
    lines = []
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
    return Part(title, lines, TOP + LINE * len(some) + 12)


def curves(title: str, some: Sequence[Curve]) -> Part:
    """A stepped line each, from nothing at the left; what is which stands at the right."""
    last = max((len(curve.shares) for curve in some), default=1)
    bottom = TOP + _CURVE_HEIGHT
    lines = []
    for quarter in range(5):
        y = bottom - quarter * _CURVE_HEIGHT // 4
        lines += [
            f'<path d="M{_CURVE_LEFT} {y}h{_CURVE_WIDTH}" stroke="#ddd"/>',
            f'<text x="{_CURVE_LEFT - 8}" y="{y + 5}" text-anchor="end">{25 * quarter} %</text>',
        ]
    for day in range(0, last + 1, 5 if last <= 40 else 10):  # noqa: PLR2004 # ten labels or fewer
        x = _CURVE_LEFT + _CURVE_WIDTH * day / last
        lines.append(f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{day}</text>')
    for at, curve in enumerate(some):
        colour, dash = _COLOURS[at % len(_COLOURS)], _DASHES[at % len(_DASHES)]
        steps = "".join(
            f"H{_CURVE_LEFT + _CURVE_WIDTH * day / last:.1f}V{bottom - _CURVE_HEIGHT * share:.1f}"
            for day, share in enumerate(curve.shares, 1)
        )
        line = f'fill="none" stroke="{colour}" stroke-width="3" stroke-dasharray="{dash}"'
        x, y = _CURVE_LEFT + _CURVE_WIDTH + 16, TOP + 16 + 24 * at
        lines += [
            f'<path d="M{_CURVE_LEFT} {bottom}{steps}" {line}/>',
            f'<path d="M{x} {y - 5}h28" {line}/>',
            f'<text x="{x + 36}" y="{y}">{escape(curve.name)}</text>',
        ]
    return Part(title, lines, bottom + 34)


def alone(part: Part) -> str:
    """A picture of one part, 900 px wide."""
    return below(part.title, part)


def below(title: str, *parts: Part) -> str:
    """A picture of parts, one below the other, 900 px wide; `title` is for who cannot see it."""
    height = sum(part.height for part in parts)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' font-family="sans-serif" font-size="14">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    top = 0
    for part in parts:
        moved = [f'<g transform="translate(0 {top})">', "</g>"] if top else ["", ""]
        heading = (
            f'<text x="12" y="26" font-size="16" font-weight="bold">{escape(part.title)}</text>'
        )
        lines += [one for one in (moved[0], heading, *part.lines, moved[1]) if one]
        top += part.height
    return "\n".join([*lines, "</svg>", ""])


def finite(error: float) -> float:
    """An error that can be drawn."""
    return error if math.isfinite(error) else 0.0


def _words(bar: Bar) -> str:
    return f"{bar.value:.1f}" if bar.value < 20 else f"{bar.value:,.0f}"  # noqa: PLR2004 # as exact as the error is
