"""The keys in Redis, for everybody who reads them.

With the prefix `floorcast` (the setting `redis_prefix`):

{floorcast}:layout              string   "<layout version> <epoch>"; the epoch is a random id that
                                         FLUSHALL takes with it, by which writers see the loss
{floorcast}:reps                hash     rep_id -> RepSnapshot, JSON
{floorcast}:partials            hash     <level>:<partition>:<id> -> Partial, JSON; level is team
                                         or site; the sum over the partitions is the team
{floorcast}:freshness           hash     <partition>:<topic>:<source> -> SourceFreshness, JSON
{floorcast}:status              hash     <partition> -> PartitionStatus, JSON
{floorcast}:<hash>:version      hash     the same fields -> "<a> <b>", the version that is held
{floorcast}:rank:today:<kpi>    zset     rep_id by conversion, contacts, deals (net), and
                                         revenue:<currency> (net, minor units); a rep without a
                                         value is not in it
{floorcast}:ranked              hash     rep_id -> the rank sets it is in, comma separated
{floorcast}:changes             stream   what changed, newest entries only: `n` counts the entries
                                         without a gap, `reps`, `partials`, `freshness` and `status`
                                         are JSON lists of hash fields
{floorcast}:changes:count       string   `n` of the newest entry

The braces are part of the name: they put all keys into one slot of a Redis Cluster, so one script
may touch them together. Every key goes away on its own when nobody has written for `TTL_S`.
"""

from __future__ import annotations

from typing import Literal, get_args

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
        self.ranked = self._base + "ranked"
        self.changes = self._base + "changes"
        self.changes_count = self._base + "changes:count"
        self.rank_base = self._base + "rank:today:"

    def held(self, kind: Kind) -> str:
        """The hash with the snapshots of a kind."""
        return self._base + kind

    def versions(self, kind: Kind) -> str:
        """The hash with the versions of the snapshots of a kind."""
        return f"{self._base}{kind}:version"

    def rank(self, name: str) -> str:
        """The sorted set of a leaderboard: `conversion`, `contacts`, `deals`, `revenue:EUR`, ..."""
        return self.rank_base + name

    def for_forgetting(self) -> list[str]:
        """The keys as `lua/forget.lua` expects them."""
        return [
            self.ranked,
            self.changes,
            self.changes_count,
            self.rank_base,
            self.held("reps"),
            self.versions("reps"),
        ]

    def for_script(self) -> list[str]:
        """The keys as `lua/put.lua` expects them."""
        pairs = [key for kind in KINDS for key in (self.held(kind), self.versions(kind))]
        return [
            self.layout,
            self.ranked,
            self.changes,
            self.changes_count,
            self.rank_base,
            *pairs,
        ]
