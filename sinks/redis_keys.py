"""The names of the keys in Redis; `REDIS.md` says what they hold, for everybody who reads them.

The braces are part of the name: they put all keys into one slot of a Redis Cluster, so one script
may touch them together.
"""

from __future__ import annotations

from typing import Literal, get_args

from streams.core.snapshot import WindowName

LAYOUT = 1
"""Version of this layout; a writer refuses to mix its keys with those of another."""

TTL_S = 24 * 3600
"""Seconds that keys stay after the last write."""

CHANGES_KEPT = 10_000
"""About so many entries of the change stream; a reader further behind loads everything again."""

Kind = Literal["reps", "partials", "freshness", "status"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class RedisKeys:
    """The names of all keys under one prefix."""

    def __init__(self, prefix: str) -> None:
        self._base = f"{{{prefix}}}:"
        self.layout = self._base + "layout"
        self.ranks = self._base + "ranks"
        self.changes = self._base + "changes"
        self.changes_count = self._base + "changes:count"
        self.rank_base = self._base + "rank:"
        self.alerts = self._base + "alerts"

    def held(self, kind: Kind) -> str:
        """The hash with the snapshots of a kind."""
        return self._base + kind

    def versions(self, kind: Kind) -> str:
        """The hash with the versions of the snapshots of a kind."""
        return f"{self._base}{kind}:version"

    def rank(self, period: WindowName, kpi: str) -> str:
        """The sorted set of a leaderboard: `today` and `conversion`, `week` and `revenue:EUR`."""
        return f"{self.rank_base}{period}:{kpi}"

    def for_forgetting(self) -> list[str]:
        """The keys as `lua/forget.lua` expects them."""
        return [
            self.ranks,
            self.changes,
            self.changes_count,
            self.rank_base,
            self.held("reps"),
            self.versions("reps"),
        ]

    def for_dropping(self) -> list[str]:
        """The keys as `lua/drop_older.lua` and `lua/drop_left.lua` expect them."""
        return [self.held("partials"), self.versions("partials"), self.changes_count]

    def for_script(self) -> list[str]:
        """The keys as `lua/put.lua` expects them."""
        pairs = [key for kind in KINDS for key in (self.held(kind), self.versions(kind))]
        return [
            self.layout,
            self.ranks,
            self.changes,
            self.changes_count,
            self.rank_base,
            *pairs,
        ]
