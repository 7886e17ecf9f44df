"""One process of the service as its supervisor sees it: started, watched, started again with growing pauses, ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from xixi_workflow.processes import guard, leash

#: A part that died is started again after this many seconds, then twice as many …
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 30.0
#: … until it has lived for this long.
SETTLED_AFTER: Final = 30.0
#: A log file larger than this is put aside when its part starts.
LARGEST_LOG: Final = 5_000_000


class Guard:
    """The supervisor's hold on `guard.py`, which ends what is left when the supervisor itself is killed."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the supervisor
        )

    def watch(self, group: int) -> None:
        """A process group began."""
        self._write(f"+{group}\n")

    def forget(self, group: int) -> None:
        """A process group has ended."""
        self._write(f"-{group}\n")

    def close(self) -> None:
        """Let it see that we have gone."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process.wait()

    def _write(self, line: str) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


class Part:
    """A child process. `leashed` children are ours and tell us how they are; others are somebody else's programs.

    What a part prints goes to `log_file`, or to where the supervisor prints.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        leashed: bool,
        log_file: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log_file = log_file
        self.leashed = leashed
        #: Our end of the leash; None while there is no process or it has none.
        self.leash: socket.socket | None = None
        #: When to start it again (`time.monotonic`); None while it runs or must not run.
        self.due: float | None = None
        self._command = list(command)
        self._environment = dict(environment)
        self._pass_fds = tuple(pass_fds)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._deaths = 0
        self._half = b""

    @property
    def pid(self) -> int:
        """Process id and process group; 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self, watched_by: Guard) -> None:
        """Start the process in a group of its own. Raises `OSError` when the machine cannot."""
        ours = theirs = None
        log: IO[bytes] | None = None
        environment = {**os.environ, **self._environment}
        if self.leashed:
            ours, theirs = socket.socketpair()
            environment[leash.LEASHED] = "1"
        try:
            end = subprocess.DEVNULL if theirs is None else theirs.fileno()
            if self.log_file is not None:
                with contextlib.suppress(OSError):
                    if self.log_file.stat().st_size > LARGEST_LOG:
                        self.log_file.replace(self.log_file.with_suffix(".old.log"))
                log = self.log_file.open("ab")
            self._process = subprocess.Popen(
                self._command,
                env=environment,
                stdin=end,
                stdout=log,
                stderr=subprocess.STDOUT if log is not None else None,
                pass_fds=self._pass_fds,
                process_group=0,
            )
        finally:
            if theirs is not None:
                theirs.close()
            if log is not None:
                log.close()
        watched_by.watch(self._process.pid)
        self.leash, self.due, self._half = ours, None, b""
        self._started = time.monotonic()

    def hear(self) -> list[dict[str, Any]] | None:
        """What the process has told us since we last asked; None when it has let go of its leash."""
        try:
            heard = self.leash.recv(65536) if self.leash is not None else b""
        except OSError:
            heard = b""
        if not heard:
            return None
        *lines, self._half = (self._half + heard).split(b"\n")
        return [json.loads(line) for line in lines]

    def buried(self, watched_by: Guard) -> str | None:
        """How the process ended, if it has since we last asked; what is left of its group is ended too."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self._gone(watched_by)
        lived = time.monotonic() - self._started
        self._deaths = 1 if lived >= SETTLED_AFTER else self._deaths + 1
        self.due = time.monotonic() + min(FIRST_PAUSE * 2 ** (self._deaths - 1), LONGEST_PAUSE)
        if code < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-code).name
        return str(abs(code))

    def ask_to_end(self) -> None:
        """SIGTERM to the whole group."""
        self.due = None
        self._signal(signal.SIGTERM)

    def has_ended(self, watched_by: Guard) -> bool:
        """Whether the process is gone, after `ask_to_end`."""
        if self._process is not None and self._process.poll() is not None:
            self._gone(watched_by)
        return self._process is None

    def kill(self, watched_by: Guard) -> None:
        """End it without asking, if it is still there."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._gone(watched_by)

    def _gone(self, watched_by: Guard) -> None:
        # Its leader is dead; a group that has members left keeps its number.
        self._signal(signal.SIGKILL)
        watched_by.forget(self.pid)
        if self.leash is not None:
            self.leash.close()
            self.leash = None
        self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
