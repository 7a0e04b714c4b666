"""Which snapshots a board is made of: filters on site, shift, rep and product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Tally


class Filter(NamedTuple):
    """What a board is narrowed to; None: not narrowed.

    `site` and `shift` (the name of the one that runs now) leave reps out, of rows and sums alike.
    `product` leaves reps and counts alone and narrows money to that product.
    """

    site: str | None = None
    shift: str | None = None
    product: str | None = None


def narrow(snapshots: Iterable[RepSnapshot], by: Filter, window: WindowName) -> list[RepSnapshot]:
    """The snapshots that pass, their money in `window` narrowed to the product."""
    found = [
        one
        for one in snapshots
        if (by.site is None or one.site == by.site) and (by.shift is None or one.shift == by.shift)
    ]
    if by.product is None:
        return found
    return [_of_product(one, by.product, window) for one in found]


def _of_product(one: RepSnapshot, product: str, window: WindowName) -> RepSnapshot:
    windows = {window: _money(one.windows[window], product)} if window in one.windows else {}
    by_team = {
        team: {window: _money(parts[window], product)}
        for team, parts in one.by_team.items()
        if window in parts
    }
    return structs.replace(one, windows=windows, by_team=by_team)


def _money(tally: Tally, product: str) -> Tally:
    money = {
        currency: {product: products[product]}
        for currency, products in tally.money.items()
        if product in products
    }
    return structs.replace(tally, money=money)
