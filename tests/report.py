"""What came out of each suite, and the table at the end of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

_NO_TESTS = 5  # pytest's exit code when it collected nothing
_NARROWEST = 100


@dataclass(frozen=True)
class Result:
    """The counts of one suite or gate; `skips` holds a reason per skipped test."""

    name: str
    passed: int
    failed: int
    seconds: float
    skips: Sequence[str] = ()
    note: str = ""


@dataclass
class Report:
    """All results of a run; with `strict` a skip for a missing server counts as a failure."""

    strict: bool
    missing: str  # the words by which a skip for a missing server is known
    results: list[Result] = field(default_factory=list)

    def failed(self) -> int:
        """How many tests and gates failed."""
        lacking = sum(self.missing in reason for row in self.results for reason in row.skips)
        return sum(row.failed for row in self.results) + (lacking if self.strict else 0)

    def show(self, console: Console) -> None:
        """Print the table, the reasons of skips, and the totals alone on the last line."""
        table = Table(title="Suites", title_justify="left")
        table.add_column("suite")
        for heading in ("passed", "failed", "skipped", "seconds"):
            table.add_column(heading, justify="right")
        table.add_column("note", overflow="fold")
        for row in self.results:
            reasons = Counter(row.skips)
            notes = [row.note] if row.note else []
            notes += [f"{count} skipped: {reason}" for reason, count in reasons.most_common()]
            counts = (str(row.passed), str(row.failed), str(len(row.skips)))
            style = "red" if row.failed else "yellow" if row.skips else ""
            table.add_row(row.name, *counts, f"{row.seconds:.1f}", "\n".join(notes), style=style)
        if not console.is_terminal:
            console.width = max(console.width, _NARROWEST)
        console.print(table)
        passed = sum(row.passed for row in self.results)
        skipped = sum(len(row.skips) for row in self.results)
        lacking = self.failed() - sum(row.failed for row in self.results)
        if lacking:
            console.print(f"{lacking} of the skipped count as failed: CI needs every server")
        print(f"{passed} passed, {self.failed()} failed, {skipped - lacking} skipped", flush=True)


def read_junit(name: str, xml: Path, exit_code: int, seconds: float) -> Result:
    """The result of a pytest run out of its JUnit file; a run that broke counts as a failure."""
    if exit_code == _NO_TESTS:
        return Result(name, 0, 1, seconds, note="no tests were collected")
    if not xml.exists():
        return Result(name, 0, 1, seconds, note=f"pytest broke with exit code {exit_code}")
    passed = failed = 0
    skips = []
    for case in ElementTree.parse(xml).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif (skipped := case.find("skipped")) is not None:
            skips.append(skipped.get("message") or "no reason given")
        else:
            passed += 1
    if exit_code and not failed:
        return Result(name, passed, 1, seconds, skips, f"pytest ended with exit code {exit_code}")
    return Result(name, passed, failed, seconds, skips)
