"""`make test` and `make check`: runs gates and suites one after the other and sums up.

python -m tests.run [--group check] [--only NAME]... [-- PYTEST OPTIONS]

Exit code 0 when nothing failed, else 1. With CI=true a missing server is a failure. The tests of a
suite run in random order: the seed is printed, and `-- --randomly-seed=N` repeats it; CI has one
order.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from tests.report import Report, Result, read_junit
from tests.services.programs import INSTALL_HINT
from tests.suites import GATES, ROOT, Gate, Suite, suites

_REPORTS = ROOT / ".reports"


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments choose and return the exit code."""
    options = _parse(arguments)
    chosen: list[Gate | Suite] = [*GATES, *suites()]
    if options.group == "check":
        chosen = [part for part in chosen if isinstance(part, Gate) or not part.needs]
    if unknown := set(options.only) - {part.name for part in chosen}:
        names = ", ".join(part.name for part in chosen)
        print(f"--only {', '.join(sorted(unknown))}: choose from {names}", file=sys.stderr)
        return 2
    console = Console(highlight=False)
    report = Report(strict=os.environ.get("CI") == "true", missing=INSTALL_HINT)
    seed = 1 if report.strict else secrets.randbelow(1_000_000)
    print(f"order of tests: --randomly-seed={seed}", flush=True)
    pytest_options = [f"--randomly-seed={seed}", *options.pytest]
    interrupted = False
    for part in chosen:
        if options.only and part.name not in options.only:
            continue
        console.rule(part.name, align="left")
        try:
            if isinstance(part, Gate):
                report.results.append(_run_gate(part))
            else:
                report.results.append(_run_suite(part, pytest_options))
        except KeyboardInterrupt:
            interrupted = True
            break
    report.show(console)
    return 1 if interrupted or report.failed() else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.run", description="Run the gates and suites.")
    parser.add_argument("--group", choices=["all", "check"], default="all")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("pytest", nargs="*", help="options for pytest, after --")
    return parser.parse_args(arguments)


def _run_gate(gate: Gate) -> Result:
    started = time.monotonic()
    done = subprocess.run(
        gate.command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failed = int(done.returncode != 0)
    if failed:
        print(done.stdout, flush=True)
    return Result(gate.name, 1 - failed, failed, time.monotonic() - started)


def _run_suite(suite: Suite, options: Sequence[str]) -> Result:
    started = time.monotonic()
    xml = _REPORTS / f"{suite.name}.xml"
    xml.unlink(missing_ok=True)
    pytest = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={xml}", str(suite.folder)]
    done = subprocess.run([*pytest, *options], cwd=ROOT, check=False)
    return read_junit(suite.name, xml, done.returncode, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
