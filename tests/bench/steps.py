"""Where the microseconds of one event go, step by step: the table in streams/README.md.

The whole is a worker on real Kafka, as `pipeline` measures it. The steps of the core and the store
are run in this process on the same calls; fetching is "fetch + decode" with the lane's records,
less the decoding.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.core.codec import DECODERS
from streams.core.events import CALL_ENDED
from streams.core.intake import apply_slice
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.engine.state import EVENTS_A_COMMIT
from streams.engine.stores import RocksMemory, RocksSegments
from tests.bench.calls import calls
from tests.bench.days import DAY_MS, FIRST_MS, WRITER, Record
from tests.bench.pipeline import DAYS, run_pipeline
from tests.bench.report import Grid, grid_lines

README = Path(__file__).resolve().parents[2] / "streams" / "README.md"
BEGIN, END = "<!-- steps: written by `make bench` -->", "<!-- end of steps -->"
SLICE = 1_000
COLUMNS = ["step of one call", "us", "%", "what it is"]
STEPS = {
    "fetch": "aiokafka and the lane: bytes from the broker to records, in a thread of its own",
    "decode": "JSON to a call, every field checked by msgspec",
    "merge": "the rep, its local day, flags; contribution made and merged; sums",
    "settle": "day totals with distinct leads, once a commit",
    "encode": "segments and cached totals",
    "store": "RocksDB: one batch a commit",
    "the rest": "snapshots (at most a 50th), Kafka's acknowledgements, Faust, the event loop",
}


def measure_steps(events: int, reps: int) -> Grid:
    """The steps and the whole they are parts of, in microseconds of CPU an event."""
    whole = run_pipeline(events, reps)
    limit_us, whole_us = 1e6 / whole.as_the_lane, 1e6 / whole.rate
    spent = _in_this_process(events, reps)
    costs = {"fetch": limit_us - spent["decode"], **spent}
    costs["the rest"] = whole_us - sum(costs.values())
    rows = [
        [name, f"{costs[name]:.2f}", f"{100 * costs[name] / whole_us:.0f}", what]
        for name, what in STEPS.items()
    ]
    per_s = f"{whole.rate:,.0f} calls a CPU-second"
    rows.append(["all of it", f"{whole_us:.2f}", "100", per_s])
    title = f"steps: {events:,} calls of {reps:,} reps over {DAYS} days, one worker"
    return Grid(title, COLUMNS, rows, f"Fetch + decode alone: {whole.limit:,.0f} a CPU-second.")


def _in_this_process(events: int, reps: int) -> dict[str, float]:
    spent = dict.fromkeys(("decode", "merge", "settle", "encode", "store"), 0.0)

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        began_s = time.process_time()
        yield
        spent[step] += time.process_time() - began_s

    decode = DECODERS[CALL_ENDED].decode
    with tempfile.TemporaryDirectory() as folder:
        store = RocksSegments(Path(folder) / "store", RocksMemory(64 << 20))
        board = Scoreboard(0, 1, Plan.empty("UTC"), store)
        board.recovered()
        board.new_writer(WRITER)
        first_ms, end_ms = FIRST_MS, FIRST_MS + DAYS * DAY_MS
        pending: list[Record] = []
        for number, call in enumerate(calls(events, reps, first_ms, end_ms), 1):
            pending.append(Record(CALL_ENDED, number, end_ms, call.value))
            if number % SLICE and number < events:
                continue
            with timed("decode"):
                for record in pending:
                    decode(record.value)
            with timed("merge"):
                apply_slice(board, CALL_ENDED, pending, {})
            pending = []
            if number % EVENTS_A_COMMIT and number < events:
                continue
            with timed("settle"):
                board.settle()
            with timed("encode"):
                segments, totals = board.take()
            with timed("store"):
                store.write([*segments, *totals], number)
            board.evict()
        store.close()
    spent["merge"] -= spent["decode"]  # it decodes, too
    return {step: 1e6 * seconds / events for step, seconds in spent.items()}


def write_steps(grid: Grid) -> None:
    """Put the table where streams/README.md has it."""
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join([BEGIN, "", *grid_lines(grid), "", f"{grid.title}. {grid.notes}", "", END])
    README.write_text(f"{before}{table}{after}", encoding="utf-8")
