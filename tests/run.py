"""`make test` and `make check`: runs gates and suites and sums up.

python -m tests.run [--group check] [--only NAME]... [-- PYTEST OPTIONS]

Exit code 0 when nothing failed, else 1. With CI=true a missing server is a failure. The tests of a
suite run in random order: the seed is printed, and `-- --randomly-seed=N` repeats it; CI has one
order.
"""

import argparse
import io
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TextIO

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
    chosen = [part for part in chosen if not options.only or part.name in options.only]
    alone = [part for part in chosen if isinstance(part, Suite) and part.alone]
    together = [part for part in chosen if part not in alone]
    interrupted = False
    try:
        found = _run_together(together, pytest_options, console)
        report.results += [found[part.name] for part in together]
        for part in alone:
            console.rule(part.name, align="left")
            report.results.append(_run_suite(part, pytest_options))
    except KeyboardInterrupt:
        interrupted = True
    report.show(console)
    return 1 if interrupted or report.failed() else 0


def _run_together(
    parts: Sequence[Gate | Suite], options: Sequence[str], console: Console
) -> dict[str, Result]:
    """Run parts on all cores, those that take longest first; what each says comes in one piece."""

    def run(part: Gate | Suite) -> tuple[Result, str]:
        if isinstance(part, Gate):
            return _run_gate(part)
        said = io.StringIO()
        return _run_suite(part, options, said), said.getvalue()

    found: dict[str, Result] = {}
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        ordered = sorted(parts, key=lambda part: isinstance(part, Gate))
        for done in as_completed([pool.submit(run, part) for part in ordered]):
            result, said = done.result()
            console.rule(result.name, align="left")
            print(said, end="", flush=True)
            found[result.name] = result
    return found


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.run", description="Run the gates and suites.")
    parser.add_argument("--group", choices=["all", "check"], default="all")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("pytest", nargs="*", help="options for pytest, after --")
    return parser.parse_args(arguments)


def _run_gate(gate: Gate) -> tuple[Result, str]:
    """The result, and what there is to read when it failed."""
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
    result = Result(gate.name, 1 - failed, failed, time.monotonic() - started)
    return result, done.stdout if failed else ""


def _run_suite(suite: Suite, options: Sequence[str], said: TextIO | None = None) -> Result:
    """The result; what pytest prints goes to `said`, or straight out."""
    started = time.monotonic()
    xml = _REPORTS / f"{suite.name}.xml"
    xml.unlink(missing_ok=True)
    pytest = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={xml}", str(suite.folder)]
    pytest += suite.options()
    if said is None:
        code = subprocess.run([*pytest, *options], cwd=ROOT, check=False).returncode
    else:
        done = subprocess.run(
            [*pytest, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        code = done.returncode
        said.write(done.stdout)
    return read_junit(suite.name, xml, code, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
