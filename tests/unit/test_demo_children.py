"""No process of the demo outlives it, and the first that ends by itself is reported."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from streams.demo.supervise import ChildEnded, Children
from tests.suites import ROOT

SLEEP = ["sleep", "60"]
# Prints the id of a sleeping child and waits; argument: how the child is held.
PARENT = """
import os, sys, time
from pathlib import Path
from streams.demo import leash
from streams.demo.supervise import Children

if sys.argv[1] == "children":
    child = Children(Path(sys.argv[2])).start("sleeper", ["sleep", "60"], os.environ)
else:
    parent = os.getpid()
    child = os.fork()
    if not child:
        os.setsid()
        leash.watch(parent, ["sleep", "60"])
print(child, flush=True)
time.sleep(60)
"""


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Whether it becomes true in time."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.02)
    return True


def says_ready(log: Path) -> bool:
    """Whether a child has written that it is ready."""
    return "ready" in log.read_text("utf-8")


def members(group: int) -> list[int]:
    """The live processes of a process group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            found.append(int(folder.name))
    return found


def test_leaving_ends_every_child(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        pids = [children.start(name, SLEEP, os.environ) for name in ("one", "two")]
        children.check()
        assert not any(is_gone(pid) for pid in pids)
    assert all(is_gone(pid) for pid in pids)


def test_a_child_deaf_to_sigterm_is_killed_when_its_patience_is_over(tmp_path: Path) -> None:
    deaf = ["sh", "-c", "trap '' TERM; echo ready; sleep 60 & wait; sleep 60"]
    with Children(tmp_path) as children:
        pid = children.start("deaf", deaf, os.environ, patience_s=0.2)
        children.wait_until(partial(says_ready, tmp_path / "deaf.log"), "deaf", 10)
        began_s = time.monotonic()
    assert 0.2 <= time.monotonic() - began_s < 3
    assert is_gone(pid)
    # What it had started was killed with it, and is gone as soon as the kernel gets to it.
    while members(pid) and time.monotonic() - began_s < 5:
        os.sched_yield()
    assert members(pid) == []


def test_the_last_child_started_is_stopped_first(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"trap 'echo $0 >> {told}; exit' TERM; echo ready; while :; do sleep 0.01; done"
    with Children(tmp_path) as children:
        for name in ("broker", "worker"):
            children.start(name, ["sh", "-c", script, name], os.environ, patience_s=5)
            children.wait_until(partial(says_ready, tmp_path / f"{name}.log"), name, 10)
    assert told.read_text("utf-8").split() == ["worker", "broker"]


def test_a_child_that_ends_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    script = "seq 100; echo no such topic >&2; exit 3"
    with Children(tmp_path) as children:
        children.start("broker", SLEEP, os.environ)
        children.start("worker", ["sh", "-c", script], os.environ)
        with pytest.raises(ChildEnded) as ended:
            children.wait(30)
    lines = str(ended.value).splitlines()
    assert lines[0] == "the worker ended (exit code 3); the end of its log:"
    assert lines[-2:] == ["  100", "  no such topic"]
    assert len(lines) == 16


def test_of_several_that_ended_the_first_started_is_reported(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        pids = [children.start(name, SLEEP, os.environ) for name in ("broker", "worker")]
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: all(is_gone(pid) for pid in pids))
        with pytest.raises(ChildEnded, match=r"^the broker ended \(SIGKILL\)"):
            children.check()


def test_a_command_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("broker", [str(tmp_path / "nothing")], os.environ)
        with pytest.raises(ChildEnded, match=r"(?s)^the broker ended .*No such file"):
            children.wait(30)


def test_a_child_that_is_not_ready_in_time_is_reported(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("worker", ["sh", "-c", "echo waiting; sleep 60"], os.environ)
        log = tmp_path / "worker.log"
        children.wait_until(lambda: "waiting" in log.read_text("utf-8"), "worker", 10)
        with pytest.raises(ChildEnded, match=r"^the worker was not ready after 0.1 s.*\n  waiting"):
            children.wait_until(lambda: False, "worker", 0.1)


def test_ctrl_c_reaches_the_demo_alone(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        pid = children.start("worker", SLEEP, os.environ)
        assert os.getpgid(pid) == pid != os.getpgrp()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("held_by", ["children", "watch"])
def test_children_die_with_a_parent_that_was_killed(tmp_path: Path, held_by: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, held_by, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert eventually(lambda: len(members(child)) == (1 if held_by == "children" else 2))
        parent.kill()
    assert eventually(lambda: members(child) == [])
