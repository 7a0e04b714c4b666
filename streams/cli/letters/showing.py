"""Dead letters for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import DecodeError, json
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from streams.cli.instant import shown
from streams.core.letter import Letter, summarise

_HEX_BYTES = 16
WIDE = 10_000
"""Characters in a line, more than there ever are: a name cut by a table could not be copied."""


def as_object(letter: Letter) -> dict[str, Any]:
    """A letter for `--json`: what it says, with bytes as text where they are text, else as hex."""
    return {
        "id": letter.id,
        "put_aside_ms": letter.at_ms,
        "reason": letter.reason,
        "path": letter.path,
        "message": letter.message,
        "source": letter.source,
        "resubmitted": letter.resubmitted,
        "origin": {
            "topic": letter.origin_topic,
            "partition": letter.origin_partition,
            "offset": letter.origin_offset,
            "timestamp_ms": letter.origin_ms,
        },
        "key": _text_or_hex(letter.key),
        "headers": [[name, _text_or_hex(content)] for name, content in letter.headers],
        "value": _text_or_hex(letter.value),
    }


def _text_or_hex(raw: bytes | None) -> Any:
    """Text; `{"hex": ...}` for bytes that are none; None for nothing."""
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"hex": raw.hex()}


def print_list(letters: Sequence[Letter], limit: int) -> None:
    """The newest `limit` letters in a table, then the summary of all."""
    console = Console(highlight=False, width=WIDE)
    table = Table(
        "id", "put aside", "reason", "path", "source", "first came in", "sent again", box=None
    )
    for letter in sorted(letters, key=lambda one: (one.at_ms, one.id))[-limit:] if limit else ():
        topic, partition, offset = letter.origin
        table.add_row(
            letter.id,
            shown(letter.at_ms),
            _plain(letter.reason),
            _plain(letter.path),
            _plain(letter.source),
            f"{topic}:{partition}:{offset}",
            f"{letter.resubmitted} times" if letter.resubmitted else "",
        )
    console.print(table)
    if len(letters) > limit:
        console.print(f"... and {len(letters) - limit:,} older ones (--limit shows more)")
    console.print()
    console.print(_summary(letters))


def _summary(letters: Iterable[Letter]) -> Table:
    table = Table("input", "reason", "letters", "events", "first", "last", box=None)
    for one in summarise(letters):
        table.add_row(
            one.topic,
            _plain(one.reason),
            f"{one.letters:,}",
            f"{one.events:,}",
            shown(one.first_ms),
            shown(one.last_ms),
        )
    return table


def whole(letter: Letter) -> Group:
    """Everything about one letter."""
    table = Table.grid(padding=(0, 2))
    topic, partition, offset = letter.origin
    rows = [
        ("letter", letter.id),
        ("put aside", shown(letter.at_ms)),
        ("reason", letter.reason),
        ("JSON path", letter.path),
        ("message", letter.message),
        ("source", letter.source),
        ("first came in", f"{topic}:{partition}:{offset} at {shown(letter.origin_ms)}"),
        ("sent again", f"{letter.resubmitted} times before this letter"),
        ("key", _line(letter.key)),
        *((f"header {name}", _line(content)) for name, content in letter.headers),
    ]
    for name, content in rows:
        table.add_row(_plain(name), _plain(content))
    size = 0 if letter.value is None else len(letter.value)
    return Group(table, "", f"value, {size:,} bytes:", Text(pretty(letter.value)))


def _plain(said: str) -> Text:
    """What somebody else wrote, without what would command a terminal."""
    return Text("".join(c if c.isprintable() else "\ufffd" for c in said))


def _line(raw: bytes | None) -> str:
    if raw is None:
        return "none"
    found = _text_or_hex(raw)
    return found if isinstance(found, str) and found.isprintable() else f"hex {raw.hex()}"


def pretty(raw: bytes | None) -> str:
    """JSON indented, other text as it is, and anything else as a hex dump."""
    if not raw:
        return "none (a tombstone)" if raw is None else "empty"
    try:
        json.decode(raw)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        pass
    else:
        # Formatted, not written again: numbers and repeated names stay as they were sent.
        return msgspec.json.format(raw, indent=2).decode()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return _hex_dump(raw)
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else _hex_dump(raw)


def _hex_dump(raw: bytes) -> str:
    lines = []
    for at in range(0, len(raw), _HEX_BYTES):
        part = raw[at : at + _HEX_BYTES]
        seen = "".join(chr(b) if 0x20 <= b < 0x7F else "." for b in part)  # noqa: PLR2004 # printable ASCII
        lines.append(f"{at:08x}  {part.hex(' '):<{3 * _HEX_BYTES}} {seen}")
    return "\n".join(lines)
