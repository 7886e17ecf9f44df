"""A wire to PostgreSQL that is cut at the worst moment: at a commit, when nobody knows on which side of it."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from tests.conftest import shown

_PORT = ".s.PGSQL.5432"
#: A simple query, as psycopg sends it: kind, length, text, NUL.
_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


class CutWire:
    """Passes everything on, and hangs up at the next commit when told so: once for every time it is told.

    `before`: the server never hears of the commit. `after`: it has committed, and its answer is swallowed.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self.at_commit: Literal["", "before", "after"] = ""
        self._server = server
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / _PORT))
        self._door.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server / _PORT))
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        swallow = threading.Event()
        threading.Thread(target=self._answer, args=(client, server, swallow), daemon=True).start()
        with contextlib.suppress(OSError), server:
            while asked := client.recv(65536):
                if self.at_commit and asked == _COMMIT:
                    before, self.at_commit = self.at_commit == "before", ""
                    if before:
                        client.shutdown(socket.SHUT_RDWR)
                        break
                    swallow.set()
                server.sendall(asked)
            # Closing alone would not wake who reads from it.
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, client: socket.socket, server: socket.socket, swallow: threading.Event) -> None:
        with contextlib.suppress(OSError), client:
            while answer := server.recv(65536):
                if swallow.is_set():
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(answer)


@contextmanager
def cut_wire(url: str) -> Iterator[tuple[CutWire, str]]:
    """A wire to the database of `url`, and the URL by which it is reached."""
    parsed = make_url(url)
    host = parsed.query["host"]
    assert isinstance(host, str)
    # A short path: a Unix socket's name ends at 107 bytes.
    with tempfile.TemporaryDirectory(prefix="xixi-wire-") as folder:
        wire = CutWire(Path(host), Path(folder))
        try:
            yield wire, shown(parsed.update_query_dict({"host": folder}))
        finally:
            wire.close()
