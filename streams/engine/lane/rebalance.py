"""Giving partitions up, and being given partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Set

from faust.types import TP

from streams.engine.lane.commit import Commit
from streams.engine.lane.membership import boot_time_s


class Rebalance(Commit):
    """Commits before partitions are given up, and begins anew with those that come."""

    async def on_partitions_revoked(self, revoked: Set[TP]) -> None:
        """Write and commit all that was applied, then let go; ends the process when it cannot.

        Bounded by 0.8 of the rebalance timeout: after all of it the group would go on alone, and
        the commit would be refused anyway.
        """
        lane, began_s = self.lane, boot_time_s()
        lane.positions.void()  # from this step on no slice is applied
        self.app.flow_control.suspend()
        self.stop_flow()
        self.lane_require_membership()
        patience_s = 0.8 * self.app.conf.broker_rebalance_timeout
        try:
            await asyncio.wait_for(self.commit_all(), patience_s)
        except Exception as error:  # given up unwritten, its events would be counted by both owners
            lane.host.die(f"partitions could not be given up within {patience_s:.1f} s: {error!r}")
        lane.positions.close()
        lane.host.revoked(self._lane_partitions(revoked))
        lane.longest_revoke_s = max(lane.longest_revoke_s, boot_time_s() - began_s)
        await super().on_partitions_revoked(set(revoked))

    async def on_partitions_assigned(self, assigned: Set[TP], generation_id: int = 0) -> None:
        """Open the stores, tell the host, and only then let Faust recover and read."""
        lane = self.lane
        # A seek that began before the rebalance may have opened positions after they were closed.
        lane.positions.close()
        lane.first_ends.clear()
        lane.ends.clear()
        self._require_co_partitioning(assigned)
        partitions = self._lane_partitions(assigned)
        try:
            for store in lane.stores():
                await store.own(partitions)
            lane.host.assigned(partitions, generation_id)
        except Exception as error:  # without its stores a partition cannot be owned
            lane.host.die(f"partitions could not be taken over: {error}")
        await super().on_partitions_assigned(set(assigned), generation_id)

    def lane_tp(self, tp: TP) -> bool:
        """Whether a partition is an input of the lane."""
        return tp.topic in self.lane.host.source_topics

    def _lane_partitions(self, tps: Set[TP]) -> frozenset[int]:
        return frozenset(tp.partition for tp in tps if self.lane_tp(tp))

    def _require_co_partitioning(self, assigned: Set[TP]) -> None:
        """End the process unless all inputs and changelogs come with the same partitions.

        A partition is one unit: its state is fed by the same partition of every input and lies in
        the same partition of every changelog. Were it split over two workers, each would hold half
        of the numbers and both would look right.
        """
        dealt: dict[str, set[int]] = {
            topic: set()
            for topic in self.lane.host.source_topics | self.app.tables.changelog_topics
        }
        for tp in assigned:
            dealt.setdefault(tp.topic, set()).add(tp.partition)
        if len({frozenset(partitions) for partitions in dealt.values()}) > 1:
            shown = ", ".join(f"{topic} {sorted(dealt[topic])}" for topic in sorted(dealt))
            self.lane.host.die(
                "inputs and changelogs must all exist with the same number of partitions, and all "
                f"workers must read the same topics; check the topics. Dealt: {shown}"
            )
