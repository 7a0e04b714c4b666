"""`python -m tests.chaos`: break things on purpose, and count.

run        rounds of faults with the real worker
controls   the same with a rule of the design broken: each must be found
"""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from tests.chaos import report
from tests.chaos.campaign import Limits, Plan, arena, campaign
from tests.chaos.controls import run_controls, show
from tests.chaos.floor import Pace
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
@click.option("--gap", type=float, default=1.6, help="Seconds from one fault to the next.")
@click.option("--events-per-s", type=int, default=800, help="Events a second.")
@click.option("--without", type=click.Choice(sorted(RULES)), help="Break this rule of the design.")
@click.option("--only", multiple=True, type=click.Choice(list(WEIGHTS)), help="Only these faults.")
@click.option("--record", is_flag=True, help="Add a row to RESULTS.md.")
@click.option("--quiet", is_flag=True, help="Do not tell of every fault.")
def run(**given: Any) -> None:
    """Rounds of faults, each followed by quiet and by the checks.

    Without a limit: one floor of six rounds. Exit code 1 when anything was wrong; then the folder
    of the run is kept and named.

    \b
    Examples:
      python -m tests.chaos run --hours 2 --record
      python -m tests.chaos run --rounds 1 --seed 7 --only kill --only "stop A"
    """
    seed = _seed(given["seed"])
    limited = given["minutes"] or given["hours"]
    limits = Limits(
        given["minutes"] * 60 + given["hours"] * 3600, given["rounds"] or (0 if limited else 6)
    )
    pace = Pace(given["round_seconds"], given["gap"], given["events_per_s"])
    plan = Plan(pace, limits, given["without"] or "", given["only"])
    with arena() as place:
        tally = campaign(
            place,
            seed,
            plan,
            _silence if given["quiet"] else _teller(),
            lambda one, _: report.show_round(_console, one),
        )
        if tally.wrong:
            _keep(place.folder)
    report.show(_console, seed, tally)
    if given["record"]:
        report.append_result(tally, seed, datetime.now(UTC).date().isoformat())
    sys.exit(1 if tally.wrong else 0)


@main.command()
@click.argument("rules", nargs=-1, type=click.Choice(sorted(RULES)))
@click.option("--seed", type=int, help="Repeat this run's events and faults.")
def controls(rules: tuple[str, ...], seed: int | None) -> None:
    """Break every rule of the design, or those named, one after the other.

    Exit code 1 when one was not found.

    \b
    Example:
      python -m tests.chaos controls writer-in-key
    """
    with arena() as place:
        findings = run_controls(place, _seed(seed), rules or RULES, _teller())
    show(_console, findings)
    sys.exit(0 if all(one.found for one in findings) else 1)


def _seed(given: int | None) -> int:
    seed = secrets.randbelow(1_000_000) if given is None else given
    _console.print(f"seed {seed}; repeat with --seed {seed}")
    return seed


def _teller() -> Callable[[str], None]:
    began_s = time.monotonic()
    return lambda text: _console.print(f"{time.monotonic() - began_s:7.1f}  {text}", markup=False)


def _silence(_: str) -> None:
    return None


def _keep(folder: Path) -> None:
    """Copy logs and journals to where they outlive the run."""
    kept = Path(tempfile.mkdtemp(prefix="floorcast-kept-"))
    for found in folder.glob("floor-*"):
        for name in ("logs", "control"):
            if (found / name).is_dir():
                shutil.copytree(found / name, kept / found.name / name)
    for log in folder.glob("kafka/*/kafka.log"):
        shutil.copy(log, kept / f"{log.parent.name}.log")
    _console.print(f"logs and journals are kept in {kept}")


if __name__ == "__main__":
    main(prog_name="python -m tests.chaos")
