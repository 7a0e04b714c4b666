"""From floorcast's settings to the options of a Faust app that the lane can work with."""

from __future__ import annotations

import ssl
from typing import Any

from faust.auth import Credentials, SASLCredentials, SSLCredentials
from yarl import URL

from streams.core.errors import SettingsError
from streams.engine.lane.assignor import LaneAssignor
from streams.engine.lane.recovery import LaneTableManager
from streams.settings import Settings
from streams.topics import MAX_BYTES

REQUIRED: dict[str, object] = {
    "processing_guarantee.value": "at_least_once",  # Faust's exactly_once does not flush tables
    "table_standby_replicas": 0,  # recovery is fast; the lane gives standby records to nobody
    "stream_wait_empty": False,  # giving up partitions waits for the lane's own commit instead
    "consumer_auto_offset_reset": "earliest",  # `latest` would skip events after a reset
    "producer_threaded": False,  # its flush does not wait for what it sends
    "topic_disable_leader": True,  # the leader's topic is read message by message
}
"""What the lane relies on; `require_settings` refuses anything else."""


def app_options(settings: Settings) -> dict[str, Any]:
    """Arguments of `LaneApp` after its id (`settings.group`); needs `transport.install()` first.

    Raises SettingsError when a TLS file cannot be read.
    """
    session_s = settings.session_timeout_ms / 1000
    return {
        "broker": [URL(f"lane://{one.strip()}") for one in settings.brokers.split(",")],
        "broker_credentials": credentials(settings),
        "broker_session_timeout": session_s,
        "broker_heartbeat_interval": session_s / 10,
        "broker_request_timeout": max(90.0, session_s),
        "broker_rebalance_timeout": max(3.0, session_s),
        "broker_commit_interval": settings.commit_interval_ms / 1000,
        "consumer_auto_offset_reset": "earliest",
        "store": URL(f"lane-{settings.store}://"),
        "datadir": settings.data_dir,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication,
        "topic_disable_leader": True,
        "table_standby_replicas": 0,
        "TableManager": LaneTableManager,
        "PartitionAssignor": LaneAssignor,
        # Brokers that refuse idempotence are those whose end offsets cannot be compared either.
        "recovery_consistency_check": settings.producer_idempotence,
        "producer_linger": 0,
        "producer_max_request_size": MAX_BYTES + (64 << 10),
        "producer_max_batch_size": 512 << 10,
        "producer_request_timeout": 60.0,
        "stream_buffer_maxsize": 16,  # slices, not records
        "stream_wait_empty": False,
        "stream_recovery_delay": 0,
        "cython_optimizations": True,
        "web_enabled": False,
        "worker_redirect_stdouts": False,
    }


def credentials(settings: Settings) -> Credentials | None:
    """SASL and TLS as Faust wants them; None for a plain connection.

    Raises SettingsError when a TLS file cannot be read.
    """
    protocol = settings.security_protocol
    context = _ssl_context(settings) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL"):
        return SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password,
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca)
        if settings.ssl_certificate is not None:
            context.load_cert_chain(
                settings.ssl_certificate, settings.ssl_key, settings.ssl_key_password
            )
    except OSError as error:  # ssl.SSLError is one too
        files = (settings.ssl_ca, settings.ssl_certificate, settings.ssl_key)
        named = ", ".join(name for name in files if name is not None)
        msg = f"ssl_ca, ssl_certificate, ssl_key: {named} cannot be used: {error}"
        raise SettingsError([msg]) from error
    return context


def require_settings(conf: Any) -> None:
    """Raise SettingsError naming each setting of a Faust app that would lose events in the lane."""
    problems = []
    for name, wanted in REQUIRED.items():
        found = conf
        for part in name.split("."):
            found = getattr(found, part)
        if found != wanted:
            problems.append(f"the lane needs {name} = {wanted!r}, the app has {found!r}")
    if problems:
        raise SettingsError(problems)
