"""A change in what a team does, in words a supervisor acts on, English and Chinese."""

from __future__ import annotations

from streams.core.alerts.language import Language
from streams.core.alerts.outcomes import ActivityChanged, Metric
from streams.core.alerts.words import rounded

_SEEN: dict[Language, dict[Metric, str]] = {
    "en": {
        "connect_rate": "{name}: {seen:,} connects in the last {of:,} dials ({rate:.1%}); "
        "at this hour {usual:.1%} is usual.",
        "dials": "{name}: {seen:,} dials where as many reps at work usually make {expected:,.0f} "
        "({share:.0%}).",
        "short_calls": "{name}: {seen:,} of the last {of:,} answered calls were over within "
        "seconds ({rate:.1%}); at this hour {usual:.1%} is usual.",
    },
    "zh": {
        "connect_rate": "{name}：最近 {of:,} 次拨号接通 {seen:,} 次（{rate:.1%}）；"
        "这个时段平时为 {usual:.1%}。",
        "dials": "{name}：拨号 {seen:,} 次，同样人数在同样时段平时为 {expected:,.0f} 次"
        "（{share:.0%}）。",
        "short_calls": "{name}：最近接通的 {of:,} 次通话中有 {seen:,} 次几秒内结束（{rate:.1%}）；"
        "这个时段平时为 {usual:.1%}。",
    },
}

_GONE: dict[Language, str] = {
    "en": "{name}: no calls for months; the comparison has ended.",
    "zh": "{name}：数月没有通话，比较结束。",
}


def activity_text(changed: ActivityChanged, name: str, language: Language = "en") -> str:
    """The change of the team called `name`; or that all is as usual again, or nobody knows."""
    if changed.why == "gone":
        return _GONE[language].format(name=name)
    of = max(changed.of, 1)
    seen = _SEEN[language][changed.metric].format(
        name=name,
        seen=changed.seen,
        of=changed.of,
        rate=changed.seen / of,
        usual=changed.expected / of,
        share=changed.seen / changed.expected if changed.expected else 0.0,
        expected=changed.expected,
    )
    rarely = rounded(changed.days)
    if changed.state == "recovered":
        return seen + ("恢复正常。" if language == "zh" else " That is as usual again.")
    if language == "zh":
        return (
            f"{seen}一切正常的团队约每 {rarely} 个工作日才会触发一次这样的提醒。"
            f"平时水平取自 {changed.usual_days} 个工作日。"
        )
    return (
        f"{seen} A team at its usual sets this off about once in {rarely} working days. "
        f"Usual is taken from {changed.usual_days} working days."
    )
