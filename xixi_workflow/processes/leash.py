"""The child's end of the leash that ties a process of the service to the one that started it.

The leash is a socket in the place of standard input. A child tells over it, one JSON object a line, when it does its
work and what its starter should say to the operator. When the leash is cut the other end is gone, perhaps killed, and
the child ends: no clock ticks on without anybody who could stop it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import threading
from typing import Any, Final

#: Set in the environment of a child that has a leash.
LEASHED: Final = "XIXI_LEASHED"
#: Seconds that a child may take to end in good order after the leash was cut.
GRACE: Final = 10.0


class Leash:
    """Made once, at the very start of a child. A process that was started by hand has no leash and nobody to tell."""

    def __init__(self) -> None:
        leashed = os.environ.pop(LEASHED, "") and stat.S_ISSOCK(os.fstat(0).st_mode)
        self._end = socket.socket(fileno=os.dup(0)) if leashed else None
        if self._end is not None:
            threading.Thread(target=self._watch, args=(self._end,), name="leash", daemon=True).start()

    def tell(self, **said: Any) -> bool:
        """Tell the starter something; False when there is none."""
        if self._end is None:
            return False
        with contextlib.suppress(OSError):
            self._end.sendall(json.dumps(said).encode() + b"\n")
        return True

    @staticmethod
    def _watch(end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while end.recv(16):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        # A process that hangs would hold the database and the port.
        threading.Event().wait(GRACE)
        os._exit(1)
