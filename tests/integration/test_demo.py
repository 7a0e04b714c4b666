"""The demo shows moving numbers within seconds and leaves nothing behind, however it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

FLOORCAST = Path(sys.executable).with_name("floorcast")
KPIS = ("dials", "contacts", "deals_gross", "surveys")


class Demo:
    """A running `floorcast demo`, with everything it makes in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._output = folder.with_name("output.txt")
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [str(FLOORCAST), "demo", "--reps", "12"],
                env=os.environ | {"TMPDIR": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        """What it has written so far."""
        return self._output.read_text("utf-8")

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Return when it is true; fails when the demo ends first, or `timeout_s` is over."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < end_s, f"{what} within {timeout_s} s\n{self.output()}"
            time.sleep(0.1)

    def url(self) -> str | None:
        """Where the page is, when that has been printed."""
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.output())
        return found and found.group()

    def numbers(self) -> dict[str, float]:
        """The floor's figures of today; none while the page shows none."""
        url = self.url()
        if url is None:
            return {}
        with urllib.request.urlopen(f"{url}api/board?window=today", timeout=5) as response:
            floor: dict[str, Any] = json.load(response)["floor"] or {"kpis": {}}
        return {name: floor["kpis"][name]["value"] for name in KPIS if name in floor["kpis"]}

    def pid(self, name: str) -> int:
        """The one process of it whose command line has this word."""
        found = [pid for pid in self.processes() if name.encode() in command_line(pid)]
        assert len(found) == 1, found
        return found[0]

    def processes(self) -> list[int]:
        """The processes it started: all that run in its folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                where = (process / "cwd").readlink()
            except OSError:
                continue  # it is gone, or somebody else's
            if where.is_relative_to(self.folder):
                found.append(int(process.name))
        return found


def command_line(pid: int) -> bytes:
    """How a process was started."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    folder = tmp_path / "tmp"
    folder.mkdir()
    running = Demo(folder)
    yield running
    for pid in running.processes():
        os.kill(pid, signal.SIGKILL)
    running.process.kill()
    running.process.wait()


def test_numbers_appear_move_and_ctrl_c_leaves_nothing(demo: Demo) -> None:
    demo.wait_until(lambda: demo.numbers().get("dials", 0) > 0, 60, "numbers")
    first = demo.numbers()
    demo.wait_until(lambda: demo.numbers() != first, 20, "a change")
    demo.wait_until(lambda: "events/s | lag 0 |" in demo.output(), 20, "a status line")
    assert len(demo.processes()) == 2

    began_s = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(5) == 0, demo.output()
    assert time.monotonic() - began_s < 5
    assert demo.processes() == []
    assert list(demo.folder.iterdir()) == []
    assert "Traceback" not in demo.output()


def test_a_demo_that_loses_its_broker_says_so_and_stops(demo: Demo) -> None:
    demo.wait_until(lambda: demo.url() is not None, 60, "the page")
    os.kill(demo.pid("tansu"), signal.SIGKILL)
    assert demo.process.wait(10) == 1
    assert "floorcast: the broker ended (SIGKILL); the end of its log:" in demo.output()
    assert demo.processes() == []
    assert list(demo.folder.iterdir()) == []


def test_a_killed_demo_takes_its_processes_with_it(demo: Demo) -> None:
    demo.wait_until(lambda: demo.url() is not None, 60, "the page")
    assert len(demo.processes()) == 2
    demo.process.kill()
    demo.process.wait()
    end_s = time.monotonic() + 5
    while demo.processes():
        assert time.monotonic() < end_s, [command_line(pid) for pid in demo.processes()]
        time.sleep(0.05)
