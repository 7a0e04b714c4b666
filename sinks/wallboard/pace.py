"""The usual pace of each source: how old its newest event gets before the next one comes.

A number is old when its source is later than usual, and what is usual differs: a dialer has an
event each second, a CRM that is read every five minutes has none for five minutes. So the age that
the newest event had reached is noted each time it is followed by another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from streams.core.board_health import Freshness

GRACE_MS = 10_000
"""A source is late when its newest event is older than its usual pace by more than this."""
KEPT = 64
"""Ages that are looked back on."""
ENOUGH = 8
"""Ages it takes to call something usual."""
OUTLIERS = 4
"""Of `KEPT` ages so many largest are left out: breaks are no pace."""
SPREAD = 2
"""Events come by chance: with twice what all but the outliers reach, one gap in 200 is late."""
CATCHING_UP_MS = 60_000
"""Events that are older when they come say nothing of the pace: they are history."""

_Key = tuple[str, str]


class Pace:
    """Learns the pace of (topic, source) from what is seen while live."""

    def __init__(self) -> None:
        self._newest: dict[_Key, int] = {}
        self._ages: dict[_Key, deque[int]] = {}

    def saw(self, now_ms: int, newest: Iterable[Freshness]) -> None:
        """Note the newest event of each source as of now."""
        for one in newest:
            key = one.topic, one.source
            before = self._newest.get(key)
            if before is not None and one.newest_ms <= before:
                continue
            if now_ms - one.newest_ms > CATCHING_UP_MS:
                self._newest.pop(key, None)
                continue
            self._newest[key] = one.newest_ms
            if before is not None:
                ages = self._ages.setdefault(key, deque(maxlen=KEPT))
                ages.append(max(0, now_ms - before))

    def usual_ms(self, topic: str, source: str) -> int | None:
        """The age a source's newest event may usually reach; None while too little was seen."""
        ages = self._ages.get((topic, source))
        if ages is None or len(ages) < ENOUGH:
            return None
        left_out = len(ages) * OUTLIERS // KEPT
        return SPREAD * sorted(ages)[-1 - left_out]
