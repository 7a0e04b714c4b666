"""Floors that a test makes with the settings it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.floor import Floor
from tests.services.kafka import KafkaServer


@pytest.fixture
def make_floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Callable[..., Floor]]:
    """Makes floors, each with topics of its own; they are closed with the test."""
    made: list[Floor] = []

    def make(**settings: str) -> Floor:
        made.append(Floor(kafka, tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()
