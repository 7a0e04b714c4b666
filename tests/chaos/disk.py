"""A worker's data folder on a disk of its own, small enough to be filled up."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
from pathlib import Path

_SIZE_MB = 400
"""RocksDB lays its write-ahead logs out in advance: nine megabytes for each of a dozen stores."""


class SmallDisk:
    """A tmpfs where this process may mount one, else a plain folder that cannot be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._filler = folder / "filler"
        self.mounted = _mount(folder)
        if self.mounted:
            atexit.register(self.close)

    @property
    def can_fill(self) -> bool:
        """Whether `fill` does what it says."""
        return self.mounted

    def fill(self) -> None:
        """Leave no room for another byte."""
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"\0" * size) == size:
                        pass

    def free(self) -> None:
        """Make room again."""
        with contextlib.suppress(FileNotFoundError):
            self._filler.unlink()

    def close(self) -> None:
        """Give the disk back, with all that is on it."""
        if self.mounted:
            give_back(self.folder)
            self.mounted = False
            atexit.unregister(self.close)
        shutil.rmtree(self.folder, ignore_errors=True)


def give_back(folder: Path) -> None:
    """Unmount a disk, whoever uses it; harmless when it is none."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def _mount(folder: Path) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "floorcast-chaos", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
