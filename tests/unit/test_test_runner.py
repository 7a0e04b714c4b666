"""What `make test` says about a run can be trusted."""

from pathlib import Path

import pytest
from rich.console import Console

from tests.report import Report, Result, read_junit

JUNIT = """\
<testsuites><testsuite>
<testcase name="a"/>
<testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="broken fixture"/></testcase>
<testcase name="d"><skipped message="redis-server is not installed: run make services"/></testcase>
</testsuite></testsuites>
"""


def report(*results: Result, strict: bool = False) -> Report:
    """A report of these results."""
    return Report(strict=strict, missing="run make services", results=list(results))


def last_line(shown: Report, capsys: pytest.CaptureFixture[str]) -> str:
    """What the report ends with."""
    shown.show(Console(width=100))
    return capsys.readouterr().out.splitlines()[-1]


def test_failures_errors_and_skips_are_counted(tmp_path: Path) -> None:
    xml = tmp_path / "suite.xml"
    xml.write_text(JUNIT, encoding="utf-8")
    result = read_junit("suite", xml, exit_code=1, seconds=1.0)
    assert (result.passed, result.failed) == (1, 2)
    assert list(result.skips) == ["redis-server is not installed: run make services"]


@pytest.mark.parametrize("exit_code", [2, 3, 4, 5, -9])
def test_a_run_without_results_is_a_failure(tmp_path: Path, exit_code: int) -> None:
    assert read_junit("suite", tmp_path / "none.xml", exit_code, 1.0).failed == 1


def test_a_run_that_broke_after_its_tests_passed_is_a_failure(tmp_path: Path) -> None:
    xml = tmp_path / "suite.xml"
    xml.write_text('<testsuite><testcase name="a"/></testsuite>', encoding="utf-8")
    result = read_junit("suite", xml, exit_code=3, seconds=1.0)
    assert (result.passed, result.failed) == (1, 1)


def test_the_last_line_is_the_sum_of_all_suites(capsys: pytest.CaptureFixture[str]) -> None:
    shown = report(Result("a", 3, 0, 1.0), Result("b", 2, 1, 1.0, ("no data",)))
    assert last_line(shown, capsys) == "5 passed, 1 failed, 1 skipped"


def test_a_missing_server_fails_a_strict_run_only(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result("a", 3, 0, 1.0, ("kafka is not installed: run make services", "no data"))
    assert last_line(report(result), capsys) == "3 passed, 0 failed, 2 skipped"
    assert last_line(report(result, strict=True), capsys) == "3 passed, 1 failed, 1 skipped"
