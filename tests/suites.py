"""What `make test` and `make check` run, in this order."""

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Gate:
    """A tool that passes or fails as a whole; its output matters only when it fails."""

    name: str
    command: tuple[str | Path, ...]


@dataclass(frozen=True)
class Suite:
    """A folder of tests, run by a pytest of its own."""

    name: str
    needs: str = ""  # what its tests need besides Python; empty: nothing, so `make check` runs it
    alone: bool = False  # has the machine to itself: servers under load are slow to answer
    processes: int = 1  # its files are dealt out to so many, side by side: tests that mostly wait

    @property
    def folder(self) -> Path:
        """Where its tests are."""
        return ROOT / "tests" / self.name

    def options(self) -> list[str]:
        """What pytest is told of it: whole files are dealt out, for their tests share a server."""
        side_by_side = [f"--numprocesses={self.processes}", "--dist=loadfile"]
        return side_by_side if self.processes > 1 else []


GATES = (
    Gate("lint", (_BIN / "ruff", "check", "--quiet", "--output-format=concise")),
    Gate("format", (_BIN / "ruff", "format", "--check", "--quiet")),
    Gate("types", (_BIN / "mypy",)),
    Gate("imports", (_BIN / "lint-imports", "--no-logo")),
)

_SUITES = (
    Suite("unit"),
    Suite("property"),
    Suite("contract"),
    Suite("simulation", "a minute of one core"),
    Suite("rules", "promtool, amtool"),
    Suite("deploy", "promtool, amtool"),
    Suite("grafana", "Prometheus"),
    Suite("integration", "Kafka, Redis, Prometheus", alone=True, processes=4),
    Suite("browser", "Chromium, Kafka", alone=True, processes=2),
    Suite("real", "Kafka, FLOORCAST_REAL_DATA", alone=True),
    Suite("chaos", "Kafka, Redis", alone=True),
)
# Folders of tests/ that are no suites; bench prints what it measures and judges nothing, soak takes
# half an hour.
_NOT_SUITES = frozenset({"bench", "services", "soak"})


def suites() -> list[Suite]:
    """The suites whose folders exist; a folder that is not listed above comes last."""
    listed = [suite for suite in _SUITES if suite.folder.is_dir()]
    names = {suite.name for suite in listed} | _NOT_SUITES
    others = {file.relative_to(ROOT / "tests").parts[0] for file in _test_files()} - names
    return [
        *listed,
        *(Suite(name, "not listed in tests/suites.py", alone=True) for name in sorted(others)),
    ]


def _test_files() -> list[Path]:
    return [*(ROOT / "tests").glob("*/**/test_*.py")]
