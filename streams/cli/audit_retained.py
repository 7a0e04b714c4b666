"""What can no longer be recounted, because retention has removed raw events that it came from.

Removed are the oldest events of a partition, so whatever rests on later ones only is recounted as
ever. Calls, surveys and visits rest on the version that holds, and a contribution says when Kafka
had that. A deal rests on all its events; none of them came before the earliest instant that the
deal names, but for clocks that are a little ahead.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.cli.kafka_read import Positions, ends, read_topics
from streams.core.calendar import date_of
from streams.core.changelog import ChangelogReader
from streams.core.codec import FUTURE_MS
from streams.core.contribution import DEAL, KINDS, deal_instants, origin_of, parse_entity_key
from streams.recount.recount import LeftOut
from streams.settings import Settings


def removed_before_ms(settings: Settings, lost: Positions, now_ms: int) -> int:
    """When Kafka had the last of the removed events, at the latest; UTC ms.

    `lost` gives the first offset that is retained, of each partition where events were removed.
    Where nothing is left at all, that may have been just now. Log times are those of the broker, as
    `topics create` sets it: they never go back within a partition.
    """
    latest = 0
    for (topic, partition), offset in lost.items():
        at = (topic, partition)
        until = {at: ends(settings, [topic])[at]}
        first = next(read_topics(settings, [topic], since={at: offset}, until=until), None)
        latest = max(latest, now_ms if first is None else first.timestamp)
    return latest


def not_retained(state: ChangelogReader, removed_ms: int) -> Iterator[LeftOut]:
    """The entities of a state that rest on events Kafka had at `removed_ms` or before, perhaps."""
    deals: set[tuple[str, str]] = set()
    for (rep, day), rep_day in state.rep_days.items():
        for key, contribution in rep_day.entities.items():
            if key[0] == DEAL:
                if min(deal_instants(contribution), default=0) <= removed_ms + FUTURE_MS:
                    deals.add(parse_entity_key(key)[1:])
            elif origin_of(key, contribution)[0] <= removed_ms:
                kind, source, id_ = parse_entity_key(key)
                yield LeftOut(kind, rep, date_of(day).isoformat(), source, id_)
    for source, id_ in deals:
        yield LeftOut(KINDS[DEAL], None, None, source, id_)
