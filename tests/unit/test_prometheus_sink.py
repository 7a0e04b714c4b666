"""The text of `/metrics/reps`."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from typing import Literal

import pytest
from aiohttp import ClientSession, web
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from sinks.prometheus import CONTENT_TYPE, PrometheusSink
from sinks.prometheus_http import reps_handler
from sinks.rep_label import RepLabel
from streams.core.alerts.actions import AlertAction
from streams.core.alerts.told import RepAlert
from streams.core.snapshot import Partial, PartitionStatus, RepSnapshot, SnapshotBatch
from streams.core.tally import Tally
from tests.services.programs import require
from tests.unit.alert_entries import AT_MS, ack, end_of, entries, red

ALERT, NEWEST_CALL = "floorcast_rep_alert", "floorcast_rep_newest_call_timestamp_seconds"

TODAY = Tally(
    dials=200,
    human_answered_outbound=81,
    human_answered=90,
    contacts=83,
    contacts_outbound=80,
    deals_gross_bp=75_000,
    deals_reversed_bp=5_000,
    talk_ms=90_500,
    csat_responses=4,
    csat_satisfied=3,
    money={"EUR": {"a": (1_000, 100), "b": (50, 0)}, "JPY": {"a": (7, 0)}},
)


def rep(rep_id: str, partition: int = 0, today: Tally = TODAY, version: int = 1) -> RepSnapshot:
    return RepSnapshot(
        rep_id=rep_id,
        partition=partition,
        version=(version, 1),
        date="2026-03-02",
        zone="UTC",
        team_id="north",
        site="default",
        name="Ana Costa",
        windows={"today": today, "60m": Tally(dials=9, contacts=4)},
    )


async def rendered(*reps: RepSnapshot, sink: PrometheusSink | None = None) -> str:
    sink = sink or PrometheusSink()
    await sink.write(SnapshotBatch(reps=list(reps)))
    return sink.render().decode()


def samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            yield one.name, one.labels, one.value


def value(text: str, name: str, **labels: str) -> float:
    (found,) = [
        one for n, have, one in samples(text) if n == name and labels.items() <= have.items()
    ]
    return found


async def test_values_are_in_base_units_and_ratios_from_0_to_1() -> None:
    text = await rendered(rep("ana"))

    assert value(text, "floorcast_rep_today_talk_seconds") == 90.5
    assert value(text, "floorcast_rep_today_deals_gross") == 7.5
    assert value(text, "floorcast_rep_today_deals_reversed") == 0.5
    assert value(text, "floorcast_rep_today_conversion_ratio") == 7 / 83
    assert value(text, "floorcast_rep_today_connect_ratio") == 81 / 200
    assert value(text, "floorcast_rep_today_contact_ratio") == 80 / 200
    assert value(text, "floorcast_rep_today_csat_ratio") == 3 / 4
    assert value(text, "floorcast_rep_trailing_60m_contacts") == 4
    eur = {"rep": "ana", "currency": "EUR"}
    assert value(text, "floorcast_rep_today_revenue_gross_minor_units", **eur) == 1_050
    assert value(text, "floorcast_rep_today_revenue_reversed_minor_units", **eur) == 100


async def test_a_ratio_without_denominator_has_no_sample() -> None:
    text = await rendered(rep("idle", today=Tally()))

    assert value(text, "floorcast_rep_today_contacts", rep="idle") == 0
    assert "conversion_ratio" not in text


async def test_recovering_partitions_show_nothing_until_they_are_whole() -> None:
    sink = PrometheusSink()

    async def state(name: Literal["recovering", "live"], version: int) -> str:
        status = PartitionStatus(partition=1, version=(version, 1), state=name)
        part = Partial(
            level="team", id="north", partition=1, version=(1, 1), reps=1, windows={"today": TODAY}
        )
        await sink.write(SnapshotBatch(status=[status], partials=[part]))
        return await rendered(rep("ana", 0), rep("bo", 1), sink=sink)

    while_recovering = await state("recovering", 1)
    assert 'rep="ana"' in while_recovering
    assert 'rep="bo"' not in while_recovering
    assert 'floorcast_team_today_dials{team="north"}' not in while_recovering
    assert value(while_recovering, "floorcast_rep_recovering_partitions") == 1
    assert 'floorcast_rep_partition_shown{partition="1"}' not in while_recovering

    after = await state("live", 2)
    assert 'rep="bo"' in after
    assert value(after, "floorcast_rep_partition_shown", partition="1") == 1
    assert value(after, "floorcast_team_today_dials", team="north") == 200


async def test_beyond_the_limit_whole_reps_are_left_out_and_the_loss_is_shown() -> None:
    reps = [rep(f"r-{n:02}") for n in range(10)]
    everything = await rendered(*reps)
    of_reps = [one for one in samples(everything) if "rep" in one[1]]
    per_rep = len(of_reps) // len(reps)

    cut = await rendered(*reps, sink=PrometheusSink(series_limit=3 * per_rep + 1))

    left = [one for one in samples(cut) if "rep" in one[1]]
    assert {labels["rep"] for _, labels, _ in left} == {"r-00", "r-01", "r-02"}
    assert value(everything, "floorcast_rep_series_dropped") == 0
    assert value(cut, "floorcast_rep_series_dropped") == len(of_reps) - len(left)


async def test_a_pseudonym_shows_neither_id_nor_name() -> None:
    text = await rendered(rep("ana.costa"), sink=PrometheusSink(rep_label="hash"))

    assert "ana.costa" not in text
    assert "Ana Costa" not in text
    assert len(value_labels(text, "floorcast_rep_info")["rep"]) == 16


def value_labels(text: str, name: str) -> dict[str, str]:
    (labels,) = [have for n, have, _ in samples(text) if n == name]
    return labels


async def test_without_rep_label_there_are_teams_and_no_reps() -> None:
    text = await rendered(rep("ana"), sink=await of_two_partitions(PrometheusSink(rep_label="off")))

    assert not [one for one in samples(text) if "rep" in one[1]]
    # Two workers may show a partition at once: its label lets PromQL take one of them.
    for partition in ("0", "1"):
        labels = {"team": "north", "partition": partition}
        assert value(text, "floorcast_team_today_dials", **labels) == 200


async def test_with_rep_label_a_team_is_one_series_of_a_worker() -> None:
    text = await rendered(rep("ana"), sink=await of_two_partitions(PrometheusSink()))

    assert value_labels(text, "floorcast_team_today_dials") == {"team": "north"}
    assert value(text, "floorcast_team_today_dials", team="north") == 400


async def of_two_partitions(sink: PrometheusSink) -> PrometheusSink:
    """A sink whose one team has reps on two partitions."""
    parts = [
        Partial(
            level="team", id="north", partition=at, version=(1, 1), reps=1, windows={"today": TODAY}
        )
        for at in range(2)
    ]
    await sink.write(SnapshotBatch(partials=parts))
    return sink


async def test_a_rep_that_moves_gets_the_labels_of_the_new_place() -> None:
    sink = PrometheusSink()
    await rendered(rep("ana"), sink=sink)
    moved = rep("ana", version=2)
    moved.team_id = 'so"uth\\'
    text = await rendered(moved, sink=sink)

    assert value_labels(text, "floorcast_rep_info")["team"] == 'so"uth\\'


async def test_promtool_finds_nothing_to_say() -> None:
    text = await rendered(*(rep(f"r-{n}") for n in range(3)))

    done = subprocess.run(
        [require("promtool"), "check", "metrics"],
        check=False,
        input=text,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_the_handler_serves_the_whole_text(encoding: str) -> None:
    sink = PrometheusSink()
    text = await rendered(*(rep(f"r-{n}") for n in range(600)), sink=sink)
    app = web.Application()
    app.router.add_get("/metrics/reps", reps_handler(sink))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics/reps"
        async with ClientSession() as session:
            answer = await session.get(url, headers={"Accept-Encoding": encoding})
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            assert await answer.text() == text
    finally:
        await runner.cleanup()


async def test_a_scraper_that_hangs_up_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    sink = PrometheusSink()
    text = await rendered(*(rep(f"r-{n}") for n in range(3_000)), sink=sink)
    ended = asyncio.Event()
    handler = reps_handler(sink)

    async def and_tell(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            ended.set()

    app = web.Application()
    app.router.add_get("/metrics/reps", and_tell)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
        writer.write(b"GET /metrics/reps HTTP/1.1\r\nHost: here\r\n\r\n")
        # Far less than the text: the worker is in the middle of its answer.
        assert len(await reader.readexactly(1_000)) < len(text)
        writer.transport.abort()
        await ended.wait()
    finally:
        await runner.cleanup()
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


async def test_the_newest_call_is_there_for_who_has_called() -> None:
    called = structs.replace(rep("ana"), newest_ms={"call": 1_772_445_600_500, "deal": 1})
    text = await rendered(called, rep("bo"))

    (found,) = [one for one in samples(text) if one[0] == NEWEST_CALL]
    assert found[1]["rep"] == "ana"
    assert found[2] == 1_772_445_600.5


def alerts(text: str) -> list[tuple[dict[str, str], float]]:
    return [(labels, number) for name, labels, number in samples(text) if name == ALERT]


async def of_alerts(rep_label: RepLabel, *told: RepAlert | AlertAction) -> str:
    return await rendered(sink=PrometheusSink(rep_label=rep_label, alerts=lambda: entries(*told)))


async def test_an_alert_is_a_series_while_it_is_open() -> None:
    first, later = red("ana"), AT_MS + 1
    text = await of_alerts("id", first, red("bo"), ack(first, at_ms=later))
    assert [(labels["rep"], number) for labels, number in alerts(text)] == [("ana", 1), ("bo", 1)]
    assert alerts(text)[0][0] == {
        "kind": "conversion_drop",
        "site": "lisbon",
        "team": "north",
        "rep": "ana",
        "level": "red",
    }
    over = await of_alerts("id", first, end_of(first, at_ms=later))
    assert alerts(over) == []


async def test_alerts_of_a_team_have_no_rep() -> None:
    text = await of_alerts("id", red("", kind="team_conversion_drop", team_id="north"))
    ((labels, number),) = alerts(text)
    assert (labels["kind"], number) == ("team_conversion_drop", 1)
    assert "rep" not in labels


async def test_alerts_have_the_same_pseudonym_as_reps_and_no_text() -> None:
    sink = PrometheusSink(rep_label="hash", alerts=lambda: entries(red("ana.costa")))
    text = await rendered(rep("ana.costa"), sink=sink)
    ((labels, _),) = alerts(text)
    assert labels["rep"] == value_labels(text, "floorcast_rep_info")["rep"]
    assert "ana.costa" not in text
    assert "7 sales" not in text


async def test_alerts_are_counted_by_team_where_reps_are_not_named() -> None:
    ((labels, number),) = alerts(await of_alerts("off", red("ana"), red("bo")))
    assert "rep" not in labels
    assert number == 2
