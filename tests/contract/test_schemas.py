"""The schemas that are checked in are those of the code, and break nothing that is released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from streams.cli.schema import FOLDER, RELEASED, documents
from streams.core.asyncapi import asyncapi
from streams.core.compatibility import compatible
from streams.core.schema import PUBLISHED, schemas
from streams.settings import Settings
from streams.topics import all_topics, inputs

OFFICIAL: dict[str, Any] = json.loads(
    (Path(__file__).parent / "asyncapi-3.0.0.schema.json").read_text(encoding="utf-8")
)


def test_the_checked_in_files_are_what_the_code_says() -> None:
    for name, content in documents().items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run `floorcast schema`"


def test_documents_are_written_the_same_every_time() -> None:
    assert documents() == documents()
    assert all(content.endswith(b"}\n") for content in documents().values())


def test_nothing_released_is_broken() -> None:
    now = schemas()
    released = sorted((FOLDER / RELEASED).glob("*.schema.json"))
    assert released
    for path in released:
        name = path.name.removesuffix(".schema.json")
        old = json.loads(path.read_text(encoding="utf-8"))
        assert compatible(name, old, now[name], written=PUBLISHED[name].use == "written") == []


def test_the_asyncapi_document_obeys_the_official_schema() -> None:
    errors = [
        f"{error.json_path}: {error.message[:200]}"
        for error in Draft7Validator(OFFICIAL).iter_errors(asyncapi())
    ]
    assert errors == []


def test_the_official_schema_would_notice_a_wrong_document() -> None:
    document = asyncapi()
    document["operations"]["count-call-ended"]["action"] = "recv"
    assert not Draft7Validator(OFFICIAL).is_valid(document)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    found = list(references(document))
    assert found
    for reference in found:
        here = document
        for step in reference.removeprefix("#/").split("/"):
            here = here[step]
        assert here


def test_every_topic_that_others_may_write_or_read_is_in_the_asyncapi_document() -> None:
    document = asyncapi()
    channels = {channel["address"]: channel for channel in document["channels"].values()}
    settings = Settings(visits=True)
    bad = channels.pop("{topic}.dead-letter")["parameters"]["topic"]["enum"]
    dead = {t.name for t in all_topics(settings) if t.name.endswith(".dead-letter")}
    assert {f"{topic}.dead-letter" for topic in bad} == dead
    outputs = {"deal-postings", "rep-scoreboard", "rep-alerts", "alert-actions"}
    assert channels.keys() == {*inputs(settings), *outputs}
    cleanup = {topic.name: topic.cleanup for topic in all_topics(settings)}
    for address, channel in channels.items():
        assert channel["bindings"]["kafka"]["topicConfiguration"] == {
            "cleanup.policy": [cleanup[address]]
        }


def references(node: Any) -> Any:
    """All `$ref`s below a node."""
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)
