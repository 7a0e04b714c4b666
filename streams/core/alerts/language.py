"""The languages that alerts are told in."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
