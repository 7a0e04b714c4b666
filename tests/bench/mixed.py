"""Deals and surveys among the calls: what an event costs beside one of calls alone."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from msgspec import json

from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from tests.bench.calls import Call, call, instant, rep_ids
from tests.bench.floor import bench_floor
from tests.bench.pipeline import DAY_MS, DAYS
from tests.bench.reading import Reading, read_all
from tests.bench.report import Figure, Report

EVERY = 20
"""One event of so many is a deal, and one a survey: 5 % each."""


def measure_mixed(events: int, reps: int) -> Report:
    """Cost per event of calls alone, and with 5 % deals and 5 % surveys among them."""
    calls_only = _read(events, reps, mixed=False)
    mixed = _read(events, reps, mixed=True)
    costs = [_costs_us(read, events) for read in (calls_only, mixed)]
    figures = [
        Figure("calls alone, us of CPU per event", f"{costs[0][0]:.1f}"),
        Figure("5 % deals, 5 % surveys, us of CPU per event", f"{costs[1][0]:.1f}"),
        Figure("ratio", f"{costs[1][0] / costs[0][0]:.2f}", "1.3"),
        Figure("the same to the last commit, us", f"{costs[0][1]:.1f}, {costs[1][1]:.1f}"),
        Figure("  ratio", f"{costs[1][1] / costs[0][1]:.2f}", "1.3"),
        Figure("changelog per event", ", ".join(_out(r, events) for r in (calls_only, mixed))),
        Figure("resident memory", f"{calls_only.rss_mb:,.0f}, {mixed.rss_mb:,.0f} MiB"),
    ]
    title = f"mixed: {events:,} events, {reps:,} reps"
    against = "a deal's posting, which the worker sends itself, is no event: its cost is the deal's"
    return Report(title, figures, against)


def _read(events: int, reps: int, mixed: bool) -> Reading:
    with bench_floor() as (floor, _):
        now_ms = time.time_ns() // 1_000_000
        span = now_ms - DAYS * DAY_MS, now_ms
        floor.fill_topics(_events(events, reps, span, mixed))
        floor.worker.start()
        # Each deal belongs to one rep and comes once, so it is posted once, and read back.
        return read_all(floor.worker, events + (events // EVERY if mixed else 0))


def _events(
    events: int, reps: int, span: tuple[int, int], mixed: bool
) -> Iterator[tuple[str, Call]]:
    """Events evenly in the span, each with its topic; their keys as a source would set them."""
    random_ = random.Random(7)
    ids = rep_ids(reps)
    for number in range(events):
        at_ms = span[0] + number * (span[1] - span[0]) // events
        rep_id = random_.choice(ids)
        if mixed and number % EVERY == EVERY - 1:
            yield DEAL_CLOSED, _deal(rep_id, number, at_ms)
        elif mixed and number % EVERY == EVERY // 2:
            yield SURVEY_SUBMITTED, _survey(rep_id, number, at_ms)
        else:
            yield CALL_ENDED, call(random_, rep_id, number, at_ms)


def _deal(rep_id: str, number: int, at_ms: int) -> Call:
    deal_id = f"deal-{number:010d}"
    event = {
        "event_id": f"ev-{number:010d}",
        "source": "crm",
        "occurred_at": instant(at_ms),
        "closed_at": instant(at_ms),
        "rep_id": rep_id,
        "deal_id": deal_id,
        "status": "won",
        "currency": "EUR",
        "amount_minor": 4_900,
        "lines": [{"product_id": "mobile-l", "quantity": 1, "amount_minor": 4_900}],
        "customer_id": f"customer-{number:010d}",
    }
    return Call(deal_id, json.encode(event))


def _survey(rep_id: str, number: int, at_ms: int) -> Call:
    event = {
        "event_id": f"ev-{number:010d}",
        "source": "surveys",
        "occurred_at": instant(at_ms),
        "rep_id": rep_id,
        "response_id": f"response-{number:010d}",
        "metric": "csat",
        "score": 4,
        "scale_min": 1,
        "scale_max": 5,
    }
    return Call(rep_id, json.encode(event))


def _costs_us(read: Reading, events: int) -> tuple[float, float]:
    """CPU per event sent, to the last event and to the last commit."""
    # What was consumed counts postings too; what came before the first look at it is left out.
    consumed = read.last.events
    spans = read.first.to(read.last), read.first.to(read.done)
    last, done = (span.cpu_s / span.events * consumed / events * 1e6 for span in spans)
    return last, done


def _out(read: Reading, events: int) -> str:
    return f"{read.changelog_bytes / events:.0f} B"
