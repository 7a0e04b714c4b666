"""The demo's status: one line a second, made from two readings of the worker's /metrics."""

from __future__ import annotations

import http.client
from collections.abc import Collection
from types import TracebackType

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.live import Live
from rich.text import Text

from streams.demo.ports import LOOPBACK

_TIMEOUT_S = 0.8
"""Shorter than the second between two lines."""

_OLD_MS = 60_000
_WHOLE_FROM = 10


class Reading(Struct, frozen=True):
    """A worker's telemetry at a moment.

    `at_s` is a monotonic time in seconds. `events` counts events read from the input topics since
    the worker's start. `lag` is how many events lie in Kafka that are not counted yet.
    `newest_ms` is the newest event time of any source, UTC ms; None before the first event.
    """

    at_s: float
    events: int
    lag: int
    newest_ms: int | None


def fetch_metrics(port: int) -> str | None:
    """The text of /metrics on a loopback port; None when there is no answer within a second."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        return response.read().decode() if response.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def read_metrics(text: str, at_s: float, inputs: Collection[str]) -> Reading:
    """A reading of a worker's metrics; `inputs` are the Kafka names of the topics that count."""
    events = lag = newest_s = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "floorcast_events_consumed_total":
                events += sample.value if sample.labels["topic"] in inputs else 0
            elif sample.name == "floorcast_consumer_lag_events":
                lag += sample.value
            elif sample.name == "floorcast_source_newest_event_timestamp_seconds":
                newest_s = max(newest_s, sample.value)
    newest_ms = int(newest_s * 1000) if newest_s else None
    return Reading(at_s=at_s, events=int(events), lag=int(lag), newest_ms=newest_ms)


def status_line(before: Reading | None, now: Reading | None, now_ms: int) -> str:
    """What a second looked like: events so far and a second, lag, age of the newest event.

    `now` None: the worker has not answered. `now_ms` is UTC ms.
    """
    if now is None:
        return "the worker gave no answer this second" if before else "the worker is starting"
    if now.newest_ms is None:
        return "no event counted yet"
    rate = "-"
    if before is not None and now.at_s > before.at_s:
        rate = _rate((now.events - before.events) / (now.at_s - before.at_s))
    return (
        f"{now.events:,} events | {rate} events/s | lag {now.lag:,} | "
        f"newest event {_age(now_ms - now.newest_ms)} old"
    )


class StatusLine:
    """Shows the latest line: in place on a terminal, else as a line of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> StatusLine:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, line: str) -> None:
        """Show a line instead of the one before it."""
        if self._live is not None:
            self._live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
        else:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
            self._console.file.flush()


def _rate(per_second: float) -> str:
    """Whole numbers from ten on, one decimal below."""
    return f"{per_second:,.0f}" if per_second >= _WHOLE_FROM else f"{per_second:.1f}"


def _age(ms: int) -> str:
    """Seconds with one decimal below a minute, else minutes; a clock that is ahead counts as 0."""
    if ms < _OLD_MS:
        return f"{max(ms, 0) // 100 / 10:.1f} s"
    return f"{ms // _OLD_MS:,} min"
