"""The events floorcast reads: the one definition that schemas and decoders come from.

A retraction (`op: retract`) repeats the event it takes back, with the `rep_id` and `occurred_at`
that event had.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

SCHEMA_VERSION = 1
MAX_MINOR = 2**53 - 1
"""The largest amount, in minor units: every JSON reader keeps it exactly."""

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Source = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[\x21-\x7e]+$",
        description="The system that sent this, e.g. `pbx-1`; printable ASCII, no blanks.",
    ),
]
Time = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset.")]
Revision = Annotated[int, Meta(ge=0, le=2**63 - 1)]
DurationMs = Annotated[int, Meta(ge=0, le=86_400_000)]
Minor = Annotated[int, Meta(ge=0, le=MAX_MINOR)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3, description="ISO 4217 code.")]
Op = Literal["upsert", "retract"]

Direction = Literal["inbound", "outbound"]
CallResult = Literal[
    "answered", "no_answer", "busy", "failed", "congestion", "canceled", "abandoned", "dropped"
]
AnsweredBy = Literal["human", "machine", "fax", "unknown"]
DealStatus = Literal["won", "amended", "cancelled", "refunded", "reinstated"]
SurveyMetric = Literal["csat", "nps", "ces"]
SurveyChannel = Literal["ivr", "sms", "email", "web", "follow_up_call"]


class CallEnded(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A call, or an attempt at one, is over. Kafka key: `rep_id`. `occurred_at` is its end."""

    event_id: Id
    source: Source
    occurred_at: Time
    rep_id: Id
    call_id: Id
    direction: Direction
    result: CallResult
    schema_version: int = SCHEMA_VERSION
    op: Op = "upsert"
    revision: Revision = 0
    team_id: Id | None = None
    dial_mode: Id | None = None
    campaign_id: Id | None = None
    queue_id: Id | None = None
    lead_id: Id | None = None
    customer_id: Id | None = None
    started_at: Time | None = None
    answered_at: Time | None = None
    ring_ms: DurationMs = 0
    wait_ms: DurationMs = 0
    talk_ms: DurationMs | None = None
    hold_ms: DurationMs = 0
    wrap_ms: DurationMs = 0
    answered_by: AnsweredBy = "unknown"
    disposition: Id | None = None
    hangup_by: Id | None = None


class DealLine(Struct, kw_only=True, gc=False, omit_defaults=True):
    """One product of a deal; the lines' amounts sum to the deal's `amount_minor`."""

    product_id: Id
    amount_minor: Minor
    quantity: Annotated[float, Meta(ge=0)] = 1


class Credit(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A rep's share of a deal: a fraction of 1, kept to 1/10,000; the shares of a deal sum to 1."""

    rep_id: Id
    share: Annotated[float, Meta(ge=0, le=1)]
    team_id: Id | None = None
    role: Id | None = None


class DealClosed(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A deal got a status. Kafka key: `deal_id`. `occurred_at` is when it got this status.

    `amount_minor` is the whole current value in minor units. `reversed_minor` is cumulative; absent
    on a refund it means all. `revision` is by default `occurred_at` in milliseconds. What a deal is
    (amount, lines, credits, close, customer) is said by its latest `won` or `amended`; the other
    statuses only say how much of it is reversed.
    """

    event_id: Id
    source: Source
    occurred_at: Time
    rep_id: Id
    deal_id: Id
    status: DealStatus
    closed_at: Time
    currency: Currency
    amount_minor: Minor
    schema_version: int = SCHEMA_VERSION
    op: Op = "upsert"
    revision: Revision | None = None
    team_id: Id | None = None
    reversed_minor: Minor | None = None
    lines: Annotated[list[DealLine], Meta(max_length=100)] = []
    credits: Annotated[list[Credit], Meta(max_length=50)] = []
    customer_id: Id | None = None
    lead_id: Id | None = None
    is_new_customer: bool = False
    call_id: Id | None = None


class SurveySubmitted(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A customer answered a survey question. Kafka key: `rep_id`. `score` is kept to 1/1,000."""

    event_id: Id
    source: Source
    occurred_at: Time
    rep_id: Id
    response_id: Id
    metric: SurveyMetric
    score: float
    scale_min: float
    scale_max: float
    schema_version: int = SCHEMA_VERSION
    op: Op = "upsert"
    revision: Revision = 0
    team_id: Id | None = None
    survey_id: Id | None = None
    call_id: Id | None = None
    deal_id: Id | None = None
    customer_id: Id | None = None
    channel: SurveyChannel | None = None
    sent_at: Time | None = None


class VisitLogged(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A rep visited a customer. Kafka key: `rep_id`. Read only when the setting `visits` is on."""

    event_id: Id
    source: Source
    occurred_at: Time
    rep_id: Id
    visit_id: Id
    schema_version: int = SCHEMA_VERSION
    op: Op = "upsert"
    revision: Revision = 0
    team_id: Id | None = None
    customer_id: Id | None = None
    lead_id: Id | None = None


class PostingEntry(Struct, kw_only=True, gc=False, array_like=True):
    """Money of a deal at one instant: minor units of one product, gross and reversed, both >= 0."""

    at_ms: int
    product_id: str
    gross: int
    reversed: int


class PostingCount(Struct, kw_only=True, gc=False, array_like=True):
    """Deal counts of a deal at one instant, in 1/10,000 of a deal, gross and reversed."""

    at_ms: int
    gross_bp: int
    reversed_bp: int


class DealPosting(Struct, kw_only=True, gc=False, omit_defaults=True):
    """What a deal adds to one rep, absolute. Topic `deal-postings`, Kafka key: `rep_id`.

    `version` is (number of distinct events of the deal, highest revision). `counts` name every
    instant that any event of the deal ever named, zeros included, so that a day which once held a
    part of the deal is set back when the deal leaves it. `retracted_at_ms`: the deal never was;
    counted as retracted at that instant.
    """

    source: str
    deal_id: str
    rep_id: str
    version: tuple[int, int]
    currency: str
    closed_at_ms: int
    entries: list[PostingEntry]
    counts: list[PostingCount]
    has_contact: bool = False
    is_new_customer: bool = False
    retracted_at_ms: int | None = None
    team_id: str | None = None
    customer_id: str | None = None
    lead_id: str | None = None
    call_id: str | None = None
    schema_version: int = SCHEMA_VERSION


Event = CallEnded | DealClosed | SurveySubmitted | VisitLogged

CALL_ENDED = "call-ended"
DEAL_CLOSED = "deal-closed"
SURVEY_SUBMITTED = "survey-submitted"
VISIT_LOGGED = "visit-logged"

EVENTS: dict[str, type[Event]] = {
    CALL_ENDED: CallEnded,
    DEAL_CLOSED: DealClosed,
    SURVEY_SUBMITTED: SurveySubmitted,
    VISIT_LOGGED: VisitLogged,
}
"""Input topic (its name without any prefix) to event."""
