"""Settings: one frozen struct, and how it is shown; `settings_reader` makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_origin, get_type_hints

from msgspec import Meta, Struct, structs

from streams.core.basis import namespace
from streams.redis_url import full_url

PREFIX = "FLOORCAST_"
OWN_TOPICS = frozenset(
    {"deal-postings", "misrouted", "misrouted-deals", "matured-contacts", "floor-clock"}
)
"""Topics that workers write for workers: every generation of the state has its own."""

Port = Annotated[int, Meta(ge=0, le=65535)]
Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a floorcast process can be told.

    Durations end in `_ms`. `topic_prefix` stands in front of every topic and of the group's name,
    so that two floors can share a cluster.
    """

    brokers: Annotated[
        str, Meta(min_length=1, description="Kafka bootstrap servers, comma separated.")
    ] = "127.0.0.1:9092"
    app: Annotated[
        str,
        Meta(
            pattern=r"^[a-zA-Z0-9._-]+$",
            description="Consumer group, and first part of the changelogs' names.",
        ),
    ] = "floorcast"
    topic_prefix: Annotated[
        str, Meta(pattern=r"^[a-zA-Z0-9._-]*$", description="Put in front of every topic.")
    ] = ""
    partitions: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="Partitions of every topic, as `topics create` makes them.",
        ),
    ] = 8
    replication: Annotated[
        int, Meta(ge=1, le=32, description="Replication factor for `topics create`.")
    ] = 1
    retention_days: Annotated[
        int, Meta(ge=1, description="Retention of the input topics for `topics create`.")
    ] = 400
    detail_days: Annotated[
        int,
        Meta(
            ge=1,
            le=4000,
            description="Days behind a partition's newest day for which contributions are kept.",
        ),
    ] = 400
    data_dir: Annotated[
        str, Meta(min_length=1, description="Folder of the local store; one process a folder.")
    ] = ".floorcast"
    plan: Annotated[
        str | None, Meta(description="Plan file (sites, teams, roster, dispositions).")
    ] = None
    boards: Annotated[
        str | None, Meta(description="Board file of the live page (columns, thresholds, TV).")
    ] = None
    zone: Annotated[
        str, Meta(min_length=1, description="IANA zone of whoever the plan does not place.")
    ] = "UTC"
    visits: Annotated[bool, Meta(description="Read `visit-logged` too.")] = False
    store: Annotated[
        Literal["rocksdb", "memory"],
        Meta(
            description="Where a worker keeps its state; memory is read anew from Kafka at a start."
        ),
    ] = "rocksdb"
    commit_interval_ms: Annotated[
        int, Meta(ge=50, le=60_000, description="Time between commits while live.")
    ] = 1_000
    snapshot_interval_ms: Annotated[
        int, Meta(ge=20, le=60_000, description="Time between snapshots to boards.")
    ] = 100
    session_timeout_ms: Annotated[
        int,
        Meta(
            ge=1_000, le=300_000, description="Kafka session timeout: take-over time after a crash."
        ),
    ] = 10_000
    security_protocol: Annotated[Protocol, Meta(description="How to speak to Kafka.")] = "PLAINTEXT"
    sasl_mechanism: Annotated[Mechanism, Meta(description="SASL mechanism.")] = "SCRAM-SHA-512"
    sasl_username: Annotated[str | None, Meta(description="SASL user.")] = None
    sasl_password: Annotated[
        str | None, Meta(description="SASL password.", extra={"secret": True})
    ] = None
    ssl_ca: Annotated[str | None, Meta(description="CA file; absent: the system's.")] = None
    ssl_certificate: Annotated[str | None, Meta(description="Client certificate file (mTLS).")] = (
        None
    )
    ssl_key: Annotated[str | None, Meta(description="Client key file (mTLS).")] = None
    ssl_key_password: Annotated[
        str | None, Meta(description="Password of the client key.", extra={"secret": True})
    ] = None
    producer_idempotence: Annotated[
        bool, Meta(description="Idempotent producers; only an embedded demo broker needs them off.")
    ] = True
    redis_url: Annotated[
        str | None,
        Meta(
            description="redis:// or rediss:// URL of the serving layer; absent: none.",
            extra={"secret": True},
        ),
    ] = None
    redis_user: Annotated[
        str | None, Meta(description="ACL user in Redis; absent: that of redis_url, or none.")
    ] = None
    redis_password: Annotated[
        str | None,
        Meta(
            description="Password in Redis, as it is; in redis_url it would have to be quoted.",
            extra={"secret": True},
        ),
    ] = None
    redis_ca: Annotated[
        str | None, Meta(description="CA file of a rediss:// server; absent: the system's.")
    ] = None
    redis_certificate: Annotated[
        str | None, Meta(description="Client certificate file for Redis (mTLS).")
    ] = None
    redis_key: Annotated[str | None, Meta(description="Client key file for Redis (mTLS).")] = None
    redis_prefix: Annotated[
        str, Meta(min_length=1, description="First part of every Redis key.")
    ] = "floorcast"
    metrics_host: Annotated[str, Meta(description="Address of /metrics and /metrics/reps.")] = (
        "127.0.0.1"
    )
    metrics_port: Annotated[Port, Meta(description="Port of /metrics; 0: a free one.")] = 9464
    page: Annotated[bool, Meta(description="Serve the live page from the worker's process.")] = True
    page_host: Annotated[str, Meta(description="Address of the live page.")] = "127.0.0.1"
    page_port: Annotated[Port, Meta(description="Port of the live page; 0: a free one.")] = 8080
    page_auth: Annotated[
        Literal["none", "token", "proxy"],
        Meta(
            description="Who may see the page: none asks nobody, on loopback only; with proxy the "
            "user that a trusted proxy names may, or whoever has a token."
        ),
    ] = "none"
    page_tokens: Annotated[
        str | None,
        Meta(description="File of `floorcast tokens`; absent: `tokens.jsonl` in data_dir."),
    ] = None
    page_hosts: Annotated[
        str,
        Meta(
            description="Host names the page answers to, comma separated; empty: any, with a token."
        ),
    ] = ""
    page_proxies: Annotated[
        str, Meta(description="Addresses or networks of trusted proxies, comma separated.")
    ] = ""
    page_user_header: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]*$",
            description="Header in which a trusted proxy names the user.",
        ),
    ] = ""
    page_url: Annotated[
        str | None,
        Meta(description="Address of the live page as people open it; alerts link to it."),
    ] = None
    alertmanager_url: Annotated[
        str | None,
        Meta(
            description="Alertmanager that is told of red alerts, like http://alertmanager:9093.",
            extra={"secret": True},
        ),
    ] = None
    webhook_url: Annotated[
        str | None,
        Meta(
            description="Address that each red alert and each recovery is posted to.",
            extra={"secret": "path"},
        ),
    ] = None
    webhook_secret: Annotated[
        str | None,
        Meta(
            description="Signs what is posted to webhook_url, so that receivers know who sent it.",
            extra={"secret": True},
        ),
    ] = None
    rep_label: Annotated[
        Literal["id", "hash", "off"],
        Meta(description="Rep label in Prometheus: the id, a hash of it, or no rep series."),
    ] = "id"
    rep_series_limit: Annotated[
        int, Meta(ge=0, description="Most rep series on /metrics/reps; what is cut is counted.")
    ] = 500_000

    generation: int = 0
    """Which generation of the state is meant: told by `state-basis`, never by a person."""

    def topic(self, name: str) -> str:
        """The Kafka name of a topic."""
        suffix = f".g{self.generation}" if self.generation and name in OWN_TOPICS else ""
        return self.topic_prefix + name + suffix

    @property
    def namespace(self) -> str:
        """The name of this generation of the state."""
        return namespace(self.app, self.generation)

    @property
    def group(self) -> str:
        """The consumer group and the first part of the changelogs' names."""
        return self.topic_prefix + self.namespace

    @property
    def tokens_file(self) -> Path:
        """The file of grants for the page; all generations of the state share it."""
        if self.page_tokens is not None:
            return Path(self.page_tokens)
        folder = Path(self.data_dir)
        return (folder.parent if self.generation else folder) / "tokens.jsonl"

    def of_generation(self, generation: int) -> Settings:
        """These settings for another generation of the state, with a folder of its own."""
        folder = Path(self.data_dir)
        if self.generation:
            folder = folder.parent
        if generation:
            folder /= f"g{generation}"
        return structs.replace(self, generation=generation, data_dir=str(folder))

    def kafka(self) -> dict[str, Any]:
        """Options every librdkafka client of ours starts from."""
        options: dict[str, Any] = {
            "bootstrap.servers": self.brokers,
            "security.protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            options |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password,
            }
        files = {
            "ssl.ca.location": self.ssl_ca,
            "ssl.certificate.location": self.ssl_certificate,
            "ssl.key.location": self.ssl_key,
            "ssl.key.password": self.ssl_key_password,
        }
        return options | {name: value for name, value in files.items() if value is not None}

    def redis(self) -> str | None:
        """The URL of Redis with everything in it, None for no Redis: a secret."""
        return full_url(structs.asdict(self))

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={v!r}" for k, v in self.shown().items())
        return f"Settings({shown})"

    def shown(self) -> dict[str, Any]:
        """Every setting, secrets masked: fit for logs."""
        return {name: masked(name, getattr(self, name)) for name in HINTS}


def masked(name: str, value: object) -> object:
    """A setting's value fit for logs: passwords become `****`, a URL keeps its host.

    Of a URL whose path is a secret (`"secret": "path"`) nothing else is kept.
    """
    secret = _meta(name).get("secret")
    if value is None or not secret:
        return value
    text = str(value)
    if "://" in text:
        scheme, rest = text.split("://", 1)
        if secret == "path":
            return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}/****"
        return f"{scheme}://****@{rest.rsplit('@', 1)[1]}" if "@" in rest else text
    return "****"


def _meta(name: str) -> dict[str, Any]:
    for one in getattr(HINTS[name], "__metadata__", ()):
        if isinstance(one, Meta) and one.extra:
            return dict(one.extra)
    return {}


def describe() -> list[tuple[str, str, str, str]]:
    """(setting, variable, default, meaning) of every setting, for `--help` and the README."""
    rows = []
    for field in structs.fields(Settings):
        hint = HINTS.get(field.name)
        if hint is None:
            continue
        text = next((m.description for m in hint.__metadata__ if m.description), "")
        default = (
            ""
            if field.default is None
            else str(field.default).lower()
            if isinstance(field.default, bool)
            else str(field.default)
        )
        rows.append((field.name, PREFIX + field.name.upper(), default, text))
    return rows


def environ_of(settings: Settings) -> dict[str, str]:
    """FLOORCAST_* variables that give these settings."""
    values = {name: getattr(settings, name) for name in HINTS}
    return {
        PREFIX + name.upper(): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }


HINTS: dict[str, Any] = {
    name: hint
    for name, hint in get_type_hints(Settings, include_extras=True).items()
    if get_origin(hint) is not None
}
"""Name to type and meaning of what a person can set."""
