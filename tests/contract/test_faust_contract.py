"""What the lane relies on in faust, mode and aiokafka, most of it private.

A failure here after an upgrade means: read what changed, then the part of the lane that is named,
and only then mend the expectation. The servers' side of it is in tests/integration/test_lane.py.
"""

from __future__ import annotations

import hashlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.assignor.partition_assignor import PartitionAssignor
from faust.stores.base import Store
from faust.tables.recovery import Recovery
from faust.topics import Topic
from faust.transport import consumer as transport_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode.utils.queues import FlowControlEvent, FlowControlQueue

from streams.engine.fatal import EXIT_CODE
from streams.engine.lane.batch import Slice, SliceTopic
from streams.engine.lane.consumer import Consumer
from streams.engine.lane.drain import _message
from streams.engine.lane.recovery import FastRecovery, LaneTableManager
from streams.engine.lane.settings import app_options, require_settings
from streams.engine.lane.store import LaneStore, MemoryStore, RocksStore
from streams.engine.lane.transport import Transport, install
from streams.settings import Settings


@pytest.mark.parametrize(
    ("package", "pinned"),
    [("faust-streaming", "0.15.3"), ("mode-streaming", "0.7.1"), ("aiokafka", "0.14.0")],
)
def test_versions_are_the_ones_the_lane_was_tested_with(package: str, pinned: str) -> None:
    found = version(package)
    assert found == pinned, (
        f"{package} is {found}, the lane was tested with {pinned}: run "
        "tests/integration/test_lane.py, read what changed in the methods named here, then move "
        "the pin and this line together"
    )


_STOCK = transport_consumer.Consumer
_OVERRIDDEN: list[tuple[Callable[..., Any], str]] = [
    (_STOCK._drain_messages, "(self, fetcher)"),
    (_STOCK._filter_tps_with_pending_acks, "(self, topics=None)"),
    (_STOCK.force_commit, "(self, topics=None, start_new_transaction=True)"),
    (_STOCK.commit_and_end_transactions, "(self)"),
    (_STOCK.perform_seek, "(self)"),
    (_STOCK.resume_flow, "(self)"),
    (_STOCK._get_active_partitions, "(self)"),
    (_STOCK.on_partitions_revoked, "(self, revoked)"),
    (_STOCK.on_partitions_assigned, "(self, assigned, generation_id=0)"),
    (driver.Consumer._new_consumer_thread, "(self)"),
    (driver.Consumer.on_stop, "(self)"),
    (driver.AIOKafkaConsumerThread._create_worker_consumer, "(self, transport)"),
    (driver.AIOKafkaConsumerThread.on_start, "(self)"),
    (driver.AIOKafkaConsumerThread.close, "(self)"),
    (driver.Producer._settings_extra, "(self)"),
    (Recovery._set_recovery_started, "(self)"),
    (Recovery._build_offsets, "(self, consumer, tps, destination, title)"),
    (Recovery._seek_offsets, "(self, consumer, tps, offsets, title)"),
    (Recovery.on_recovery_completed, "(self, generation_id=0)"),
    (PartitionAssignor._assign, "(self, cluster, member_metadata)"),
    (faust.App.start, "(self)"),
    (faust.App._crash, "(self, reason)"),
    (Topic._compile_decode, "(self)"),
    (Store.persisted_offset, "(self, tp)"),
    (Store.set_persisted_offset, "(self, tp, offset)"),
    (Store.on_rebalance, "(self, assigned, revoked, newly_assigned, generation_id=0)"),
    (Store.on_recovery_completed, "(self, active_tps, standby_tps)"),
]
_CALLED: list[tuple[Callable[..., Any], str]] = [
    (_STOCK._wait_next_records, "(self, timeout)"),
    (_STOCK._commit_offsets, "(self, offsets, start_new_transaction=True)"),
    (_STOCK.commit, "(self, topics=None, start_new_transaction=True)"),
    (_STOCK.stop_flow, "(self)"),
    (_STOCK.seek_wait, "(self, partitions)"),
    (_STOCK.earliest_offsets, "(self, *partitions)"),
    (_STOCK.highwaters, "(self, *partitions)"),
    (_STOCK.position, "(self, tp)"),
    (driver.Producer._ensure_producer, "(self)"),
    (driver.AIOKafkaConsumerThread._ensure_consumer, "(self)"),
    (Recovery.need_recovery, "(self)"),
    (Recovery.active_remaining, "(self)"),
    (Recovery._set_recovery_ended, "(self)"),
    (aiokafka.AIOKafkaProducer.create_batch, "(self)"),
    (aiokafka.AIOKafkaProducer.send_batch, "(self, batch, topic, *, partition)"),
    (BatchBuilder.append, "(self, *, timestamp, key, value, headers=[])"),
    (GroupCoordinator._send_req, "(self, request)"),
    (Fetcher.seek_to, "(self, tp, offset)"),
]


def _plain(function: Callable[..., Any]) -> str:
    signature = inspect.signature(inspect.unwrap(function))
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


@pytest.mark.parametrize(
    ("function", "signature"),
    _OVERRIDDEN + _CALLED,
    ids=lambda one: getattr(one, "__qualname__", ""),
)
def test_methods_the_lane_replaces_or_calls_have_the_same_signature(
    function: Callable[..., Any], signature: str
) -> None:
    found = _plain(function)
    assert found == signature, f"{function.__qualname__} is {found}, the lane expects {signature}"


_READ_CLOSELY: list[tuple[Callable[..., Any], str]] = [
    # Their order of steps is what the recovery's rules are built around.
    (Recovery._restart_recovery.fun, "6bd8a8558a2d"),
    (Recovery.on_recovery_completed, "6ef567acf072"),
    # One commit at a time, and a refused one is noted as done.
    (_STOCK.commit, "a354437baaa0"),
    (_STOCK._commit_offsets, "1a6979904118"),
    # Which partitions are fetched, and that a seek drops what was fetched before it.
    (_STOCK._wait_next_records, "6218e1969a63"),
    (Fetcher.fetched_records, "be4348896b9b"),
    (Fetcher.seek_to, "f0ba6aba6c22"),
    # What `fetched` does in their place, and how it is handed out.
    (PartitionRecords._unpack_records, "b803e6d46480"),
    (FetchResult.getall, "3e717e30de50"),
]


def _fingerprint(function: Callable[..., Any]) -> str:
    source = inspect.getsource(inspect.unwrap(function))
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("function", "known"), _READ_CLOSELY, ids=lambda one: getattr(one, "__qualname__", "")
)
def test_methods_whose_inner_order_matters_are_unchanged(
    function: Callable[..., Any], known: str
) -> None:
    found = _fingerprint(function)
    assert found == known, (
        f"the source of {function.__qualname__} changed (fingerprint {found}, was {known}): check "
        "the lane against the new order of its steps, then note the new fingerprint"
    )


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (_STOCK, "_commit_handler"),
        (Recovery, "_slurp_changelogs"),
        (Recovery, "_restart_recovery"),
        (transport_consumer.Fetcher, "_fetcher"),
    ],
)
def test_background_tasks_the_lane_replaces_or_needs_are_still_tasks(
    owner: type, name: str
) -> None:
    tasks = owner._tasks[owner._get_class_id()]  # type: ignore[attr-defined] # of mode's services
    assert name in tasks, f"{owner.__name__}.{name} is no background task any more"


def test_the_lane_runs_each_background_task_once_and_its_own_version_of_it() -> None:
    names = [task.fun.__qualname__ for task in Consumer._get_tasks(object.__new__(Consumer))]
    assert "Commit._commit_handler" in names
    assert "MembershipWatch._watch_membership" in names
    assert not [name for name in names if name == "Consumer._commit_handler"]
    recovery = [t.fun.__qualname__ for t in FastRecovery._get_tasks(object.__new__(FastRecovery))]
    assert sorted(recovery) == [
        "FastRecovery._restart_recovery",
        "FastRecovery._slurp_changelogs",
        "Recovery._publish_stats",
    ]


@pytest.fixture
def app() -> faust.App:
    """A Faust app as the lane's settings make it; never started."""
    install()
    return faust.App("contract", **app_options(Settings(store="memory")))


async def test_lane_names_lead_to_the_lanes_classes(app: faust.App) -> None:
    assert type(app.transport) is Transport
    assert Transport.Consumer is Consumer
    assert isinstance(app.tables, LaneTableManager)
    table = app.Table("t", key_type=bytes, value_type=bytes, partitions=1)
    assert type(table.data) is MemoryStore
    rocks = faust.App("rocks", **app_options(Settings(store="rocksdb")))
    assert type(rocks.Table("t", key_type=bytes, value_type=bytes).data) is RocksStore
    assert table.changelog_topic.get_topic_name() == "contract-t-changelog"


async def test_settings_of_the_lane_pass_its_own_check(app: faust.App) -> None:
    require_settings(app.conf)


async def test_a_slice_reaches_the_agents_event_undecoded_and_without_acks(app: faust.App) -> None:
    topic = SliceTopic(app, topics=["a", "b"])
    clone = topic.clone(is_iterator=True)
    assert isinstance(clone, SliceTopic)
    assert not clone.acks
    record = aiokafka.ConsumerRecord("a", 3, 7, 1_000, 0, None, b"v", None, 0, 1, ())
    piece = Slice(TP("a", 3), 5, [record], session=1, generation=2)
    message = _message(piece)
    assert isinstance(message, ConsumerMessage)
    assert (message.tp, message.offset, message.generation_id) == (piece.tp, 7, 2)
    event = await clone.decode(message)
    assert event.value is piece
    assert (piece.start, piece.end, piece.tp) == (5, 8, TP("a", 3))


async def test_resuming_the_flow_empties_the_queues_which_is_why_slices_are_sent_again() -> None:
    flow = FlowControlEvent()
    queue: FlowControlQueue[str] = FlowControlQueue(flow_control=flow, clear_on_resume=True)
    flow.resume()
    queue.put_nowait("slice")
    flow.resume()
    assert queue.empty()


async def test_a_batch_takes_headers_and_any_first_record_and_says_when_it_is_full() -> None:
    builder = BatchBuilder(1_000, 0)
    assert builder.append(timestamp=None, key=b"k", value=b"x" * 5_000, headers=[("h", b"1")])
    assert builder.append(timestamp=None, key=b"k", value=b"x", headers=[]) is None
    builder.close()


def test_aiokafkas_generation_without_a_group_is_minus_one() -> None:
    source = inspect.getsource(GroupCoordinator.reset_generation)
    assert "DEFAULT_GENERATION_ID" in source
    from aiokafka.protocol.commit import OffsetCommitRequest  # noqa: PLC0415 # named by this test only

    assert OffsetCommitRequest.DEFAULT_GENERATION_ID == -1


def test_names_read_on_aiokafkas_objects_exist() -> None:
    coordinator = inspect.getsource(GroupCoordinator)
    for name in ("_coordination_task", "_pending_exception", "self.generation ="):
        assert name in coordinator, f"GroupCoordinator has no {name} any more: see membership.py"
    assert "_fetch_max_wait_ms" in inspect.getsource(aiokafka.AIOKafkaConsumer.start)


def test_faust_opens_inputs_only_after_the_host_was_told_of_the_recovery() -> None:
    source = inspect.getsource(Recovery.on_recovery_completed)
    assert (
        source.index("perform_seek")
        < source.index("flow_control.resume")
        < source.index("resume_flow")
    ), "flow control must be resumed before consumer.resume_flow: see Drain.resume_flow"


def test_a_lane_store_is_a_complete_faust_store() -> None:
    assert not getattr(LaneStore, "__abstractmethods__", None)


def test_a_worker_runs_on_uvloop(tmp_path: Path) -> None:
    # mode keeps the loop that its first service finds: the policy has to be there before it.
    code = (
        "from streams.cli.worker import compose; from streams.settings_reader import load_settings;"
        f"found = load_settings({{'FLOORCAST_DATA_DIR': {str(tmp_path)!r}}}, None);"
        "print(type(compose(found).app.loop).__module__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "uvloop"


def test_a_fetch_that_is_held_up_passes_its_cancellation_on_to_whoever_closes_the_client() -> None:
    # The cause of `ConsumerThread.on_thread_stop`; when aiokafka suppresses it here, that can go.
    assert "x.cancel()\n            await x" in inspect.getsource(Fetcher.close)


def test_faust_closes_the_client_of_its_thread_from_another_when_a_rebalance_meets_a_stop() -> None:
    # The cause of `ConsumerThread.close`; when Faust closes it on `thread_loop`, that can go.
    assert "_client.close(), self.app.loop" in inspect.getsource(
        driver.AIOKafkaConsumerThread.close
    )
    assert "self.consumer.close()" in inspect.getsource(faust.App._on_rebalance_when_stopped)


@pytest.mark.parametrize(
    ("step", "said"),
    [("start", "has not started within 0 s"), ("stop", "did not come to an end within 0 s")],
)
def test_a_worker_that_hangs_while_it_starts_or_stops_is_ended(
    tmp_path: Path, step: str, said: str
) -> None:
    code = (
        "import asyncio; from streams.cli.worker import compose;"
        "from streams.settings_reader import load_settings;"
        f"app = compose(load_settings({{'FLOORCAST_DATA_DIR': {str(tmp_path)!r}}}, None)).app;"
        f"type(app).on_{step} = lambda self: asyncio.sleep(60);"
        f"app.{step}_within_s = 0.2;"
        f"app.loop.run_until_complete(app.{step}())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == EXIT_CODE
    assert said in done.stderr
