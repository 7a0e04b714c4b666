"""The commands `simulate`, `import` and `replay` as a person meets them, without Kafka."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams.cli.main import main
from streams.core.plan import parse_plan

SMALL = ["--reps", "4", "--teams", "2", "--start", "2026-11-02"]

MAPPING = """
zone = "UTC"
[[reject]]
when = { rep = "-" }
reason = "nobody"
[[event]]
topic = "call-ended"
[event.fields]
source = "pbx"
rep_id = { column = "rep" }
call_id = { column = "id" }
occurred_at = { at = "end" }
direction = "outbound"
result = "busy"
"""


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", ["simulate", "import", "replay"])
def test_the_help_of_a_command_has_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "--help") == 0
    said = capsys.readouterr().out
    assert "Example" in said
    assert f"floorcast {command} " in said


def test_simulating_twice_writes_the_same_bytes_and_the_plan_that_fits(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for file in files:
        plan = file.with_suffix(".toml")
        assert run("simulate", *SMALL, "--seed", "5", "--out", file, "--plan", plan) == 0
    first, second = (file.read_bytes() for file in files)
    assert first == second
    lines = [msgspec.json.decode(line) for line in first.splitlines()]
    assert len(lines) > 100
    plan_reps = parse_plan((tmp_path / "a.toml").read_text(encoding="utf-8"), "UTC").reps()
    reps = {line["value"]["rep_id"] for line in lines}
    assert reps == set(plan_reps)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate"], "either --out FILE or --kafka"),
        (["simulate", "--out", "x", "--kafka"], "either --out FILE or --kafka"),
        (["simulate", "--out", "x", "--speed", "fast"], "neither max nor a number above 0"),
        (["simulate", "--out", "x", "--speed", "0"], "neither max nor a number above 0"),
        (["simulate", "--out", "x", "--reps", "2", "--teams", "3"], "1 to 2 teams for 2 reps"),
        (["simulate", "--out", "x", "--start", "2026-13-01"], "2026-13-01"),
        (["simulate", "--out", "no/such/folder/x"], "cannot be written"),
        (["replay", "absent.jsonl"], "absent.jsonl"),
        (["import", "absent.toml", "absent.csv"], "absent.toml"),
        (["import", "absent.toml", "absent.csv", "--kafka"], "absent.toml"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_says_what_to_do(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_mapping_is_exit_code_2_with_every_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, rows = tmp_path / "m.toml", tmp_path / "r.csv"
    mapping.write_text(MAPPING.replace("call_id", "callid").replace("busy", "bussy"))
    rows.write_text("rep,id,end\n")
    assert run("import", mapping, rows, "--out", tmp_path / "o.jsonl") == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert all(line.startswith(f"floorcast: {mapping}: event 1") for line in said)
    assert not (tmp_path / "o.jsonl").exists()


@pytest.mark.parametrize(("row", "code"), [("-,c-2,x", 0), ("r-1,c-2,x", 1)])
def test_only_rows_that_nobody_meant_to_reject_make_the_exit_code_1(
    row: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, rows = tmp_path / "m.toml", tmp_path / "r.csv"
    mapping.write_text(MAPPING)
    rows.write_text(f"rep,id,end\nr-1,c-1,2026-03-02T10:00:00Z\n{row}\n")
    out, rejects = tmp_path / "o.jsonl", tmp_path / "rejects.csv"
    assert run("import", mapping, rows, rows, "--out", out, "--rejects", rejects) == code
    assert "4 rows: 2 events, 2 rejected" in capsys.readouterr().err
    assert len(out.read_bytes().splitlines()) == 2
    assert len(rejects.read_text().splitlines()) == 3


@pytest.mark.parametrize("command", ["simulate", "import", "replay"])
def test_a_kafka_that_is_away_is_exit_code_1_in_one_line(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mapping, rows = tmp_path / "m.toml", tmp_path / "r.csv"
    mapping.write_text(MAPPING)
    rows.write_text("rep,id,end\n")
    monkeypatch.setenv("FLOORCAST_BROKERS", "127.0.0.1:1")
    monkeypatch.setattr("producers.kafka.REACH_TIMEOUT_S", 0.5)
    arguments: dict[str, list[str | Path]] = {
        "simulate": ["--kafka"],
        "import": [mapping, rows, "--kafka"],
        "replay": [rows],
    }
    assert run(command, *arguments[command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("floorcast: Kafka at 127.0.0.1:1 cannot be reached")
