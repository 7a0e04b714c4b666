"""All clients that may write a key agree on its partition: Java, aiokafka, librdkafka and we."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.core.partition import murmur2, partition_of

FIXTURE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "murmur2_java.json").read_text(encoding="ascii")
)
"""Printed by tests/contract/java/Murmur2Fixture.java, which says how."""

keys = st.one_of(st.binary(max_size=200), st.text(max_size=50).map(str.encode))
counts = st.integers(1, 100_000)


def key_of(entry: dict[str, Any]) -> bytes:
    return bytes.fromhex(entry["hex"]) * int(entry["times"])


def test_every_key_of_the_java_client_gets_the_same_hash_and_partition() -> None:
    assert len(FIXTURE["keys"]) > 170
    for entry in FIXTURE["keys"]:
        key = key_of(entry)
        assert murmur2(key) == entry["murmur2"] & 0xFFFFFFFF, entry
        assert [partition_of(key, n) for n in FIXTURE["partitions"]] == entry["partition"], entry


def test_the_java_fixture_covers_empty_multibyte_and_long_keys_and_every_tail_length() -> None:
    made = [key_of(entry) for entry in FIXTURE["keys"]]
    assert b"" in made
    assert "李娜".encode() in made
    assert max(map(len, made)) > 100_000
    assert {len(key) % 4 for key in made} == {0, 1, 2, 3}
    assert any(entry["murmur2"] < 0 for entry in FIXTURE["keys"])


@given(keys, counts)
def test_faust_puts_a_key_where_we_expect_it(key: bytes, partitions: int) -> None:
    assert murmur2(key) == aiokafka_murmur2(key)
    everywhere = list(range(partitions))
    assert DefaultPartitioner()(key, everywhere, everywhere) == partition_of(key, partitions)


@pytest.fixture(scope="module")
def librdkafka() -> ctypes.CDLL:
    """The library inside confluent-kafka's wheel; its partitioners are plain functions."""
    module = Path(confluent_kafka.__file__).parent
    for folder in (module.parent / "confluent_kafka.libs", module / ".dylibs"):
        for path in sorted(folder.glob("librdkafka*")):
            return ctypes.CDLL(str(path))
    pytest.skip("confluent-kafka was built against a librdkafka of the system, not bundled with it")


@given(key=keys, partitions=counts)
def test_librdkafka_as_our_producers_set_it_puts_a_key_where_we_expect_it(
    librdkafka: ctypes.CDLL, key: bytes, partitions: int
) -> None:
    for name in ("rd_kafka_msg_partitioner_murmur2", "rd_kafka_msg_partitioner_murmur2_random"):
        partitioner = getattr(librdkafka, name)
        partitioner.restype = ctypes.c_int32
        found = partitioner(
            None, key, ctypes.c_size_t(len(key)), ctypes.c_int32(partitions), None, None
        )
        assert found == partition_of(key, partitions)
