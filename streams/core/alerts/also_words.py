"""What else changed, in words a supervisor acts on, English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.core.alerts.also import Also, What
from streams.core.alerts.language import Language

_CHANGED: dict[Language, dict[What, str]] = {
    "en": {
        "short_calls": "short calls, {seen} of answered calls (usually {usual})",
        "talk": "talk time, {seen} min per contact without a sale (usually {usual})",
        "leads": "leads from {campaign}, {seen} of contacts (usually {usual})",
    },
    "zh": {
        "short_calls": "秒挂通话占接通的 {seen}（平时 {usual}）",
        "talk": "未成交接触的平均通话 {seen} 分（平时 {usual} 分）",
        "leads": "来自 {campaign} 的线索占接触的 {seen}（平时 {usual}）",
    },
}
_NAMES: dict[Language, dict[What, str]] = {
    "en": {"short_calls": "short calls", "talk": "talk time", "leads": "mix of leads"},
    "zh": {"short_calls": "秒挂通话", "talk": "通话时长", "leads": "线索构成"},
}


def also_text(also: Sequence[Also], language: Language = "en") -> str:
    """A sentence: what else changed, or that nothing did; "" when it is not known."""
    if not also:
        return ""
    said = [also_words(one, language) for one in also if one.changed]
    if language == "zh":
        if said:
            return f"同时变化：{'；'.join(said)}。"
        return f"其他没有异常：{'、'.join(_names(also, language))}都在平时的波动范围内。"
    if said:
        return f"Also changed: {'; '.join(said)}."
    *names, last = _names(also, language)
    listed = f"{', '.join(names)} and {last}" if names else last
    return f"Nothing else stands out: {listed} within the usual ups and downs."


def also_words(one: Also, language: Language = "en") -> str:
    """One thing: what was seen, and what is usual."""
    words = _minutes if one.what == "talk" else _percent
    return _CHANGED[language][one.what].format(
        seen=words(one.seen), usual=words(one.usual), campaign=one.campaign
    )


def _names(also: Iterable[Also], language: Language) -> list[str]:
    return [_NAMES[language][one.what] for one in also]


def _percent(share: float) -> str:
    """Whole percent: more would claim a precision that a stretch does not have."""
    return f"{100 * share:.0f} %"


def _minutes(ms: float) -> str:
    minutes, rest = divmod(round(ms / 1000), 60)
    return f"{minutes}:{rest:02d}"
