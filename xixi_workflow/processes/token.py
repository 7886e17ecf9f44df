"""The token that guards the web: from the settings, or made once and kept in a file that only its owner can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from xixi_workflow.settings import Settings

#: Shorter ones can be guessed over a network.
SHORTEST: Final = 16


def token_file(settings: Settings) -> Path:
    """Where a token that we made is kept: beside an SQLite database, else in the state folder."""
    scheme, _, file = settings.database_url.partition(":///")
    folder = Path(file).parent if scheme == "sqlite" and file else settings.state_dir
    return folder / "token"


def feed_key(token: str, name: str) -> str:
    """What opens the calendar of a team or person and nothing else; the token cannot be recovered from it."""
    return hmac.new(token.encode(), f"xixi duty {name}".encode(), hashlib.sha256).hexdigest()[:32]


def token_of(settings: Settings) -> str:
    """The token; made and written at the first call. Raises `OSError` when its file cannot be used, `ValueError` when
    the token is too short to guard anything.
    """
    token = settings.token.get_secret_value()
    if not token:
        path = token_file(settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Made with its final permissions: nobody can open it in between.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            token = path.read_text(encoding="ascii", errors="replace").strip()
        else:
            token = secrets.token_urlsafe(32)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(token + "\n")
        if len(token) < SHORTEST:
            raise ValueError(
                f"the token in {path} is shorter than {SHORTEST} characters; delete the file to get another"
            )
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        raise ValueError(f"the token (XIXI_TOKEN) must be at least {SHORTEST} plain ASCII characters")
    return token
