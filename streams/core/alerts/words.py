"""An alert in words a supervisor acts on, English and Chinese.

Never the chance of a single look: the stretch was chosen by the data, so that would promise far too
much. What is said is how rarely a rep selling normally sets this off, which is the evidence itself.
"""

from __future__ import annotations

import math
from typing import Literal

from streams.core.alerts.outcomes import Alert

Language = Literal["en", "zh"]

_DIGITS = 2


def alert_text(alert: Alert, name: str, language: Language = "en") -> str:
    """The alert about the rep called `name`, in two or three sentences."""
    expected = _sales(alert.expected)
    seen_rate = _percent(alert.sales, alert.contacts)
    expected_rate = _percent(alert.expected, alert.contacts)
    rarely = _rounded(alert.evidence)
    days = _rounded(alert.evidence / alert.contacts_per_day)
    base_days, base_contacts = f"{alert.baseline_days:,}", f"{alert.baseline_contacts:,}"
    contacts = f"{alert.contacts:,}"
    if language == "zh":
        against = "团队" if alert.group else "全场"
        return (
            f"{name}：最近 {contacts} 次接触成交 {alert.sales} 单（{seen_rate}）；"
            f"计入{against}同期表现，预期 {expected} 单（{expected_rate}）。"
            f"正常成交的坐席约每 {rarely} 次接触才会触发一次这样的提醒，"
            f"约合 {days} 个工作日。"
            f"平时水平取自 {base_days} 个工作日、{base_contacts} 次接触。"
        )
    against = "team" if alert.group else "floor"
    return (
        f"{name}: {_count(alert.sales, 'sale')} in the last {_count(alert.contacts, 'contact')} "
        f"({seen_rate}); expected {expected} ({expected_rate}) allowing for the {against}. "
        f"A rep selling normally sets this off about once in {rarely} contacts, "
        f"roughly {days} working days. "
        f"Usual is taken from {base_days} working days, {base_contacts} contacts."
    )


def _percent(sales: float, contacts: int) -> str:
    return f"{100 * sales / contacts:.1f} %" if contacts else "–"


def _sales(expected: float) -> str:
    """Whole sales; below ten with a decimal, or 2.4 and 1.6 would both be 2."""
    return f"{expected:.0f}" if expected >= 9.95 else f"{expected:.1f}"  # noqa: PLR2004 # rounds to 10


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _rounded(value: float) -> str:
    """Rounded down to two digits: more would claim a precision that a rate does not have."""
    whole = int(value)
    if whole < 1:
        return "1"
    step = 10 ** max(int(math.log10(whole)) + 1 - _DIGITS, 0)
    return f"{whole // step * step:,}"
