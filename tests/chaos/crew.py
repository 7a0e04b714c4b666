"""The workers of a floor under their supervisor, which starts again whoever ends by itself."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from urllib.request import urlopen

import msgspec

from tests.chaos.disk import SmallDisk
from tests.chaos.state_view import Dump, Writers
from tests.services.ports import free_port
from tests.services.process import ChildProcess

STOPPED_ITSELF = 70
_BACK_OFF_S = 0.5
_WIPE_AFTER = 2
"""Deaths in a row over an unreadable local store before a person deletes it."""
_UNREADABLE = re.compile(
    r"Corruption|checksum|IO error|No such file|does not exist|missing|Invalid argument"
    r"|could not be recovered|cannot be used"
)
_DEFECT = re.compile(
    r"Traceback \(most recent call last\)|snapshots could not be made|sink \S+ failed"
)


class Hand:
    """One worker: the process there is now, and the folder and port that outlive it."""

    def __init__(
        self, name: str, folder: Path, environ: Mapping[str, str], options: Sequence[str]
    ) -> None:
        self.name = name
        self.disk = SmallDisk(folder / "data" / name)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.born_s = 0.0
        self.paused = False
        self.leaving = False
        self.back_s = 0.0
        self.wipes = 0
        self.damaged = False
        self.bad_starts = 0
        self._control = folder / "control"
        self._environ = {
            **environ,
            "FLOORCAST_DATA_DIR": str(self.disk.folder),
            "FLOORCAST_METRICS_PORT": self.url.rpartition(":")[2],
        }
        self._command = [
            sys.executable,
            "-m",
            "tests.chaos.worker",
            name,
            str(self._control),
            *options,
        ]
        self.log = folder / "logs" / f"{name}.log"
        self._process = ChildProcess(name, self.log)

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._process.running

    @property
    def stopped(self) -> bool:
        """Whether the process is paused by SIGSTOP, its own or somebody else's."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8")
        except OSError:
            return False
        return stat.rsplit(")", 1)[1].split()[0] == "T"

    def start(self) -> None:
        """Run it; does not wait for anything."""
        for leftover in ("order", "dump"):
            (self._control / f"{self.name}.{leftover}").unlink(missing_ok=True)
        self.paused = self.leaving = False
        self.born_s = time.monotonic()
        self._process.start(self._command, ready=lambda: True, env=self._environ)

    def signal(self, number: int) -> None:
        """Send a signal, if there is a process."""
        if self.running:
            os.kill(self._process.pid, number)

    def exit_code(self) -> int | None:
        """How a process that is no longer running ended."""
        return self._process.stop()

    def kill(self) -> None:
        """kill -9, and gone."""
        self._process.kill()

    def order(self, what: str, where: str) -> None:
        """Have it stop or die when it next comes to a point of a commit."""
        part = self._control / f"{self.name}.order.part"
        part.write_text(f"{what} {where}", "utf-8")
        part.replace(self._control / f"{self.name}.order")

    def rest(self) -> None:
        """Take back what was ordered and did not happen yet."""
        self.order("rest", "-")

    def journal(self) -> Iterator[list[str]]:
        """What its processes noted, word by word."""
        file = self._control / f"{self.name}.journal"
        if file.exists():
            yield from (line.split() for line in file.read_text("utf-8").splitlines())

    def last_line(self) -> str:
        """The last line it wrote."""
        lines = self._process.log_tail().splitlines()
        return lines[-1] if lines else ""

    def wipe(self) -> None:
        """Delete the local store, as a person would who was told that it cannot be read."""
        shutil.rmtree(self.disk.folder / "tables", ignore_errors=True)
        for found in list(self.disk.folder.glob("v*/tables")):
            shutil.rmtree(found, ignore_errors=True)
        self.wipes += 1
        self.damaged = False

    def stores(self) -> list[Path]:
        """The folders of its partitions' stores."""
        return sorted(file.parent for file in self.disk.folder.rglob("CURRENT"))

    def reps_page(self) -> str:
        """What it serves on /metrics/reps."""
        with urlopen(f"{self.url}/metrics/reps", timeout=10) as answer:
            text: str = answer.read().decode()
        return text


class Crew:
    """All workers of a floor."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], without: str = "", seed: int = 0
    ) -> None:
        self._folder = folder
        for name in ("control", "logs", "data"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._environ = dict(environ)
        self._without = without
        self._dice = Random(seed)
        self.hands: list[Hand] = []
        self.exits: Counter[str] = Counter()
        self.last_words: Counter[str] = Counter()
        self.defects: list[str] = []
        self._ended_s: dict[str, float] = {}
        self._log_at: dict[str, int] = {}
        self._dumps = 0

    def join(self) -> Hand:
        """One more worker; all but the first go on after a pause that should end them."""
        name = f"w{len(self.hands)}"
        options = ["--without", self._without] if self._without else []
        if self.hands:
            options.append("--unwatched")
        hand = Hand(name, self._folder, self._environ, options)
        self.hands.append(hand)
        hand.start()
        return hand

    def up(self) -> list[Hand]:
        """Those that run, not paused and not on their way out."""
        return [one for one in self.hands if one.running and not one.paused and not one.leaving]

    def tend(self) -> None:
        """Start again whoever has ended; called all the time."""
        now_s = time.monotonic()
        for hand in self.hands:
            if hand.running:
                continue
            ended_s = self._ended_s.setdefault(hand.name, now_s)
            if ended_s == now_s:
                self._note_end(hand)
            elif now_s > max(ended_s + _BACK_OFF_S, hand.back_s):
                del self._ended_s[hand.name]
                hand.start()

    def _note_end(self, hand: Hand) -> None:
        code = hand.exit_code()
        line = hand.last_line()
        if code == STOPPED_ITSELF:
            self.exits["stopped itself"] += 1
            self.last_words[_in_general(line)] += 1
            unreadable = bool(_UNREADABLE.search(line))
            hand.bad_starts = hand.bad_starts + 1 if unreadable else 0
            if hand.bad_starts >= _WIPE_AFTER:
                hand.wipe()
                hand.bad_starts = 0
        elif code in (None, -signal.SIGKILL):  # None: killed and waited for
            self.exits["killed"] += 1
        elif code == -signal.SIGSEGV and hand.damaged:
            # RocksDB itself, over files that were damaged behind its back.
            self.exits["segmentation fault on a damaged store"] += 1
            hand.wipe()
        elif code == 0 or (code == -signal.SIGTERM and hand.leaving):
            self.exits["left"] += 1
        else:
            self.exits[f"exit {code}"] += 1
            self.defects.append(f"{hand.name} ended with {code}: {line}")
        self.look_at_logs()

    def look_at_logs(self) -> None:
        """Note what no fault may bring a worker to write."""
        for hand in self.hands:
            if not hand.log.exists():
                continue
            with hand.log.open("rb") as log:
                log.seek(self._log_at.get(hand.name, 0))
                text = log.read().decode(errors="replace")
                self._log_at[hand.name] = log.tell()
            lines = text.splitlines()
            for number, line in enumerate(lines):
                if _DEFECT.search(line):
                    shown = " | ".join(lines[max(0, number - 1) : number + 30])
                    self.defects.append(f"{hand.name}: {shown[:3000]}")

    def wake_all(self) -> None:
        """End all pauses, and the orders to pause that nobody came to yet."""
        for hand in self.hands:
            hand.rest()
            hand.signal(signal.SIGCONT)
            hand.paused = False

    def wake_strays(self) -> None:
        """Wake whoever came to the point of an order after it was taken back."""
        for hand in self.hands:
            if hand.running and hand.stopped:
                hand.signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill everybody and give the disks back."""
        for hand in self.hands:
            hand.kill()
            hand.disk.close()

    # -- asking

    def writers(self) -> Writers:
        """The generation of every writer there ever was."""
        found: dict[tuple[int, bytes], int] = {}
        for hand in self.hands:
            for words in hand.journal():
                if words[0] == "WRITER":
                    found[int(words[1]), bytes.fromhex(words[2])] = int(words[3])
        return Writers(found)

    def generation(self) -> int:
        """The newest assignment of the group that any worker has heard of."""
        return max(self.writers().generation.values(), default=0)

    def recovered(self) -> int:
        """How many recoveries there were."""
        return len(self.recoveries_s())

    def recoveries_s(self) -> list[float]:
        """How long each recovery took, from the assignment to the last partition being whole."""
        return [
            float(words[1])
            for hand in self.hands
            for words in hand.journal()
            if words[0] == "RECOVERED"
        ]

    def points(self) -> Counter[str]:
        """How often workers stopped or died at the points of a commit."""
        return Counter(
            f"{words[0].lower()} {words[1]}"
            for hand in self.hands
            for words in hand.journal()
            if words[0] in ("STOP", "DIE", "LOSE")
        )

    def dumps(self, timeout_s: float = 60) -> list[Dump]:
        """What every running worker holds; raises TimeoutError when one does not say."""
        self._dumps += 1
        control = self._folder / "control"
        wanted = {hand.name: control / f"{hand.name}.answer-{self._dumps}" for hand in self.up()}
        for name in wanted:
            part = control / f"{name}.dump.part"
            part.write_text(str(self._dumps), "utf-8")
            part.replace(control / f"{name}.dump")
        deadline = time.monotonic() + timeout_s
        while missing := [name for name, file in wanted.items() if not file.exists()]:
            if time.monotonic() > deadline:
                msg = f"{', '.join(missing)} did not say what they hold"
                raise TimeoutError(msg)
            time.sleep(0.05)
        decode = msgspec.msgpack.Decoder(Dump).decode
        found = [decode(file.read_bytes()) for file in wanted.values()]
        for file in wanted.values():
            file.unlink()
        return found


def _in_general(line: str) -> str:
    """A last line without what differs from one time to the next."""
    return re.sub(r"\d+(\.\d+)?", "#", line.removeprefix("floorcast: stopped: "))[:400]
