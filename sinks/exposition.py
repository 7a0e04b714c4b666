"""Pieces of Prometheus' text exposition format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Sequence


def gauge(name: str, text: str, samples: Sequence[str]) -> str:
    """A whole family; a sample is what stands behind the name, with its line end."""
    if not samples:
        return ""
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{name}{name.join(samples)}"


def number(value: float | int | None) -> str | None:
    """A value as text, exact; None stays None: no sample."""
    return None if value is None else repr(value)


def escaped(value: str) -> str:
    """A label value fit to stand between quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
