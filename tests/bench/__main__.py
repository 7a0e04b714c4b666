"""`python -m tests.bench`: prints what speed and memory this machine measures; asserts nothing."""

from __future__ import annotations

from collections.abc import Callable

import click
from rich.console import Console

from tests.bench.alerts import measure_alerts
from tests.bench.alerts_activity import measure_alerts_activity
from tests.bench.alerts_sensitivity import measure_alerts_sensitivity
from tests.bench.alerts_team import measure_alerts_team
from tests.bench.alerts_uci import measure_alerts_uci
from tests.bench.cold import measure_cold
from tests.bench.idle import measure_days, measure_idle
from tests.bench.ledger import measure_ledger
from tests.bench.live import measure_live
from tests.bench.memory import measure_memory
from tests.bench.mixed import measure_mixed
from tests.bench.page import measure_page
from tests.bench.peers.compare import measure_peers
from tests.bench.pipeline import measure_pipeline
from tests.bench.read_side import measure_read_side
from tests.bench.recovery import measure_recovery
from tests.bench.redis import measure_redis
from tests.bench.report import Grid, Report, show
from tests.bench.scale import measure_scale
from tests.bench.scrape import measure_scrape
from tests.bench.steps import measure_steps, write_steps
from tests.bench.viewers import measure_viewers
from tests.bench.workers import measure_workers

BENCHMARKS: dict[str, Callable[[int, int], Report | Grid | list[Report | Grid]]] = {
    "pipeline": measure_pipeline,
    "steps": lambda events, reps: _written(measure_steps(events, reps)),
    "peers": measure_peers,
    "scale": lambda events, _: measure_scale(events),
    "mixed": measure_mixed,
    "workers": measure_workers,
    "live": lambda _, reps: measure_live(reps),
    "viewers": lambda _, reps: measure_viewers(reps),
    "scrape": lambda *_: measure_scrape(),
    "page": lambda *_: measure_page(),
    "idle": lambda *_: measure_idle(),
    "days": lambda *_: measure_days(),
    "cold": lambda _, reps: measure_cold(reps),
    "ledger": lambda events, _: measure_ledger(events),
    "memory": lambda *_: measure_memory(),
    "recovery": lambda *_: measure_recovery(),
    "redis": lambda *_: measure_redis(),
    "read-side": lambda *_: measure_read_side(),
    "alerts-team": lambda *_: [*measure_alerts_team()],
    "alerts-activity": lambda *_: measure_alerts_activity(),
    "alerts-uci": lambda *_: measure_alerts_uci(),
    "alerts-sensitivity": lambda *_: [*measure_alerts_sensitivity(full=False)],
    "alerts": lambda *_: measure_alerts(full=False),  # `--full` is the command's
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option(
    "--events",
    type=click.IntRange(min=1_000),
    default=1_000_000,
    show_default=True,
    help="Events of all that read a topic; deals of `ledger`.",
)
@click.option(
    "--reps",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    help="Reps of all that read a topic, `scale` excepted.",
)
@click.option(
    "--full",
    is_flag=True,
    help="`alerts` on the floors of the promise, `alerts-sensitivity` for longer: half an hour.",
)
def main(names: tuple[str, ...], events: int, reps: int, full: bool) -> None:
    """Run the named benchmarks, or all of them.

    Ratios hold on any machine; the figures beside them are of this one, now. `steps` also writes
    its table into streams/README.md.

    Example: python -m tests.bench peers --events 100000
    """
    console = Console(width=100)
    for name in names or BENCHMARKS:
        said: Report | Grid | list[Report | Grid]
        if name == "alerts":
            said = measure_alerts(full=full)
        elif name == "alerts-sensitivity":
            said = [*measure_alerts_sensitivity(full=full)]
        else:
            said = BENCHMARKS[name](events, reps)
        for one in said if isinstance(said, list) else [said]:
            show(one, console)


def _written(grid: Grid) -> Grid:
    write_steps(grid)
    return grid


if __name__ == "__main__":
    main()
