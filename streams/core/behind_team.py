"""What a contact's contribution holds behind its team, in the team's place.

    team | campaign, its length u8 | mark of the customer u32

Each of the last two is there when its flag says so. Only contacts have them, for only contacts are
asked where their lead came from and whose they are.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from streams.core.lanes import WITH_CAMPAIGN, WITH_CUSTOMER

MOST_CAMPAIGN_BYTES = 64
"""A longer name of a campaign is not kept: the contact counts as one without."""
MARK_BYTES = 4


class BehindTeam(NamedTuple):
    """The team's place taken apart; empty, and None, for what is not there."""

    team: bytes
    campaign: bytes
    customer: int | None


def customer_mark(customer_id: str) -> int:
    """Four bytes for a customer: of two customers about one pair in four billion has the same."""
    return crc32(customer_id.encode())


def read_behind_team(place: bytes, flags: int) -> BehindTeam:
    """What stands in the team's place of a call's, survey's or visit's contribution."""
    customer, campaign = None, b""
    if flags & WITH_CUSTOMER:
        customer = int.from_bytes(place[-MARK_BYTES:], "big")
        place = place[:-MARK_BYTES]
    if flags & WITH_CAMPAIGN:
        at = len(place) - 1 - place[-1]
        campaign, place = place[at:-1], place[:at]
    return BehindTeam(place, campaign, customer)
