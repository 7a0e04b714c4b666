"""What a raw log comes to, by brute force: the latest of each entity, each deal's whole story."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import json

from streams.core.codec import to_ms
from streams.core.events import DEAL_CLOSED, DealClosed
from streams.core.lanes import SHIFT
from streams.core.tally import Total
from tests.builders import DAY_MS, Record
from tests.property import slow_ledger, slow_scoreboard

Cells = dict[tuple[str, int], Total]
"""(rep, local day) to what they add up to; days that hold nothing but zeros included."""

ZONE = "UTC"


def recount(log: Iterable[Record], mode: Literal["restate", "contra"]) -> Cells:
    """Count good records of the input topics; every rep lives in UTC and in no roster."""
    records = list(log)
    cells = slow_scoreboard.recount([r for r in records if r.topic != DEAL_CLOSED], ZONE)
    deals: dict[tuple[str, str], list[slow_ledger.Told]] = {}
    for record in records:
        if record.topic == DEAL_CLOSED:
            event = json.decode(record.value or b"", type=DealClosed)
            at = to_ms(event.occurred_at), to_ms(event.closed_at)
            told = slow_ledger.Told(event, *at, record.timestamp, record.offset)
            deals.setdefault((event.source, event.deal_id), []).append(told)
    for story in deals.values():
        for rep, posting in slow_ledger.recount(story, mode).items():
            new = posting["is_new_customer"]
            for at_ms, gross, back in posting["counts"]:
                cell = cells.setdefault((rep, at_ms // DAY_MS), Total())
                cell.cell += (gross << SHIFT["deals_gross_bp"]) + (
                    back << SHIFT["deals_reversed_bp"]
                )
                if new:
                    cell.cell += gross << SHIFT["new_gross_bp"]
                    cell.cell += back << SHIFT["new_reversed_bp"]
            for at_ms, product, gross, back in posting["entries"]:
                cell = cells.setdefault((rep, at_ms // DAY_MS), Total())
                key = (posting["currency"], product)
                have = cell.money.get(key, (0, 0))
                cell.money = cell.money | {key: (have[0] + gross, have[1] + back)}
            if posting["retracted_at_ms"] is not None:
                day = posting["retracted_at_ms"] // DAY_MS
                cells.setdefault((rep, day), Total()).cell += 1 << SHIFT["retracted"]
    return cells
