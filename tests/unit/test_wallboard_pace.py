"""The usual pace of a source, and what is late."""

from __future__ import annotations

from random import Random

from sinks.wallboard.model import BoardModel
from sinks.wallboard.pace import CATCHING_UP_MS, ENOUGH, GRACE_MS, KEPT, SPREAD, Pace
from sinks.wallboard.pulse import Source
from streams.core.board_health import Freshness
from streams.core.clock import ManualClock
from streams.core.snapshot import PartitionStatus, SnapshotBatch, SourceFreshness

NOW = 1_800_000_000_000


def steady(pace: Pace, gap_ms: int, count: int, delay_ms: int = 0) -> int:
    """Events every `gap_ms`, each seen `delay_ms` after it happened; the instant of the last."""
    at_ms = NOW
    for number in range(count):
        at_ms = NOW + number * gap_ms
        pace.saw(at_ms + delay_ms, [Freshness("deal-closed", "crm", at_ms, at_ms)])
    return at_ms


def test_a_pace_is_known_after_a_few_events_and_covers_gap_and_delay() -> None:
    pace = Pace()
    steady(pace, 2_000, ENOUGH, delay_ms=500)
    assert pace.usual_ms("deal-closed", "crm") is None

    steady(pace, 2_000, ENOUGH + 2, delay_ms=500)
    assert pace.usual_ms("deal-closed", "crm") == SPREAD * 2_500


def test_history_that_is_read_at_full_speed_is_no_pace() -> None:
    pace = Pace()
    for number in range(100):
        at_ms = NOW - (200 - number) * CATCHING_UP_MS
        pace.saw(NOW + number, [Freshness("call-ended", "pbx", at_ms, at_ms)])
    pace.saw(NOW + 200, [Freshness("call-ended", "pbx", NOW + 200, NOW + 200)])

    assert pace.usual_ms("call-ended", "pbx") is None


def test_a_break_does_not_make_breaks_usual() -> None:
    pace = Pace()
    last_ms = steady(pace, 1_000, KEPT + 1)
    later_ms = last_ms + 7_200_000
    pace.saw(later_ms, [Freshness("deal-closed", "crm", later_ms, later_ms)])

    assert pace.usual_ms("deal-closed", "crm") == SPREAD * 1_000


def test_events_that_come_by_chance_are_late_less_than_once_in_a_hundred() -> None:
    random = Random(5)
    pace, at_ms, late, judged = Pace(), NOW, 0, 0
    for _ in range(5_000):
        gap_ms = round(random.expovariate(1 / 30_000))
        usual = pace.usual_ms("deal-closed", "crm")
        if usual is not None:
            judged += 1
            late += gap_ms > usual + GRACE_MS
        at_ms += gap_ms
        pace.saw(at_ms, [Freshness("deal-closed", "crm", at_ms, at_ms)])
    assert late / judged < 0.01


def test_a_source_turns_stale_ten_seconds_beyond_its_usual_pace() -> None:
    clock = ManualClock(NOW)
    model = BoardModel(clock)

    def crm() -> Source:
        (found,) = model.pulse().sources
        return found

    for _ in range(ENOUGH + 1):
        clock.advance(1_000)
        now = clock.now_ms()
        model.take(
            SnapshotBatch(
                freshness=[
                    SourceFreshness(
                        topic="deal-closed", source="crm", partition=0, newest_ms=now, seen_ms=now
                    )
                ],
                status=[PartitionStatus(partition=0, version=(now, 0), state="live")],
            )
        )
    assert crm().usual_ms == SPREAD * 1_000
    clock.advance(SPREAD * 1_000 + GRACE_MS)
    assert not crm().stale
    clock.advance(1)
    assert crm().stale
