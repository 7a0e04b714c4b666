"""A simulated cluster and its workers, and what the faults do to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from random import Random

from faust.types import TP

from streams.core.ledger import Reversals
from streams.core.plan import parse_plan
from streams.core.snapshot import Partial, RepSnapshot
from streams.core.stop import InputState, decode_input_state, encode_input_state
from streams.settings import Settings
from streams.topics import INPUT_STOPS, TABLES, changelog, inputs
from tests.builders import Record
from tests.simulation.app import Disk
from tests.simulation.faults import Faults
from tests.simulation.floor import Floor, Sending
from tests.simulation.group import Group
from tests.simulation.log import Log
from tests.simulation.loop import Process, SimLoop
from tests.simulation.network import Weather
from tests.simulation.worker import Worker

OPERATOR_S = 120.0


class Shown:
    """What sinks hold: of each rep and each partial the highest version anybody ever sent."""

    def __init__(self) -> None:
        self.reps: dict[str, RepSnapshot] = {}
        self.partials: dict[tuple[str, str, int], Partial] = {}

    def take(self, shot: RepSnapshot) -> None:
        """Keep the higher; of the same version the later, as sinks do."""
        held = self.reps.get(shot.rep_id)
        if held is None or shot.version >= held.version:
            self.reps[shot.rep_id] = shot

    def take_partial(self, part: Partial) -> None:
        """Keep the higher."""
        key = (part.level, part.id, part.partition)
        held = self.partials.get(key)
        if held is None or part.version >= held.version:
            self.partials[key] = part


class World:
    """Everything there is in one schedule. `findings` are the rules that were seen broken."""

    def __init__(self, loop: SimLoop, dice: Random, faults: Faults) -> None:
        self.loop = loop
        self.dice = dice
        self.faults = faults
        self.mode: Reversals = dice.choice(("restate", "contra"))
        self.settings = Settings(
            partitions=faults.partitions, detail_days=faults.detail_days, app="sim"
        )
        self.plan = parse_plan(f'[deals]\nreversals = "{self.mode}"\n', "UTC")
        self.clock = self
        self.log = Log(faults.partitions, self.now_ms)
        self.log.heard = self._heard
        self.weather = Weather(loop, Random(dice.random()))
        self.weather.slow = faults.slow
        self.group = Group(loop, faults.partitions, Random(dice.random()))
        self.floor = Floor(Random(dice.random()), faults.reps, faults.detail_days)
        self.shown = Shown()
        self.raw: list[Record] = []
        self.poison: set[tuple[str, int, int]] = set()
        self.disks: list[Disk] = []
        self.workers: dict[int, Worker] = {}
        """Disk to the process that has it open."""
        self.every: list[Worker] = []
        self.backups: dict[int, Disk] = {}
        self.counts: Counter[str] = Counter()
        self.findings: list[str] = []
        self.calm_s = inf
        """From then on nothing that a fault began can end a process any more."""
        self.changelogs = {changelog(self.settings, table): table for table in TABLES}
        self.on_commit: Callable[[], None] = lambda: None
        self.group.on_commit = self._committed

    # -- a clock

    def now_ms(self) -> int:
        """The simulation's time."""
        return int(self.loop.now_s * 1000)

    # -- Kafka

    def _heard(self, tp: TP) -> None:
        for worker in self.workers.values():
            if tp in worker.consumer.dealt:
                worker.consumer.wake.set()

    def landed(self, process: Process, tp: TP, records: int) -> None:
        """A batch has come to lie in the log."""
        if tp.topic in self.changelogs and self.group.owner(tp.partition) != process.name:
            self.counts["stale writes landed"] += records

    def _committed(self) -> None:
        self.counts["commits"] += 1
        self.on_commit()

    def send(self, sending: Sending) -> None:
        """A source publishes an event."""
        topic = self.settings.topic(sending.topic)
        record = self.log.append(topic, sending.key.encode(), sending.value)
        if sending.poison:
            self.poison.add((topic, record.partition, record.offset))
        else:
            self.raw.append(record)
        self.counts["events"] += 1

    def inputs(self) -> list[str]:
        """The topics that sources publish to."""
        return [self.settings.topic(kind) for kind in inputs(self.settings)]

    def compact(self) -> None:
        """Compact a changelog up to somewhere."""
        topic = self.dice.choice(sorted(self.changelogs))
        log = self.log.at(TP(topic, self.dice.randrange(self.log.count)))
        self.counts["records compacted"] += log.compact(self.dice.randint(0, log.end))

    # -- machines

    def boot(self, slot: int) -> None:
        """Start a worker on a disk that no process has open."""
        if slot in self.workers:
            return
        while len(self.disks) <= slot:
            self.disks.append({})
        worker = Worker(self, f"worker-{slot}-{len(self.every)}", self.disks[slot])
        self.workers[slot] = worker
        self.every.append(worker)
        worker.process.on_end = lambda: self._ended(slot, worker)
        worker.start()

    def _ended(self, slot: int, worker: Worker) -> None:
        del self.workers[slot]
        reason = worker.process.reason
        kind = _KINDS.get(reason, "ended themselves")
        self.counts[kind] += 1
        if reason.startswith("stalled"):
            self.counts["stalled"] += 1
        if self.loop.now_s > self.calm_s or not expected_end(reason):
            self.findings.append(f"{worker.name} ended: {reason}")
        if kind == "crashes":
            self._wear(slot)
        delay_s = self.dice.expovariate(1 / 20.0)
        self.loop.outside(delay_s, self.boot, slot)

    def _wear(self, slot: int) -> None:
        """What a crash may do to the disk: nothing, lose it, or set it back in time."""
        what = self.dice.random()
        if what < 0.2:
            self.disks[slot] = {}
            self.counts["disks lost"] += 1
        elif what < 0.45 and slot in self.backups:
            self.disks[slot] = {key: one.copied() for key, one in self.backups[slot].items()}
            self.counts["disks set back"] += 1

    def back_up(self, slot: int) -> None:
        """Remember a disk as it is now."""
        if slot < len(self.disks):
            self.backups[slot] = {key: one.copied() for key, one in self.disks[slot].items()}

    # -- a person who looks after stopped inputs

    def operate(self) -> None:
        """Resume what is stopped, now and again."""
        topic = self.settings.topic(INPUT_STOPS)
        latest = {r.key: r for r in self.log.at(TP(topic, 0)).records}
        for key, record in sorted(latest.items()):
            said = decode_input_state(record.value)
            if key is not None and said is not None and said.state == "stopped":
                self.counts["inputs resumed"] += 1
                resumed = InputState(state="resumed", at_ms=self.now_ms())
                self.log.append(topic, key, encode_input_state(resumed), partition=0)
        self.loop.outside(OPERATOR_S * self.dice.uniform(0.3, 2), self.operate)


_KINDS = {"crash": "crashes", "left": "graceful leaves"}

EXPECTED = (
    "crash",
    "left",
    "the consumer group has gone on",
    "partitions could not be given up within",
    "state could not be written to Kafka: KafkaTimeoutError",
    "state could not be written to Kafka: ConnectionError",
    "recovery had no answer from Kafka",
    "stalled: ",
)


def expected_end(reason: str) -> bool:
    """True for what a worker may end itself for under the faults of a simulation."""
    return reason.startswith(EXPECTED)
