"""The child's end of the leash that ties a process of the service to the one that started it.

The leash is a socket in the place of standard input. The child imports what it needs (seconds) and waits on it for the
word that the database is ready; then it says when it is ready itself. When the leash is cut, the other end is gone,
perhaps killed, and the child ends: no clock ticks on without anybody who could stop it.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import threading
from typing import Final

#: Set in the environment of a child that has a leash.
LEASHED: Final = "XIXI_LEASHED"
#: Seconds that a child may take to end in good order after the leash was cut.
GRACE: Final = 10.0

GO: Final = b"g"
READY: Final = b"r"


class Leash:
    """Made once, at the very start of a child. A process started by hand has no leash and waits for nothing."""

    def __init__(self) -> None:
        leashed = os.environ.pop(LEASHED, "") and stat.S_ISSOCK(os.fstat(0).st_mode)
        self._end = socket.socket(fileno=os.dup(0)) if leashed else None

    def wait(self) -> None:
        """Return when we may begin; ends the process when nobody is there any more."""
        if self._end is not None:
            try:
                word = self._end.recv(1)
            except OSError:
                word = b""
            if word != GO:
                sys.exit(0)
            threading.Thread(target=self._watch, name="leash", daemon=True).start()

    def ready(self) -> None:
        """Say that we do our work now."""
        if self._end is not None:
            try:
                self._end.send(READY)
            except OSError:
                return

    def _watch(self) -> None:
        end = self._end
        assert end is not None
        try:
            while end.recv(16):
                pass
        except OSError:
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        # A process that hangs would hold the database and the port.
        threading.Event().wait(GRACE)
        os._exit(1)
