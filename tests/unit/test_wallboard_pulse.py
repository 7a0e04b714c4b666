"""What a board says of its own freshness."""

from __future__ import annotations

from typing import Literal

from sinks.wallboard.pulse import Outage, Pulse, pulse
from streams.core.snapshot import PartitionStatus, SourceFreshness

NOW = 1_800_000_000_000
MINUTE = 60_000


def status(
    partition: int,
    age_ms: int = 400,
    state: Literal["live", "catching_up", "recovering"] = "live",
    lag: int = 0,
    stopped: dict[str, str] | None = None,
) -> PartitionStatus:
    return PartitionStatus(
        partition=partition,
        version=(NOW - age_ms, 0),
        state=state,
        lag=lag,
        stopped=stopped or {},
    )


def source(topic: str, name: str, age_ms: int, partition: int = 0) -> SourceFreshness:
    newest = NOW - age_ms
    return SourceFreshness(
        topic=topic, source=name, partition=partition, newest_ms=newest, seen_ms=newest
    )


def said(one: Pulse) -> tuple[str, int | None, str]:
    return one.state, one.since_ms, one.why


def test_a_board_is_as_fresh_as_its_oldest_partition() -> None:
    one = pulse(NOW, [status(0, 300), status(1, 900)], [])

    assert (one.state, one.age_ms) == ("live", 900)


def test_a_board_that_never_heard_anything_waits() -> None:
    assert pulse(NOW, [], []).state == "waiting"


def test_a_worker_that_says_nothing_makes_the_board_stale_since_its_last_word() -> None:
    everyone = pulse(NOW, [status(0, 11_000), status(1, 12_000)], [])
    one = pulse(NOW, [status(0, 100), status(1, 12_000)], [])

    assert said(everyone) == ("stale", NOW - 12_000, "no word from the workers")
    assert said(one) == ("stale", NOW - 12_000, "no word from partition 1")


def test_a_partition_that_nobody_has_makes_the_board_stale() -> None:
    one = pulse(NOW, [status(0)], [], partitions=2)

    assert one.state == "stale"
    assert "partition 1" in one.why


def test_reps_that_are_not_there_make_the_board_stale_and_are_counted() -> None:
    one = pulse(NOW, [status(0), status(1, state="catching_up")], [], absent=7)

    assert said(one) == ("stale", None, "7 reps are not there yet")
    assert (one.reason, one.about) == ("filling", ["7"])


def test_recovering_and_catching_up_are_said_with_what_is_missing() -> None:
    behind = pulse(NOW, [status(0), status(1, state="catching_up", lag=1_200)], [])
    recovering = pulse(NOW, [status(0, state="recovering"), status(1, lag=3)], [])

    assert (behind.state, behind.why, behind.lag) == ("catching_up", "catching up", 1_200)
    assert (recovering.state, recovering.why, recovering.lag) == ("catching_up", "recovering", 3)


def test_a_stopped_input_makes_the_board_stale_and_says_why() -> None:
    one = pulse(NOW, [status(0, stopped={"deal-closed": "50 bad events in a row"})], [])

    assert one.state == "stale"
    assert "deal-closed" in one.why
    assert "50 bad events in a row" in one.why


def test_a_silent_source_makes_the_board_stale_since_its_newest_event() -> None:
    seen = [source("call-ended", "pbx", 20 * MINUTE), source("deal-closed", "crm", MINUTE)]

    assert said(pulse(NOW, [status(0)], seen)) == ("stale", NOW - 20 * MINUTE, "pbx silent")


def test_a_source_is_as_fresh_as_its_freshest_partition() -> None:
    seen = [source("call-ended", "pbx", 20 * MINUTE), source("call-ended", "pbx", 1_000, 1)]

    one = pulse(NOW, [status(0)], seen)

    assert one.state == "live"
    assert [(each.source, each.newest_ms) for each in one.sources] == [("pbx", NOW - 1_000)]


def test_being_cut_off_comes_before_everything_else() -> None:
    one = pulse(NOW, [status(0)], [], outage=Outage("Redis is away", NOW - 5_000))

    assert said(one) == ("stale", NOW - 5_000, "Redis is away")


def test_clocks_that_differ_give_no_negative_age() -> None:
    assert pulse(NOW, [status(0, age_ms=-700)], []).age_ms == 0
