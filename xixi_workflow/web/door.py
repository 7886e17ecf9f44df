"""The guard before the web: a bearer token for programs, a cookie for a browser; `/health` is open to all.

What has a guard of its own (providers' calls, which are signed) is handed on as it comes.

A program sends `Authorization: Bearer TOKEN`. A person opens the page, is asked for the token once and gets a cookie
that opens pages but not the API, and from which the token cannot be recovered; `/?token=TOKEN` does the same in one
step and is at once redirected, so that the token does not stay in the address bar. Tokens are compared in constant
time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs, quote

from xixi_workflow.web.answers import answer, html, problem, redirect
from xixi_workflow.web.languages import Language, reader
from xixi_workflow.web.login import login_page

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE: Final = "xixi"
#: What a browser's cookie opens, and everything below the second.
_PAGES: Final = ("/", "/reports")
_OPEN: Final = "/health"
_ENTER: Final = "/enter"
_LARGEST_FORM: Final = 4096
_REFUSALS: Final = {
    "zh": "缺少或错误的口令：请求须带 Authorization: Bearer <口令>。",
    "en": "The token is missing or wrong: send Authorization: Bearer <token>.",
}


class Door:
    """The whole web application behind its guard. `hot` are the paths that bypass the framework, by method and path;
    `guarded` are applications that guard themselves, by what their paths begin with.
    """

    def __init__(
        self,
        inside: Application,
        token: str,
        language: Language,
        hot: dict[tuple[str, str], Application],
        guarded: Mapping[str, Application] | None = None,
    ) -> None:
        self._inside = inside
        self._bearer = f"bearer {token}".encode()
        self._token = token.encode()
        self._cookie = hmac.new(self._token, b"xixi status page", hashlib.sha256).hexdigest()
        self._language = language
        self._hot = hot
        self._guarded = tuple((guarded or {}).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in whoever may come in (ASGI)."""
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if path == _OPEN:
            await self._inside(scope, receive, send)
            return
        for begins, application in self._guarded:
            if path.startswith(begins):
                await application(scope, receive, send)
                return
        offered = cookies = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                offered = value
            elif name == b"cookie":
                cookies = value
        if hmac.compare_digest(offered[:7].lower() + offered[7:], self._bearer):
            await self._hot.get((method, path), self._inside)(scope, receive, send)
        elif path == _ENTER and method == "POST":
            await self._enter(scope, receive, send)
        elif _is_page(path) and method in ("GET", "HEAD"):
            await self._show(scope, receive, send, cookies.decode("latin-1"))
        else:
            text = _REFUSALS[reader(scope["headers"], self._language)]
            await answer(send, 401, problem("unauthorized", text), [(b"www-authenticate", b"Bearer")])

    async def _show(self, scope: Scope, receive: Receive, send: Send, cookies: str) -> None:
        """A page, for a browser that may be known already."""
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if asked:
            await self._let_in(scope, send, asked[0], scope["path"])
        elif any(
            hmac.compare_digest(cookie.strip().encode(), f"{COOKIE}={self._cookie}".encode())
            for cookie in cookies.split(";")
        ):
            await self._inside(scope, receive, send)
        else:
            language = reader(scope["headers"], self._language)
            await html(send, 401, login_page(language, wrong=False, then=scope["path"]))

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more and len(body) <= _LARGEST_FORM:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        then = parse_qs(scope["query_string"].decode("latin-1")).get("then", [""])[0]
        token = parse_qs(body.decode("latin-1")).get("token", [""])[0]
        await self._let_in(scope, send, token, then if _is_page(then) else "/")

    async def _let_in(self, scope: Scope, send: Send, token: str, then: str) -> None:
        """Show the page `then` to whoever knows the token."""
        if not hmac.compare_digest(token.strip().encode(), self._token):
            language = reader(scope["headers"], self._language)
            await html(send, 401, login_page(language, wrong=True, then=then))
            return
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = f"{COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000{secure}"
        await redirect(send, quote(then), cookie)


def _is_page(path: str) -> bool:
    """A page of ours: nothing that leads anywhere else passes."""
    return path in _PAGES or path.startswith(f"{_PAGES[1]}/")
