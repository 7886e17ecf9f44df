"""Answers as ASGI messages: JSON prepared beforehand, pages without scripts, redirects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

import msgspec

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

encode: Final = msgspec.json.Encoder().encode

_POLICY: Final = (
    b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: A page loads nothing but itself, is shown in no frame and kept in no cache.
PAGE_HEADERS: Final[list[Header]] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]


def problem(code: str, message: str, field: str = "") -> bytes:
    """The body of every answer that is not what was asked for: a code for programs, a sentence for people, and the
    field that is wrong, where one is.
    """
    told = {"error": code, "message": message}
    if field:
        told["field"] = field
    return encode(told)


async def answer(send: Send, status: int, body: bytes, headers: Iterable[Header] = ()) -> None:
    """Send a JSON answer."""
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def html(send: Send, status: int, page: str) -> None:
    """Send a page."""
    body = page.encode()
    headers = [*PAGE_HEADERS, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def redirect(send: Send, to: str, cookie: str) -> None:
    """Send a browser to another page with a cookie."""
    headers = [
        (b"location", to.encode()),
        (b"set-cookie", cookie.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
