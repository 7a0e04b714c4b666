"""`floorcast demo`: a whole floor on this machine, nothing needed, nothing left behind."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from rich.console import Console

    from producers.simulator import FloorProfile
    from streams.demo.floor import LiveFloor
    from streams.demo.profile import Addresses
    from streams.demo.supervise import Children
    from streams.settings import Settings

_START_S = 30.0
_BROKER_PATIENCE_S = 0.3
_WORKER_PATIENCE_S = 2.5
"""With the floor's second and the broker's share, stopping stays below five seconds."""

_WORKER = "from streams.cli.main import main; main(['worker'])"
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option(
    "--reps", type=click.IntRange(1), default=36, show_default=True, help="How many reps."
)
@click.option("--teams", type=click.IntRange(1), default=3, show_default=True, help="In teams.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another floor.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="Port of the page; 0 takes a free one.",
)
@click.option("--keep-logs", is_flag=True, help="Keep the folder of logs, and say where it is.")
def command(*, reps: int, teams: int, seed: int, port: int, keep_logs: bool) -> None:
    """Watch a simulated floor: broker, worker, page and events, until Ctrl-C.

    Shows today's shift so far, then everything as it happens. All of it lives in memory and listens
    on loopback only. Settings of other floors (FLOORCAST_*, --config) are not looked at.

    \b
    Example:
      floorcast demo --reps 500 --teams 8
    """
    from rich.console import Console

    from streams.core.clock import SystemClock
    from streams.demo.broker import broker_binary
    from streams.demo.floor import demo_profile
    from streams.demo.ports import can_listen

    try:
        profile = demo_profile(reps, teams, seed, SystemClock())
    except ValueError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    if port and not can_listen(port):
        msg = f"--port {port}: something else listens there; 0 takes a free one"
        raise click.UsageError(msg, click.get_current_context())
    binary = broker_binary()
    console = Console()
    with _interruptible(), _folder(console, keep_logs) as folder:
        console.print(f"{reps} reps in {teams} teams, seed {seed}; starting", highlight=False)
        ended_s = 0.0
        with suppress(KeyboardInterrupt), ExitStack() as stack:
            try:
                _run(stack, console, folder, binary=binary, profile=profile, port=port)
            finally:
                # What was started stops as the stack unwinds; it is not to be cut off half-way.
                _ignore_signals()
                ended_s = time.monotonic()
        console.print(f"stopped in {time.monotonic() - ended_s:.1f} s", highlight=False)


def _run(
    stack: ExitStack,
    console: Console,
    folder: Path,
    *,
    binary: Path,
    profile: FloorProfile,
    port: int,
) -> NoReturn:
    """Start everything in its order and show the status; `stack` stops what was started."""
    from producers.simulator import plan_text
    from streams.core.clock import SystemClock
    from streams.demo.broker import broker_command, broker_environment
    from streams.demo.floor import ALERTS, LiveFloor
    from streams.demo.ports import answers
    from streams.demo.profile import floorcast_variables, pick_addresses, worker_environment
    from streams.demo.supervise import Children
    from streams.settings_reader import load_settings

    began_s = time.monotonic()
    plan = folder / "plan.toml"
    plan.write_text(plan_text(profile) + ALERTS, encoding="utf-8")
    addresses = pick_addresses(port)
    variables = floorcast_variables(addresses, folder, plan)
    settings = load_settings(variables)
    children = stack.enter_context(Children(folder))
    children.start(
        "broker",
        broker_command(binary, addresses.broker),
        broker_environment(),
        patience_s=_BROKER_PATIENCE_S,
    )
    children.wait_until(lambda: answers(addresses.broker), "broker", _START_S)
    _create_topics(settings)
    children.start(
        "worker",
        [sys.executable, "-P", "-c", _WORKER],
        worker_environment(variables),
        patience_s=_WORKER_PATIENCE_S,
    )
    floor = LiveFloor(settings, profile, SystemClock())
    stack.callback(floor.stop)
    floor.start()
    children.wait_until(lambda: answers(addresses.page), "worker", _START_S)
    took_s = time.monotonic() - began_s
    console.print(f"\n  [bold]http://127.0.0.1:{addresses.page}/[/bold]\n", highlight=False)
    console.print(
        f"the page is up after {took_s:.1f} s; Ctrl-C stops everything\n", highlight=False
    )
    _watch(console, settings, addresses, children, floor)


def _create_topics(settings: Settings) -> None:
    from streams.cli.topics import admin_client, create_topic
    from streams.demo.floor import FloorFailed
    from streams.topics import all_topics

    admin = admin_client(settings)
    for topic in all_topics(settings):
        error = create_topic(admin, settings, topic)
        if error is not None:
            msg = f"the demo's broker did not take the topic {topic.name}: {error}"
            raise FloorFailed(msg)


def _watch(
    console: Console,
    settings: Settings,
    addresses: Addresses,
    children: Children,
    floor: LiveFloor,
) -> NoReturn:
    """Show a line a second; only an exception ends it."""
    from streams.core.clock import SystemClock
    from streams.demo.status import Reading, StatusLine, fetch_metrics, read_metrics, status_line
    from streams.topics import inputs

    topics = {settings.topic(kind) for kind in inputs(settings)}
    before: Reading | None = None
    with StatusLine(console) as line:
        while True:
            asked_s = time.monotonic()
            text = fetch_metrics(addresses.metrics)
            now = None if text is None else read_metrics(text, asked_s, topics)
            line.show(status_line(before, now, SystemClock().now_ms()))
            before = now or before
            floor.check()
            children.wait(max(0.1, asked_s + 1.0 - time.monotonic()))


@contextmanager
def _folder(console: Console, keep: bool) -> Iterator[Path]:
    """A folder for plan and logs, deleted at the end unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="floorcast-demo-"))
    try:
        yield folder
    finally:
        if keep:
            console.print(f"logs are in {folder}", highlight=False, soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Every signal that asks for an end interrupts, also where a shell ignores Ctrl-C."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """From here on nothing interrupts any more."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
