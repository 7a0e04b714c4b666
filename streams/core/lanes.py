"""Cells: every additive counter side by side in one Python int.

Adding, taking away and summing windows are single int operations. No lane is ever negative: gross
and reversed are lanes of their own, never a signed net. The order of the lanes is part of the
stored day totals; new ones go to the end.
"""

from __future__ import annotations

import struct

SUMS = (
    "talk_ms",
    "hold_ms",
    "wrap_ms",
    "csat_rating_e4",  # ratings rescaled to 1-5, in 1/10,000
    "deals_gross_bp",  # deals, in 1/10,000 of a deal
    "deals_reversed_bp",
    "new_gross_bp",  # deals of new customers, in 1/10,000 of a deal
    "new_reversed_bp",
)
"""Lanes of 64 bits."""

COUNTS = (
    "dials",
    "inbound",
    "answered",
    "human_answered",
    "human_answered_outbound",
    "human_unknown",  # answered, and nobody said by whom: counted as human
    "contacts",
    "contacts_outbound",
    "short_calls",
    "positive",
    "negative",
    "callbacks",
    "do_not_call",
    "unworkable",
    "abandoned",
    "dropped",
    "unmapped_dispositions",
    "surveys",
    "csat_responses",
    "csat_satisfied",
    "nps_promoters",
    "nps_passives",
    "nps_detractors",
    "retracted",
    "visits",
    "spare_25",  # BY_CUSTOMER; shown nowhere
    "spare_26",  # WITH_CUSTOMER
    "spare_27",  # WITH_CAMPAIGN
    "spare_28",
    "spare_29",
    "spare_30",
    "leads",  # distinct leads of a day: set when a day is settled, never by a flag
)
"""Lanes of 32 bits; lane i is also bit i of a contribution's flags."""

LANES = struct.Struct(f"<{len(SUMS)}Q{len(COUNTS)}I")
NAMES = SUMS + COUNTS
BIT = {name: 1 << i for i, name in enumerate(COUNTS)}
BY_CUSTOMER = BIT["spare_25"]
"""Flag of a contact without a lead: what stands in the lead's place is the customer's id."""
WITH_CUSTOMER, WITH_CAMPAIGN = BIT["spare_26"], BIT["spare_27"]
"""Flags of a contact: what stands behind its team, see `behind_team`."""
NOT_COUNTS = BY_CUSTOMER | WITH_CUSTOMER | WITH_CAMPAIGN
"""Flags that say how a contribution is read, and count nothing."""
SHIFT = {name: 64 * i for i, name in enumerate(SUMS)} | {
    name: 64 * len(SUMS) + 32 * i for i, name in enumerate(COUNTS)
}
"""How far left a lane's value stands in a cell."""


class _CellOfFlags(dict[int, int]):
    """Flags to the cell with those counts at one; filled on first use, a few hundred exist."""

    def __missing__(self, flags: int) -> int:
        cell = sum(1 << SHIFT[name] for name, bit in BIT.items() if flags & bit)
        self[flags] = cell
        return cell


CELL_OF_FLAGS = _CellOfFlags()


def unpack(cell: int) -> dict[str, int]:
    """Every lane of a cell by name."""
    return dict(zip(NAMES, LANES.unpack(cell.to_bytes(LANES.size, "little")), strict=True))
