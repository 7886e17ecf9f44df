"""Ends what is left when the service's first process was killed. Started as a file of its own, with nothing to import.

It reads `+PID` and `-PID` lines, the leaders of process groups that began and ended, until its input closes. A normal
stop has ended them all by then. Otherwise nobody else is left who could: Prefect's server knows nothing of us, and its
runs have processes of their own.
"""

from __future__ import annotations

import os
import signal
import sys
import time

#: Seconds between asking politely and not asking.
GRACE = 5.0


def main() -> None:
    """Watch until the input closes, then end every group that is left."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        number = int(line[1:])
        if line.startswith(b"+"):
            groups.add(number)
        else:
            groups.discard(number)
    alive = {group for group in groups if _signal(group, signal.SIGTERM)}
    give_up = time.monotonic() + GRACE
    while alive and time.monotonic() < give_up:
        time.sleep(0.1)
        alive = {group for group in alive if _signal(group, 0)}
    for group in alive:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Whether there still was somebody to be signalled."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
