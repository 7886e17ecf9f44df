"""The web process. `python -m xixi_workflow.web` runs one by hand, beside or without `xixi up`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

import structlog
import uvicorn

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.policy_folder import PolicyFolderError
from xixi_workflow.adapters.senders_file import SendersError
from xixi_workflow.engine.desk import Desk
from xixi_workflow.engine.handle import Engine
from xixi_workflow.processes.leash import Leash
from xixi_workflow.processes.preparation import put_in_force
from xixi_workflow.processes.spoken import configure_log
from xixi_workflow.processes.token import token_of
from xixi_workflow.settings import Settings
from xixi_workflow.store.connect import StoreError
from xixi_workflow.web.app import make_app
from xixi_workflow.web.commit_sizes import CommitSizes
from xixi_workflow.web.duty_feed import PATH as DUTY
from xixi_workflow.web.duty_feed import DutyFeed
from xixi_workflow.web.observer import Observer
from xixi_workflow.web.webhooks import PATH as SMS
from xixi_workflow.web.webhooks import Webhooks

log = structlog.get_logger()

#: Exit code: the database, the configuration or a file cannot be used.
UNUSABLE = 4
#: Seconds that requests under way get when the service stops.
GRACE = 5


def main() -> int:
    """Answer HTTP until SIGTERM or SIGINT. Returns the exit code."""
    leash = Leash()
    settings = Settings()
    configure_log(settings)
    try:
        token = token_of(settings)
        callers = wiring.callers(settings)
        engine = wiring.open_engine(settings, now=clock.now(), upgrade=True)
    except PolicyFolderError as error:
        return _give_up(leash, f"the configuration cannot be used; xixi config check tells more\n{error}")
    except (SendersError, StoreError, OSError, ValueError) as error:
        return _give_up(leash, str(error))
    sizes = CommitSizes()
    desk = Desk(engine, clock.now, told=sizes.told)
    observer = Observer(engine, settings.prefect_api_url)
    observer.start()
    webhooks = Webhooks(engine, callers, clock.now, settings.language)
    app = make_app(
        engine,
        desk,
        observer,
        sizes,
        settings,
        token,
        {SMS: webhooks, DUTY: DutyFeed(engine, token, clock.now, settings.language)},
    )
    listener = _listener(settings)
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,  # it would hold tokens and numbers
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=30,
        backlog=1024,
    )
    try:
        _Server(config, lambda: _begin(leash, engine, settings)).run(sockets=[listener])
    finally:
        observer.stop()
        webhooks.close()
        desk.close()
        engine.store.close()
    return 0


class _Server(uvicorn.Server):
    """Calls `begun` when it answers."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._begun()


def _begin(leash: Leash, engine: Engine, settings: Settings) -> None:
    """Say that we answer, and see to the configuration folder beside the first requests."""
    told = leash.tell(ready={"database": engine.store.shown, "policy": engine.policies.in_force.version})
    if told:
        threading.Thread(target=_put_in_force, args=(leash, engine, settings), name="policy", daemon=True).start()


def _put_in_force(leash: Leash, engine: Engine, settings: Settings) -> None:
    before = engine.policies.in_force.version
    try:
        problems, gaps = put_in_force(engine, settings, now=clock.now())
    except Exception as error:
        # The database has gone away since; the folder is looked at again at the next start.
        log.exception("policy_not_published")
        problems, gaps = [type(error).__name__], []
    version = engine.policies.in_force.version
    if problems:
        leash.tell(problems=problems, policy=version)
    elif version != before:
        leash.tell(policy=version)
    if gaps:
        leash.tell(gaps=gaps)


def _give_up(leash: Leash, problem: str) -> int:
    if not leash.tell(failed=problem):
        log.error("web_cannot_start", problem=problem)
    return UNUSABLE


def _listener(settings: Settings) -> socket.socket:
    """The socket that `xixi up` has opened for us, or one of our own."""
    inherited = os.environ.get("XIXI_LISTEN_FD")
    if inherited:
        return socket.socket(fileno=int(inherited))
    return socket.create_server((settings.host, settings.port), backlog=1024)


if __name__ == "__main__":
    # Until the server takes over, a stop is a stop.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main())
