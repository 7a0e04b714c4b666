"""An event loop with a clock of its own, whose order is drawn from a seed, and machines to stop.

All processes of a simulated floor run on one loop. Every callback knows its process by its context,
so a process can be killed, or held still and let go on, between any two steps of its coroutines.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import Task
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, NoReturn

STEP_S = 0.0002
"""What one callback takes; so timers fall due between callbacks too."""

PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class ProcessEnded(BaseException):
    """Unwinds the step in which a process ended itself; nothing of the process runs afterwards."""


class Process:
    """A process as the operating system sees it: it runs, is held still, or is no more.

    `fuse`: steps until `blown` is called, between two steps of this process.
    """

    def __init__(self, name: str, loop: SimLoop) -> None:
        self.name = name
        self.loop = loop
        self.dead = False
        self.paused = False
        self.reason = ""
        self.fuse = -1
        self.blown: Callable[[], None] = lambda: None
        self.on_end: Callable[[], None] = lambda: None
        self._held: list[asyncio.Handle] = []
        self._tasks: list[Task[Any]] = []
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in this process; what it raises ends the process."""
        self.loop.create_task(self._run(work), context=self.context.copy())

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ProcessEnded:
            pass
        except Exception as error:
            self.loop.unexpected.append(error)
            self.kill(f"unexpected: {error!r}")

    def started(self, task: Task[Any]) -> None:
        """Keep a task: were it collected, its `finally` would run in a process that is dead."""
        if len(self._tasks) > 400:
            self._tasks = [one for one in self._tasks if not one.done()]
        self._tasks.append(task)

    def die(self, reason: str) -> NoReturn:
        """End this process from within."""
        self.kill(reason)
        raise ProcessEnded(reason)

    def kill(self, reason: str) -> None:
        """End this process here and now: no `finally`, no farewell."""
        if not self.dead:
            self.dead, self.reason = True, reason
            self._held.clear()
            self.on_end()

    def pause(self) -> None:
        """Hold it still."""
        self.paused = True

    def unpause(self) -> None:
        """Let it go on with everything that fell due meanwhile, in any order."""
        self.paused = False
        self.loop.ready.extend(self._held)
        self._held.clear()

    def stops(self, handle: asyncio.Handle) -> bool:
        """True when this step does not run now."""
        if self.fuse >= 0 and not (self.dead or self.paused):
            self.fuse -= 1
            if self.fuse < 0:
                self.blown()
        if self.dead:
            return True
        if self.paused:
            self._held.append(handle)
        return self.paused

    def bury(self) -> None:
        """Close what never ended, at the end of a simulation, when nobody looks any more."""
        self.dead = True
        for task in self._tasks:
            if task.done():
                if not task.cancelled():
                    task.exception()
                continue
            try:
                work: Any = task.get_coro()
                # One that has not begun holds the coroutine that it would have run.
                begun = work.cr_frame is None or work.cr_frame.f_lasti > 0
                inner = None if begun else work.cr_frame.f_locals.get("work")
                work.close()
                if inner is not None:
                    inner.close()
            except (Exception, ProcessEnded):  # a coroutine may protest; it is over all the same
                pass
        self._tasks.clear()


class SimLoop(asyncio.BaseEventLoop):
    """Runs what is ready in an order drawn from `dice`; when nothing is, time jumps."""

    def __init__(self, dice: Random, start_s: float) -> None:
        super().__init__()
        self.dice = dice
        self.ready: list[asyncio.Handle] = []
        self._ready = self.ready
        self.now_s = start_s
        self.steps = 0
        self.unexpected: list[BaseException] = []
        self.set_task_factory(_make_task)
        self.set_exception_handler(_quiet)

    def time(self) -> float:
        """Seconds on the simulation's clock."""
        return self.now_s

    def outside(self, delay_s: float, call: Callable[..., object], *args: Any) -> None:
        """Call later, whatever becomes of the process that asks for it."""
        self.call_later(delay_s, call, *args, context=Context())

    def _run_once(self) -> None:
        ready, timers = self.ready, self._scheduled  # type: ignore[attr-defined] # of BaseEventLoop
        if not ready and timers and timers[0]._when > self.now_s:
            self.now_s = timers[0]._when
        while timers and timers[0]._when <= self.now_s:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if not timer._cancelled:
                ready.append(timer)
        if not ready:
            if not timers:
                msg = "nothing is left that could ever happen"
                raise RuntimeError(msg)
            return
        at = int(self.dice.random() * len(ready))
        ready[at], ready[-1] = ready[-1], ready[at]
        handle: Any = ready.pop()
        if handle._cancelled:
            return
        process = handle._context.get(PROCESS)
        if process is not None and process.stops(handle):
            return
        self.steps += 1
        self.now_s += STEP_S
        handle._run()

    def _check_closed(self) -> None:
        # What is collected after the end may still try to call back; nothing of it will run.
        return None

    def _write_to_self(self) -> None:
        return None

    def _process_events(self, event_list: Any) -> None:
        return None


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, context: Any = None) -> Task[Any]:
    task: Task[Any] = Task(work, loop=loop, context=context)
    task._log_destroy_pending = False  # type: ignore[attr-defined] # killed processes leave such tasks
    process = PROCESS.get() if context is None else context.get(PROCESS)
    if process is not None:
        process.started(task)
    return task


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Exceptions nobody retrieved belong to processes that have ended."""
