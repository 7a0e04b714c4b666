"""A real worker with the harness around it: `python -m tests.chaos.worker NAME FOLDER [OPTIONS]`.

Its settings are FLOORCAST_* variables as ever. `--without RULE` breaks a rule of the design,
`--unwatched` lets it go on after a pause for which it would end itself.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

from tests.chaos.clock import WorkerClock
from tests.chaos.hooks import Hooks
from tests.chaos.patching import put
from tests.chaos.rules import RULES


def main() -> None:
    """Run the worker until it is told to stop."""
    options = _parse()
    import faust  # noqa: PLC0415 # as in streams/cli/worker.py: after uvloop is chosen
    from mode.loop import use  # noqa: PLC0415 # as above

    from streams.cli.logs import log_config  # noqa: PLC0415 # as above
    from streams.cli.main import Context  # noqa: PLC0415 # as above
    from streams.cli.worker import COLLECT, compose  # noqa: PLC0415 # as above
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
    app = compose(Context(None))
    gc.freeze()
    gc.set_threshold(*COLLECT)
    faust.Worker(
        app, loglevel="info", redirect_stdouts=False, quiet=True, logging_config=log_config()
    ).execute_from_commandline()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos.worker")
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without", choices=sorted(RULES), default="")
    parser.add_argument("--unwatched", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
