"""Does this worker still belong to the group? Asked for the sake of freshness only.

A worker that was paused or cut off for longer than the session timeout serves boards that nobody
feeds any more, so it ends itself. The numbers do not depend on it: what a former owner writes can
only add to the changelog, and its commits are refused.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiokafka.errors import NoError, RebalanceInProgressError
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest
from faust.transport.drivers import aiokafka as driver
from mode import Service

from streams.engine.lane.lane import Lane, lane_of

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_CONFIRMING = (HeartbeatRequest, JoinGroupRequest, SyncGroupRequest)
_STILL_A_MEMBER = (NoError.errno, RebalanceInProgressError.errno)


FETCH_WAIT_MS = 250
"""How long a fetch with nothing to return waits at the broker."""
WATCH_S = 0.3


def boot_time_s() -> float:
    """Seconds since boot, counting the time the machine was suspended."""
    return time.clock_gettime(_CLOCK)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, which notes when the coordinator last confirmed this member."""

    _confirmed_s = 0.0

    async def on_start(self) -> None:
        """Start the client and listen to what its coordinator is told."""
        await super().on_start()
        coordinator: Any = self._ensure_consumer()._coordinator
        send = coordinator._send_req

        async def send_and_note(request: Any) -> Any:
            # The time before the request: the answer may have waited in a buffer while this process
            # was stopped, and then it confirms the past.
            asked_s = boot_time_s()
            response = await send(request)
            if isinstance(request, _CONFIRMING) and response.error_code in _STILL_A_MEMBER:
                self._confirmed_s = max(self._confirmed_s, asked_s)
            return response

        coordinator._send_req = send_and_note

    async def on_thread_stop(self) -> None:
        """Stop the client; a fetch that was held up by a broker that is away is no obstacle."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            # Of that fetch: aiokafka cancels it, waits for it and passes its cancellation on, and
            # then neither the connections are closed nor this thread's end is told.
            await self._ensure_consumer()._client.close()

    def close(self) -> None:
        """A rebalance came while this worker stops: nothing to do, for the stop closes the client.

        Faust closes it here too, and on the application's event loop: sockets that this thread is
        reading from, which uvloop answers with a segmentation fault.
        """

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer: Any = super()._create_worker_consumer(transport)
        # A broker answers the requests of a connection one after the other. Faust lets an idle
        # fetch wait 1.5 s, and every seek, offset request and newly assigned partition behind it.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    def membership(self) -> tuple[int, float]:
        """Generation (-1: none) and seconds since the coordinator confirmed it."""
        coordinator = self._group()
        generation = -1 if coordinator is None else int(coordinator.generation)
        return generation, boot_time_s() - self._confirmed_s

    def _group(self) -> Any:
        """What speaks to the group's coordinator; None while the client is still starting."""
        return None if self._consumer is None else self._consumer._coordinator

    def group_error(self) -> BaseException | None:
        """What keeps this member out of the group for good; None while all is well.

        aiokafka keeps such an error (no permission, a session timeout the broker refuses) for
        whoever reads next. A consumer without partitions never reads, and would wait for ever.
        """
        coordinator = self._group()
        if coordinator is None:
            return None
        routine = coordinator._coordination_task
        error: BaseException | None = coordinator._pending_exception
        if error is None and routine.done() and not routine.cancelled():
            error = routine.exception()
        return error


class MembershipWatch(driver.Consumer):
    """Ends the process when the membership it works under cannot be true any more."""

    _thread: ConsumerThread

    @property
    def lane(self) -> Lane:
        """The lane of this consumer's app."""
        return lane_of(self.app)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def lane_is_member(self) -> bool:
        """Whether the group still counts this worker in, by all it was told so far.

        Generation 0 is a good one: some Kafka-compatible brokers begin there. The margin is for the
        way to the broker and back: the timeout runs from the broker's last sight of this member.
        """
        generation, unconfirmed_s = self._thread.membership()
        timeout_s = self.app.conf.broker_session_timeout
        current = generation >= 0 and generation == self.app.consumer_generation_id
        return current and unconfirmed_s < timeout_s - max(1.0, 0.2 * timeout_s)

    def lane_unconfirmed_s(self) -> float:
        """Seconds since Kafka last confirmed this worker, with partitions or without."""
        return self._thread.membership()[1]

    def lane_require_membership(self) -> None:
        """End the process when state is held for a membership that is over."""
        if self.lane.positions.applied and not self.lane_is_member():
            generation, unconfirmed_s = self._thread.membership()
            self.lane.host.die(
                f"the consumer group has gone on without this worker (generation {generation}, "
                f"unconfirmed for {unconfirmed_s:.1f} s): paused for too long, or cut off from "
                "Kafka; start it again"
            )

    @Service.task
    async def _watch_membership(self) -> None:
        while not self.should_stop:
            await self.sleep(WATCH_S)
            self._check_membership()

    def _check_membership(self) -> None:
        if self.should_stop:
            return
        error = self._thread.group_error()
        if error is not None:
            self.lane.host.die(f"the consumer group cannot be joined: {error!r}")
        if not self.app.rebalancing:
            self.lane_require_membership()
