"""What every sink promises, on each of them."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from redis.asyncio import Redis as Client

from streams.core.errors import SinkUnavailable
from streams.core.snapshot import (
    Partial,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
    Version,
)
from streams.core.tally import Tally
from tests.contract.sink_backends import (
    WITHOUT_SERVER,
    Backend,
    Memory,
    Redis,
    Seen,
    Whole,
    started,
)
from tests.services.redis import RedisServer

MakeRedis = Callable[..., RedisServer]


def rep(rep_id: str, dials: int, version: Version, partition: int = 0) -> RepSnapshot:
    return RepSnapshot(
        rep_id=rep_id,
        partition=partition,
        version=version,
        date="2026-03-02",
        zone="UTC",
        team_id="north",
        site="default",
        windows={"today": Tally(dials=dials, contacts=dials // 2, deals_gross_bp=10_000)},
    )


def part(dials: int, version: Version, partition: int = 0, team: str = "north") -> Partial:
    return Partial(
        level="team",
        id=team,
        partition=partition,
        version=version,
        reps=1,
        windows={"today": Tally(dials=dials)},
    )


def batch(*reps: RepSnapshot, parts: tuple[Partial, ...] = ()) -> SnapshotBatch:
    return SnapshotBatch(reps=list(reps), partials=list(parts))


def source(newest_ms: int, seen_ms: int, partition: int = 0) -> SourceFreshness:
    return SourceFreshness(
        topic="call-ended", source="pbx", partition=partition, newest_ms=newest_ms, seen_ms=seen_ms
    )


@pytest_asyncio.fixture(params=["memory", "memory-owned", "prometheus", "wallboard", "redis"])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    made: Backend
    if request.param == "redis":
        made = Redis(request.getfixturevalue("redis_server"))
    else:
        made = WITHOUT_SERVER[request.param]()
    async with started(made):
        yield made


@pytest_asyncio.fixture(params=["memory", "redis"])
async def whole(request: pytest.FixtureRequest) -> AsyncIterator[Whole]:
    made: Whole
    if request.param == "redis":
        made = Redis(request.getfixturevalue("redis_server"))
    else:
        made = Memory(owned_only=False)
    async with started(made):
        yield made


async def test_what_was_written_can_be_read(backend: Backend) -> None:
    await backend.sink.write(batch(rep("ana", 7, (10, 1)), parts=(part(7, (10, 1)),)))

    assert await backend.seen() == Seen({"ana": 7}, {"north": 7})


async def test_a_batch_written_twice_counts_once(backend: Backend) -> None:
    one = batch(rep("ana", 7, (10, 1)), parts=(part(7, (10, 1)),))

    await backend.sink.write(one)
    await backend.sink.write(one)

    assert await backend.seen() == Seen({"ana": 7}, {"north": 7})


@pytest.mark.parametrize("lower", [(9, 99), (10, 4)], ids=["fewer events", "computed earlier"])
async def test_a_lower_version_is_refused(backend: Backend, lower: Version) -> None:
    await backend.sink.write(batch(rep("ana", 7, (10, 5)), parts=(part(7, (10, 5)),)))
    await backend.sink.write(batch(rep("ana", 3, lower), parts=(part(3, lower),)))

    assert await backend.seen() == Seen({"ana": 7}, {"north": 7})


async def test_versions_are_compared_as_numbers(backend: Backend) -> None:
    await backend.sink.write(batch(rep("ana", 9, (9, 1_000))))
    await backend.sink.write(batch(rep("ana", 10, (10, 999))))

    assert (await backend.seen()).reps == {"ana": 10}


async def test_the_order_of_writes_does_not_matter(backend: Backend) -> None:
    versions: list[Version] = [(1, 5), (2, 1), (2, 2), (3, 0)]
    for n, order in enumerate(itertools.permutations(range(4))):
        name = f"r{n}"
        for i in order:
            await backend.sink.write(
                batch(rep(name, i + 1, versions[i]), parts=(part(i + 1, versions[i], team=name),))
            )

    seen = await backend.seen()
    assert set(seen.reps.values()) == {4}
    assert set(seen.teams.values()) == {4}


async def test_one_stale_snapshot_does_not_hold_back_its_neighbours(backend: Backend) -> None:
    await backend.sink.write(batch(rep("ana", 7, (10, 1))))
    await backend.sink.write(batch(rep("ana", 3, (9, 1)), rep("bo", 2, (9, 1))))

    assert (await backend.seen()).reps == {"ana": 7, "bo": 2}


async def test_partials_of_partitions_are_kept_apart_and_add_up(backend: Backend) -> None:
    await backend.sink.write(batch(parts=(part(5, (50, 1), 0), part(7, (3, 1), 1))))
    await backend.sink.write(batch(parts=(part(6, (51, 1), 0), part(1, (2, 1), 1))))

    assert (await backend.seen()).teams == {"north": 13}


async def test_released_partitions_leave_only_where_owned_ones_are_shown(backend: Backend) -> None:
    await backend.sink.write(
        batch(
            rep("ana", 7, (10, 1), 0),
            rep("bo", 4, (10, 1), 1),
            parts=(part(7, (10, 1), 0), part(4, (10, 1), 1)),
        )
    )
    await backend.sink.write(SnapshotBatch(released=[1]))

    left, kept = Seen({"ana": 7}, {"north": 7}), Seen({"ana": 7, "bo": 4}, {"north": 11})
    assert await backend.seen() == (left if backend.owned_only else kept)


async def test_a_partition_lost_and_won_again_in_one_batch_is_shown(backend: Backend) -> None:
    await backend.sink.write(batch(rep("ana", 7, (10, 1))))
    await backend.sink.write(SnapshotBatch(released=[0], reps=[rep("ana", 8, (11, 1))]))

    assert (await backend.seen()).reps == {"ana": 8}


async def test_names_may_hold_any_character(backend: Backend) -> None:
    odd = 'a:b\\ "c"\n{d} 李娜 \x1f'
    await backend.sink.write(batch(rep(odd, 7, (10, 1)), parts=(part(7, (10, 1), team=odd),)))

    assert await backend.seen() == Seen({odd: 7}, {odd: 7})


async def test_a_large_batch_arrives_whole(backend: Backend) -> None:
    reps = [rep(f"r-{n:05}", n, (n, n), n % 8) for n in range(3_210)]
    await backend.sink.write(batch(*reps))

    assert (await backend.seen()).reps == {one.rep_id: n for n, one in enumerate(reps)}


async def test_an_empty_batch_changes_nothing(backend: Backend) -> None:
    await backend.sink.write(SnapshotBatch())

    assert await backend.seen() == Seen({}, {})
    assert not await backend.sink.needs_resync()


async def test_snapshots_come_back_as_they_were(whole: Whole) -> None:
    written = SnapshotBatch(
        reps=[rep("ana", 7, (10, 1))],
        partials=[part(7, (10, 1))],
        freshness=[source(1_000, 1_200), source(1_100, 1_150, partition=1)],
        status=[PartitionStatus(partition=0, version=(10, 1), state="live", stopped={"x": "why"})],
    )
    await whole.sink.write(written)

    assert (await whole.latest()).everything() == written


async def test_the_newest_word_on_sources_and_partitions_holds(whole: Whole) -> None:
    def status(version: Version, lag: int) -> PartitionStatus:
        return PartitionStatus(partition=0, version=version, state="live", lag=lag)

    await whole.sink.write(
        SnapshotBatch(freshness=[source(5_000, 5_100)], status=[status((10, 2), 0)])
    )
    await whole.sink.write(
        SnapshotBatch(freshness=[source(4_000, 4_100)], status=[status((10, 1), 7)])
    )
    held = (await whole.latest()).everything()
    assert (held.freshness, held.status) == ([source(5_000, 5_100)], [status((10, 2), 0)])

    # A late event does not make its source older, but it shows that the source is there.
    await whole.sink.write(SnapshotBatch(freshness=[source(5_000, 9_000)]))
    assert (await whole.latest()).everything().freshness == [source(5_000, 9_000)]


# -- what only a backend of its own can do: lose its keys, be away, be shared


async def test_every_writer_hears_of_an_emptied_backend(make_redis: MakeRedis) -> None:
    server = make_redis()
    backend = Redis(server)
    first, second = backend.sink, backend.another()
    async with started(backend):
        await second.start()
        await first.write(batch(rep("ana", 7, (10, 1))))
        await second.write(batch(rep("bo", 4, (10, 1), 1)))
        assert not await first.needs_resync()

        await _empty(server)

        assert await first.needs_resync()
        await first.write(batch(rep("ana", 7, (10, 1))))
        assert await second.needs_resync()  # though the first has already made the keys anew
        await second.write(batch(rep("bo", 4, (10, 1), 1)))
        assert (await backend.seen()).reps == {"ana": 7, "bo": 4}
        assert not await first.needs_resync()
        assert not await second.needs_resync()
        await second.close()


async def test_a_loss_between_two_writes_is_noticed_too(make_redis: MakeRedis) -> None:
    server = make_redis()
    backend = Redis(server)
    async with started(backend):
        await backend.sink.write(batch(rep("ana", 7, (10, 1))))
        await _empty(server)
        await backend.sink.write(batch(rep("bo", 4, (10, 1))))

        assert await backend.sink.needs_resync()


async def test_a_backend_that_is_away_is_said_to_be_so_quickly_and_comes_back(
    make_redis: MakeRedis,
) -> None:
    server = make_redis()
    backend = Redis(server)
    async with started(backend):
        await backend.sink.write(batch(rep("ana", 7, (10, 1))))
        server.kill()

        began = time.monotonic()
        with pytest.raises(SinkUnavailable, match=str(server.port)):
            await backend.sink.write(batch(rep("ana", 8, (11, 1))))
        assert time.monotonic() - began < 3
        assert not await backend.sink.needs_resync()

        server.start()
        assert await backend.sink.needs_resync()
        await backend.sink.write(batch(rep("ana", 8, (11, 1))))
        assert (await backend.seen()).reps == {"ana": 8}


async def test_a_sink_starts_while_its_backend_is_away(
    make_redis: MakeRedis,
) -> None:
    server = make_redis()
    server.stop()
    backend = Redis(server)
    async with started(backend):
        with pytest.raises(SinkUnavailable):
            await backend.sink.write(batch(rep("ana", 7, (10, 1))))
        server.start()
        await backend.sink.write(batch(rep("ana", 7, (10, 1))))
        assert (await backend.seen()).reps == {"ana": 7}


async def test_a_backend_that_does_not_answer_is_away(make_redis: MakeRedis) -> None:
    server = make_redis()
    backend = Redis(server)
    async with started(backend), _client(server) as client:
        await client.client_pause(60_000)
        began = time.monotonic()
        with pytest.raises(SinkUnavailable):
            await backend.sink.write(batch(rep("ana", 7, (10, 1))))
        assert time.monotonic() - began < 3


def _client(server: RedisServer) -> Client:
    return Client.from_url(server.url)


async def _empty(server: RedisServer) -> None:
    async with _client(server) as client:
        await client.flushall()


async def test_a_forgotten_rep_is_found_under_its_new_id_only(backend: Backend) -> None:
    await backend.sink.write(
        batch(rep("ana", 3, (1, 1)), rep("bo", 5, (1, 1)), parts=(part(8, (1, 1)),))
    )
    news = batch(rep("gone-1", 4, (2, 2)))
    news.forgotten = ["ana"]

    for _ in range(2):  # saying it again changes nothing
        await backend.sink.write(news)
        assert await backend.seen() == Seen({"gone-1": 4, "bo": 5}, {"north": 8})


async def test_who_is_forgotten_and_was_never_there_is_no_fault(backend: Backend) -> None:
    only = SnapshotBatch(forgotten=["nobody"])
    await backend.sink.write(only)
    assert await backend.seen() == Seen({}, {})
