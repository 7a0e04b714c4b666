"""A worker with a toy state on the lane: for each key the highest revision seen of each id.

Two tables with changelogs of their own: `left` is fed by two topics, `right` by one. Run as a
process of its own, set up by environment variables. It answers the tests by a file, written anew a
few times a second: the totals of what it owns, and what its lane counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

from faust.types import TP

from streams.core.ports import LogRecord
from streams.engine.fatal import stop_now
from streams.engine.lane.batch import Slice, SliceTopic
from streams.engine.lane.lane import Lane, LaneApp
from streams.engine.lane.producer import Producer, Record, advance
from streams.engine.lane.recovery import total
from streams.engine.lane.settings import app_options
from streams.engine.lane.transport import install
from streams.settings_reader import load_settings

TABLES = {"left": ("calls", "surveys"), "right": ("deals",)}


@dataclass
class Part:
    """One partition of one table: contributions, those not yet written, and who writes them."""

    keys: dict[str, dict[str, int]] = field(default_factory=dict)
    dirty: dict[str, dict[str, int]] = field(default_factory=dict)
    writer: str = ""
    written: int = 0

    def merge(self, key: str, found: Mapping[str, int]) -> dict[str, int]:
        """Keep the higher revisions; returns what changed."""
        mine = self.keys.setdefault(key, {})
        changed = {one: rev for one, rev in found.items() if rev > mine.get(one, -1)}
        mine.update(changed)
        return changed


class ToyHost:
    """The state behind the lane: merged by maximum, written in segments named by their writer."""

    def __init__(self, topics: Mapping[str, str], folder: Path, name: str) -> None:
        self.table_of = topics
        self.parts: dict[tuple[str, int], Part] = {}
        self.folder, self.name = folder, name
        self.generation = -1
        self.counts = {"events": 0, "changed": 0, "recovered": 0, "assigned": 0}
        self.lane: Lane

    @property
    def source_topics(self) -> frozenset[str]:
        """All inputs."""
        return frozenset(self.table_of)

    def assigned(self, partitions: frozenset[int], generation: int) -> None:
        """Load what is new from the store, forget what is not ours, write under a new name."""
        self.generation = generation
        self.counts["assigned"] += 1
        self.parts = {at: part for at, part in self.parts.items() if at[1] in partitions}
        for table in TABLES:
            for partition in partitions:
                part = self.parts.get((table, partition))
                if part is None:
                    part = self.parts[table, partition] = Part()
                    for key, value in self.lane.segments(table, partition).scan(b""):
                        part.merge(key.split(b"|")[0].decode(), json.loads(value))
                part.writer, part.written = os.urandom(8).hex(), 0
        for name in os.environ.get("TOY_PAUSE", "").split():
            topic, number = name.split(":")
            if int(number) in partitions:
                self.lane.consumer.lane_pause(TP(topic, int(number)))

    def revoked(self, partitions: frozenset[int]) -> None:
        """Nothing: `assigned` says what stays."""

    def recover(self, table: str, partition: int, records: Sequence[LogRecord]) -> None:
        """Merge segments of any writer and keep them in the store."""
        part = self.parts[table, partition]
        items: list[tuple[bytes, bytes | None]] = []
        for record in records:
            if record.key is not None and record.value is not None:
                part.merge(record.key.split(b"|")[0].decode(), json.loads(record.value))
                items.append((record.key, record.value))
        self.lane.segments(table, partition).write(items, records[-1].offset)
        self.counts["recovered"] += len(records)

    async def recovered(self, table: str, partition: int, offset: int) -> None:
        """Move the store's offset over records that held nothing."""
        store = self.lane.segments(table, partition)
        if offset > store.offset():
            store.write([], offset)

    def start_at(self, _: TP, committed: int) -> int:
        return committed

    def commit_due(self) -> bool:
        """Always."""
        return True

    def apply(self, piece: Slice) -> int | None:
        """Merge the records of a slice; stops before one that says so."""
        part = self.parts[self.table_of[piece.topic], piece.partition]
        for record in piece.records:
            if record.value is None:
                continue
            if record.value == b"stop" and "TOY_IGNORE_STOP" not in os.environ:
                return record.offset
            try:
                event = json.loads(record.value)
                key, one, revision = event["key"], event["id"], event["revision"]
            except (ValueError, KeyError):
                continue
            self.counts["events"] += 1
            changed = part.merge(key, {one: revision})
            if changed:
                self.counts["changed"] += 1
                part.dirty.setdefault(key, {}).update(changed)
        return None

    async def flush(self) -> None:
        """Write changed contributions as new segments, then to the store."""
        self.dump()  # with the counts this commit stands for
        snapshot: dict[str, dict[int, list[Record]]] = {table: {} for table in TABLES}
        for (table, partition), part in self.parts.items():
            for key, found in part.dirty.items():
                name = f"{key}|{part.writer}|{part.written}".encode()
                snapshot[table].setdefault(partition, []).append(
                    (name, json.dumps(found).encode(), [])
                )
                part.written += 1
            part.dirty = {}
        producer = cast(Producer, self.lane.app.producer)
        for table, batches in snapshot.items():
            changelog = f"{self.lane.app.conf.id}-{table}-changelog"
            acks = await producer.send_batches(changelog, batches)
            for partition, records in batches.items():
                store = self.lane.segments(table, partition)
                mine = (ack for ack in acks if ack.partition == partition)
                items = [(key, value) for key, value, _ in records if key is not None]
                store.write(items, advance(store.offset(), mine))

    def die(self, reason: str) -> NoReturn:
        """End at once."""
        stop_now(reason)

    def dump(self) -> None:
        """Write what this worker owns and counted."""
        app = self.lane.app
        settled = not (app.rebalancing or app.in_recovery)
        totals = {
            f"{table}/{key}": [len(found), sum(found.values())]
            for (table, _), part in self.parts.items()
            for key, found in part.keys.items()
        }
        told = {
            "settled": settled,
            "owned": sorted({partition for _, partition in self.parts}),
            "totals": totals if settled else {},
            "lag": sum(self.lane.lag().values()),
            "recovery": list(total(self.lane.recovery().progress())),
            "generation": self.generation,
            **self.counts,
            "seeks_back": self.lane.positions.seeks_back,
            "refused": self.lane.commits_refused,
        }
        path = self.folder / f"{self.name}.json"
        path.with_suffix(".new").write_text(json.dumps(told))
        path.with_suffix(".new").replace(path)


def make_app(environ: Mapping[str, str]) -> LaneApp:
    """The toy's app; its topics are named `<prefix>calls` and so on."""
    install()
    settings = load_settings({k: v for k, v in environ.items() if k.startswith("FLOORCAST_")})
    topics = {settings.topic(name): table for table, names in TABLES.items() for name in names}
    host = ToyHost(topics, Path(environ["TOY_FOLDER"]), environ["TOY_NAME"])
    options: dict[str, Any] = app_options(settings)
    options["broker_rebalance_timeout"] = 6.0
    app = LaneApp(settings.group, **options)
    host.lane = Lane(app, host, idempotent=settings.producer_idempotence)
    for table in TABLES:
        app.Table(table, key_type=bytes, value_type=bytes, partitions=settings.partitions)
    source = SliceTopic(app, topics=sorted(topics), partitions=settings.partitions)

    async def score(stream: AsyncIterable[Slice]) -> None:
        async for piece in stream:
            host.lane.take(piece, host.apply)
            await asyncio.sleep(0)

    async def tell() -> None:
        host.dump()

    app.agent(source)(score)
    app.timer(0.25)(tell)
    return app


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "-l", "info", "--without-web"]
    make_app(os.environ).main()
