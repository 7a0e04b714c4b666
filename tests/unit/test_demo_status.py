"""The demo's status line says what the worker's metrics say."""

from io import StringIO

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from rich.console import Console

from streams.demo.status import Reading, StatusLine, read_metrics, status_line
from streams.engine.telemetry import Telemetry

INPUTS = {"call-ended", "deal-closed", "survey-submitted"}
NOON_MS = 1_800_000_000_000


def reading(at_s: float, events: int, lag: int = 0, newest_ms: int | None = NOON_MS) -> Reading:
    """A reading of a worker."""
    return Reading(at_s=at_s, events=events, lag=lag, newest_ms=newest_ms)


def test_a_reading_is_made_of_the_metrics_a_worker_has() -> None:
    telemetry = Telemetry(CollectorRegistry())
    telemetry.consumed.labels("call-ended").inc(900)
    telemetry.consumed.labels("deal-closed").inc(60)
    telemetry.lag.labels("call-ended", 0).set(7)
    telemetry.lag.labels("deal-postings", 3).set(2)
    telemetry.source_newest.labels("call-ended", "pbx-berlin").set(NOON_MS / 1000 - 5)
    telemetry.source_newest.labels("deal-closed", "crm").set(NOON_MS / 1000)
    text = generate_latest(telemetry.registry).decode()
    assert read_metrics(text, 12.5, INPUTS) == reading(12.5, 960, lag=9)


def test_derived_topics_are_not_counted_as_events() -> None:
    telemetry = Telemetry(CollectorRegistry())
    telemetry.consumed.labels("call-ended").inc(10)
    telemetry.consumed.labels("deal-postings").inc(5)
    text = generate_latest(telemetry.registry).decode()
    assert read_metrics(text, 0.0, INPUTS).events == 10


def test_a_worker_that_has_seen_nothing_has_no_newest_event() -> None:
    text = generate_latest(Telemetry(CollectorRegistry()).registry).decode()
    assert read_metrics(text, 0.0, INPUTS) == reading(0.0, 0, newest_ms=None)


def test_the_line_tells_events_rate_lag_and_freshness() -> None:
    line = status_line(reading(1.0, 10_000), reading(3.0, 14_690, lag=1_234), NOON_MS + 800)
    assert line == "14,690 events | 2,345 events/s | lag 1,234 | newest event 0.8 s old"


def test_slow_rates_keep_a_decimal_and_the_first_line_has_none() -> None:
    assert "| 1.5 events/s |" in status_line(reading(0.0, 100), reading(2.0, 103), NOON_MS)
    assert "| - events/s |" in status_line(None, reading(2.0, 103), NOON_MS)


@pytest.mark.parametrize(
    ("age_ms", "shown"),
    [(-300, "0.0 s"), (0, "0.0 s"), (59_940, "59.9 s"), (60_000, "1 min"), (7_259_999, "120 min")],
)
def test_age_is_in_seconds_below_a_minute(age_ms: int, shown: str) -> None:
    line = status_line(None, reading(0.0, 1), NOON_MS + age_ms)
    assert line.endswith(f"newest event {shown} old")


def test_a_worker_without_an_answer_or_an_event_is_said_to_be_so() -> None:
    assert status_line(None, None, NOON_MS) == "the worker is starting"
    assert status_line(reading(0.0, 5), None, NOON_MS) == "the worker gave no answer this second"
    assert status_line(None, reading(0.0, 0, newest_ms=None), NOON_MS) == "no event counted yet"


def test_without_a_terminal_each_line_stays() -> None:
    out = StringIO()
    with StatusLine(Console(file=out, width=20)) as status:
        status.show("a line that is longer than the console is wide [0/3]")
        status.show("two")
    assert out.getvalue() == "a line that is longer than the console is wide [0/3]\ntwo\n"


def test_on_a_terminal_the_line_is_replaced() -> None:
    out = StringIO()
    with StatusLine(Console(file=out, width=40, force_terminal=True)) as status:
        status.show("first")
        status.show("second")
    erase_line = "\x1b[2K"
    between = out.getvalue().partition("first")[2].partition("second")[0]
    assert erase_line in between
    assert "\n" not in between
