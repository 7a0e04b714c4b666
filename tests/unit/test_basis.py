"""What of a state's surroundings may change, what may not, and which steps are told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.basis import (
    RECORD_VERSION,
    Basis,
    Dropped,
    Live,
    TopicFacts,
    app_of,
    basis_key,
    decode_basis,
    decode_dropped,
    decode_live,
    dropped_key,
    encode_record,
    judge,
    live_key,
    mismatches,
    namespace,
    namespace_of,
    next_generation,
    sharing,
    unreadable,
)
from streams.core.plan import Plan
from streams.core.plan_shape import shape_at
from streams.core.segment import STATE_VERSION
from streams.settings import OWN_TOPICS, Settings
from streams.topics import own_kinds, roles

NOW = 1_795_000_000_000
TOPICS = {
    "call-ended": TopicFacts("id-a", 4, "input"),
    "deal-postings": TopicFacts("id-b", 4, "own"),
    "floorcast-scoreboard-changelog": TopicFacts("id-c", 4, "changelog"),
}


def basis(**changes: Any) -> Basis:
    made = Basis(
        namespace="floorcast",
        by="w1",
        at_ms=NOW,
        cluster="one",
        topics=TOPICS,
        detail_days=400,
        plan=shape_at(Plan.empty("UTC"), NOW, 400),
    )
    return structs.replace(made, **changes)


def differing(stored: Basis, found: Basis) -> list[tuple[str, str]]:
    found_ = mismatches(stored, found, 0, "new.toml")
    return [(one.what, one.steps) for one in found_]


def with_topic(name: str, **changes: Any) -> dict[str, TopicFacts]:
    return TOPICS | {name: structs.replace(TOPICS[name], **changes)}


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_a_topic_that_was_made_anew_is_named_with_both_ids(name: str) -> None:
    ((what, steps),) = differing(basis(), basis(topics=with_topic(name, id="id-x")))
    assert what.startswith(f"topic {name} was made anew (its id is id-x, it was {TOPICS[name].id})")
    assert "`floorcast rebuild --plan new.toml`, then `floorcast rebuild --switch`" in steps


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_another_number_of_partitions_is_told_with_the_setting(name: str) -> None:
    ((what, steps),) = differing(basis(), basis(topics=with_topic(name, partitions=6)))
    assert "has 6 partitions, it had 4" in what
    assert "FLOORCAST_PARTITIONS=6" in steps


def test_ids_that_a_broker_does_not_tell_are_not_compared() -> None:
    assert differing(basis(), basis(topics=with_topic("call-ended", id=""), cluster="")) == []


def test_an_input_may_come_and_go() -> None:
    more = TOPICS | {"visit-logged": TopicFacts("id-v", 4, "input")}
    assert differing(basis(), basis(topics=more)) == []
    assert differing(basis(topics=more), basis()) == []


def test_of_another_cluster_only_that_is_told() -> None:
    others = {name: structs.replace(facts, id="z" + facts.id) for name, facts in TOPICS.items()}
    ((what, steps),) = differing(basis(), basis(cluster="two", topics=others))
    assert "belongs to cluster one, and this is two" in what
    assert "FLOORCAST_BROKERS" in steps


def test_another_state_version_names_the_release_to_run() -> None:
    ((_, newer),) = differing(basis(state_version=STATE_VERSION + 1), basis())
    ((_, older),) = differing(basis(state_version=STATE_VERSION - 1), basis())
    assert "a newer one" in newer
    assert "rebuild" not in newer
    assert "floorcast rebuild" in older


def test_days_may_be_kept_for_less_time_never_for_more() -> None:
    assert differing(basis(), basis(detail_days=100)) == []
    ((what, steps),) = differing(basis(detail_days=100), basis())
    assert "detail_days is 400" in what
    assert "set detail_days to 100 again" in steps


def test_only_what_the_plan_changed_is_the_plans() -> None:
    other = structs.replace(basis().plan, reversals="contra")
    (one,) = mismatches(basis(), basis(plan=other), 0, "PLAN")
    assert one.of_plan
    assert "deals.reversals is contra, it was restate" in one.what
    (topic,) = mismatches(basis(), basis(topics=with_topic("call-ended", id="x")), 0, "PLAN")
    assert not topic.of_plan


def test_records_survive_their_bytes_and_what_cannot_be_read_is_told() -> None:
    live = Live(generation=2, since_ms=NOW, plan="abc")
    assert decode_basis(encode_record(basis())) == basis()
    assert decode_live(encode_record(live)) == live
    assert decode_dropped(encode_record(Dropped(generation=3))) == Dropped(generation=3)
    newer = encode_record(structs.replace(live, record=RECORD_VERSION + 1))
    assert decode_live(newer) == RECORD_VERSION + 1
    assert "a newer floorcast" in unreadable(RECORD_VERSION + 1, "it").what
    for foreign in (b"", b"{", b"{}", b'{"record":1}', b"[]"):
        told = decode_basis(foreign)
        assert isinstance(told, int)
        assert "is not a record of floorcast" in unreadable(told, "it").what


def test_keys_and_names_of_namespaces() -> None:
    assert [namespace("floor", n) for n in (0, 1, 12)] == ["floor", "floor.g1", "floor.g12"]
    assert {app_of(namespace("my.guide", n)) for n in (0, 1, 12)} == {"my.guide"}
    assert namespace_of(basis_key("floor.g1")) == "floor.g1"
    assert namespace_of(live_key("floor")) is None
    assert namespace_of(dropped_key("floor")) is None


def test_generations_share_a_prefix_and_apps_do_not() -> None:
    assert sharing(["floor", "floor.g1", "floor.g2"], "floor") is None
    told = sharing(["floor", "other.g1"], "floor")
    assert told is not None
    assert "FLOORCAST_APP=other" in told.steps


def test_of_two_workers_that_write_at_once_the_first_has_the_word() -> None:
    mine, theirs = basis(by="w1"), basis(by="w2")
    assert judge(None, theirs, differs=False) == "agrees"
    assert judge(None, theirs, differs=True) == "lost"  # it came before mine
    assert judge(mine, theirs, differs=True) == "void"  # mine came before it
    later = structs.replace(theirs, plan=structs.replace(theirs.plan, upto_ms=NOW + 86_400_000))
    assert judge(mine, later, differs=True) == "lost"  # a day begins: it was first to say so


def test_every_generation_has_topics_and_folders_of_its_own() -> None:
    assert set(own_kinds()) == OWN_TOPICS
    first = Settings(data_dir="/data")
    second = first.of_generation(2)
    assert second.group == "floorcast.g2"
    assert (second.data_dir, second.of_generation(3).data_dir) == ("/data/g2", "/data/g3")
    assert second.of_generation(0) == first
    shared = roles(first).keys() & roles(second).keys()
    assert {role for name, role in roles(first).items() if name in shared} == {"input"}
    assert second.topic("misrouted") == "misrouted.g2"


@given(st.lists(st.sampled_from(["begin", "switch", "discard", "half a discard"]), max_size=12))
def test_a_number_is_never_that_of_a_second_generation(steps: list[str]) -> None:
    live, dropped, begun = 0, 0, {0}
    given_: list[int] = []
    for step in steps:
        number = next_generation(live, begun, dropped)
        if step == "begin" and number not in begun:
            assert number not in given_
            assert number > live
            given_.append(number)
            begun.add(number)
        elif number in begun:
            if step == "switch":
                live = number
            elif "discard" in step:
                dropped = max(dropped, number)
                begun -= {number} if step == "discard" else set()
    assert len(set(given_)) == len(given_)


def test_a_rebuild_that_is_under_way_is_gone_on_with() -> None:
    assert next_generation(0, {0, 1}, 0) == 1
    assert next_generation(0, {0, 2}, 1) == 2
    assert next_generation(2, {0, 2}, 1) == 3
