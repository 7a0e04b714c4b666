"""What every local store of segments must do, whatever it is made of."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.stores import (
    LocalSegments,
    MemorySegments,
    RocksMemory,
    RocksSegments,
    StoreDamaged,
    StoreLocked,
    discard,
)

Make = Callable[[], LocalSegments]


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalSegments]:
    """An empty store of each kind."""
    made: LocalSegments = (
        MemorySegments()
        if request.param == "memory"
        else RocksSegments(tmp_path / "segments" / "0", RocksMemory())
    )
    yield made
    made.close()


def test_an_empty_store_has_no_offset_and_no_items(store: LocalSegments) -> None:
    assert store.offset() == -1
    assert list(store.scan(b"")) == []
    assert store.get(b"a") is None


def test_what_is_written_is_readable_at_once_with_its_offset(store: LocalSegments) -> None:
    store.write([(b"a", b"1"), (b"b", b"")], 7)
    assert (store.get(b"a"), store.get(b"b"), store.offset()) == (b"1", b"", 7)


def test_writing_a_key_again_replaces_it(store: LocalSegments) -> None:
    store.write([(b"a", b"1")], 1)
    store.write([(b"a", b"2"), (b"b", b"3")], 2)
    assert list(store.scan(b"")) == [(b"a", b"2"), (b"b", b"3")]


def test_none_deletes_and_a_deleted_key_may_come_back(store: LocalSegments) -> None:
    store.write([(b"a", b"1"), (b"b", b"2")], 1)
    assert list(store.scan(b"")) == [(b"a", b"1"), (b"b", b"2")]
    store.write([(b"a", None), (b"never there", None)], 2)
    assert (store.get(b"a"), list(store.scan(b""))) == (None, [(b"b", b"2")])
    store.write([(b"a", b"3")], 3)
    assert list(store.scan(b"")) == [(b"a", b"3"), (b"b", b"2")]


def test_the_last_of_two_writes_of_a_key_in_one_batch_wins(store: LocalSegments) -> None:
    store.write([(b"a", b"1"), (b"a", None), (b"a", b"2"), (b"b", b"1"), (b"b", None)], 1)
    assert list(store.scan(b"")) == [(b"a", b"2")]


def test_a_write_of_nothing_moves_the_offset(store: LocalSegments) -> None:
    store.write([], 41)
    assert store.offset() == 41
    assert list(store.scan(b"")) == []


def test_a_scan_gives_the_keys_of_a_prefix_in_order_and_no_others(store: LocalSegments) -> None:
    keys = [b"a", b"a\x00", b"ab", b"a\xff", b"a\xff\xff", b"b", b"\xff\xff"]
    store.write([(key, b"x" + key) for key in reversed(keys)], 1)
    assert [key for key, _ in store.scan(b"a")] == keys[:5]
    assert [key for key, _ in store.scan(b"a\xff")] == keys[3:5]
    assert list(store.scan(b"c")) == []
    assert [key for key, _ in store.scan(b"")] == keys


def test_a_scan_does_not_see_what_is_written_while_it_runs(store: LocalSegments) -> None:
    store.write([(b"a1", b"1"), (b"a3", b"1")], 1)
    scan = store.scan(b"a")
    first = next(iter(scan))
    store.write([(b"a2", b"2"), (b"a3", None)], 2)
    assert [first, *scan] == [(b"a1", b"1"), (b"a3", b"1")]


def test_the_last_key_of_each_group_is_found(store: LocalSegments) -> None:
    groups = {b"Ta": 3, b"Tb": 1, b"Tc": 200, b"Tz": 2}
    keys = [name + day.to_bytes(4, "big") for name, days in groups.items() for day in range(days)]
    late = b"Ta" + b"\xff" * 4
    store.write([(key, b"v") for key in [b"S", *keys, late, b"U"]], 1)
    found = list(store.last_of_each(b"T", lambda key: key[:-4]))
    assert found == [
        late,
        b"Tb" + bytes(4),
        b"Tc" + (199).to_bytes(4, "big"),
        b"Tz" + (1).to_bytes(4, "big"),
    ]
    assert list(store.last_of_each(b"X", lambda key: key[:-4])) == []


def test_many_new_keys_between_scans_come_in_order(store: LocalSegments) -> None:
    for start in range(3):
        store.write([(b"%04d" % (n * 3 + start), b"v") for n in range(200)], start)
        assert [key for key, _ in store.scan(b"")] == sorted(key for key, _ in store.scan(b""))
    assert len(list(store.scan(b""))) == 600


_KEYS = st.sampled_from([b"", b"a", b"ab", b"b", b"b\x00", b"b\xff"])
_BATCHES = st.lists(st.lists(st.tuples(_KEYS, st.none() | st.binary(max_size=3)), max_size=6))


@given(batches=_BATCHES)
def test_the_memory_store_is_a_sorted_dict(
    batches: list[list[tuple[bytes, bytes | None]]],
) -> None:
    store, model = MemorySegments(), dict[bytes, bytes]()
    for offset, batch in enumerate(batches):
        store.write(batch, offset)
        for key, value in batch:
            model.pop(key, None)
            if value is not None:
                model[key] = value
        for prefix in (b"", b"a", b"b"):
            want = sorted((k, v) for k, v in model.items() if k.startswith(prefix))
            assert list(store.scan(prefix)) == want


def test_rocksdb_keeps_items_and_offset_for_the_next_process(tmp_path: Path) -> None:
    memory = RocksMemory()
    store = RocksSegments(tmp_path / "0", memory)
    store.write([(b"a", b"1")], 12)
    store.close()
    again = RocksSegments(tmp_path / "0", memory)
    assert (again.get(b"a"), again.offset()) == (b"1", 12)
    again.close()


def test_an_open_rocksdb_folder_is_refused_and_free_again_after_close(tmp_path: Path) -> None:
    store = RocksSegments(tmp_path / "0", RocksMemory())
    with pytest.raises(StoreLocked, match="another process"):
        RocksSegments(tmp_path / "0", RocksMemory())
    store.close()
    RocksSegments(tmp_path / "0", RocksMemory()).close()


def _filled(folder: Path) -> None:
    """A store whose data lies in a table file, not in the log alone."""
    store = RocksSegments(folder, RocksMemory())
    store.write(((b"key-%06d" % n, b"%032d" % n * 8) for n in range(20_000)), 5)
    store._db.flush()
    store.close()


def _spoil(folder: Path) -> None:
    """Turn over bytes in the middle of every table file, as a failing disk does."""
    tables = list(folder.glob("*.sst"))
    assert tables
    for table in tables:
        content = bytearray(table.read_bytes())
        for at in range(len(content) // 4, len(content) // 2):
            content[at] ^= 0xFF
        table.write_bytes(content)


def test_a_damaged_block_is_told_by_get_and_scan_and_marks_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "0"
    _filled(folder)
    _spoil(folder)
    store = RocksSegments(folder, RocksMemory())
    with pytest.raises(StoreDamaged):
        for n in range(20_000):
            store.get(b"key-%06d" % n)
    with pytest.raises(StoreDamaged):  # not the shorter list that a cursor makes of it
        list(store.scan(b""))
    store.close()
    with pytest.raises(StoreDamaged, match="damaged"):
        RocksSegments(folder, RocksMemory())
    discard(folder)
    again = RocksSegments(folder, RocksMemory())
    assert (again.offset(), list(again.scan(b""))) == (-1, [])
    again.close()


@pytest.mark.parametrize("harm", ["spoilt", "removed", "cut off"])
def test_a_store_whose_files_are_spoilt_removed_or_cut_off_does_not_open(
    tmp_path: Path, harm: str
) -> None:
    folder = tmp_path / "0"
    _filled(folder)
    for file in (*folder.glob("MANIFEST-*"), *folder.glob("*.sst")):
        if harm == "removed":
            file.unlink()
        elif harm == "spoilt":
            file.write_bytes(b"nothing of this is right" * 100)
        else:
            file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(StoreDamaged):
        RocksSegments(folder, RocksMemory())


def test_a_store_keeps_what_it_belongs_to_apart_from_its_items(tmp_path: Path) -> None:
    store = RocksSegments(tmp_path / "0", RocksMemory())
    assert store.identity() == ""
    store.belong("cluster/topic")
    assert list(store.scan(b"")) == []
    store.close()
    again = RocksSegments(tmp_path / "0", RocksMemory())
    assert again.identity() == "cluster/topic"
    again.close()
