"""Stock Faust, one message at a time: `python -m tests.bench.peers.faust_app JOB...`.

Modes: `none` counts in a dict; `memory` and `rocksdb` in a table with a changelog; `hopping` in a
table of five-minute windows that start every minute, so that each call is in five of them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faust

from tests.bench.floor import PARTITIONS
from tests.bench.peers.call import NONE, Counts, add, decode, delta
from tests.bench.peers.marks import Job, Marks, job

SIZE_S, STEP_S = 300, 60
STORES = {"none": "memory://", "memory": "memory://", "hopping": "memory://"}


def make_app(job: Job, marks: Marks) -> faust.App:
    """An application with one agent; settings as Faust has them, except for a commit a second."""
    app = faust.App(
        f"faust-{job.mode}",
        broker=f"kafka://{job.brokers}",
        store=STORES.get(job.mode, "rocksdb://"),
        datadir=str(Path(job.folder) / "data"),
        topic_partitions=PARTITIONS,
        broker_commit_interval=1.0,
        web_enabled=False,
    )
    raw: Any = {"key_serializer": "raw", "value_serializer": "raw"}
    topic = app.topic(job.topic, key_type=bytes, value_type=bytes, **raw)
    table: Any = _table(app, job.mode)

    def count(value: bytes) -> bool:
        call = decode(value)
        if job.mode == "hopping":
            table[call.rep_id].apply(add, delta(call))
        else:
            table[call.rep_id] = add(table.get(call.rep_id, NONE), delta(call))
        return marks.step()

    @app.agent(topic)
    async def calls(stream: Any) -> None:
        async for value in stream:
            try:
                last = count(value)
            except Exception as problem:
                # Faust would start the agent again, for ever.
                os.write(2, f"{problem!r}\n".encode())
                os._exit(1)
            if last:
                held = table.table if job.mode == "hopping" else table
                marks.counted(*_total(held.values()))
                # Later events of the topic are no part of the job.
                await asyncio.Event().wait()

    return app


def _table(app: faust.App, mode: str) -> Any:
    if mode == "none":
        return {}
    table = app.Table("calls", default=lambda: NONE, partitions=PARTITIONS)
    return table.hopping(SIZE_S, STEP_S, expires=3_600) if mode == "hopping" else table


def _total(held: Iterable[Counts]) -> Counts:
    total = NONE
    for counts in held:
        total = add(total, counts)
    return total


if __name__ == "__main__":
    own = job()
    sys.argv = [sys.argv[0], "worker", "-l", "warn", "--without-web"]
    make_app(own, Marks(own)).main()
