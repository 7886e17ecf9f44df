"""The outside world: a provider whose record of what reached people no death of ours can undo.

A line of its file is one message that somebody has received: its id, a digest of its text, and the generation of the
process that sent it. It is not synced to the disk: SIGKILL takes nothing back that `write` has taken. Every line has
the same length, a power of two, so none crosses a page of memory: the kernel writes page by page, a reader may see and
a kill may leave what lies between two of them.
"""

from __future__ import annotations

import os
import time
import zlib
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from xixi_workflow.adapters.port import Outgoing, Receipt, Unknown

_LINE = 64


class Received(NamedTuple):
    """One message in somebody's hand."""

    id: str
    text: str
    generation: int


class Provider:
    """A `Sender` that appends to `path`. Of every second message it cannot tell afterwards whether it had it."""

    name = "world"

    @property
    def channels(self) -> dict[str, Provider]:
        """It carries everything."""
        return {"sms": self, "chat": self}

    def __init__(self, path: Path, generation: int = 0, *, takes: float = 0.0) -> None:
        self._path = path
        #: Seconds a call takes, so that a kill may fall between sending and writing the answer down.
        self._takes = takes
        self._generation = generation
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        #: What was sent since the caller last looked.
        self.sent: list[str] = []

    def send(self, message: Outgoing) -> Receipt:
        digest = blake2b(message.text.encode(), digest_size=8).hexdigest()
        line = f"{message.id} {digest} {self._generation}".ljust(_LINE - 1).encode() + b"\n"
        assert len(line) == _LINE
        os.write(self._file, line)
        self.sent.append(message.id)
        time.sleep(self._takes)
        return Receipt(message.id, self.name)

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        if not can_tell(message.id):
            return Unknown()
        return Receipt(message.id, self.name) if any(r.id == message.id for r in received(self._path)) else None


def can_tell(identity: str) -> bool:
    """Whether the provider knows afterwards what became of that message."""
    return zlib.crc32(identity.encode()) % 2 == 0


def received(path: Path) -> list[Received]:
    """Everything that reached people, in order."""
    lines = (line.split() for line in path.read_text().splitlines())
    return [Received(identity, text, int(generation)) for identity, text, generation in lines]
