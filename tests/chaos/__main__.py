"""`python -m tests.chaos`: break things on purpose, and count.

run        rounds of faults with the real worker
controls   the same with a rule of the design broken: each must be found
"""

from __future__ import annotations

import secrets
import sys
import time
from datetime import UTC, datetime

import click
from rich.console import Console

from tests.chaos import report
from tests.chaos.campaign import Limits, Tally, arena, campaign
from tests.chaos.floor import Pace, Round
from tests.chaos.rules import RULES
from tests.chaos.schedule import WEIGHTS

_console = Console(highlight=False, width=160)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Faults on real servers, and every event accounted for.

    \b
    Example:
      python -m tests.chaos run --rounds 2 --seed 7
    """


@main.command()
@click.option("--minutes", type=float, default=0.0, help="End after so many minutes.")
@click.option("--hours", type=float, default=0.0, help="End after so many hours.")
@click.option("--rounds", type=int, default=0, help="End after so many rounds.")
@click.option("--seed", type=int, help="Repeat this run's events and faults.")
@click.option("--round-seconds", type=float, default=25.0, help="Faults of a round last so long.")
@click.option("--gap", type=float, default=2.0, help="Seconds from one fault to the next.")
@click.option("--events-per-s", type=int, default=800, help="Events a second.")
@click.option("--without", type=click.Choice(sorted(RULES)), help="Break this rule of the design.")
@click.option("--only", multiple=True, type=click.Choice(list(WEIGHTS)), help="Only these faults.")
@click.option("--record", is_flag=True, help="Add a row to RESULTS.md.")
@click.option("--quiet", is_flag=True, help="Do not tell of every fault.")
def run(
    minutes: float,
    hours: float,
    rounds: int,
    seed: int | None,
    round_seconds: float,
    gap: float,
    events_per_s: int,
    without: str | None,
    only: tuple[str, ...],
    record: bool,
    quiet: bool,
) -> None:
    """Rounds of faults, each followed by quiet and by the checks.

    Without a limit: one floor of six rounds. Exit code 1 when anything was wrong; then the folder
    of the run is kept and named.

    \b
    Examples:
      python -m tests.chaos run --hours 2 --record
      python -m tests.chaos run --rounds 1 --seed 7 --only kill --only "stop A"
    """
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    limits = Limits(minutes * 60 + hours * 3600, rounds or (0 if minutes or hours else 6))
    _console.print(f"seed {chosen}; repeat with --seed {chosen}")
    began_s = time.monotonic()

    def say(text: str) -> None:
        if not quiet:
            _console.print(f"{time.monotonic() - began_s:7.1f}  {text}", markup=False)

    def on_round(one: Round, _: Tally) -> None:
        report.show_round(_console, one)

    with arena() as place:
        tally = campaign(
            place,
            chosen,
            Pace(round_seconds, gap, events_per_s),
            limits,
            say,
            on_round,
            without=without or "",
            only=only,
        )
    report.show(_console, chosen, tally)
    if record:
        report.append_result(tally, chosen, datetime.now(UTC).date().isoformat())
    sys.exit(1 if tally.wrong else 0)


if __name__ == "__main__":
    main(prog_name="python -m tests.chaos")
