"""Is what owners know of alerts the fold of the whole log, and did every contact get there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.types import TP

from streams.core.alerts.contact import MaturedContact
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.feed import Matured, decode_feed
from streams.core.alerts.maturing import Span, matured_of
from streams.core.alerts.part import AlertPart
from streams.engine.stores import MemorySegments
from streams.topics import ALERTS_TABLE, MATURED_CONTACTS, changelog
from tests.builders import Record

if TYPE_CHECKING:
    from tests.simulation.world import World

SCRATCH = b"no-owner"


def folded(world: World, partition: int) -> AlertDesk:
    """What a reader of the whole log knows."""
    desk = AlertDesk(world.log.count, world.plan.alerts)
    desk.apply(_matured(world, partition))
    return desk


def recovered(world: World, partition: int) -> AlertDesk:
    """What a new owner knows that has nothing but Kafka, once it has read on."""
    part = AlertPart(world.log.count, world.plan.alerts, MemorySegments())
    part.new_writer(SCRATCH)
    records = world.log.at(TP(changelog(world.settings, ALERTS_TABLE), partition)).records
    if records:
        part.recover([(r.key or b"", r.value) for r in records], records[-1].offset)
    for _ in part.recovery_steps():
        pass
    if part.desk.position:
        world.counts["checkpoints taken up"] += 1
    part.apply([r for r in _matured(world, partition) if r.offset >= part.desk.position])
    return part.desk


def at_commit(world: World) -> None:
    """A checkpoint and the rest of the log come to what the whole log comes to."""
    for partition in range(world.log.count):
        if recovered(world, partition).encode() != folded(world, partition).encode():
            world.findings.append(f"alerts of partition {partition}: a checkpoint is not the log")


def when_settled(world: World) -> None:
    """Every owner's detectors are the fold of the log, and each contact is in it."""
    at_commit(world)
    heard = {
        (contact.rep_id, contact.entity): contact
        for partition in range(world.log.count)
        for contact in _contacts(world, partition)
    }
    world.counts["contacts handed on"] += len(heard)
    for partition in range(world.log.count):
        _in_time(world, partition)
    for worker in world.workers.values():
        state = worker.state
        for partition, part in state.alerting.parts.items():
            if world.group.owner(partition) != worker.name:
                continue
            if part.desk.encode() != folded(world, partition).encode():
                world.findings.append(f"alerts of partition {partition}: {worker.name} differs")
            missing = [
                contact
                for rep in state.boards[partition].reps.values()
                for _, contact in matured_of(
                    state.boards[partition],
                    rep,
                    Span(part.contacts.at_ms - LATELY_MS, part.contacts.at_ms),
                    world.plan.alerts,
                )
                if (contact.rep_id, contact.entity) not in heard and not _came_late(world, contact)
            ]
            if missing:
                world.findings.append(f"contacts were never handed on: {missing[:3]}")


def _in_time(world: World, partition: int) -> None:
    """The first word of a contact comes before its bucket is folded."""
    desk, seen = AlertDesk(world.log.count, world.plan.alerts), set()
    for record in _matured(world, partition):
        said = decode_feed(record.value or b"")
        for contact in said.contacts if isinstance(said, Matured) else ():
            late = contact.at_ms < desk.folded_ms
            if late and contact.entity not in seen and not _came_late(world, contact):
                world.findings.append(f"{contact} was handed on when its bucket was folded")
            seen.add(contact.entity)
        desk.apply([record])


LATELY_MS = 6 * 3_600_000


def _came_late(world: World, contact: MaturedContact) -> bool:
    """Whether it came, or became a contact, when it was due already: nobody scores it then."""
    call_id = contact.entity.partition("\x1f")[2]
    due_ms = contact.at_ms + world.plan.alerts.grace_ms
    last_ms = max(r.timestamp for r in world.raw if f'"{call_id}"'.encode() in (r.value or b""))
    return last_ms > due_ms


def _matured(world: World, partition: int) -> list[Record]:
    topic = world.settings.topic(MATURED_CONTACTS)
    return world.log.at(TP(topic, partition)).records


def _contacts(world: World, partition: int) -> list[MaturedContact]:
    said = [decode_feed(record.value or b"") for record in _matured(world, partition)]
    return [contact for one in said if isinstance(one, Matured) for contact in one.contacts]
