"""Stock Faust, one message at a time: `python -m tests.bench.peers.faust_app JOB...`.

Modes: `none` counts in a dict; `memory` and `rocksdb` in a table with a changelog; `hopping` in a
table of five-minute windows that start every minute, so that each call is in five of them.
"""

from __future__ import annotations

import asyncio
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
    topic = app.topic(job.topic, key_type=bytes, value_type=bytes)
    table: Any = _table(app, job.mode)

    @app.agent(topic)
    async def count(stream: Any) -> None:
        async for value in stream:
            call = decode(value)
            if job.mode == "hopping":
                table[call.rep_id].apply(add, delta(call))
            else:
                table[call.rep_id] = add(table.get(call.rep_id, NONE), delta(call))
            if marks.step():
                marks.counted(*_total(table.table.values() if job.mode == "hopping" else table.values()))
                # Later events of the topic are no part of the job.
                await asyncio.Event().wait()

    return app


def _table(app: faust.App, mode: str) -> Any:
    if mode == "none":
        return {}
    table = app.Table("calls", default=lambda: NONE, key_type=str, value_type=tuple, partitions=PARTITIONS)
    return table.hopping(SIZE_S, STEP_S, expires=3_600) if mode == "hopping" else table


def _total(values: Iterable[Counts]) -> Counts:
    total = NONE
    for counts in values:
        total = add(total, tuple(counts))
    return total


if __name__ == "__main__":
    own = job()
    sys.argv = [sys.argv[0], "worker", "-l", "warn", "--without-web"]
    make_app(own, Marks(own)).main()
