"""State that a released floorcast wrote can be read by this one, and means the same."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.core.changelog import ChangelogReader
from streams.core.deal_desk import DealDesk
from streams.core.errors import StateVersionMismatch
from streams.core.events import DEAL_CLOSED
from streams.core.scoreboard import Scoreboard
from streams.core.segment import parse_segment_key
from streams.core.totals import total_rows
from streams.engine.stores import MemorySegments
from tests.contract.golden.make import FOLDER, WRITERS, documents, events, plan, records

RELEASED = sorted(FOLDER.parent.glob("v*"))
Segments = list[tuple[bytes, bytes]]

each_release = pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def segments(file: Path) -> Segments:
    return [(b64decode(one["key"]), b64decode(one["value"])) for one in lines(file)]


@each_release
def test_the_scoreboard_s_changelog_reads_as_the_totals_it_stood_for(folder: Path) -> None:
    reader = ChangelogReader()
    for key, value in segments(folder / "scoreboard.jsonl"):
        reader.add(0, key, value)
    rows = [msgspec.to_builtins(row) for row in total_rows(reader.rep_days, plan(), 0)]
    assert rows == lines(folder / "totals.jsonl")


@each_release
def test_a_worker_recovers_the_same_days_from_it(folder: Path) -> None:
    found = segments(folder / "scoreboard.jsonl")
    reader = ChangelogReader()
    for key, value in found:
        reader.add(0, key, value)
    board = Scoreboard(0, 1, plan(), MemorySegments())
    board.recover(found, len(found) - 1)
    board.recovered()
    assert reader.rep_days
    for (rep, day), rep_day in reader.rep_days.items():
        assert board.reps[rep].history.day(day) == rep_day.total()


@each_release
def test_a_worker_recovers_the_deals_and_posts_the_same_again(folder: Path) -> None:
    found = segments(folder / "ledger.jsonl")
    desk = DealDesk(0, 1, MemorySegments(), plan().reversals)
    desk.recover(found, len(found) - 1)
    desk.recovered()
    desk.new_writer(b"writer-3")
    # A repeat of any event makes the ledger say again what its deal comes to.
    log = records([event for some in events() for event in some], 0)
    out, postings = desk.apply([one for one in log if one.topic == DEAL_CLOSED])
    assert (out.accepted, out.revised) == (0, 0)
    assert out.duplicate > len({one.deal_id for one in postings})
    said = sorted(postings, key=lambda one: (one.deal_id, one.rep_id))
    assert msgspec.json.decode(msgspec.json.encode(said)) == lines(folder / "postings.jsonl")


@each_release
def test_golden_state_is_of_several_writers_and_full_segments(folder: Path) -> None:
    keys = [parse_segment_key(key) for key, _ in segments(folder / "scoreboard.jsonl")]
    assert {writer for _, _, writer, _ in keys} == set(WRITERS)
    assert max(number for _, _, _, number in keys) > 0


def test_this_release_still_writes_its_golden_state() -> None:
    for name, written in documents().items():
        assert lines(FOLDER / name) == json.loads(json.dumps(written)), name


@pytest.mark.parametrize("version", [0, 2, 255])
def test_state_of_an_unknown_version_is_refused(version: int) -> None:
    key, value = segments(FOLDER / "scoreboard.jsonl")[0]
    unknown = bytes([version]) + value[1:]
    with pytest.raises(StateVersionMismatch, match=f"has version {version}, "):
        ChangelogReader().add(0, key, unknown)
    board = Scoreboard(0, 1, plan(), MemorySegments())
    board.recover([(key, unknown)], 0)
    with pytest.raises(StateVersionMismatch):
        board.recovered()
