"""Brings the peers to this machine: `python -m tests.bench.peers.setup`, some 200 MB, once.

Each goes into an ignored folder of its own: Python packages from PyPI into environments apart from
ours, because their dependencies clash with it, and Kafka Streams from Maven Central. What cannot
be brought is told and left out; the exit code is 0 all the same.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from tests.services.programs import KAFKA_VERSION, SERVICES_FOLDER, find_java

HERE = Path(__file__).parent
PEERS = SERVICES_FOLDER / "peers"
ENVIRONMENTS = ("bytewax", "quix")
STREAMS = "streams"
_STAMP = "made-from"
_LONGEST = 240  # what a tool complains of is shown in one line
_POM, _JAVA = HERE / "streams-pom.xml", HERE / "CallCounts.java"


class NotInstalled(Exception):
    """A peer cannot be brought here; the message says why, in a line."""


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment."""
    return PEERS / name / "bin" / "python"


def class_path() -> str:
    """Kafka Streams and our program for it, for `java -cp`."""
    return f"{PEERS / STREAMS / 'classes'}:{PEERS / STREAMS / 'libs'}/*"


def set_up(console: Console) -> dict[str, str]:
    """Make what is missing or out of date; peers that are not there, each with the reason."""
    missing: dict[str, str] = {}
    for name in (*ENVIRONMENTS, STREAMS):
        make: Callable[[Path], None] = _make_streams if name == STREAMS else _make_environment
        sources = [_POM, _JAVA] if name == STREAMS else [HERE / f"{name}.txt"]
        wanted = KAFKA_VERSION + sys.version + "".join(s.read_text("utf-8") for s in sources)
        stamp = PEERS / name / _STAMP
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            continue
        stamp.unlink(missing_ok=True)
        try:
            with console.status(f"setting up {name} (once)"):
                make(PEERS / name)
        except NotInstalled as problem:
            missing[name] = str(problem)
        else:
            stamp.write_text(wanted, "utf-8")
            console.print(f"floorcast: {name} is set up in {PEERS / name}", soft_wrap=True)
    return missing


def _make_environment(folder: Path) -> None:
    uv = [sys.executable, "-m", "uv"]
    _run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
    # Building a peer from its sources would need compilers and a quarter of an hour.
    options = ["--quiet", "--no-deps", "--only-binary", ":all:"]
    python, pins = python_of(folder.name), HERE / f"{folder.name}.txt"
    _run([*uv, "pip", "install", *options, "--python", python, "-r", pins])


def _make_streams(folder: Path) -> None:
    java = find_java()
    compiler = (java and shutil.which("javac", path=java.parent)) or shutil.which("javac")
    if java is None or compiler is None:
        msg = "no Java compiler (javac); install a JDK of 17 or newer"
        raise NotInstalled(msg)
    if shutil.which("mvn") is None:
        msg = "no Maven (mvn)"
        raise NotInstalled(msg)
    libs, classes = folder / "libs", folder / "classes"
    for made in (libs, classes):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libs}"]
    version = f"-Dkafka.version={KAFKA_VERSION}"
    _run(["mvn", "-q", "-B", "-f", _POM, version, *goal])
    _run([compiler, "-cp", f"{libs}/*", "-d", classes, _JAVA])


def _run(command: Sequence[str | Path]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as problem:
        raise NotInstalled(str(problem)) from problem
    if done.returncode:
        said = " ".join((done.stderr + done.stdout).split())
        raise NotInstalled(said[:_LONGEST] or f"exit status {done.returncode}")


def main() -> None:
    """Set up all peers and say which are not there."""
    console = Console(highlight=False)
    for name, why in set_up(console).items():
        console.print(f"floorcast: {name} is not installed: {why}", soft_wrap=True)


if __name__ == "__main__":
    main()
