"""`floorcast schema` writes the schemas; `--check` names everything that is wrong with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli.schema import command


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(command, [*args, "--dir", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Schemas as they are now, and the same as released."""
    run(tmp_path)
    (tmp_path / "released").mkdir()
    for path in tmp_path.glob("*.schema.json"):
        shutil.copy(path, tmp_path / "released")
    return tmp_path


def test_what_was_written_passes_the_check(folder: Path) -> None:
    assert sorted(path.name for path in folder.glob("*.json")) == [
        "alert-action.schema.json",
        "asyncapi.json",
        "call-ended.schema.json",
        "deal-closed.schema.json",
        "deal-posting.schema.json",
        "openapi.json",
        "rep-alert.schema.json",
        "rep-scoreboard.schema.json",
        "survey-submitted.schema.json",
        "visit-logged.schema.json",
    ]
    result = run(folder, "--check")
    assert result.exit_code == 0, result.output
    assert "10 files are up to date" in result.output


def test_writing_again_writes_nothing(folder: Path) -> None:
    assert "wrote" not in run(folder).output


def test_every_kind_of_drift_is_named(folder: Path) -> None:
    (folder / "call-ended.schema.json").unlink()
    (folder / "deal-closed.schema.json").write_text("{}")
    (folder / "fax-received.schema.json").write_text("{}")
    result = run(folder, "--check")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "call-ended.schema.json",
        "deal-closed.schema.json",
        "fax-received.schema.json",
    ]
    assert not (folder / "call-ended.schema.json").exists()


def test_a_break_with_the_last_release_is_named(folder: Path) -> None:
    released = folder / "released" / "call-ended.schema.json"
    old = json.loads(released.read_text())
    fields = old["$defs"]["CallEnded"]
    fields["required"].remove("direction")
    fields["properties"]["result"]["enum"].append("voicemail")
    released.write_text(json.dumps(old))
    (folder / "released" / "fax-received.schema.json").write_text("{}")
    result = run(folder, "--check")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "call-ended: field `direction` became required: an old producer does not send it",
        'call-ended: field `result` takes no more "voicemail": '
        "an old producer may send what was allowed",
        "fax-received: was removed: what is in its topic, and who sends it, is still there",
    ]


def test_a_missing_or_broken_baseline_is_a_problem(folder: Path) -> None:
    (folder / "released" / "call-ended.schema.json").write_text("{")
    assert "is not a JSON Schema" in run(folder, "--check").output
    shutil.rmtree(folder / "released")
    result = run(folder, "--check")
    assert result.exit_code == 1
    assert "no schemas of a release" in result.output
