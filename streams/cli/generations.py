"""The generations of an app's state in Kafka: which there are, how far they are, making an end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import click
from confluent_kafka import KafkaError, KafkaException
from msgspec import Struct

from streams.cli.kafka_read import Positions, begins, committed, ends
from streams.cli.live import failed
from streams.cli.topics import admin_client, create_topic, existing
from streams.core.basis import app_of, next_generation
from streams.core.plan_shape import fingerprint
from streams.engine.basis_log import BasisLog
from streams.settings import Settings
from streams.topics import generation_topics, inputs, kinds_by_topic

TIMEOUT_S = 15.0
_LATER = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)


class Generation(Struct, frozen=True, kw_only=True):
    """A generation as Kafka has it; `left` are events in Kafka that it has not counted.

    `plan` is a short name of the plan it is counted under; empty when nothing was counted yet.
    """

    namespace: str
    generation: int
    is_live: bool
    since_ms: int
    plan: str
    processes: int
    left: int


class Generations:
    """All generations of the settings' app; use `opened`."""

    def __init__(self, settings: Settings, log: BasisLog) -> None:
        self.log = log
        self._settings = settings
        self._admin = admin_client(settings)

    @property
    def live(self) -> Settings:
        """The generation whose numbers are shown."""
        said = self.log.live
        return self._settings.of_generation(said.generation if said else 0)

    @property
    def next(self) -> Settings:
        """The one that a rebuild counts into; its number was never that of one before."""
        live = self.live
        number = next_generation(live.generation, self._begun(), self.log.dropped)
        return live.of_generation(number)

    def begun(self, which: Settings) -> bool:
        """Whether anything was ever counted into it."""
        return which.namespace in self.log.bases

    def all(self) -> list[Settings]:
        """Every generation that has a record, or is live, by number."""
        numbers = self._begun() | {self.live.generation}
        return [self._settings.of_generation(n) for n in sorted(numbers)]

    def _begun(self) -> set[int]:
        mine = [name for name in self.log.bases if app_of(name) == self._settings.app]
        return {int(name.rpartition(".g")[2]) if ".g" in name else 0 for name in mine}

    def described(self) -> list[Generation]:
        """All of them, with how far they are."""
        since_ms = self.log.live.since_ms if self.log.live else 0
        there = existing(self._admin)
        return [
            Generation(
                namespace=one.namespace,
                generation=one.generation,
                is_live=one == self.live,
                since_ms=since_ms if one == self.live else 0,
                plan=fingerprint(self.log.bases[one.namespace].plan) if self.begun(one) else "",
                processes=self.processes(one),
                left=sum(self.left(one).values()) if self.is_whole(one, there) else 0,
            )
            for one in self.all()
        ]

    @staticmethod
    def is_whole(one: Settings, there: dict[str, int]) -> bool:
        """Whether all topics of a generation are there."""
        return {topic.name for topic in generation_topics(one)} <= there.keys()

    def left(self, one: Settings, until: Positions | None = None) -> Positions:
        """Input partitions to events that a generation has not counted, of those below `until`."""
        reached = committed(one, kinds_by_topic(one))
        wanted = ends(one, kinds_by_topic(one)) if until is None else until
        return {at: end - reached[at] for at, end in wanted.items() if end > reached[at]}

    def processes(self, one: Settings) -> int:
        """How many processes count into a generation."""
        give_up_s = monotonic() + TIMEOUT_S
        while True:
            asked = self._admin.describe_consumer_groups([one.group], request_timeout=TIMEOUT_S)
            try:
                found: Any = asked[one.group].result()
            except KafkaException as error:
                code = error.args[0].code()
                if code == KafkaError.GROUP_ID_NOT_FOUND:
                    return 0
                if code not in _LATER or monotonic() > give_up_s:
                    raise failed(error) from None
                sleep(0.5)
            else:
                return len(found.members)

    def require_all_events(self) -> None:
        """Raise click.ClickException when raw events are no longer retained."""
        topics = [self._settings.topic(kind) for kind in inputs(self._settings)]
        gone = {at: offset for at, offset in begins(self._settings, topics).items() if offset}
        if gone:
            shown = ", ".join(
                f"{topic}:{p} begins at {o}" for (topic, p), o in sorted(gone.items())
            )
            msg = (
                f"not auditable: {shown}; earlier events are no longer retained, and a rebuild "
                "would lose what they came to. Keep the present plan; or bring all events into "
                "topics of a new FLOORCAST_TOPIC_PREFIX (`floorcast replay`, `floorcast import`, "
                "or a mirror that still has them) and count there"
            )
            raise click.ClickException(msg)

    def create(self, one: Settings) -> None:
        """Make the topics of a generation that are missing."""
        there = existing(self._admin)
        wanted = generation_topics(one)
        for topic in wanted:
            error = None if topic.name in there else create_topic(self._admin, one, topic)
            if error is not None and "already exists" not in error:
                msg = f"{topic.name}: {error}"
                raise click.ClickException(msg)
        give_up_s = monotonic() + TIMEOUT_S
        while not self.is_whole(one, existing(self._admin)) and monotonic() < give_up_s:
            sleep(0.2)

    def discard(self, one: Settings) -> list[str]:
        """Drop a generation that nobody counts into: topics, group, folder; what was dropped."""
        if running := self.processes(one):
            msg = f"{running} processes still count into {one.namespace}: stop them first"
            raise click.ClickException(msg)
        if one.generation > self.live.generation:
            # First: what comes of a number that is half gone would be taken for the next one's.
            self.log.write_dropped(one.generation)
        dropped = []
        there = existing(self._admin)
        names = [topic.name for topic in generation_topics(one) if topic.name in there]
        if names:
            for name, future in self._admin.delete_topics(names, operation_timeout=30).items():
                _done(future, KafkaError.UNKNOWN_TOPIC_OR_PART)
                dropped.append(f"topic {name}")
        deleted = self._admin.delete_consumer_groups([one.group], request_timeout=TIMEOUT_S)
        if _done(deleted[one.group], KafkaError.GROUP_ID_NOT_FOUND):
            dropped.append(f"group {one.group}")
        folder = Path(one.data_dir) if one.generation else Path(one.data_dir) / "v1"
        if folder.exists():
            shutil.rmtree(folder)
            dropped.append(f"folder {folder}")
        # Last: what was cut off half-way is found and gone on with.
        self.log.forget(one.namespace)
        return dropped


def _done(future: Any, but: int) -> bool:
    """Whether something was done; False when there was nothing to do."""
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() == but:
            return False
        raise failed(error) from None
    return True


@contextmanager
def opened(settings: Settings) -> Iterator[Generations]:
    """The generations as they are now; raises click.ClickException when Kafka fails."""
    log = BasisLog(settings)
    try:
        log.open()
        if log.problem is not None:
            msg = f"{log.problem.what}; {log.problem.steps}"
            raise click.ClickException(msg)
        yield Generations(settings, log)
    except KafkaException as error:
        raise failed(error) from None
    finally:
        log.close()
