"""`floorcast import`: history from CSV files, to a file or to Kafka."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path

import click

from producers.csv_import import Mapping, Rejected, convert_rows, parse_mapping, read_rows
from producers.csv_import.rejects import RejectWriter
from producers.kafka import key_of
from streams.cli.main import Context
from streams.cli.sending import (
    Bar,
    KafkaOutput,
    LinesOutput,
    bar,
    make_producer,
    open_for_writing,
    output_options,
    require_one_output,
)
from streams.core.errors import PipelineError

_REASONS_SHOWN = 20
_File = click.Path(path_type=Path, exists=True, dir_okay=False)


class _Tally:
    """What became of the rows so far."""

    def __init__(self) -> None:
        self.rows = self.events = self.wrong = 0
        self.reasons: Counter[str] = Counter()

    def rejected(self, row: Rejected) -> None:
        """Count a row that gave no event."""
        self.reasons[row.kind] += 1
        self.wrong += not row.meant

    def say(self) -> None:
        """The summary, on standard error."""
        rejected = self.reasons.total()
        click.echo(f"{self.rows:,} rows: {self.events:,} events, {rejected:,} rejected", err=True)
        for reason, count in self.reasons.most_common(_REASONS_SHOWN):
            click.echo(f"  {count:>9,}  {reason}", err=True)
        if len(self.reasons) > _REASONS_SHOWN:
            click.echo(f"  and {len(self.reasons) - _REASONS_SHOWN} more reasons", err=True)


@click.command(name="import")
@click.argument("mapping", type=_File, metavar="MAPPING.toml")
@click.argument("files", type=_File, nargs=-1, required=True, metavar="FILE...")
@output_options
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write rejected rows to FILE (CSV): line, reason, cells.",
)
@click.pass_obj
def command(
    context: Context,
    *,
    mapping: Path,
    files: tuple[Path, ...],
    out: Path | None,
    kafka: bool,
    rejects: Path | None,
) -> None:
    """Turn rows of CSV files into events, by a mapping (its format: producers/README.md).

    Importing a file again changes no number: the same row makes the same event. A row that cannot
    be read is rejected with its line and a reason; rows that a [[reject]] rule leaves out are
    expected, any other makes the exit code 1.

    \b
    Examples:
      floorcast import pbx.toml 2025-*.csv --kafka --rejects rejected.csv
      floorcast import pbx.toml calls.csv --out calls.jsonl
    """
    require_one_output(out, kafka)
    rules = _mapping(mapping)
    tally = _Tally()
    with ExitStack() as stack:
        output: LinesOutput | KafkaOutput
        if out is not None:
            output = LinesOutput(stack.enter_context(open_for_writing(out)))
        else:
            topics = sorted({rule.topic for rule in rules.events})
            output = KafkaOutput(make_producer(context.settings(), topics))
        writer = None
        if rejects is not None:
            raw = stack.enter_context(open_for_writing(rejects))
            text = TextIOWrapper(raw, encoding="utf-8", newline="")
            writer = RejectWriter(stack.enter_context(text))
        size = sum(file.stat().st_size for file in files)
        progress = stack.enter_context(bar(size, "importing"))
        failed = ""
        try:
            done = 0
            for file in files:
                _import(
                    file,
                    rules,
                    output=output,
                    writer=writer,
                    tally=tally,
                    progress=progress,
                    done=done,
                )
                done += file.stat().st_size
            progress.finish(tally.events)
        except PipelineError as error:
            failed = str(error)
        except KeyboardInterrupt:
            failed = "stopped"
        delivered = output.close()
    tally.say()
    if failed:
        click.echo(f"floorcast: {failed}; what follows was not imported", err=True)
    if failed or tally.wrong or not delivered:
        raise SystemExit(1)


def _mapping(path: Path) -> Mapping:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise click.UsageError(msg, click.get_current_context()) from error
    return parse_mapping(text, os.environ, str(path))


def _import(
    path: Path,
    mapping: Mapping,
    *,
    output: LinesOutput | KafkaOutput,
    writer: RejectWriter | None,
    tally: _Tally,
    progress: Bar,
    done: int,
) -> None:
    with path.open("rb") as file:
        rows = read_rows(file, str(path), mapping.file, mapping.columns())
        for outcome in convert_rows(mapping, rows):
            tally.rows += 1
            if isinstance(outcome, Rejected):
                tally.rejected(outcome)
                if writer is not None:
                    writer.write(str(path), outcome)
            else:
                for topic, value in outcome.events:
                    output.send(topic, key_of(topic, value), value)
                    tally.events += 1
            progress.at(done + file.tell(), tally.events)
