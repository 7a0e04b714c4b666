"""Keeps a worker from counting on a state that does not go with its topics or its plan.

Everything that is compared stands in `streams.core.basis`. Here it is read, written by the first
worker of an empty state, moved on as local days begin, and followed while the worker runs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from confluent_kafka import KafkaException
from msgspec import structs

from streams.core.basis import Basis, Live, Mismatch, judge, mismatches, sharing
from streams.core.clock import Clock
from streams.core.errors import PipelineError
from streams.core.plan import Plan
from streams.core.plan_shape import PlanShape, days_begun, kept_from, known_until, shape_over
from streams.engine.basis_log import BasisLog
from streams.engine.fatal import EXIT_CODE, stop_now
from streams.engine.surroundings import Surroundings, is_empty, look_around, unfit
from streams.settings import Settings

log = logging.getLogger(__name__)

LISTEN_S = 0.2
LOOK_S = 15.0
"""How often to see whether a day has begun; days count as begun ten minutes ahead."""
RETRY_S = 2.0
PLAN_EXIT_CODE = 2
"""Exit status when the plan is what does not fit: a restart changes nothing, a person must."""


class Refused(PipelineError):
    """This state must not be counted on here; the message says what differs and what to do.

    Operator action: the steps in the message.
    """

    def __init__(self, found: Iterable[Mismatch]) -> None:
        self.found = tuple(found)
        steps = "; ".join(dict.fromkeys(one.steps for one in self.found))
        what = "; ".join(one.what for one in self.found)
        super().__init__(f"{what}. What to do: {steps}")

    @property
    def exit_code(self) -> int:
        """The exit status of a worker that is refused."""
        return PLAN_EXIT_CODE if all(one.of_plan for one in self.found) else EXIT_CODE


class Guard:
    """Compares at the start, and listens afterwards; `heard` is told which generation is live."""

    def __init__(
        self, settings: Settings, plan: Plan, clock: Clock, heard: Callable[[Live], None]
    ) -> None:
        self.around = Surroundings("", {})
        self._settings = settings
        self._plan = plan
        self._clock = clock
        self._heard = heard
        self._log = BasisLog(settings)
        self._held: Basis | None = None
        self._looked_s = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def before(self) -> Settings | None:
        """The generation before this one, while it still is; None when there is none."""
        mine = self._settings
        for generation in range(mine.generation - 1, -1, -1):
            one = mine.of_generation(generation)
            if one.namespace in self._log.bases:
                return one
        return None

    @property
    def applies(self) -> bool:
        """False on a broker for demos: it tells no ends of topics, and its state dies with it."""
        return self._settings.producer_idempotence

    async def start(self) -> None:
        """Compare, then listen; raises Refused, or PipelineError without a topic or a broker."""
        if self.applies:
            await asyncio.to_thread(self.check)
            self._task = asyncio.create_task(self._run(), name="guard")

    def tell(self) -> None:
        """Tell which generation is live, as far as is known."""
        if self._log.live is not None:
            self._heard(self._log.live)

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._log.close()

    def check(self) -> None:
        """Compare once, and write down what an empty state will rest on; blocks.

        Raises Refused, and PipelineError when a topic is missing or Kafka fails.
        """
        try:
            if found := self.findings():
                raise Refused(found)
            self._move_on()
        except KafkaException as error:
            msg = f"Kafka: {error.args[0].str()}; are Kafka and its address right?"
            raise PipelineError(msg) from error

    def findings(self) -> list[Mismatch]:
        """Everything that keeps a worker from starting; empty when nothing does."""
        settings, said = self._settings, self._log
        said.open()
        self.around = look_around(settings)
        if said.problem is not None:
            return [said.problem]
        if (other := sharing(said.bases, settings.app)) is not None:
            return [other]
        if settings.namespace not in said.bases:
            empty = is_empty(settings, self.around)
            said.catch_up()  # another worker may have been first meanwhile
            if settings.namespace not in said.bases and not empty:
                return [_unknown(settings)]
        self._held = said.bases.get(settings.namespace)
        found = [] if self._held is None else self.differences(self._held)
        return found or unfit(settings, self.around)

    def accept(self) -> bool:
        """Write down that the state rests on what is there now; False when something is written.

        For state without a record only: what a record says is never overruled. Raises Refused when
        a worker would not start even so.
        """
        found = self.findings()
        if self._settings.namespace in self._log.bases:
            return False
        found = [one for one in found if one != _unknown(self._settings)]
        if found := found or unfit(self._settings, self.around):
            raise Refused(found)
        self._move_on()
        return True

    def close(self) -> None:
        """Close the connection of a guard that was not started."""
        self._log.close()

    def differences(self, stored: Basis) -> list[Mismatch]:
        """What of a stored basis does not hold here."""
        detail_days = self._settings.detail_days
        shape = shape_over(self._plan, stored.plan.first_day, stored.plan.upto_ms)
        first_day = kept_from(self._clock.now_ms(), detail_days)
        return mismatches(stored, self._basis(shape), first_day, self._settings.plan or "PLAN")

    def _basis(self, shape: PlanShape) -> Basis:
        return Basis(
            namespace=self._settings.namespace,
            by=self._log.by,
            at_ms=self._clock.now_ms(),
            cluster=self.around.cluster,
            topics=self.around.topics,
            detail_days=self._settings.detail_days,
            plan=shape,
        )

    def _move_on(self) -> None:
        """Write what holds now, when nothing is written or a day has begun since."""
        held, now_ms = self._held, self._clock.now_ms()
        upto_ms = known_until(now_ms)
        topics, detail_days = self.around.topics, self._settings.detail_days
        if held is not None:
            # A clock that went back takes nothing back: what has begun has begun.
            upto_ms = max(upto_ms, held.plan.upto_ms)
            topics = held.topics | topics
            detail_days = min(held.detail_days, detail_days)
            begun = days_begun(self._plan, upto_ms) != days_begun(self._plan, held.plan.upto_ms)
            if not begun and (topics, detail_days) == (held.topics, held.detail_days):
                return
        first_day = kept_from(now_ms, self._settings.detail_days)
        fresh = self._basis(shape_over(self._plan, first_day, upto_ms))
        self._log.write_basis(structs.replace(fresh, topics=topics, detail_days=detail_days))
        self._take(self._log.catch_up())

    def _take(self, heard: Iterable[Basis | Live]) -> list[Live]:
        """Hold the word that counts; raises Refused when that is another's, and differs."""
        lives = []
        if self._log.problem is not None:
            raise Refused([self._log.problem])
        for said in heard:
            if isinstance(said, Live):
                lives.append(said)
                continue
            if said.namespace != self._settings.namespace:
                continue
            found = [] if said.by == self._log.by else self.differences(said)
            decision = judge(self._held, said, bool(found))
            if decision == "lost":
                raise Refused(found)
            if decision == "void" and self._held is not None:
                self._log.write_basis(self._held)
            elif decision == "agrees":
                self._held = said
        return lives

    async def _run(self) -> None:
        while True:
            try:
                for live in await asyncio.to_thread(self._round):
                    self._heard(live)
            except Refused as refused:
                stop_now(str(refused), refused.exit_code)
            except Exception as error:
                # Counting does not depend on this; it is heard when Kafka works again.
                log.warning("state-basis cannot be read (%r); trying again", error)
                await asyncio.sleep(RETRY_S)

    def _round(self) -> list[Live]:
        lives = self._take(self._log.poll(LISTEN_S))
        if self._settings.namespace not in self._log.bases:
            gone = f"the namespace {self._settings.namespace} was discarded"
            raise Refused([Mismatch(gone, "nothing: what is live goes on without this process")])
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._move_on()
        return lives


def _unknown(settings: Settings) -> Mismatch:
    return Mismatch(
        f"{settings.namespace} has state in Kafka, but nothing in state-basis says which topics "
        "and which plan it was counted from",
        "if neither has changed since, `floorcast topics accept`; else count anew: "
        f"`floorcast rebuild --plan {settings.plan or 'PLAN'}`, then `floorcast rebuild --switch`",
    )
