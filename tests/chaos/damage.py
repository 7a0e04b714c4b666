"""Damage to a local store between a kill and the restart."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

_FILES = ("*.sst", "*.log", "MANIFEST-*", "CURRENT")
_BYTES = 64


class Vandal:
    """Damages stores, one folder of a partition at a time; says what it did, None for nothing."""

    def __init__(self, copies: Path, dice: Random) -> None:
        self._copies = copies
        self._dice = dice
        self._kept: dict[str, Path] = {}

    def damage(self, way: str, owner: str, stores: Sequence[Path]) -> str | None:
        """Damage one of a worker's stores: `corrupt`, `cut`, `gone` or `old`."""
        store = self._dice.choice(stores)
        if way == "gone":
            shutil.rmtree(store)
            return _shown(store)
        if way == "old":
            return self._old(owner, store)
        files = [f for name in _FILES for f in sorted(store.glob(name)) if f.stat().st_size > 0]
        if not files:
            return None
        file = self._dice.choice(files)
        at = self._dice.randrange(file.stat().st_size)
        with file.open("r+b") as opened:
            if way == "cut":
                opened.truncate(at)
            else:
                opened.seek(at)
                opened.write(self._dice.randbytes(min(_BYTES, file.stat().st_size - at)))
        return f"{_shown(file)} from byte {at} on"

    def _old(self, owner: str, store: Path) -> str:
        """Keep a copy the first time, put it back the second."""
        kept = self._kept.pop(owner, None)
        if kept is None:
            kept = self._kept[owner] = self._copies / owner
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(store, kept / store.parent.name / store.name)
            return f"{_shown(store)} kept"
        (copy,) = kept.glob("*/*")
        target = store.parent.parent / copy.parent.name / copy.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(copy, target)
        return f"{_shown(target)} put back"


def _shown(path: Path) -> str:
    return "/".join(path.parts[-4:])
