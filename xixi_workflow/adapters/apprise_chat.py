"""Team chat, mail and other SMS providers through Apprise, which knows some 130 of them by URL.

Apprise answers yes or no, and never why. So a no is a passing failure, and after a no that took as long as a time-out
nobody can tell. Nothing can be looked up afterwards. Its log is silenced: it quotes addresses, numbers and sometimes
texts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import apprise

from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unknown, Unsure

#: Seconds to wait for an answer. Connecting gets less, so that only an answer can be missed by so much.
ANSWER_WITHIN: Final = 10.0
#: Where the number goes in the URL of an SMS provider.
PHONE: Final = "{phone}"

# The second is what Apprise speaks through; it logs paths, which hold keys and numbers.
for _name in ("apprise", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
#: Tells Apprise who we are, to wait for each service, and to keep secrets to itself.
ASSET: Final = apprise.AppriseAsset(app_id="Xixi", async_mode=False, secure_logging=True)


class AppriseSender:
    """Writes to chats by name, or to numbers.

    `chats`: name of a chat -> the URLs at which it is told; it has been told when one of them took the message.
    `template`: the URL of an SMS provider with `{phone}` where the number goes (`vonage://key:secret@from/{phone}`).
    Raises `ValueError` for a URL that Apprise cannot use; the sentence does not hold the URL, which is a secret.
    """

    def __init__(
        self,
        name: str,
        *,
        chats: Mapping[str, Sequence[str]] | None = None,
        template: str = "",
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self.name = name
        self._template = template
        self._patience = answer_within
        self._chats = {chat: [self._door(url, chat) for url in urls] for chat, urls in (chats or {}).items()}
        if template:
            self._door(self._url("+19900000001"), "the template")

    def send(self, message: Outgoing) -> Receipt:
        """Hand it to the chat or the number. See `port.Sender`."""
        doors = self._chats.get(message.address)
        if doors is None:
            if not self._template:
                raise Undeliverable(True, f"{self.name}: no chat of that name", because="ours")
            if not message.address:
                raise Undeliverable(True, "no number")
            # A service of its own for each number: what it remembers of one is no matter to the next.
            doors = [self._door(self._url(message.address), "the template")]
        slow = False
        taken = False
        for door in doors:
            began = time.monotonic()
            # Every door is told, and then asked whether one took it.
            took = door.tell(message.text)
            taken = taken or took
            slow = slow or (not took and time.monotonic() - began >= self._patience)
        if taken:
            return Receipt(uuid4().hex, self.name)
        if slow:
            raise Unsure(f"{self.name}: no answer in time")
        raise Undeliverable(False, f"{self.name}: refused or not reached")

    def find(self, message: Outgoing) -> Unknown:
        """Always `Unknown`: no chat can be asked what it was told."""
        del message
        return Unknown()

    def _door(self, url: str, what: str) -> _Door:
        patience = f"cto={self._patience / 2}&rto={self._patience}"
        service = apprise.Apprise.instantiate(f"{url}{'&' if '?' in url else '?'}{patience}", asset=ASSET)
        if service is None:
            raise ValueError(f"the URL of {what} is none that Apprise knows")
        return _Door(service)

    def _url(self, phone: str) -> str:
        return self._template.replace(PHONE, quote(phone, safe=""))


class _Door:
    """One URL. Told one message at a time: services keep their pace and their tokens in themselves."""

    def __init__(self, service: Any) -> None:
        self._service = apprise.Apprise(servers=service, asset=ASSET)
        self._lock = threading.Lock()

    def tell(self, text: str) -> bool:
        """Whether it was taken."""
        with self._lock:
            return bool(self._service.notify(text, body_format=apprise.NotifyFormat.TEXT))
