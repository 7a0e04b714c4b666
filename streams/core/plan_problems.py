"""What is wrong with a plan or a board file, collected so that one run shows every fault."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, time

_LONGEST_ID = 128


class Problems:
    """Collects the faults of a file; each line names the entry, its value and what to do."""

    def __init__(self, file: str = "plan") -> None:
        self._file = file
        self.lines: list[str] = []

    def add(self, where: str, message: str) -> None:
        """Note a fault at a place of the file."""
        self.lines.append(f"{self._file}: {where}: {message}")

    def wrong(self, where: str, value: object, rule: str) -> None:
        """Note a value that breaks a rule."""
        shown = value.isoformat() if isinstance(value, date | time) else repr(value)
        self.add(f"{where} = {shown}", rule)

    def unknown(self, where: str, value: str, kind: str, known: Collection[str]) -> None:
        """Note a name that stands for nothing."""
        close = difflib.get_close_matches(value, known, 1, 0.5)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known) or 'none'}"
        self.add(f"{where} = {value!r}", f"no such {kind}; {hint}")

    def known_keys(self, where: str, table: Mapping[str, object], known: Collection[str]) -> None:
        """Note every key that is not one of `known`."""
        for key in sorted(table.keys() - set(known)):
            close = difflib.get_close_matches(key, known, 1, 0.5)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            self.add(join(where, key), f"no such key; {hint}")

    def table(
        self, where: str, value: object, known: Collection[str] | None = None
    ) -> dict[str, object]:
        """The value as a table, empty when it is none; with `known`, other keys are faults."""
        if not isinstance(value, dict):
            self.wrong(where, value, "must be a table")
            return {}
        if known is not None:
            self.known_keys(where, value, known)
        return value

    def tables(
        self, where: str, value: object, known: Collection[str]
    ) -> Iterator[tuple[str, dict[str, object]]]:
        """(where, table) of each entry of a list of tables."""
        if not isinstance(value, list):
            self.wrong(where, value, f"must be a list of tables, such as [[{where}]]")
            return
        for number, one in enumerate(value, 1):
            place = f"{where} entry {number}"
            yield place, self.table(place, one, known)

    def text(self, where: str, table: Mapping[str, object], key: str) -> str | None:
        """A text that must be there; None when it is not."""
        value = table.get(key)
        if value is None:
            self.add(where, f"{key} is missing")
        elif not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
            self.wrong(join(where, key), value, f"must be a text of 1 to {_LONGEST_ID} characters")
        else:
            return value
        return None

    def label(self, where: str, table: Mapping[str, object], key: str) -> str | None:
        """A text that may be missing."""
        return self.text(where, table, key) if key in table else None


def join(where: str, key: str) -> str:
    """The place of a key in a table, as one would write it in TOML."""
    shown = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else repr(key)
    return f"{where}.{shown}" if where else shown
