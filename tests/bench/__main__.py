"""`python -m tests.bench`: prints what speed and memory this machine measures; asserts nothing."""

from __future__ import annotations

from collections.abc import Callable

import click
from rich.console import Console

from tests.bench.cold import measure_cold
from tests.bench.ledger import measure_ledger
from tests.bench.live import measure_live
from tests.bench.memory import measure_memory
from tests.bench.pipeline import measure_pipeline
from tests.bench.read_side import measure_read_side
from tests.bench.recovery import measure_recovery
from tests.bench.report import Report, show

BENCHMARKS: dict[str, Callable[[int, int], Report]] = {
    "pipeline": measure_pipeline,
    "live": lambda _, reps: measure_live(reps),
    "cold": lambda _, reps: measure_cold(reps),
    "ledger": lambda events, _: measure_ledger(events),
    "memory": lambda *_: measure_memory(),
    "recovery": lambda *_: measure_recovery(),
    "read-side": lambda *_: measure_read_side(),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option(
    "--events",
    default=1_000_000,
    show_default=True,
    help="Events of `pipeline`, deals of `ledger`.",
)
@click.option("--reps", default=1_000, show_default=True, help="Reps of `pipeline` and `live`.")
def main(names: tuple[str, ...], events: int, reps: int) -> None:
    """Run the named benchmarks, or all of them.

    Ratios hold on any machine; the figures beside them are of this one, now.
    """
    console = Console(width=100)
    for name in names or BENCHMARKS:
        show(BENCHMARKS[name](events, reps), console)


if __name__ == "__main__":
    main()
