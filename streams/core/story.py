"""One rep's board: today against own working days before it, trend and product mix."""

from __future__ import annotations

from msgspec import Struct

from streams.core.board_row import Figure, Figures, figures
from streams.core.kpi_formulas import WHOLE, ratio, whole
from streams.core.snapshot import RepSnapshot, WindowName


class Day(Struct, frozen=True, omit_defaults=True):
    """A working day before today: contacts, net deals and their ratio."""

    date: str
    contacts: int
    deals_net: float
    conversion: Figure


class Product(Struct, frozen=True):
    """What a product brought in a window and currency, minor units; `share` of that currency's net.

    `share` is None where the net of all products is not above 0.
    """

    currency: str
    product: str
    net: int
    share: float | None


class Story(Struct, frozen=True, omit_defaults=True):
    """What a rep's page shows besides the row; `usual` sums up `days`, of which it needs one.

    `per_day` is the mean of the counts over `days`, by KPI, for what is no rate.
    """

    zone: str
    date: str
    days: list[Day]
    products: list[Product]
    usual: Figures = {}
    per_day: dict[str, float] = {}
    money_per_day: dict[str, float] = {}
    newest_ms: dict[str, int] = {}
    loading: bool = False


_PER_DAY = ("contacts", "deals_net", "dials", "human_answered", "surveys")


def story_of(one: RepSnapshot, window: WindowName) -> Story:
    """The story of a rep's snapshot; products are those of `window`."""
    days: list[Day] = []
    usual: Figures = {}
    per_day: dict[str, float] = {}
    money_per_day: dict[str, float] = {}
    if one.usual is not None:
        for day in one.usual.days:
            rate = ratio(day.deals_bp, WHOLE * day.contacts)
            shown = Figure(rate.value, whole(day.deals_bp), day.contacts)
            days.append(Day(day.date, day.contacts, whole(day.deals_bp), shown))
        usual, _ = figures(one.usual.tally, "today")
        count = len(days)
        values = {name: usual[name].value for name in _PER_DAY}
        per_day = {name: value / count for name, value in values.items() if value is not None}
        tally = one.usual.tally
        money_per_day = {each: tally.revenue(each)[2] / count for each in sorted(tally.money)}
    return Story(
        zone=one.zone,
        date=one.date,
        days=days,
        products=_products(one, window),
        usual=usual,
        per_day=per_day,
        money_per_day=money_per_day,
        newest_ms=one.newest_ms,
        loading=one.loading,
    )


def _products(one: RepSnapshot, window: WindowName) -> list[Product]:
    """Those of which anything is left, the largest first within each currency."""
    found = []
    tally = one.windows.get(window)
    for currency, products in sorted(tally.money.items() if tally is not None else ()):
        nets = {product: gross - back for product, (gross, back) in products.items()}
        total = sum(nets.values())
        for product, net in sorted(nets.items(), key=lambda item: (-item[1], item[0])):
            if net:
                share = net / total if total > 0 else None
                found.append(Product(currency, product, net, share))
    return found
