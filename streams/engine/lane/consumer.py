"""The lane's consumer, put together, with what the application may ask of it."""

from __future__ import annotations

from typing import Any

from faust.types import TP

from streams.engine.lane.drain import Drain
from streams.engine.lane.settings import require_settings


class Consumer(Drain):
    """Faust's aiokafka consumer with the lane's drain, commit, rebalance and membership watch."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        require_settings(self.app.conf)
        self.lane.attach(self)

    def lane_pause(self, tp: TP) -> None:
        """Read this partition no further; all others go on.

        What it has in flight is void and comes again after `lane_resume`. Ends with the assignment:
        a host that wants it held calls again in `assigned`.
        """
        self.lane.positions.hold(tp)
        self._get_active_partitions()

    def lane_resume(self, tp: TP) -> None:
        """Read a paused partition again, from the last offset applied."""
        self.lane.positions.release(tp)
        if tp in self.lane.positions.applied:
            self._get_active_partitions().add(tp)
            # What lay in flight at the pause is fetched already: without a seek the fetcher would
            # wait at the end of the log for a record that tells where it should be.
            self.add_future(self.read_again(tp))

    async def on_stop(self) -> None:
        """Commit what was applied, then close the local stores: the commit still writes to them."""
        await super().on_stop()
        # Nobody may ask a closed store what it holds.
        owned = {partition for store in self.lane.stores() for partition in store.partitions}
        self.lane.host.revoked(frozenset(owned))
        for store in self.lane.stores():
            await store.own(frozenset())
