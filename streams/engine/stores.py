"""Where one partition's segments lie on this machine: in memory, or in RocksDB.

Both keep the changelog offset with the data, so what a store holds and what it says it holds never
part. Neither is the truth: a lost folder is read again from the changelog.
"""

from __future__ import annotations

import logging
import shutil
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    RdictIter,
)
from rocksdict import WriteBatch as RocksBatch

from streams.core.ports import SegmentStore

log = logging.getLogger(__name__)

OFFSET_KEY = b"\xff\xff\xff\xffoffset"
"""The changelog offset's key; segment keys start with a length below 0xffff, so none meets it."""

IDENTITY_KEY = b"\xff\xff\xff\xffidentity"
"""The key of what the store belongs to: the cluster's id and its changelog's topic id."""

_OWN_KEYS = (OFFSET_KEY, IDENTITY_KEY)
_DAMAGED = ("corruption", "no such file", "checksum")
"""What RocksDB says of files that are damaged or gone; anything else is no reason to drop them."""

_FEW = 64
_BEHIND = b"\xff" * 16


class LocalSegments(SegmentStore, Protocol):
    """A SegmentStore that is opened and closed with the partition it belongs to."""

    def close(self) -> None:
        """Give up files and locks; the store is not used afterwards."""
        ...


class MemorySegments:
    """Segments in a dict; gone with the process, and then read again from the changelog."""

    def __init__(self) -> None:
        self._items: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []
        self._new: list[bytes] = []
        self._offset = -1

    def offset(self) -> int:
        """Every changelog record up to this offset is in the store; -1 for none."""
        return self._offset

    def write(self, items: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Put (or, with None, delete) items and move the offset."""
        for key, value in items:
            if value is None:
                self._items.pop(key, None)
            else:
                if key not in self._items:
                    self._new.append(key)
                self._items[key] = value
        self._offset = offset

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        return self._items.get(key)

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The items whose key starts with `prefix`, in key order, as they are at the call."""
        keys = self._sorted()
        at = bisect_left(keys, prefix)
        found: list[tuple[bytes, bytes]] = []
        while at < len(keys) and keys[at].startswith(prefix):
            value = self._items.get(keys[at])
            if value is not None and (not found or found[-1][0] != keys[at]):
                found.append((keys[at], value))
            at += 1
        return iter(found)

    def last_of_each(self, prefix: bytes, group: Callable[[bytes], bytes]) -> Iterator[bytes]:
        """The last key of each group below `prefix`; `group` gives what its keys start with."""
        held: dict[bytes, bytes] = {group(key): key for key, _ in self.scan(prefix)}
        return iter(held.values())

    def close(self) -> None:
        """Forget everything."""
        self._items, self._keys, self._new, self._offset = {}, [], [], -1

    def _sorted(self) -> list[bytes]:
        """The keys in order; deleted ones may linger, and one deleted and put again stands twice.

        Sorting waits for a scan, because a live worker writes all the time and scans seldom.
        """
        if len(self._new) < _FEW:
            for key in self._new:
                insort(self._keys, key)
        else:
            self._keys.extend(self._new)
            self._keys.sort()
        self._new.clear()
        if len(self._keys) > 2 * len(self._items) + _FEW:
            self._keys = sorted(self._items)
        return self._keys


class RocksMemory:
    """How much memory all RocksDB stores of a process share, in bytes.

    RocksDB's own defaults would take up to 2 GiB of cache and 192 MiB of write buffers for every
    partition of every table.
    """

    def __init__(self, cache_bytes: int = 64 << 20, write_buffer_bytes: int = 8 << 20) -> None:
        self.cache = Cache(cache_bytes)
        self.write_buffer_bytes = write_buffer_bytes

    def options(self) -> Options:
        """Options of one store: 4 KiB blocks, a 10-bit bloom filter, capped cache and buffers."""
        blocks = BlockBasedOptions()
        blocks.set_block_cache(self.cache)
        blocks.set_block_size(4 << 10)
        # Filters and indexes stay outside of the cache, some 1.5 bytes a key. In it the filter of a
        # large file is larger than a shard, so it would be read anew for every key: 500 us each.
        blocks.set_bloom_filter(10, False)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(blocks)
        options.set_write_buffer_size(self.write_buffer_bytes)
        options.set_max_write_buffer_number(2)
        options.set_max_total_wal_size(4 * self.write_buffer_bytes)
        options.set_max_open_files(128)
        options.set_keep_log_file_num(2)
        options.set_max_background_jobs(2)
        options.set_compression_type(DBCompressionType.lz4())
        return options


class RocksSegments:
    """Segments of one partition in a RocksDB folder of their own.

    Writes go to the write-ahead log without fsync: they outlive the process. What a crash of the
    machine takes is read again from the changelog, because the offset went with it.

    A store that RocksDB finds damaged raises StoreDamaged, and is marked: whoever opens it next
    must remove it first. Only reading finds out, so a worker ends there and begins anew.
    """

    def __init__(self, folder: Path, memory: RocksMemory) -> None:
        """Open or create `folder`; raises StoreLocked while another process has it open.

        Raises StoreDamaged when it cannot be opened, or was found damaged before.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        if _mark(folder).exists():
            raise StoreDamaged(folder, _mark(folder).read_text("utf-8", "replace"))
        with self._sound():
            self._db = Rdict(str(folder), memory.options(), access_type=AccessType.read_write())

    def identity(self) -> str:
        """What the store belongs to, as `belong` was last told; empty when it never was."""
        with self._sound():
            stored: bytes | None = self._db.get(IDENTITY_KEY)
        return (stored or b"").decode()

    def belong(self, identity: str) -> None:
        """Note what the store belongs to."""
        with self._sound():
            self._db.put(IDENTITY_KEY, identity.encode())

    def offset(self) -> int:
        """Every changelog record up to this offset is in the store; -1 for none."""
        with self._sound():
            stored: bytes | None = self._db.get(OFFSET_KEY)
        return -1 if stored is None else int(stored)

    def write(self, items: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Put (or, with None, delete) items and move the offset, in one atomic batch."""
        batch = RocksBatch(raw_mode=True)
        for key, value in items:
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(OFFSET_KEY, str(offset).encode())
        with self._sound():
            self._db.write(batch)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        try:  # on the path of every cold day: a context manager would cost as much as the read
            value: bytes | None = self._db.get(key)
        except Exception as error:  # as in `_sound`
            self._tell(error)
            raise
        return value

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The items whose key starts with `prefix`, in key order, as they are at the call."""
        cursor = self._db.iter()
        if prefix:
            cursor.seek(prefix)
        else:
            cursor.seek_to_first()
        return self._rows(cursor, prefix)

    def _rows(self, cursor: RdictIter, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        while cursor.valid():
            key: bytes = cursor.key()
            if not key.startswith(prefix):
                return
            if key not in _OWN_KEYS:
                yield key, cursor.value()
            cursor.next()
        # A cursor ends the same way at the last key and at a block that cannot be read.
        with self._sound():
            cursor.status()

    def last_of_each(self, prefix: bytes, group: Callable[[bytes], bytes]) -> Iterator[bytes]:
        """The last key of each group below `prefix`; `group` gives what its keys start with."""
        cursor = self._db.iter()
        cursor.seek(prefix)
        while cursor.valid() and cursor.key().startswith(prefix):
            # Nothing that starts with the group is greater than this: keys end with a day.
            cursor.seek_for_prev(group(cursor.key()) + _BEHIND)
            if not cursor.valid():
                break
            yield cursor.key()
            cursor.next()
        with self._sound():  # as in `_rows`
            cursor.status()

    def close(self) -> None:
        """Close the files and release the lock, so that another worker may open the folder.

        Nothing is lost when that fails, as on a full disk: the changelog has all of it.
        """
        try:
            self._db.close()
        except Exception as error:  # as in `_sound`; a worker on its way out has to get there
            log.warning("the local store %s could not be closed: %s", self.folder, error)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # rocksdict raises bare Exception for every RocksDB error
            self._tell(error)
            raise

    def _tell(self, error: Exception) -> None:
        """Raise what the error means; returns when it means nothing to us."""
        said = str(error).lower()
        if any(word in said for word in _DAMAGED):
            _mark(self.folder).write_text(str(error), encoding="utf-8")
            raise StoreDamaged(self.folder, str(error)) from error
        if "lock" in said:
            raise StoreLocked(self.folder) from error


def discard(folder: Path) -> None:
    """Remove a store's folder and its mark; nobody may have it open."""
    if folder.exists():
        shutil.rmtree(folder)
    # Last: a removal that was cut off is gone on with at the next start.
    _mark(folder).unlink(missing_ok=True)


def _mark(folder: Path) -> Path:
    return folder.with_name(folder.name + ".damaged")


class StoreLocked(Exception):
    """Another process has this store open: one process for each data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is open in another process; give each worker its own data_dir")
        self.folder = folder


class StoreDamaged(Exception):
    """RocksDB cannot read this store any more; everything in it is in the changelog too.

    Operator action: none, the next start removes it and reads the changelog. Look at the disk.
    """

    def __init__(self, folder: Path, said: str) -> None:
        super().__init__(f"the local store {folder} is damaged ({' '.join(said.split())})")
        self.folder = folder
        self.said = said
