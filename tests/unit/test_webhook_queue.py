"""Each message is posted by the worker that owns its rep, at least once, and not for ever."""

from __future__ import annotations

from sinks.webhook_queue import FRESH_MS, GIVE_UP_MS, WebhookQueue
from streams.core.alerts.told import RepAlert
from tests.unit.alert_entries import AT_MS, MINUTE_MS, ack, end_of, entries, mute, red

NOW_MS = AT_MS + 60 * MINUTE_MS


class Owner:
    """Who owns what may change."""

    def __init__(self, *reps: str) -> None:
        self.reps = {*reps}

    def __call__(self, alert: RepAlert) -> bool:
        return alert.rep_id in self.reps


def ids(queue: WebhookQueue, *heard: object, now_ms: int = NOW_MS) -> list[str]:
    return [one.id for one in queue.due(entries(*heard, now_ms=now_ms), now_ms)]  # type: ignore[arg-type] # records of both topics


def test_a_message_is_due_until_it_is_done() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red()
    told = f"{alert.alert_id}:red"
    assert ids(queue, alert) == [told]
    assert ids(queue, alert) == [told]
    queue.done(told)
    assert ids(queue, alert) == []


def test_a_recovery_is_a_message_of_its_own() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red()
    queue.done(f"{alert.alert_id}:red")
    assert ids(queue, alert, end_of(alert, at_ms=NOW_MS)) == [f"{alert.alert_id}:recovered"]


def test_the_oldest_comes_first() -> None:
    queue = WebhookQueue(Owner("r-1", "r-2"))
    one, other = red("r-1", at_ms=AT_MS + 1), red("r-2", at_ms=AT_MS)
    assert ids(queue, one, other) == [f"{other.alert_id}:red", f"{one.alert_id}:red"]


def test_at_a_start_old_messages_have_been_posted_before() -> None:
    queue = WebhookQueue(Owner("r-1", "r-2"))
    late = AT_MS + FRESH_MS + 1
    assert ids(queue, red("r-1"), red("r-2", at_ms=late), now_ms=late) == [f"r-2-{late}:red"]


def test_what_is_heard_late_is_no_news() -> None:
    queue = WebhookQueue(Owner("r-1"))
    assert ids(queue, now_ms=AT_MS) == []
    late, alert = AT_MS + FRESH_MS + 1, red("r-1")
    assert ids(queue, alert, now_ms=late) == []
    assert ids(queue, alert, end_of(alert, at_ms=AT_MS), now_ms=late) == []


def test_what_waits_for_its_receiver_may_grow_old() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red("r-1")
    told = f"{alert.alert_id}:red"
    assert ids(queue, alert, now_ms=AT_MS + FRESH_MS) == [told]
    assert ids(queue, alert, now_ms=AT_MS + 2 * FRESH_MS) == [told]


def test_a_contact_is_no_news_before_it_is_scored() -> None:
    queue = WebhookQueue(Owner("r-1"), grace_ms=FRESH_MS)
    assert ids(queue, red("r-1"), now_ms=AT_MS + 2 * FRESH_MS) == [f"r-1-{AT_MS}:red"]


def test_a_red_that_a_mute_kept_back_is_told_when_the_mute_ends() -> None:
    queue, alert, until_ms = WebhookQueue(Owner("r-1")), red(), AT_MS + 3 * FRESH_MS
    muted = mute("r-1", at_ms=AT_MS - 1, until_ms=until_ms)
    assert ids(queue, alert, muted, now_ms=AT_MS + 1) == []
    assert ids(queue, alert, muted, now_ms=until_ms) == [f"{alert.alert_id}:red"]


def test_a_new_owner_posts_what_the_one_before_may_not_have() -> None:
    owner = Owner()
    queue, alert = WebhookQueue(owner), red()
    assert ids(queue, alert) == []
    owner.reps = {"r-1"}
    assert ids(queue, alert, now_ms=NOW_MS + GIVE_UP_MS - 1) == [f"{alert.alert_id}:red"]


def test_what_waits_for_its_receiver_is_kept_while_a_partition_goes_away_and_back() -> None:
    owner = Owner("r-1")
    queue, alert = WebhookQueue(owner), red()
    assert ids(queue, alert)
    owner.reps = set()
    assert ids(queue, alert, now_ms=NOW_MS + 60 * MINUTE_MS) == []
    owner.reps = {"r-1"}
    assert ids(queue, alert, now_ms=NOW_MS + 61 * MINUTE_MS) == [f"{alert.alert_id}:red"]


def test_a_new_owner_does_not_repeat_what_is_known_for_a_day() -> None:
    owner = Owner()
    queue, alert = WebhookQueue(owner), red()
    ids(queue, alert)
    ids(queue, alert, now_ms=NOW_MS + GIVE_UP_MS)
    assert queue.given_up == []
    owner.reps = {"r-1"}
    assert ids(queue, alert, now_ms=NOW_MS + GIVE_UP_MS + 1) == []


def test_a_receiver_that_never_answers_is_given_up_after_a_day() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red()
    assert ids(queue, alert)
    assert ids(queue, alert, now_ms=NOW_MS + GIVE_UP_MS - 1)
    assert queue.given_up == []
    assert ids(queue, alert, now_ms=NOW_MS + GIVE_UP_MS) == []
    assert queue.given_up == [f"{alert.alert_id}:red"]


def test_what_was_posted_before_a_mute_is_not_posted_after_it() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red()
    queue.done(f"{alert.alert_id}:red")
    muted = mute("r-1", at_ms=NOW_MS, until_ms=NOW_MS + MINUTE_MS)
    assert ids(queue, alert, muted, now_ms=NOW_MS + 1) == []
    assert ids(queue, alert, muted, now_ms=NOW_MS + 2 * MINUTE_MS) == []


def test_nobody_is_told_of_what_somebody_has_in_hand() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red()
    assert ids(queue, alert, ack(alert, at_ms=NOW_MS)) == []


def test_what_is_no_entry_any_more_is_forgotten() -> None:
    queue, alert = WebhookQueue(Owner("r-1")), red()
    queue.done(f"{alert.alert_id}:red")
    ids(queue, alert)
    assert queue._done
    ids(queue)
    assert not queue._done
    assert not queue._since_ms
