"""`POST /api/v1/petitions`: durable before it is answered, and the same petition only once.

The path that must hold when a source sends a day's petitions at once, so it goes past the framework: the body is
decoded straight into the engine's command, the desk commits it together with what arrived meanwhile, and the event
loop does nothing but wait. It is documented in the framework's OpenAPI document (`app.py`) all the same.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import structlog

from xixi_workflow.core import words
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.desk import UNAVAILABLE, Closed, Desk
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.web.answers import answer, problem
from xixi_workflow.web.door import Receive, Scope, Send
from xixi_workflow.web.languages import Language, reader
from xixi_workflow.web.problems import complaint

log = structlog.get_logger()

PATH: Final = "/api/v1/petitions"
LARGEST: Final = 64 * 1024
#: Seconds after which a sender is told to come again: the petition may or may not be filed, and the same request again
#: finds out.
PATIENCE: Final = 15.0
#: Commands that may wait for the writer; beyond this a sender is told to come again before the queue eats the memory.
MOST_WAITING: Final = 5000
#: Who filed it, as the journal calls a program that sends petitions.
_ACTOR: Final = Actor("system", "api")
_TURNED_AWAY: Final[tuple[type[Exception], ...]] = (TimeoutError, Closed, *UNAVAILABLE)
_decode = msgspec.json.Decoder(FilePetition).decode

_TOO_LARGE: Final = {
    "zh": f"正文超过 {LARGEST // 1024} kB。",
    "en": f"The body is larger than {LARGEST // 1024} kB.",
}
_AWAY: Final = {
    "zh": "数据库暂时不可用，请稍后用相同的 source 和 source_id 重发，不会重复立案。",
    "en": "The database is away. Send the same again later, with the same source and source_id: it is filed once.",
}


class Intake:
    """The endpoint as an ASGI application."""

    def __init__(self, engine: Engine, desk: Desk, language: Language) -> None:
        self._engine = engine
        self._desk = desk
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one petition: 201 filed, 200 filed before, 413, 422, 503."""
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body", False) and len(body) <= LARGEST:
            message = await receive()
            body += message.get("body", b"")
        if message["type"] == "http.disconnect":
            return
        if len(body) > LARGEST:
            text = _TOO_LARGE[reader(scope["headers"], self._language)]
            # What is left of it is not read.
            await answer(send, 413, problem("too_large", text), [(b"connection", b"close")])
            return
        try:
            command = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            wrong = complaint(error, reader(scope["headers"], self._language))
            await answer(send, 422, problem("bad_field", wrong.sentence, wrong.field))
            return
        if self._desk.waiting > MOST_WAITING:
            await self._come_again(scope, send)
            return
        try:
            async with asyncio.timeout(PATIENCE):
                done = await self._desk.ask(Request(0, command, _ACTOR))
        except _TURNED_AWAY as error:
            log.warning("intake_turned_away", error=type(error).__name__)
            await self._come_again(scope, send)
            return
        if done.refused is not None:
            language = reader(scope["headers"], self._language)
            text = words.refusal(done.refused, self._engine.policies.in_force, role="system", language=language)
            field = _FIELD_OF.get(done.refused.code, "")
            await answer(send, 422, problem(done.refused.code, text, field))
            return
        number = str(done.number).encode()
        if done.repeated:
            await answer(send, 200, b'{"no":"%b","repeated":true}' % number)
        else:
            where = b"/api/v1/petitions/" + number
            await answer(send, 201, b'{"no":"%b","repeated":false}' % number, [(b"location", where)])

    async def _come_again(self, scope: Scope, send: Send) -> None:
        text = _AWAY[reader(scope["headers"], self._language)]
        await answer(send, 503, problem("away", text), [(b"retry-after", b"5")])


#: The field that a refusal of the engine is about.
_FIELD_OF: Final = {"unknown_source": "source", "from_the_future": "received_at"}
