"""Dealing out partitions, by the one worker that Kafka asks to."""

from __future__ import annotations

from typing import Any

from faust.assignor.partition_assignor import PartitionAssignor

from streams.engine.lane.lane import lane_of


class LaneAssignor(PartitionAssignor):
    """Faust's assignor, which deals out all topics or none.

    Faust passes over a topic it has no metadata of, and that is what a broker gives while it
    starts: every worker would then own nothing, and go on doing so until the next rebalance.
    """

    def _assign(self, cluster: Any, member_metadata: Any) -> Any:
        lane = lane_of(self.app)
        needed = lane.host.source_topics | self.app.tables.changelog_topics
        missing = sorted(name for name in needed if not cluster.partitions_for_topic(name))
        if missing:
            lane.host.die(
                f"Kafka does not know {', '.join(missing)}: either it is still starting, or "
                "`floorcast topics create` has to be run; start it again"
            )
        return super()._assign(cluster, member_metadata)
