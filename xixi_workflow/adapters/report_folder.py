"""The folder of finished documents: written whole or not at all, read by exact name.

It holds the last file of each name; what was issued before under the same name is noted in the database by its digest.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

#: What a document can be called. No name of this kind leads out of the folder.
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,150}\.[a-z]{2,5}")


class Kept(NamedTuple):
    """A file of the folder. `sha256` in hex."""

    name: str
    size: int
    sha256: str


class ReportFolder:
    """One folder. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Digests by name, of the file that had this size and time of change.
        self._digests: dict[str, tuple[tuple[int, int], str]] = {}

    def keep(self, name: str, data: bytes) -> Path:
        """Write a file in the place of what was there. Nobody ever sees half of it.

        Readable by this account alone. Raises `ValueError` for what is no name of a document, `OSError` when it cannot
        be written.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r:.60} is no name of a document")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, unfinished = tempfile.mkstemp(prefix=".", dir=self.path)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(self.path / name)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        return self.path / name

    def listed(self) -> list[Kept]:
        """Every document in the folder, in the order of their names; none where there is no folder yet."""
        found = []
        try:
            names = sorted(path.name for path in self.path.iterdir())
        except FileNotFoundError:
            return []
        for name in names:
            file = self.open(name)
            if file is None:
                continue
            with file:
                about = os.fstat(file.fileno())
                was = about.st_size, about.st_mtime_ns
                known = self._digests.get(name)
                if known is None or known[0] != was:
                    known = self._digests[name] = was, hashlib.file_digest(file, "sha256").hexdigest()
                found.append(Kept(name, about.st_size, known[1]))
        return found

    def open(self, name: str) -> BufferedReader | None:
        """The file of exactly that name, to be closed by whoever asked; None where there is none.

        Links are not followed, and what is no plain file is not opened.
        """
        if not _NAME.fullmatch(name):
            return None
        try:
            # Not to wait for a writer, where somebody put a pipe in the folder.
            handle = os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            return None
        return os.fdopen(handle, "rb")
