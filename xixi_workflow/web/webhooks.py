"""`POST /sms/{sender}/incoming` and `POST /sms/{sender}/receipt`: what SMS providers tell us.

The signature is the guard: a call that is not signed by the provider for our public address is refused, and nothing of
it is kept. A letter is durable before it is answered; it is read after the answer, in a thread of this process, or by
the clock process where this one dies in between. The same call again changes nothing.

An answer other than 2xx is shown by the provider as a failure, and a letter that got one is called again where the
provider is set up to do so (Twilio: a fallback URL, which may be this same address).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import structlog

from xixi_workflow.adapters.port import Caller, Forged
from xixi_workflow.engine import letters
from xixi_workflow.engine.desk import UNAVAILABLE
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import blames_database
from xixi_workflow.web.answers import answer, problem
from xixi_workflow.web.door import Receive, Scope, Send
from xixi_workflow.web.languages import Language, reader

log = structlog.get_logger()

PATH: Final = "/sms/"
LARGEST: Final = 64 * 1024
#: Calls that are written down at the same time; SQLite has one writer, PostgreSQL a few connections.
WRITERS: Final = 4
_INCOMING: Final = "incoming"
_RECEIPT: Final = "receipt"
#: Says that we have nothing to say now: the reply goes out as a message of its own.
_TAKEN: Final = b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
_SAID: Final[dict[str, dict[Language, str]]] = {
    "not_found": {"zh": "没有这个地址。", "en": "There is no such address."},
    "wrong_method": {"zh": "这个地址只接受 POST。", "en": "This address takes POST only."},
    "too_large": {"zh": f"正文超过 {LARGEST // 1024} kB。", "en": f"The body is larger than {LARGEST // 1024} kB."},
    "forged": {"zh": "签名不符。", "en": "The signature does not fit."},
    "bad_field": {"zh": "请求有误：{problem}。", "en": "The call is wrong: {problem}."},
    "away": {"zh": "数据库暂时不可用，请稍后再试。", "en": "The database is away; please call again later."},
}


class _Malformed(Exception):  # noqa: N818 - it says what the call is
    """The provider's own call lacks a field, or has a wrong one."""


class Webhooks:
    """The endpoints as an ASGI application. `callers` are the providers by the name of their sender."""

    def __init__(
        self, engine: Engine, callers: Mapping[str, Caller], now: Callable[[], datetime], language: Language
    ) -> None:
        self._engine = engine
        self._callers = callers
        self._now = now
        self._language = language
        self._writers = ThreadPoolExecutor(WRITERS, "webhooks")
        self._reader = ThreadPoolExecutor(1, "letters")
        self._waiting = threading.Lock()
        self._asked = False

    def close(self) -> None:
        """Finish what was begun."""
        self._writers.shutdown()
        self._reader.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one call: 200 or 204; 400, 403, 404, 405, 413, 503."""
        name, _, what = scope["path"].removeprefix(PATH).partition("/")
        caller = self._callers.get(name)
        if caller is None or what not in (_INCOMING, _RECEIPT):
            await self._refuse(scope, send, 404, "not_found")
            return
        if scope["method"] != "POST":
            await self._refuse(scope, send, 405, "wrong_method", headers=[(b"allow", b"POST")])
            return
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body", False) and len(body) <= LARGEST:
            message = await receive()
            body += message.get("body", b"")
        if message["type"] == "http.disconnect":
            return
        if len(body) > LARGEST:
            await self._refuse(scope, send, 413, "too_large", headers=[(b"connection", b"close")])
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        keep = self._incoming if what == _INCOMING else self._receipt
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._writers, keep, name, caller, _target(scope), body, headers)
        except Forged as forged:
            log.warning("call_forged", sender=name, what=what, reason=str(forged))
            await self._refuse(scope, send, 403, "forged")
        except _Malformed as error:
            await self._refuse(scope, send, 400, "bad_field", wrong=str(error))
        except Exception as error:
            if not (isinstance(error, UNAVAILABLE) or blames_database(error)):
                raise
            log.warning("call_turned_away", sender=name, what=what, error=type(error).__name__)
            await self._refuse(scope, send, 503, "away", headers=[(b"retry-after", b"5")])
        else:
            await _taken(send, what)

    def _incoming(self, name: str, caller: Caller, target: str, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            incoming = caller.incoming(target, body, headers)
        except ValueError as error:
            raise _Malformed(str(error)) from None
        new = letters.receive(self._engine, name, incoming, self._now())
        log.info("letter_received", sender=name, new=new)
        if new:
            self._ask_reader()

    def _receipt(self, name: str, caller: Caller, target: str, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            outcome = caller.outcome(target, body, headers)
        except ValueError as error:
            raise _Malformed(str(error)) from None
        letters.receipt(self._engine, name, outcome, self._now())

    def _ask_reader(self) -> None:
        with self._waiting:
            if self._asked:
                # A reading that has not begun will see this letter too.
                return
            self._asked = True
        self._reader.submit(self._read)

    def _read(self) -> None:
        with self._waiting:
            self._asked = False
        try:
            while letters.read_letters(self._engine, now=self._now()).more:
                pass
        except Exception as error:
            # The clock process reads what was left over.
            log.warning("letters_not_read", error=type(error).__name__)

    async def _refuse(
        self,
        scope: Scope,
        send: Send,
        status: int,
        code: str,
        *,
        headers: list[tuple[bytes, bytes]] | None = None,
        wrong: str = "",
    ) -> None:
        text = _SAID[code][reader(scope["headers"], self._language)].replace("{problem}", wrong)
        await answer(send, status, problem(code, text), headers or [])


def _target(scope: Scope) -> str:
    """The path with its query, byte for byte as it was asked for: the signature covers it."""
    path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    return str((path + b"?" + query if query else path).decode("latin-1"))


async def _taken(send: Send, what: str) -> None:
    body = _TAKEN if what == _INCOMING else b""
    headers = [(b"content-length", str(len(body)).encode())] if body else []
    if body:
        headers.append((b"content-type", b"text/xml; charset=utf-8"))
    await send({"type": "http.response.start", "status": 200 if body else 204, "headers": headers})
    await send({"type": "http.response.body", "body": body})
