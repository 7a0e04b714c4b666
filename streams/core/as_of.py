"""The state as it was at an instant: what happened at or after it is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.core.contribution import DEAL, at_of, cut_deal
from streams.core.rep_day import RepDay
from streams.core.segment import encode_segment, segment_key

_WRITER = bytes(8)


def segments_before(
    rep_days: Mapping[tuple[str, int], RepDay], before_ms: int
) -> Iterator[tuple[bytes, bytes]]:
    """Changelog records of everything that happened before an instant.

    By event time: a correction that came later is in, a call that ended later is not. A deal keeps
    what it put down before the instant; one that was cancelled since is shown as cancelled when
    reversals count on the day of the close.
    """
    for (rep_id, day), rep_day in sorted(rep_days.items()):
        held = {
            key: cut
            for key, contribution in rep_day.entities.items()
            if (cut := _cut(key, contribution, before_ms)) is not None
        }
        if held:
            yield segment_key(rep_id.encode(), day, _WRITER, 0), encode_segment(held, held)


def _cut(key: bytes, contribution: bytes, before_ms: int) -> bytes | None:
    if key[0] == DEAL:
        return cut_deal(contribution, before_ms)
    return contribution if at_of(contribution) < before_ms else None
