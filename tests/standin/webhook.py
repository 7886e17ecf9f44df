"""A chat robot's webhook, or a simple SMS provider, on the loopback interface: takes JSON and remembers it.

with Webhook() as hook:
    AppriseSender("robots", chats={"centre": [f"json://127.0.0.1:{hook.port}/centre"]})
    hook.answer = Answer(500)          # what everybody gets
    hook.messages("/centre")           # the texts that were taken at a path, in order
"""

from __future__ import annotations

import json
from typing import Self
from urllib.parse import unquote, urlsplit

from tests.standin.loopback import Answer, Asked, Loopback


class Webhook:
    """See the module's docstring. A context manager."""

    def __init__(self) -> None:
        self.answer = Answer(200)
        self._taken: list[tuple[str, str]] = []
        self._http = Loopback(self._take)
        self.port = self._http.port

    def _take(self, asked: Asked) -> Answer:
        if self.answer.status < 300:
            self._taken.append((unquote(urlsplit(asked.target).path), json.loads(asked.body)["message"]))
        return self.answer

    def messages(self, path: str) -> list[str]:
        """The texts that were taken at `path`, oldest first."""
        return [text for at, text in self._taken if at == path]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
