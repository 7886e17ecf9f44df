"""The web process. `python -m xixi_workflow.web` runs one by hand, beside or without `xixi up`."""

from __future__ import annotations

import os
import signal
import socket
import sys

import structlog
import uvicorn

from xixi_workflow import clock, wiring
from xixi_workflow.engine.desk import Desk
from xixi_workflow.processes.leash import Leash
from xixi_workflow.processes.spoken import configure_log
from xixi_workflow.processes.token import token_of
from xixi_workflow.settings import Settings
from xixi_workflow.store.connect import StoreError
from xixi_workflow.web.app import make_app
from xixi_workflow.web.commit_sizes import CommitSizes
from xixi_workflow.web.observer import Observer

log = structlog.get_logger()

#: Seconds that requests under way get when the service stops.
GRACE = 5


def main() -> int:
    """Answer HTTP until SIGTERM or SIGINT. Returns the exit code."""
    leash = Leash()
    settings = Settings()
    configure_log(settings)
    leash.wait()
    try:
        token = token_of(settings)
        engine = wiring.open_engine(settings, now=clock.now())
    except (StoreError, OSError, ValueError) as error:
        log.error("web_cannot_start", problem=str(error))
        return 1
    sizes = CommitSizes()
    desk = Desk(engine, clock.now, told=sizes.told)
    observer = Observer(engine, settings.prefect_api_url)
    observer.start()
    app = make_app(engine, desk, observer, sizes, settings, token)
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
        _Server(config, leash).run(sockets=[listener])
    finally:
        observer.stop()
        desk.close()
        engine.store.close()
    return 0


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, leash: Leash) -> None:
        super().__init__(config)
        self._leash = leash

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._leash.ready()


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
