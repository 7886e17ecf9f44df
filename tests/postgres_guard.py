"""Stops one PostgreSQL when its owner is gone: `postgres_guard.py DATA`, with a pipe as its input.

A script of its own, so that it starts in a moment and needs nothing of the project.
"""

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

import psutil

PATIENCE = 60.0
"""Seconds a postmaster may take to stop before it is killed."""


def stop_and_remove(data: Path) -> None:
    """Stop the postmaster of `data`, by the pid it wrote down itself, and delete its home."""
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().splitlines()[0])
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            postmaster = psutil.Process(pid)
            os.kill(pid, signal.SIGINT)  # "fast": ends the sessions, then the server
            try:
                postmaster.wait(PATIENCE)
            except psutil.TimeoutExpired:
                postmaster.kill()
    shutil.rmtree(data.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.buffer.read()  # returns when the owner closes the pipe or dies
    stop_and_remove(Path(sys.argv[1]))
