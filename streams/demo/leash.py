"""Runs a command that dies with the process that started it: `leash.py PARENT_PID COMMAND ...`.

A program of its own and not a `preexec_fn`, because forking Python code out of a process with
threads can hang. On Linux it asks the kernel for SIGKILL when the *thread* that started it ends,
and becomes the command. Elsewhere it stays, looks twice a second whether its parent is still there,
and kills its process group when not.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_LOOK_S = 0.5


def main(arguments: list[str]) -> int:
    """Run the command on the leash; its exit code, where this process is there to give one."""
    parent, command = int(arguments[0]), arguments[1:]
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was asked
            return 1
        os.execvp(command[0], command)
    return watch(parent, command)


def watch(parent: int, command: list[str]) -> int:
    """Run the command as a child of this process; both end when `parent` is gone.

    A SIGTERM for the process group reaches the command itself, and this process waits for its end.
    """
    signal.signal(signal.SIGTERM, lambda *_: None)
    child = subprocess.Popen(command)
    while True:
        try:
            code = child.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                os.killpg(os.getpgid(0), signal.SIGKILL)
                time.sleep(_LOOK_S)
        else:
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
