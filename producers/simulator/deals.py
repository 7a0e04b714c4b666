"""A deal's whole life as the CRM reports it: won, and what may follow for days."""

from __future__ import annotations

from typing import Any

from producers.simulator.arrivals import Report
from producers.simulator.calls import Call
from producers.simulator.draws import Draws, Odds
from producers.simulator.profile import Rep
from producers.simulator.stamps import local
from streams.core.events import DEAL_CLOSED

SOURCE = "crm"
_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_SPLIT = 0.12
_REVERSED = 0.11
_REVERSED_MOST = 0.6

_PRODUCTS = (
    ("fibre-250", 4_990),
    ("fibre-1000", 8_990),
    ("mobile-m", 1_990),
    ("mobile-family", 5_990),
    ("tv-plus", 1_299),
    ("device-cover", 799),
)
"""Product and its price in minor units, at a site whose `price_scale` is 100."""

_SHARES = ((0.5, 0.5), (0.6, 0.4), (0.7, 0.3), (0.3334, 0.3333, 0.3333))
_SECOND_LIFE = Odds({"cancelled": 65, "partly": 20, "refunded": 15})


def deal_of(
    draws: Draws, call: Call, rep: Rep, mates: tuple[Rep, ...], hurry: float
) -> list[Report]:
    """Every event of the deal that a sold call leads to, in the order they happen."""
    at_ms = call.report.event_ms + 1_000 + int(_until_close(draws, hurry))
    deal = _Deal(f"d-{call.call_id}", rep, at_ms, call, draws.chance(0.4))
    deal.lines = _lines(draws, rep.team.site.price_scale)
    if draws.chance(0.15):
        deal.amount, deal.lines = _total(deal.lines), []
    if len(mates) > 1 and draws.chance(_SPLIT):
        deal.credits = _credits(draws, rep, mates)
    deal.report("won", at_ms)

    def later() -> int:
        return 1_000 + int(draws.spread(5 * _HOUR_MS / hurry, 1.2))

    if draws.chance(0.08):
        at_ms += later()
        if deal.lines:
            deal.lines = _lines(draws, rep.team.site.price_scale)
        deal.report("amended", at_ms)
    if draws.chance(0.03):
        at_ms += later()
        deal.rep, deal.credits = draws.pick(mates), []
        deal.report("amended", at_ms)
    if draws.chance(min(_REVERSED * hurry, _REVERSED_MOST)):
        at_ms += later()
        kind = draws.of(_SECOND_LIFE)
        if kind == "partly":
            part = int(deal.total() * draws.between(0.1, 0.9))
            deal.report("refunded", at_ms, reversed_minor=part)
        else:
            deal.report(kind, at_ms)
        if draws.chance(0.25):
            at_ms += later()
            deal.report("reinstated", at_ms)
    if draws.chance(0.015):
        deal.retract_last(at_ms + later())
    return deal.reports


class _Deal:
    """The deal as the CRM has it now, and the reports made of it so far."""

    def __init__(self, deal_id: str, rep: Rep, closed_ms: int, call: Call, is_new: bool) -> None:
        self.id, self.rep, self.call = deal_id, rep, call
        self.zone, self.currency = rep.team.site.zone, rep.team.site.currency
        self.closed_at = local(closed_ms, self.zone)
        self.is_new = is_new
        self.amount = 0
        self.lines: list[dict[str, Any]] = []
        self.credits: list[dict[str, Any]] = []
        self.reports: list[Report] = []

    def total(self) -> int:
        """The value now, minor units."""
        return _total(self.lines) if self.lines else self.amount

    def report(self, status: str, at_ms: int, **more: Any) -> None:
        """The deal as a whole, with this status since `at_ms`."""
        value: dict[str, Any] = {
            "event_id": f"{self.id}.{len(self.reports)}",
            "source": SOURCE,
            "occurred_at": local(at_ms, self.zone),
            "rep_id": self.rep.id,
            "team_id": self.rep.team.id,
            "deal_id": self.id,
            "status": status,
            "closed_at": self.closed_at,
            "currency": self.currency,
            "amount_minor": self.total(),
            **more,
            "customer_id": self.call.customer_id,
            "lead_id": self.call.lead_id,
            "call_id": self.call.call_id,
        }
        if self.is_new:
            value["is_new_customer"] = True
        if self.lines:
            value["lines"] = self.lines
        if self.credits:
            value["credits"] = self.credits
        self.reports.append(Report(at_ms, SOURCE, DEAL_CLOSED, self.id, value))

    def retract_last(self, at_ms: int) -> None:
        """The deal never was: the last event again, taken back by a higher revision."""
        last = self.reports[-1]
        value = last.value | {
            "event_id": f"{self.id}.{len(self.reports)}",
            "op": "retract",
            # Without one, the revision is occurred_at in ms, which a retraction repeats.
            "revision": last.event_ms + 1,
        }
        self.reports.append(last._replace(event_ms=at_ms, value=value))


def _until_close(draws: Draws, hurry: float) -> float:
    if draws.chance(0.7):
        return draws.wait(4 * _MINUTE_MS / hurry)
    return draws.spread(5 * _HOUR_MS / hurry, 1.0)


def _lines(draws: Draws, price_scale: int) -> list[dict[str, Any]]:
    lines = []
    for _ in range(1 + draws.below(3)):
        product, price = draws.pick(_PRODUCTS)
        quantity = 1 if draws.chance(0.8) else 2 + draws.below(3)
        amount = price * price_scale // 100 * quantity
        lines.append({"product_id": product, "quantity": quantity, "amount_minor": amount})
    return lines


def _total(lines: list[dict[str, Any]]) -> int:
    return sum(line["amount_minor"] for line in lines)


def _credits(draws: Draws, rep: Rep, mates: tuple[Rep, ...]) -> list[dict[str, Any]]:
    shares = draws.pick(_SHARES)
    if len(mates) < len(shares):
        return []
    first = draws.below(len(mates))
    others = [mates[(first + n) % len(mates)] for n in range(len(mates))]
    chosen = [rep, *(mate for mate in others if mate.id != rep.id)][: len(shares)]
    return [{"rep_id": one.id, "share": share} for one, share in zip(chosen, shares, strict=True)]
