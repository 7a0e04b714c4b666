"""`floorcast schema [--check]`: the published schemas of events, snapshots and the JSON API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from streams.core.asyncapi import asyncapi
from streams.core.compatibility import compatible
from streams.core.schema import PUBLISHED, encode_document, schemas

FOLDER = Path(__file__).parents[1] / "schemas"
RELEASED = "released"
"""Folder of the last release's schemas: what runs out there, and what may not be broken."""
SUFFIX = ".schema.json"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name what is out of date or breaks.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Where the schemas are; by default those of this floorcast.",
)
def command(check: bool, folder: Path) -> None:
    """Write JSON Schemas of all events, an AsyncAPI and an OpenAPI document, or check them.

    With --check the exit code is 1 when a file differs from what the code says, or when the code
    breaks what the last release (the folder `released`) took or wrote: a field became required,
    was removed or narrowed.

    \b
    Example:
      floorcast schema --check
    """
    files = documents()
    if not check:
        for name, content in files.items():
            if _read(folder / name) != content:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
                click.echo(f"wrote {folder / name}")
        click.echo(f"{len(files)} files are up to date in {folder}")
        return
    problems = [*_drift(folder, files), *_breaks(folder / RELEASED)]
    for problem in problems:
        click.echo(problem)
    if problems:
        raise SystemExit(1)
    click.echo(f"{len(files)} files are up to date and break nothing of the last release")


def documents() -> dict[str, bytes]:
    """File name to content of everything that `floorcast schema` writes."""
    from sinks.wallboard.api.openapi import openapi

    files = {f"{name}{SUFFIX}": encode_document(schema) for name, schema in schemas().items()}
    return {
        **files,
        "asyncapi.json": encode_document(asyncapi()),
        "openapi.json": encode_document(openapi()),
    }


def _drift(folder: Path, files: dict[str, bytes]) -> Iterator[str]:
    for name, content in files.items():
        found = _read(folder / name)
        if found is None:
            yield f"{name}: is missing in {folder}: run `floorcast schema`"
        elif found != content:
            yield f"{name}: differs from what the code says: run `floorcast schema`"
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path.name not in files:
            yield f"{path.name}: nothing of that name is published: delete it"


def _breaks(released: Path) -> Iterator[str]:
    now = schemas()
    baseline = sorted(released.glob(f"*{SUFFIX}"))
    if not baseline:
        yield f"{released}: no schemas of a release: copy the last release's there"
    for path in baseline:
        name = path.name.removesuffix(SUFFIX)
        try:
            old = msgspec.json.decode(path.read_bytes(), type=dict)
        except msgspec.DecodeError as error:
            yield f"{path}: is not a JSON Schema: {error}"
            continue
        if name not in now:
            yield f"{name}: was removed: what is in its topic, and who sends it, is still there"
        else:
            yield from compatible(name, old, now[name], written=PUBLISHED[name].use == "written")


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
