"""The settings of the demo's worker: its own, whatever the shell is set up for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from streams.demo.ports import LOOPBACK, free_port
from streams.settings import PREFIX

PARTITIONS = 4

_SESSION_TIMEOUT_MS = 3_000
"""The broker lets the first member in after about half of it; see `streams.demo.broker`."""


class Addresses(Struct, frozen=True):
    """The loopback ports of the demo, all free when they were picked; `page` may be asked for."""

    broker: int
    metrics: int
    page: int


def pick_addresses(page: int = 0) -> Addresses:
    """Free ports; `page` 0 picks that one too."""
    taken = frozenset({page})
    broker = free_port(taken)
    metrics = free_port(taken | {broker})
    return Addresses(broker, metrics, page or free_port(taken | {broker, metrics}))


def floorcast_variables(addresses: Addresses, folder: Path, plan: Path) -> dict[str, str]:
    """The FLOORCAST_* variables of the demo's worker."""
    return {
        "FLOORCAST_BROKERS": f"{LOOPBACK}:{addresses.broker}",
        "FLOORCAST_PARTITIONS": str(PARTITIONS),
        "FLOORCAST_STORE": "memory",
        "FLOORCAST_DATA_DIR": str(folder / "data"),
        "FLOORCAST_PLAN": str(plan),
        "FLOORCAST_PRODUCER_IDEMPOTENCE": "false",
        "FLOORCAST_SESSION_TIMEOUT_MS": str(_SESSION_TIMEOUT_MS),
        "FLOORCAST_METRICS_HOST": LOOPBACK,
        "FLOORCAST_METRICS_PORT": str(addresses.metrics),
        "FLOORCAST_PAGE": "true",
        "FLOORCAST_PAGE_HOST": LOOPBACK,
        "FLOORCAST_PAGE_PORT": str(addresses.page),
    }


def worker_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the worker: the person's own without its FLOORCAST_*, and these.

    Otherwise a demo started in a shell that is set up for a real floor would reach for it.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return own | dict(variables)
