"""A heartbeat to somebody outside who raises the alarm when it stops: the house may be down and all of it silent.

Speaks the plain form that such services share: a POST to the address says that all is well, a POST to the address
followed by `/fail` says that it is not. Whoever knows the address can silence the alarm, so it is never logged.
"""

from __future__ import annotations

import logging
from typing import Final

import httpx
import structlog

log = structlog.get_logger()

#: Seconds to connect, and to wait for an answer.
PATIENCE: Final = 5.0
# It logs the address of every request at level INFO.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Heartbeat:
    """One address outside. Safe to use from several threads; holds no connection between two beats."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self._url = url
        self._patience = patience

    def beat(self, findings: int) -> bool:
        """Say that all is well, or that `findings` things stayed silent. Whether it was heard; never raises."""
        try:
            url = httpx.URL(self._url)
            if findings:
                # Before the query, where an address has one.
                url = url.copy_with(path=f"{url.path.rstrip('/')}/fail")
            said = f"findings: {findings}\n"
            # Streamed: what it has to say is not read, however long it takes to say it.
            with httpx.stream("POST", url, content=said, timeout=self._patience) as answer:
                heard, status = answer.is_success, answer.status_code
        except Exception as error:
            # Its text may hold the address.
            log.warning("heartbeat_not_heard", error=type(error).__name__)
            return False
        if not heard:
            log.warning("heartbeat_not_heard", status=status)
        return heard
