"""A real worker with the harness around it: `python -m tests.chaos.worker NAME FOLDER [OPTIONS]`.

Its settings are FLOORCAST_* variables as ever. `--without RULE` breaks a rule of the design,
`--unwatched` lets it go on after a pause for which it would end itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from streams.cli.main import main as floorcast
from streams.core import clock
from streams.engine.lane.consumer import Consumer
from tests.chaos.clock import WorkerClock
from tests.chaos.hooks import Hooks
from tests.chaos.patching import put
from tests.chaos.rules import RULES


def main() -> None:
    """Run `floorcast worker` until it is told to stop."""
    options = _parse()
    floor_clock = WorkerClock(options.folder, options.name)
    put(clock, "SystemClock", lambda: floor_clock)
    Hooks(options.folder, options.name).install()
    if options.without:
        RULES[options.without]()
    if options.unwatched:
        put(Consumer, "lane_is_member", lambda _: True)
    floorcast(["worker"])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos.worker")
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without", choices=sorted(RULES), default="")
    parser.add_argument("--unwatched", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
