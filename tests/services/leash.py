"""Runs a command that dies with the process that started it: `leash.py PARENT_PID COMMAND ...`.

A program of its own and not a `preexec_fn`, because forking Python code out of a process with
threads can hang. On Linux the kernel sends SIGKILL to the command when the thread that started it
ends, so start servers from a thread that lives as long as they do. Elsewhere this only runs the
command.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for SIGKILL at the parent's death, then become the command."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the request was in place
            sys.exit(1)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
