"""Which generation of the state is live: asked of `state-basis`, chosen by nobody."""

from __future__ import annotations

import click
from confluent_kafka import KafkaException

from streams.core.errors import PipelineError
from streams.engine.basis_log import BasisLog
from streams.settings import Settings


def live_settings(settings: Settings) -> Settings:
    """The settings of the live generation; raises click.ClickException when no broker answers."""
    if not settings.producer_idempotence:  # a broker for demos, whose topics have no ends
        return settings
    log = BasisLog(settings)
    try:
        log.open()
    except PipelineError:  # no topic yet: nothing was ever rebuilt
        return settings
    except KafkaException as error:
        raise failed(error) from None
    finally:
        log.close()
    if log.live_problem is not None:
        msg = f"{log.live_problem.what}; {log.live_problem.steps}"
        raise click.ClickException(msg)
    return settings.of_generation(log.live.generation) if log.live else settings


def failed(error: KafkaException) -> click.ClickException:
    """What to say when Kafka did not do as asked."""
    return click.ClickException(f"Kafka: {error.args[0].str()}; is FLOORCAST_BROKERS right?")
