"""Wall time, CPU time and the machine's load around one timed stretch of work.

CPU is read from ``/proc`` in clock ticks (10 ms), so a stretch should last a second or more.
The database server's CPU counts: a statement that is cheap for the client and dear for the server
is not cheap.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    own: float
    reaped: float


def _process(pid: int) -> _Process | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name may hold spaces and brackets, so count from the last bracket: state, ppid, ...
    fields = text.rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return _Process(
        parent=int(fields[1]),
        own=(user + system) / _TICKS_PER_SECOND,
        reaped=(children_user + children_system) / _TICKS_PER_SECOND,
    )


def tree_cpu(root: int) -> float:
    """CPU seconds spent so far by a process, its living descendants and those it has reaped."""
    processes = {
        pid: process
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (process := _process(pid := int(entry.name))) is not None
    }
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    total = 0.0
    ahead = [root]
    while ahead:
        pid = ahead.pop()
        if (found := processes.get(pid)) is not None:
            total += found.own + found.reaped
        ahead.extend(children.get(pid, ()))
    return total


def _machine_cpu() -> float:
    """Busy CPU seconds of the whole machine since it started, waiting for a disk not counted."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / _TICKS_PER_SECOND


def postmaster_of(backend: int) -> int | None:
    """The PostgreSQL postmaster above a backend's pid, or None when it runs on another machine."""
    try:
        parent = _process(backend)
        if parent is None or "postgres" not in Path(f"/proc/{backend}/comm").read_text():
            return None
        name = Path(f"/proc/{parent.parent}/comm").read_text()
    except OSError:
        return None
    return parent.parent if "postgres" in name else None


@dataclass(frozen=True, slots=True)
class Reading:
    """One timed stretch. Times in seconds; ``others`` in cores kept busy by strangers."""

    wall: float
    own_cpu: float
    server_cpu: float
    others: float
    load: float

    @property
    def cpu(self) -> float:
        """CPU seconds of the work and of the database server together."""
        return self.own_cpu + self.server_cpu


class Meter:
    """Times the stretch inside ``with meter.running():``, once.

    ``server`` is the pid of a PostgreSQL postmaster on this machine, or None.
    """

    def __init__(self, server: int | None = None) -> None:
        self._server = server
        self._reading: Reading | None = None

    @property
    def reading(self) -> Reading:
        """What was measured. Raises RuntimeError when nothing was."""
        if self._reading is None:
            raise RuntimeError("the contestant never started its meter")
        return self._reading

    @contextmanager
    def running(self, process: int | None = None) -> Iterator[None]:
        """Measure the body; ``process`` charges another process tree instead of our own.

        A web server is charged this way: the load driven against it is no work of its own.
        """
        root = os.getpid() if process is None else process
        load = os.getloadavg()[0]
        machine = _machine_cpu()
        all_ours = self._all_ours()
        own = tree_cpu(root)
        server = self._server_cpu()
        start = time.perf_counter()
        yield
        wall = time.perf_counter() - start
        server_spent = self._server_cpu() - server
        own_spent = tree_cpu(root) - own
        ours_spent = self._all_ours() - all_ours
        busy = _machine_cpu() - machine
        self._reading = Reading(
            wall=wall,
            own_cpu=own_spent,
            server_cpu=server_spent,
            others=max(0.0, busy - ours_spent) / wall,
            load=load,
        )

    def _server_cpu(self) -> float:
        return 0.0 if self._server is None else tree_cpu(self._server)

    def _all_ours(self) -> float:
        return tree_cpu(os.getpid()) + self._server_cpu()


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds late, by nearest rank."""

    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Lateness:
        """Summarise a non-empty list of delays. Raises ValueError when it is empty."""
        if not seconds:
            raise ValueError("no delay was recorded")
        ordered = sorted(seconds)
        rank = [ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.99)]
        return cls(p50=rank[0], p99=rank[1], worst=ordered[-1])
