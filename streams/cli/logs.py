"""How a worker logs: one line a message on standard error, the same message not again and again."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from time import monotonic
from typing import Any

QUIET_S = 10.0
"""A message that was logged is not logged again for so long."""

_OURS = ("streams", "sinks")
_OWN_FILES = tuple(str(Path(__file__).resolve().parents[2] / room) for room in _OURS)


class Seldom(logging.Filter):
    """Lets a message through once in `QUIET_S`: clients tell tens of times a second that a broker
    is away."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True when this message was not let through lately."""
        # A library's figures change from line to line; our own say which input or sink it is.
        ours = record.name.startswith(_OURS)
        key = (record.name, record.getMessage() if ours else str(record.msg))
        now_s = monotonic()
        if now_s - self._said.get(key, -QUIET_S) < QUIET_S:
            return False
        self._said[key] = now_s
        return True


class OneLine(logging.Formatter):
    """Says in a line what a library met; where our own code shows a traceback, it is a bug.

    Kafka's clients log one for every broker that goes away in the wrong moment. What matters about
    it is the last line, and it is the operator who reads it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        if record.exc_info and not record.pathname.startswith(_OWN_FILES):
            error = record.exc_info[1]
            record = logging.makeLogRecord(record.__dict__)
            record.msg, record.args = f"{record.getMessage()}: {error!r}", None
            record.exc_info = record.exc_text = None
        if not record.pathname.startswith(_OWN_FILES):
            record.msg, record.args = " ".join(record.getMessage().split()), None
        return super().format(record)


def tell_of_threads() -> None:
    """A thread that ends with an error is told of in one line, as everything else."""

    def tell(told: threading.ExceptHookArgs) -> None:
        name = told.thread.name if told.thread is not None else "?"
        logging.getLogger("threading").error("thread %s has failed: %r", name, told.exc_value)

    threading.excepthook = tell


def log_config() -> dict[str, Any]:
    """The configuration for logging.config; libraries speak up only when something is wrong."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"seldom": {"()": Seldom}},
        "formatters": {
            "line": {"()": OneLine, "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        },
        "handlers": {
            "err": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["seldom"],
            },
        },
        "root": {"handlers": ["err"], "level": "INFO"},
        "loggers": {
            # Faust and aiokafka tell every step of a rebalance at info.
            "faust": {"level": "WARNING"},
            "streams.engine.lane": {"level": "WARNING"},
            "mode": {"level": "WARNING"},
            # A commit that takes longer than its interval is no fault while catching up.
            "mode.timers": {"level": "ERROR"},
            "aiokafka": {"level": "ERROR"},
        },
    }
