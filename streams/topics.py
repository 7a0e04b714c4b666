"""Every topic once: name, key, cleanup policy, and what is read from it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from streams.core.alerts.book import KEPT_MS
from streams.core.basis import Role
from streams.core.dead_letter import SUFFIX
from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED, VISIT_LOGGED
from streams.settings import Settings

DEAL_POSTINGS = "deal-postings"
MISROUTED = "misrouted"
MISROUTED_DEALS = "misrouted-deals"
REP_SCOREBOARD = "rep-scoreboard"
INPUT_STOPS = "input-stops"
STATE_BASIS = "state-basis"
FORGOTTEN_REPS = "forgotten-reps"
MATURED_CONTACTS = "matured-contacts"
FLOOR_CLOCK = "floor-clock"
REP_ALERTS = "rep-alerts"
ALERT_ACTIONS = "alert-actions"

SCOREBOARD_TABLE = "scoreboard"
LEDGER_TABLE = "ledger"
ALERTS_TABLE = "alerts"
TABLES = (SCOREBOARD_TABLE, LEDGER_TABLE, ALERTS_TABLE)

DAY_MS = 86_400_000
MAX_BYTES = 4 * 1024 * 1024
"""Largest record of the topics that we write; inputs take 1 MB by default."""
ALERTS_KEPT_MS = KEPT_MS + DAY_MS
"""Kept at least of alerts and actions: without its records an alert is open again, a mute over."""


class Topic(NamedTuple):
    """A topic as `topics create` makes it and `topics check` wants it.

    `name` is the Kafka name; `cleanup` Kafka's cleanup.policy; `partitions` None: as many as all.
    """

    name: str
    cleanup: Literal["delete", "compact"]
    what: str
    config: dict[str, str]
    partitions: int | None = None


def inputs(settings: Settings) -> list[str]:
    """Kinds of the topics that other systems publish to."""
    kinds = [CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED]
    return [*kinds, VISIT_LOGGED] if settings.visits else kinds


def scoreboard_kinds(settings: Settings) -> list[str]:
    """Kinds of the topics the scoreboard agent reads; all keyed by rep."""
    return [k for k in inputs(settings) if k != DEAL_CLOSED] + [DEAL_POSTINGS, MISROUTED]


def ledger_kinds() -> list[str]:
    """Kinds of the topics the ledger agent reads; all keyed by deal."""
    return [DEAL_CLOSED, MISROUTED_DEALS]


def kinds_by_topic(settings: Settings) -> dict[str, str]:
    """Kafka topic to kind, for every topic whose events a worker counts."""
    kinds = [*scoreboard_kinds(settings), *ledger_kinds()]
    return {settings.topic(kind): kind for kind in kinds}


def dead_letter(topic: str) -> str:
    """The dead-letter topic of a topic."""
    return topic + SUFFIX


def changelog(settings: Settings, table: str) -> str:
    """The Kafka name of a table's changelog, as Faust names it."""
    return f"{settings.group}-{table}-changelog"


def derived_kinds() -> list[str]:
    """Kinds of the topics in which workers send events on to workers."""
    return [DEAL_POSTINGS, MISROUTED, MISROUTED_DEALS]


def own_kinds() -> list[str]:
    """Kinds of the topics that workers write for workers, one set for each generation."""
    return [*derived_kinds(), MATURED_CONTACTS, FLOOR_CLOCK]


def roles(settings: Settings) -> dict[str, Role]:
    """Kafka topic to what it is to the state, for every topic that state rests on."""
    out: dict[str, Role] = {settings.topic(kind): "input" for kind in inputs(settings)}
    out |= {settings.topic(kind): "own" for kind in [*derived_kinds(), MATURED_CONTACTS]}
    return out | {changelog(settings, table): "changelog" for table in TABLES}


def generation_topics(settings: Settings) -> list[Topic]:
    """The topics that belong to one generation of the state, and go with it."""
    own = {settings.topic(kind) for kind in own_kinds()}
    own |= {dead_letter(settings.topic(kind)) for kind in derived_kinds()}
    own |= {name for name, role in roles(settings).items() if role == "changelog"}
    return [topic for topic in all_topics(settings) if topic.name in own]


def all_topics(settings: Settings) -> list[Topic]:
    """Every topic of a floor. All have the same number of partitions: they are read together."""
    kept = {"retention.ms": str(settings.retention_days * DAY_MS)}
    alerts_kept = {"retention.ms": str(max(settings.retention_days * DAY_MS, ALERTS_KEPT_MS))}
    # An event as large as its topic takes must fit where it is sent on with headers of ours.
    wide = {"max.message.bytes": str(MAX_BYTES)}
    arrival = {"message.timestamp.type": "LogAppendTime"}
    forever = {
        "min.cleanable.dirty.ratio": "0.2",
        "segment.ms": str(6 * 3_600_000),
    }
    out = [
        Topic(settings.topic(kind), "delete", f"{kind} events", kept | arrival)
        for kind in inputs(settings)
    ]
    # What is produced again carries its own time in headers, and is not to be stamped anew.
    out += [
        Topic(settings.topic(DEAL_POSTINGS), "delete", "what deals add to each rep", kept | wide),
        Topic(settings.topic(MISROUTED), "delete", "rep events under another key", kept | wide),
        Topic(settings.topic(MISROUTED_DEALS), "delete", "deals under another key", kept | wide),
        Topic(settings.topic(MATURED_CONTACTS), "delete", "contacts to be scored, by site", kept),
    ]
    for kind in [*inputs(settings), *derived_kinds()]:
        name = dead_letter(settings.topic(kind))
        out.append(Topic(name, "delete", f"bad events of {kind}", kept | wide))
    out += [
        Topic(settings.topic(REP_SCOREBOARD), "compact", "latest snapshot of every rep", forever),
        Topic(
            changelog(settings, SCOREBOARD_TABLE), "compact", "state of the reps", forever | wide
        ),
        Topic(changelog(settings, LEDGER_TABLE), "compact", "state of the deals", forever | wide),
        Topic(changelog(settings, ALERTS_TABLE), "compact", "state of the alerts", forever | wide),
        Topic(settings.topic(REP_ALERTS), "delete", "alerts, and what became of them", alerts_kept),
    ]
    # Stamped by the broker, so that `doctor` can tell its clock by an acknowledgement.
    stops = settings.topic(INPUT_STOPS)
    out.append(Topic(stops, "compact", "inputs stopped and resumed", forever | arrival, 1))
    basis = settings.topic(STATE_BASIS)
    out.append(Topic(basis, "compact", "what the state rests on", forever | wide, 1))
    clock = settings.topic(FLOOR_CLOCK)
    out.append(Topic(clock, "compact", "how far each partition is in event time", forever, 1))
    actions = settings.topic(ALERT_ACTIONS)
    out.append(Topic(actions, "delete", "what people did about alerts", alerts_kept, 1))
    forgotten = settings.topic(FORGOTTEN_REPS)
    out.append(Topic(forgotten, "compact", "reps shown under a pseudonym", forever, 1))
    return out
