"""A real worker with the harness around it: `python -m tests.chaos.worker NAME FOLDER [OPTIONS]`.

Its settings are FLOORCAST_* variables as ever. `--without RULE` breaks a rule of the design,
`--unwatched` lets it go on after a pause for which it would end itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.chaos.clock import WorkerClock
from tests.chaos.hooks import Hooks
from tests.chaos.patching import put
from tests.chaos.rules import RULES


def main() -> None:
    """Run the worker until it is told to stop."""
    options = _parse()
    from mode.loop import use  # noqa: PLC0415 # as in streams/cli/worker.py

    from streams.cli.main import Context  # noqa: PLC0415 # as above
    from streams.cli.worker import compose, run  # noqa: PLC0415 # as above
    from streams.core import clock  # noqa: PLC0415 # as above
    from streams.engine.lane.consumer import Consumer  # noqa: PLC0415 # as above

    use("uvloop")
    floor_clock = WorkerClock(options.folder, options.name)
    put(clock, "SystemClock", lambda: floor_clock)
    Hooks(options.folder, options.name).install()
    if options.without:
        RULES[options.without]()
    if options.unwatched:
        put(Consumer, "lane_is_member", lambda _: True)
    run(compose(Context(None).live()).app)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos.worker")
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without", choices=sorted(RULES), default="")
    parser.add_argument("--unwatched", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
