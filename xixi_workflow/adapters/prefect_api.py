"""A Prefect server seen from outside: is it there, and please start this run.

Importing Prefect's own client takes two to three seconds and a call of it can wait for minutes on a server that hangs.
Those who only want to ask something (the clock process, the status page) use this file: plain HTTP, a bound on every
call, and a breaker that stops asking a server which does not answer. Nothing here raises for a server's sake: what
Prefect shows is a window on the work, never a part of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
import structlog

log = structlog.get_logger()

#: Seconds that one call may take in all, whatever it has to ask.
BOUND: Final = 2.0
#: After a failure nothing is asked for 1 s, then 2, 4 … up to a minute.
LONGEST_BREAK: Final = 60.0
#: The server changes at most this many runs in one request (its own limit).
_BULK: Final = 50
#: Requests of one clearing-up; what is left then, a day of a minute's schedule, is run after all.
_MOST_ROUNDS: Final = 30
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class PrefectApi:
    """One Prefect server, named by its API's address (`http://127.0.0.1:4200/api`). Safe to use from several threads.

    `auth` is the server's `user:password`, where it has one.
    """

    def __init__(self, url: str, auth: str = "", *, bound: float = BOUND) -> None:
        self.url = url.rstrip("/")
        self._auth = httpx.BasicAuth(*auth.split(":", 1)) if ":" in auth else None
        self._bound = bound
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._deployments: dict[str, str] = {}
        self._failures = 0
        self._open_again = 0.0

    @property
    def resting(self) -> float:
        """Seconds for which nothing will be asked, because the server did not answer lately; 0 when it did."""
        return max(0.0, self._open_again - time.monotonic())

    def healthy(self) -> bool:
        """Whether the server says that it is well; asks even while others rest, and ends their rest if so."""
        answer = self._ask("GET", "/health", time.monotonic() + self._bound, even_while_resting=True)
        return answer is not None and answer.status_code == 200

    def start(
        self,
        deployment: str,
        parameters: dict[str, Any],
        *,
        run_name: str = "",
        tags: Sequence[str] = (),
        idempotency_key: str = "",
    ) -> str | None:
        """Ask for a run of `deployment` (`flow/name`) now; the run's id, or None when there is none to expect.

        The same `idempotency_key` again gets the same run. None also when the server refuses the parameters, which is
        logged with its reason.
        """
        until = time.monotonic() + self._bound
        known = deployment in self._deployments
        target = self._find(deployment, until)
        if target is None:
            return None
        wanted: dict[str, Any] = {"parameters": parameters}
        if run_name:
            wanted["name"] = run_name
        if tags:
            wanted["tags"] = list(tags)
        if idempotency_key:
            wanted["idempotency_key"] = idempotency_key
        answer = self._ask("POST", f"/deployments/{target}/create_flow_run", until, wanted)
        if answer is not None and answer.status_code == 404:
            # Deleted, perhaps made anew since: its id is no longer the one that we remember.
            self._deployments.pop(deployment, None)
            return (
                self.start(deployment, parameters, run_name=run_name, tags=tags, idempotency_key=idempotency_key)
                if known
                else None
            )
        run = _object(answer, deployment)
        return None if run is None else str(run.get("id"))

    def skip_late(self, deployments: Sequence[str], before: datetime) -> int:
        """Cancel scheduled runs of `deployments` that should have started before `before` and that nobody started.

        After an hour without a runner there are sixty runs of a minute's schedule: each would do what the first does.
        Returns how many were cancelled.
        """
        skipped = 0
        for _ in range(_MOST_ROUNDS):
            until = time.monotonic() + self._bound
            ids = [found for name in deployments if (found := self._find(name, until)) is not None]
            if not ids:
                return skipped
            late = {
                "deployment_id": {"any_": ids},
                # PENDING: taken by a runner that died before it began.
                "state": {"type": {"any_": ["SCHEDULED", "PENDING"]}},
                "expected_start_time": {"before_": before.isoformat()},
                # What a person has asked for is never too late.
                "tags": {"all_": ["auto-scheduled"]},
            }
            state = {"type": "CANCELLED", "name": "Skipped", "message": "nobody was there to run it in time"}
            wanted = {"flow_runs": late, "state": state, "limit": _BULK}
            done = _object(self._ask("POST", "/flow_runs/bulk_set_state", until, wanted), "skip_late")
            results = [] if done is None else done.get("results", [])
            skipped += len(results)
            if len(results) < _BULK:
                break
        return skipped

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _find(self, deployment: str, until: float) -> str | None:
        found = self._deployments.get(deployment)
        if found is None:
            answer = self._ask("GET", f"/deployments/name/{quote(deployment, safe='/')}", until)
            if answer is not None and answer.status_code == 404:
                log.debug("prefect_deployment_missing", deployment=deployment)
                return None
            what = _object(answer, deployment)
            if what is None:
                return None
            found = self._deployments[deployment] = str(what.get("id"))
        return found

    def _ask(
        self, method: str, path: str, until: float, body: dict[str, Any] | None = None, even_while_resting: bool = False
    ) -> httpx.Response | None:
        """One request; None when the server is resting, away, too slow or out of order."""
        left = until - time.monotonic()
        if left <= 0 or (self.resting and not even_while_resting):
            return None
        try:
            answer = self._connected().request(method, self.url + path, json=body, timeout=left)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            self._failed(type(error).__name__)
            return None
        if answer.status_code >= 500:
            self._failed(f"HTTP {answer.status_code}")
            return None
        if self._failures:
            log.info("prefect_answers_again", url=self.url)
        self._failures, self._open_again = 0, 0.0
        return answer

    def _connected(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                parts = urlsplit(self.url)
                # Reading the certificates takes 50 ms that plain HTTP has no use for, and nobody's proxy stands
                # between this machine and itself.
                self._client = httpx.Client(
                    auth=self._auth, verify=parts.scheme == "https", trust_env=parts.hostname not in _LOOPBACK
                )
            return self._client

    def _failed(self, why: str) -> None:
        if self._failures == 0:
            log.warning("prefect_does_not_answer", url=self.url, error=why)
        self._open_again = time.monotonic() + min(LONGEST_BREAK, 2.0 ** min(self._failures, 10))
        self._failures += 1


def _object(answer: httpx.Response | None, about: str) -> dict[str, Any] | None:
    """The JSON object of a good answer; anything else is logged."""
    if answer is None:
        return None
    if answer.is_success:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
    # Prefect's own words on what is wrong with a parameter; the parameters themselves are not repeated.
    log.warning("prefect_refused", about=about, status=answer.status_code, reason=answer.text[:300])
    return None
