"""The unit the lane moves: a run of records of one partition of one topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import faust
from faust.types import TP, EventT, Message

from streams.core.ports import LogRecord


class Slice:
    """Records of one partition, in offset order.

    `start` is where the slice before it ended and `end` the offset after its last record, so slices
    chain without a hole even where the log itself has one. `session` is the assignment it was read
    in, `delivery` counts how often queues were emptied before it; outside of both it means nothing.
    """

    __slots__ = (
        "delivery",
        "end",
        "generation",
        "partition",
        "records",
        "session",
        "start",
        "topic",
    )

    def __init__(
        self,
        tp: TP,
        start: int,
        records: Sequence[LogRecord],
        *,
        session: int,
        generation: int,
        delivery: int = 0,
    ) -> None:
        self.topic = tp.topic
        self.partition = tp.partition
        self.start = start
        self.end = records[-1].offset + 1
        self.session = session
        self.generation = generation
        self.delivery = delivery
        self.records = records

    @property
    def tp(self) -> TP:
        """Topic and partition as Faust names them."""
        return TP(self.topic, self.partition)

    def cut(self, most: int) -> Iterator[Slice]:
        """The same records in slices of at most `most`, chained like any others."""
        if len(self.records) <= most:
            yield self
            return
        start = self.start
        for at in range(0, len(self.records), most):
            piece = Slice(
                self.tp,
                start,
                self.records[at : at + most],
                session=self.session,
                generation=self.generation,
                delivery=self.delivery,
            )
            start = piece.end
            yield piece

    def __repr__(self) -> str:
        where = f"{self.topic}:{self.partition}"
        return f"<Slice {where} [{self.start}, {self.end}) of {len(self.records)} records>"


class SliceTopic(faust.Topic):
    """A topic whose messages hold slices; nothing is decoded on the way to the agent.

    It takes no part in Faust's acknowledgements: a slice is acknowledged when its agent has it,
    long before its state is in the changelog, and an offset committed then could be ahead of it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "acks": False})  # Faust clones by arguments

    def _compile_decode(self) -> None:
        create_event = self.app.create_event

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:
            return create_event(None, message.value, None, message)

        self.decode = decode  # type: ignore[method-assign] # Faust compiles it just so
