"""`GET /duty/{team, role or person}.ics?key=…`: who is on duty, for a calendar program to subscribe to.

Calendar programs send no header, so the address itself is the guard: its key is made from the service's token and the
name, opens this one calendar and nothing else, and ends with the token. A wrong key and an unknown name look alike.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, quote

import structlog

from xixi_workflow.engine.desk import UNAVAILABLE
from xixi_workflow.engine.handle import Engine
from xixi_workflow.processes.token import feed_key
from xixi_workflow.web.answers import answer, problem
from xixi_workflow.web.door import Receive, Scope, Send
from xixi_workflow.web.languages import Language, reader

log = structlog.get_logger()

PATH: Final = "/duty/"
_SUFFIX: Final = ".ics"
_SAID: Final[dict[str, dict[Language, str]]] = {
    "not_found": {"zh": "没有这个日历，或地址中的 key 不对。", "en": "There is no such calendar, or the key is wrong."},
    "wrong_method": {"zh": "这个地址只接受 GET。", "en": "This address takes GET only."},
    "away": {"zh": "数据库暂时不可用，请稍后再试。", "en": "The database is away; please try again later."},
}


def address(site: str, token: str, name: str) -> str:
    """Where the calendar of `name` is; `site` is scheme, host and port. Whoever has it can read that calendar."""
    return f"{site.rstrip('/')}{PATH}{quote(name)}{_SUFFIX}?key={feed_key(token, name)}"


class DutyFeed:
    """The calendars as an ASGI application that guards itself."""

    def __init__(self, engine: Engine, token: str, now: Callable[[], datetime], language: Language) -> None:
        self._engine = engine
        self._token = token
        self._now = now
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the calendar (ASGI)."""
        del receive
        if scope["method"] not in ("GET", "HEAD"):
            await self._refuse(scope, send, 405, "wrong_method")
            return
        name = scope["path"].removeprefix(PATH).removesuffix(_SUFFIX)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if not hmac.compare_digest(given.encode(), feed_key(self._token, name).encode()):
            await self._refuse(scope, send, 404, "not_found")
            return
        try:
            body = await asyncio.to_thread(self._calendar, name)
        except LookupError:
            await self._refuse(scope, send, 404, "not_found")
            return
        except UNAVAILABLE as error:
            log.warning("database_away", error=type(error).__name__)
            await self._refuse(scope, send, 503, "away")
            return
        headers = [
            (b"content-type", b"text/calendar; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"private, max-age=600"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})

    def _calendar(self, name: str) -> bytes:
        # Imported when it is first asked for: the start is short of time, and not every centre uses calendars.
        from xixi_workflow.adapters.ical_feed import feed

        return feed(self._engine.policies.in_force, name, language=self._language, now=self._now())

    async def _refuse(self, scope: Scope, send: Send, status: int, code: str) -> None:
        text = _SAID[code][reader(scope["headers"], self._language)]
        await answer(send, status, problem(code, text), [(b"allow", b"GET, HEAD")] if status == 405 else [])
