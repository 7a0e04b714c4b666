"""Quix Streams, in its own environment: a stateful step by rep, RocksDB and a changelog."""

from __future__ import annotations

from pathlib import Path

from quixstreams import Application, State

from tests.bench.peers.call import NONE, Counts, add, decode, delta
from tests.bench.peers.marks import Job, Marks, job


def make_app(job: Job, marks: Marks) -> Application:
    """At least once, a commit a second, everything else as Quix Streams has it."""
    app = Application(
        broker_address=job.brokers,
        consumer_group=f"quix-{job.mode}",
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=Path(job.folder) / "state",
        loglevel="WARNING",
    )
    topic = app.topic(job.topic, key_deserializer="str", value_deserializer="bytes")
    # State can be read by key only and while its key is processed: what was last put is kept here.
    put: dict[str, Counts] = {}

    def count(value: bytes, state: State) -> None:
        call = decode(value)
        counts = add(state.get("counts", NONE), delta(call))
        state.set("counts", counts)
        put[call.rep_id] = counts
        if marks.step():
            marks.counted(*map(sum, zip(*put.values(), strict=True)))

    app.dataframe(topic).update(count, stateful=True)
    return app


if __name__ == "__main__":
    own = job()
    make_app(own, Marks(own)).run()
