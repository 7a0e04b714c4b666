"""Reads which reps are shown under a pseudonym: what every board of a command shows, too."""

from __future__ import annotations

from streams.core.forgetting import ForgottenReps
from streams.settings import Settings


def forgotten_reps(settings: Settings) -> ForgottenReps:
    """Everybody `forgotten-reps` names; raises click.ClickException when Kafka fails."""
    from streams.cli.kafka_read import read_topics
    from streams.topics import FORGOTTEN_REPS

    reps = ForgottenReps()
    for record in read_topics(settings, [settings.topic(FORGOTTEN_REPS)]):
        reps.hear(record.key, record.value)
    return reps
