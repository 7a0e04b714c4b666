"""Rep-days as rows: what `floorcast totals` prints and `floorcast audit` compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from streams.core.calendar import date_of
from streams.core.plan import Plan
from streams.core.rep_day import RepDay
from streams.core.tally import Tally, tally

UNASSIGNED = "unassigned"
"""The team of whoever neither the roster nor an event gives one."""


class TotalRow(Struct, frozen=True, kw_only=True):
    """One rep's local day; the order of the fields is the order of the columns.

    Durations are of human answered calls, ms. Numbers of deals and the sum of csat ratings (each
    1-5) are decimals with four places, as strings. Money is in minor units: `revenue_*` currency to
    amount, `products` product to currency to net amount, for what was ever moved that day. Net is
    gross less reversed.
    """

    rep_id: str
    team_id: str
    date: str
    dials: int
    answered: int
    human_answered: int
    human_answered_outbound: int
    contacts: int
    contacts_outbound: int
    short_calls: int
    talk_ms: int
    hold_ms: int
    wrap_ms: int
    deals_gross: str
    deals_reversed: str
    deals_net: str
    revenue_gross: dict[str, int]
    revenue_reversed: dict[str, int]
    revenue_net: dict[str, int]
    products: dict[str, dict[str, int]]
    new_customers: str
    surveys: int
    csat_responses: int
    csat_satisfied: int
    csat_rating_sum: str
    nps_promoters: int
    nps_passives: int
    nps_detractors: int
    retracted: int


COLUMNS = TotalRow.__struct_fields__
KEY_COLUMNS = ("rep_id", "team_id", "date")


def total_rows(
    rep_days: Mapping[tuple[str, int], RepDay], plan: Plan, first_day: int
) -> Iterator[TotalRow]:
    """Rows of the rep-days from `first_day` on that hold anything, by date, then rep.

    `rep_days` is by (rep, local day). A rep-day whose every column is zero (nothing but abandoned
    inbound calls or visits, say) has no row.
    """
    for rep_id, day in sorted(rep_days, key=_by_day):
        if day < first_day:
            continue
        row = total_row(rep_id, day, rep_days[rep_id, day], plan)
        if _holds_anything(row):
            yield row


def four_places(parts: int) -> str:
    """Whole 1/10,000 as a decimal number, exactly."""
    whole, rest = divmod(abs(parts), 10_000)
    return f"{'-' if parts < 0 else ''}{whole}.{rest:04d}"


def total_row(rep_id: str, day: int, rep_day: RepDay, plan: Plan) -> TotalRow:
    """The row of a rep's local day, also when it holds nothing."""
    team = plan.roster.team_on(rep_id, day)
    sums = tally(rep_day.total())
    gross, back = _revenue(sums, 0), _revenue(sums, 1)
    products: dict[str, dict[str, int]] = {}
    for currency, by_product in sums.money.items():
        for product, (up, down) in by_product.items():
            products.setdefault(product, {})[currency] = up - down
    return TotalRow(
        rep_id=rep_id,
        team_id=(None if team is None else team.id) or rep_day.team() or UNASSIGNED,
        date=date_of(day).isoformat(),
        dials=sums.dials,
        answered=sums.answered,
        human_answered=sums.human_answered,
        human_answered_outbound=sums.human_answered_outbound,
        contacts=sums.contacts,
        contacts_outbound=sums.contacts_outbound,
        short_calls=sums.short_calls,
        talk_ms=sums.talk_ms,
        hold_ms=sums.hold_ms,
        wrap_ms=sums.wrap_ms,
        deals_gross=four_places(sums.deals_gross_bp),
        deals_reversed=four_places(sums.deals_reversed_bp),
        deals_net=four_places(sums.deals_net_bp),
        revenue_gross=gross,
        revenue_reversed=back,
        revenue_net={currency: gross[currency] - back[currency] for currency in gross},
        products=dict(sorted(products.items())),
        new_customers=four_places(sums.new_net_bp),
        surveys=sums.surveys,
        csat_responses=sums.csat_responses,
        csat_satisfied=sums.csat_satisfied,
        csat_rating_sum=four_places(sums.csat_rating_e4),
        nps_promoters=sums.nps_promoters,
        nps_passives=sums.nps_passives,
        nps_detractors=sums.nps_detractors,
        retracted=sums.retracted,
    )


def _revenue(sums: Tally, side: int) -> dict[str, int]:
    return {
        currency: sum(both[side] for both in products.values())
        for currency, products in sums.money.items()
    }


def _holds_anything(row: TotalRow) -> bool:
    return any(
        getattr(row, column) not in (0, "0.0000", {})
        for column in COLUMNS
        if column not in KEY_COLUMNS
    )


def _by_day(item: tuple[str, int]) -> tuple[int, str]:
    rep_id, day = item
    return day, rep_id
