"""The ledger once more, from its definitions and not from its code: slow, and plain to read.

It works on the events as they are sent, in exact fractions, and computes every state of a deal from
scratch out of the events up to there.
"""

from collections import Counter
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from streams.core.events import DealClosed

Key = tuple[str, str]
"""(rep, product)."""


class Told(NamedTuple):
    """An event as sent, with its times in ms and its origin record."""

    event: DealClosed
    occurred_ms: int
    closed_ms: int
    ts: int
    offset: int

    @property
    def revision(self) -> int:
        return self.occurred_ms if self.event.revision is None else self.event.revision

    @property
    def version(self) -> tuple[int, int, int]:
        return (self.revision, self.ts, self.offset)


def share_out(amount: int, weights: list[int]) -> list[int]:
    """Largest remainder, one unit at a time, ties to the lower index."""
    whole = sum(weights)
    if whole == 0:
        return [amount if i == 0 else 0 for i in range(len(weights))]
    exact = [Fraction(amount * weight, whole) for weight in weights]
    given = [floor(share) for share in exact]
    waiting = list(range(len(weights)))
    while sum(given) < amount:
        neediest = max(waiting, key=lambda i: (exact[i] - floor(exact[i]), -i))
        waiting.remove(neediest)
        given[neediest] += 1
    return given


def credited(told: Told) -> dict[str, int]:
    """Rep to basis points, in the order of the reps."""
    if not told.event.credits:
        return {told.event.rep_id: 10_000}
    points: Counter[str] = Counter()
    for credit in told.event.credits:
        points[credit.rep_id] += floor(credit.share * 10_000 + 0.5)
    return {rep: points[rep] for rep in sorted(points)}


def stated_team(told: Told, rep: str) -> str | None:
    """The team an event states for a rep it credits."""
    if not told.event.credits:
        return told.event.team_id
    teams = [credit.team_id for credit in told.event.credits if credit.rep_id == rep]
    return next((team for team in teams if team is not None), None)


def upserts(story: list[Told]) -> list[Told]:
    return [told for told in story if told.event.op == "upsert"]


def deal_of(story: list[Told]) -> Told | None:
    """The latest won or amended."""
    says = [told for told in upserts(story) if told.event.status in ("won", "amended")]
    return says[-1] if says else None


def reversal_of(story: list[Told]) -> int | str:
    """An amount, or "all"."""
    if not upserts(story):
        return 0
    *before, latest = upserts(story)
    stated = latest.event.reversed_minor
    match latest.event.status:
        case "cancelled":
            return "all"
        case "reinstated":
            return 0
        case "refunded":
            return "all" if stated is None else stated
        case "won":
            return 0 if stated is None else stated
        case "amended":
            return reversal_of(before) if stated is None else stated


def whole_and_back(story: list[Told]) -> tuple[dict[Key, int], dict[Key, int], dict[str, int]]:
    """(gross parts, reversed parts, reversed basis points per rep) after this story."""
    deal, reversal = deal_of(story), reversal_of(story)
    assert deal is not None
    lines = [(line.product_id, line.amount_minor) for line in deal.event.lines]
    lines = lines or [("unspecified", deal.event.amount_minor)]
    back = deal.event.amount_minor if reversal == "all" else int(reversal)
    backs = share_out(back, [amount for _, amount in lines])
    reps = credited(deal)
    gross_parts: Counter[Key] = Counter()
    back_parts: Counter[Key] = Counter()
    for (product, amount), line_back in zip(lines, backs, strict=True):
        for rep, part in zip(reps, share_out(amount, list(reps.values())), strict=True):
            gross_parts[rep, product] += part
        for rep, part in zip(reps, share_out(line_back, list(reps.values())), strict=True):
            back_parts[rep, product] += part
    out = reversal == "all" or 0 < back >= deal.event.amount_minor
    return gross_parts, back_parts, reps if out else dict.fromkeys(reps, 0)


def recount(told_events: list[Told], mode: str) -> dict[str, dict[str, Any]]:
    """Rep to the fields of its posting, entries and counts as plain tuples."""
    story = [
        next(told for told in told_events if told.version == version)
        for version in sorted({told.version for told in told_events})
    ]
    if not story:
        return {}
    last, deal = story[-1], deal_of(story)
    retracted = last.event.op == "retract"
    money: Counter[tuple[str, int, str, str]] = Counter()  # rep, instant, product, side
    count: Counter[tuple[str, int, str]] = Counter()  # rep, instant, side
    if deal is not None and not retracted:
        if mode == "restate":
            gross, back, count_back = whole_and_back(story)
            at = deal.closed_ms
            for (rep, product), part in gross.items():
                money[rep, at, product, "gross"] += part
                money[rep, at, product, "reversed"] += back[rep, product]
            for rep, points in credited(deal).items():
                count[rep, at, "gross"] += points
                count[rep, at, "reversed"] += count_back[rep]
        else:
            money, count = dated_changes(upserts(story), deal.event.currency)
    says = deal or last
    instants = sorted({at for told in story for at in (told.occurred_ms, told.closed_ms)})
    postings: dict[str, dict[str, Any]] = {}
    for rep in sorted({rep for told in story for rep in credited(told)}):
        teams = [stated_team(told, rep) for told in story if rep in credited(told)]
        spots = sorted({(at, product) for r, at, product, _ in money if r == rep})
        both = {
            (at, product): (money[rep, at, product, "gross"], money[rep, at, product, "reversed"])
            for at, product in spots
        }
        shares = credited(says)
        postings[rep] = {
            "version": (len(story), max(told.revision for told in story)),
            "currency": says.event.currency,
            "closed_at_ms": says.closed_ms,
            "entries": [(*spot, *sides) for spot, sides in both.items() if any(sides)],
            "counts": [
                (at, count[rep, at, "gross"], count[rep, at, "reversed"]) for at in instants
            ],
            "has_contact": deal is not None
            and not retracted
            and rep == min(r for r in shares if shares[r] == max(shares.values())),
            "is_new_customer": says.event.is_new_customer,
            "retracted_at_ms": last.closed_ms if retracted and rep in credited(last) else None,
            "team_id": next((team for team in reversed(teams) if team is not None), None),
            "customer_id": says.event.customer_id,
            "lead_id": says.event.lead_id,
            "call_id": says.event.call_id,
        }
    return postings


def dated_changes(
    story: list[Told], currency: str
) -> tuple[Counter[tuple[str, int, str, str]], Counter[tuple[str, int, str]]]:
    """Contra: start at the event that brought the currency of now, then every change of the net."""
    money: Counter[tuple[str, int, str, str]] = Counter()
    count: Counter[tuple[str, int, str]] = Counter()
    prefixes = [story[: length + 1] for length in range(len(story))]
    deals = [deal_of(prefix) for prefix in prefixes]
    start = len(story)
    while start > 0:
        deal = deals[start - 1]
        if deal is None or deal.event.currency != currency:
            break
        start -= 1
    first = deals[start]
    assert first is not None
    net, _, _ = whole_and_back([first._replace(event=_unreversed(first.event))])
    net_count = credited(first)
    for (rep, product), part in net.items():
        money[rep, first.closed_ms, product, "gross"] += part
    for rep, points in net_count.items():
        count[rep, first.closed_ms, "gross"] += points
    for prefix, deal in zip(prefixes[start:], deals[start:], strict=True):
        assert deal is not None
        at = prefix[-1].occurred_ms
        gross, back, count_back = whole_and_back(prefix)
        now = {key: gross[key] - back[key] for key in gross}
        now_count = {rep: points - count_back[rep] for rep, points in credited(deal).items()}
        for rep, product in {*net, *now}:
            change = now.get((rep, product), 0) - net.get((rep, product), 0)
            money[rep, at, product, "gross" if change > 0 else "reversed"] += abs(change)
        for rep in {*net_count, *now_count}:
            change = now_count.get(rep, 0) - net_count.get(rep, 0)
            count[rep, at, "gross" if change > 0 else "reversed"] += abs(change)
        net, net_count = now, now_count
    return money, count


def _unreversed(event: DealClosed) -> DealClosed:
    """The same deal, won with nothing reversed."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return DealClosed(**(fields | {"status": "won", "reversed_minor": 0}))
