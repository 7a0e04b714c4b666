"""Do the sources send what can be counted: bad, unknown, counted twice, or nothing at all?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from streams.cli.doctor_checks.finding import Finding, listed
from streams.cli.doctor_checks.recent import (
    LOOK_BACK_DAYS,
    Share,
    dead_letter_shares,
    newest_dispositions,
    recent_state,
)
from streams.cli.plan_file import load_plan
from streams.core.board_health import in_words
from streams.core.calendar import DAY_MS, date_of
from streams.core.clock import SystemClock
from streams.core.contribution import DEAL, RETRACTED, at_of, deal_part, flags_of, parse_entity_key
from streams.core.dead_letter import MAX_PERCENT
from streams.core.events import CALL_ENDED
from streams.core.lanes import BIT
from streams.core.plan import Plan
from streams.core.rep_day import RepDay
from streams.settings import Settings

SILENT_MS = 15 * 60_000
"""No source is missed sooner."""
MISSED = 10
"""Events that a source sent in the same stretch a week ago, for it to be missed now."""
WEEK_MS = 7 * DAY_MS
UNMAPPED = BIT["unmapped_dispositions"]

RepDays = Mapping[tuple[str, int], RepDay]
Times = Mapping[tuple[str, str], Sequence[int]]
"""(kind, source) to event times, UTC ms, in any order."""


def dead_letters(settings: Settings) -> Iterator[Finding]:
    """Dead letters of the last 24 hours against the events of the same time."""
    yield from judge_shares(dead_letter_shares(settings, SystemClock().now_ms() - DAY_MS))


def judge_shares(shares: Sequence[Share]) -> Iterator[Finding]:
    """Any letter is a warning, more than `MAX_PERCENT` of an input's events a failure."""
    bad = [one for one in shares if one.letters]
    for one in bad:
        percent = 100 * one.letters / max(one.events, one.letters)
        found = f"{one.topic}: {one.letters:,} in 24 h, {percent:.2g} % of {one.events:,} events"
        do = "`floorcast dead-letters list --since 24h` tells why"
        yield Finding("dead letters", "fail" if percent > MAX_PERCENT else "warn", found, do)
    if not bad:
        events = sum(one.events for one in shares)
        yield Finding("dead letters", "ok", f"none in 24 h, of {events:,} events")


def counted(settings: Settings) -> Iterator[Finding]:
    """Everything that the last days' state tells: sources, reps, dispositions, ids."""
    plan, now_ms = load_plan(settings), SystemClock().now_ms()
    rep_days = recent_state(settings, now_ms).rep_days
    if not rep_days:
        found = f"nothing was counted in the last {LOOK_BACK_DAYS} days"
        yield Finding("sources", "warn", found, "do the sources send to this Kafka?")
        return
    yield from judge_sources(event_times(rep_days), now_ms)
    yield from judge_reps({rep for rep, _ in rep_days}, plan)
    topic = settings.topic(CALL_ENDED)
    unmapped = unmapped_calls(rep_days)
    codes: Counter[str] = Counter()
    if unmapped and plan.dispositions:
        codes.update(c for c in newest_dispositions(settings, topic) if c not in plan.dispositions)
    yield from judge_dispositions(unmapped, codes, plan)
    yield from judge_ids(rep_days)


def event_times(rep_days: RepDays) -> dict[tuple[str, str], list[int]]:
    """When each source's events happened; of a deal every instant on its books."""
    out: dict[tuple[str, str], list[int]] = {}
    for rep_day in rep_days.values():
        for key, contribution in rep_day.entities.items():
            kind, source, _ = parse_entity_key(key)
            times = out.setdefault((kind, source), [])
            if key[0] == DEAL:
                times += {count.at_ms for count in deal_part(contribution).counts}
            else:
                times.append(at_of(contribution))
    return {name: times for name, times in out.items() if times}


def judge_sources(times: Times, now_ms: int) -> Iterator[Finding]:
    """A source is silent when it sends nothing for longer than it did a week ago.

    That is: its newest event is older than `SILENT_MS`, and in the same stretch of the week before
    it sent `MISSED` events or more. So nights, week-ends and breaks stay quiet. A source that is
    less than a week old is missed after a day.
    """
    silent = 0
    for (kind, source), found in sorted(times.items()):
        newest, oldest = max(found), min(found)
        age_ms = now_ms - newest
        usual = sum(newest < at + WEEK_MS <= now_ms for at in found)
        young = oldest + WEEK_MS > newest
        if age_ms < SILENT_MS or (age_ms < DAY_MS if young else usual < MISSED):
            continue
        silent += 1
        why = "known for less than a week" if young else f"a week ago {usual} in the same time"
        text = f"{source}: no {kind} for {in_words(age_ms)} ({why})"
        yield Finding("sources", "warn", text, "ask whoever runs it; boards show what there is")
    if not silent:
        yield Finding("sources", "ok", f"none of {len(times)} is silent")


def judge_reps(reps: set[str], plan: Plan) -> Iterator[Finding]:
    """Reps whose events name somebody the roster does not have."""
    known = set(plan.roster.reps())
    if not known:
        yield Finding("reps", "skipped", "the plan has no roster")
        return
    unknown = sorted(reps - known)
    if unknown:
        found = f"{len(unknown)} of {len(reps)} are not in the roster: {listed(unknown)}"
        do = "add them to the plan: until then they are on site `default`, in the team events name"
        yield Finding("reps", "warn", found, do)
    else:
        yield Finding("reps", "ok", f"all {len(reps)} are in the roster")


def unmapped_calls(rep_days: RepDays) -> Counter[str]:
    """Source to calls whose disposition the plan did not know when they were counted."""
    out: Counter[str] = Counter()
    for rep_day in rep_days.values():
        for key, contribution in rep_day.entities.items():
            if key[0] != DEAL and flags_of(contribution) & UNMAPPED:
                out[parse_entity_key(key)[1]] += 1
    return out


def judge_dispositions(
    unmapped: Counter[str], codes: Counter[str], plan: Plan
) -> Iterator[Finding]:
    """Calls by source with codes that mean nothing to us; `codes` names some of them."""
    if not plan.dispositions:
        yield Finding("dispositions", "skipped", "the plan maps none: every outcome is a contact")
    elif unmapped:
        by_source = listed(f"{source} {n:,}" for source, n in unmapped.most_common())
        found = f"{unmapped.total():,} calls with codes the plan does not map ({by_source})"
        if codes:
            found += f"; lately {listed(code for code, _ in codes.most_common())}"
        do = "add the codes to [dispositions]: until then these calls count as contacts"
        yield Finding("dispositions", "warn", found, do)
    else:
        yield Finding("dispositions", "ok", "every code is mapped")


def judge_ids(rep_days: RepDays) -> Iterator[Finding]:
    """Calls, surveys and visits with one id on two days or reps.

    Such an id counts on each. That is right where a source uses its ids again, and wrong when the
    day or the rep was corrected without a retraction. With the same instant under two reps there
    is no doubt.
    """
    twice = _ids_twice(rep_days)
    if not twice:
        yield Finding("ids", "ok", f"none was seen on two days or reps in {LOOK_BACK_DAYS} days")
        return
    moved = {key for key, seen in twice.items() if len({at for _, _, at in seen}) < len(seen)}
    by_source = Counter(parse_entity_key(key)[1] for key in twice)
    # Those without doubt first.
    order = sorted(twice, key=lambda key: (key not in moved, key))
    examples = listed((_places(key, twice[key]) for key in order), 3)
    sources = listed(f"{source} {n:,}" for source, n in by_source.most_common())
    found = f"{len(twice):,} are on two days or reps ({sources})"
    if moved:
        found += f", {len(moved):,} at the same instant, so surely counted twice"
    do = (
        "fine where a source uses ids again; a correction of rep or day must send a retract with "
        "the old rep_id and occurred_at"
    )
    yield Finding("ids", "warn", f"{found}: {examples}", do)


def _ids_twice(rep_days: RepDays) -> dict[bytes, list[tuple[str, int, int]]]:
    """Entity key to (rep, day, instant) of those that stand in more than one place."""
    seen: set[bytes] = set()
    twice: dict[bytes, list[tuple[str, int, int]]] = {}
    for rep_day in rep_days.values():
        for key, contribution in rep_day.entities.items():
            if key[0] != DEAL and not flags_of(contribution) & RETRACTED:
                if key in seen:
                    twice[key] = []
                seen.add(key)
    seen.clear()
    for (rep, day), rep_day in sorted(rep_days.items()):
        for key in twice.keys() & rep_day.entities.keys():
            contribution = rep_day.entities[key]
            if not flags_of(contribution) & RETRACTED:
                twice[key].append((rep, day, at_of(contribution)))
    return twice


def _places(key: bytes, seen: Sequence[tuple[str, int, int]]) -> str:
    kind, source, id_ = parse_entity_key(key)
    places = listed((f"{rep} on {date_of(day)}" for rep, day, _ in seen), 3)
    return f"{kind} {source} {id_} ({places})"
