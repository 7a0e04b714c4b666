"""An alert in words a supervisor acts on, English and Chinese.

Never the chance of a single look: the stretch was chosen by the data, so that would promise far too
much. What is said is how rarely a rep selling normally sets this off, which is the evidence itself.
"""

from __future__ import annotations

import math

from streams.core.alerts.also_words import also_text
from streams.core.alerts.language import Language
from streams.core.alerts.outcomes import Alert, FeedSilent, Recovered

_DIGITS = 2


def alert_text(alert: Alert, name: str, language: Language = "en") -> str:
    """The alert about the rep or team called `name`, in three or four sentences."""
    rarely = rounded(alert.evidence)
    days = rounded(alert.evidence / alert.contacts_per_day)
    base_days, base_contacts = f"{alert.baseline_days:,}", f"{alert.baseline_contacts:,}"
    seen, also = _seen(alert, name, language), also_text(alert.also, language)
    if language == "zh":
        who = "坐席" if alert.rep_id else "团队"
        return (
            f"{seen}"
            f"正常成交的{who}约每 {rarely} 次接触才会触发一次这样的提醒，"
            f"约合 {days} 个工作日。"
            f"平时水平取自 {base_days} 个工作日、{base_contacts} 次接触。{also}"
        )
    who = "rep" if alert.rep_id else "team"
    return (
        f"{seen} "
        f"A {who} selling normally sets this off about once in {rarely} contacts, "
        f"roughly {days} working days. "
        f"Usual is taken from {base_days} working days, {base_contacts} contacts."
        f"{' ' if also else ''}{also}"
    )


def recovered_text(end: Recovered, name: str, language: Language = "en") -> str:
    """What is said when a red of the rep or team called `name` is over."""
    if end.reason != "evidence":
        return _OVER[language][end.reason].format(name=name)
    rarely, seen = rounded(end.evidence), _seen(end, name, language)
    if language == "zh":
        who = "坐席" if end.rep_id else "团队"
        return f"{seen}已恢复到平时水平；仍然偏低的{who}约每 {rarely} 次接触才会误报一次恢复。"
    who = "rep" if end.rep_id else "team"
    return (
        f"{seen} Sales are as usual again: "
        f"a {who} still selling too little gets here about once in {rarely} contacts."
    )


def silent_text(silent: FeedSilent, site: str, language: Language = "en") -> str:
    """What is said when a whole site has no sales."""
    contacts, expected = f"{silent.contacts:,}", _sales(silent.expected)
    if language == "zh":
        return (
            f"{site}：全场 {contacts} 次接触没有一单成交，平时应有 {expected} 单。"
            "成交数据可能中断；在恢复之前，坐席与团队的提醒暂停。"
        )
    return (
        f"{site}: no sale on the whole floor in {contacts} contacts, "
        f"which usually bring {expected}. "
        "The feed of deals may be silent. Alerts about reps and teams wait until sales come again."
    )


def heard_text(site: str, language: Language = "en") -> str:
    """What is said when sales come again."""
    return f"{site}：成交恢复。" if language == "zh" else f"{site}: sales come again."


_OVER: dict[Language, dict[str, str]] = {
    "en": {
        "again": "{name}: a newer alert stands in its place.",
        "moved": "{name} has changed teams: the comparison has ended, with no word on recovery.",
        "gone": "{name}: no contacts for months; the comparison has ended.",
    },
    "zh": {
        "again": "{name}：已由新的提醒取代。",
        "moved": "{name} 已换团队：比较结束，是否恢复不详。",
        "gone": "{name}：数月没有接触，比较结束。",
    },
}


def _seen(one: Alert | Recovered, name: str, language: Language) -> str:
    """What was seen and what was expected, with a full stop."""
    expected, contacts = _sales(one.expected), f"{one.contacts:,}"
    seen_rate = _percent(one.sales, one.contacts)
    expected_rate = _percent(one.expected, one.contacts)
    if language == "zh":
        against = "团队" if one.group else "全场" if one.rep_id else "其他团队"
        return (
            f"{name}：最近 {contacts} 次接触成交 {one.sales} 单（{seen_rate}）；"
            f"计入{against}同期表现，预期 {expected} 单（{expected_rate}）。"
        )
    against = "the team" if one.group else "the floor" if one.rep_id else "the other teams"
    return (
        f"{name}: {_count(one.sales, 'sale')} in the last {_count(one.contacts, 'contact')} "
        f"({seen_rate}); expected {expected} ({expected_rate}) allowing for {against}."
    )


def _percent(sales: float, contacts: int) -> str:
    return f"{100 * sales / contacts:.1f} %" if contacts else "–"


def _sales(expected: float) -> str:
    """Whole sales; below ten with a decimal, or 2.4 and 1.6 would both be 2."""
    return f"{expected:.0f}" if expected >= 9.95 else f"{expected:.1f}"  # noqa: PLR2004 # rounds to 10


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def rounded(value: float) -> str:
    """Rounded down to two digits: more would claim a precision that a rate does not have."""
    whole = int(value)
    if whole < 1:
        return "1"
    step = 10 ** max(int(math.log10(whole)) + 1 - _DIGITS, 0)
    return f"{whole // step * step:,}"
