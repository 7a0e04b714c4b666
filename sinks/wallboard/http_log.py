"""The log of the HTTP server itself, without what askers sent: that may hold a token."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError


class WithoutRequests(logging.Filter):
    """Takes the first line of a request that could not be read out of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: every record stays, some without their cause."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.exc_info = None
            record.msg = f"{record.msg}: it is no HTTP ({type(error).__name__})"
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def http_logger() -> logging.Logger:
    """The logger for aiohttp's server."""
    logger = logging.getLogger(__name__)
    if not any(isinstance(one, WithoutRequests) for one in logger.filters):
        logger.addFilter(WithoutRequests())
    return logger
