"""The bell: a writer tells the alarm clock that a petition needs a look sooner than it thinks.

Ringing is a hint, never the truth: a lost ring costs at most the alarm's own coarse look, and a ring too many costs
one cheap query. SQLite's bell is a datagram socket beside the database file, PostgreSQL's is LISTEN/NOTIFY, so both
reach an alarm clock in another process.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Protocol

import psycopg

_CHANNEL = "xixi_alarm"
#: Linux allows 107 bytes in the path of a socket, others 103. Thirty-five Chinese characters are longer.
_LONGEST_PATH = 100
_OPEN_FILES = "/proc/self/fd"


class Bell(Protocol):
    """Ring it after a commit; listen to it in the one process that runs the alarm clock."""

    def ring(self) -> None:
        """Tell whoever listens; never blocks, never raises."""

    def listen(self) -> None:
        """Begin to hear rings in this process."""

    def wait(self, seconds: float) -> bool:
        """True as soon as somebody rings, False after `seconds` of silence. Needs `listen`."""

    def close(self) -> None:
        """Stop ringing and listening."""


class SocketBell:
    """A UNIX datagram socket at `path`. Where the path is too long or sockets are missing, nobody hears anything.

    On Linux a path of any length will do, as long as the name of the file itself is not too long.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._folder: int | None = None
        self._sender: socket.socket | None = None
        self._listener: socket.socket | None = None
        self._inode = 0

    def _address(self) -> str | None:
        """What the socket calls are given; None where there is no way."""
        if not hasattr(socket, "AF_UNIX"):
            return None
        if len(os.fsencode(self._path)) <= _LONGEST_PATH:
            return str(self._path)
        name = self._path.name
        if not Path(_OPEN_FILES).is_dir() or len(os.fsencode(name)) > _LONGEST_PATH - len(_OPEN_FILES) - 12:
            return None
        if self._folder is None:
            # The folder's open file is a short name for it.
            self._folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        return f"{_OPEN_FILES}/{self._folder}/{name}"

    def ring(self) -> None:
        """See `Bell`."""
        # Nobody listening, or a full queue: in both cases there is nothing to add.
        with contextlib.suppress(OSError):
            address = self._address()
            if address is None:
                return
            if self._sender is None:
                self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._sender.setblocking(False)
            self._sender.sendto(b"!", address)

    def listen(self) -> None:
        """See `Bell`."""
        address = self._address()
        if address is None or self._listener is not None:
            return
        # One that was killed has left its socket behind.
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._listener.bind(address)
        self._path.chmod(0o600)
        self._inode = self._path.stat().st_ino

    def wait(self, seconds: float) -> bool:
        """See `Bell`."""
        if self._listener is None:
            time.sleep(max(seconds, 0))
            return False
        self._listener.settimeout(max(seconds, 0))
        try:
            self._listener.recv(16)
        except (TimeoutError, BlockingIOError):
            return False
        self._listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self._listener.recv(16):
                pass
        return True

    def close(self) -> None:
        """See `Bell`."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            # Unless another has taken our place meanwhile.
            with contextlib.suppress(OSError):
                if self._path.stat().st_ino == self._inode:
                    self._path.unlink()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


class PostgresBell:
    """LISTEN/NOTIFY on a connection of its own; reconnects by itself when the server was away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sender: psycopg.Connection | None = None
        self._listener: psycopg.Connection | None = None

    def ring(self) -> None:
        """See `Bell`."""
        try:
            if self._sender is None or self._sender.closed:
                self._sender = psycopg.connect(self._url, autocommit=True, connect_timeout=2)
            self._sender.execute(f"NOTIFY {_CHANNEL}")
        except psycopg.Error:
            self._sender = None

    def listen(self) -> None:
        """See `Bell`."""
        self._listener = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        self._listener.execute(f"LISTEN {_CHANNEL}")

    def wait(self, seconds: float) -> bool:
        """See `Bell`."""
        try:
            if self._listener is None or self._listener.closed:
                self.listen()
            assert self._listener is not None
            heard = False
            for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                heard = True
            return heard
        except psycopg.Error:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            time.sleep(max(min(seconds, 1.0), 0))
            return False

    def close(self) -> None:
        """See `Bell`."""
        for connection in (self._sender, self._listener):
            if connection is not None:
                connection.close()
        self._sender = self._listener = None
