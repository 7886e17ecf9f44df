"""`xixi up`: starts the processes of one service, watches over them and ends them.

Order of events, chosen so that HTTP is answered in two to three seconds and nobody waits for Prefect:

1. The port is taken. A browser that comes now waits instead of being refused, and so does one that comes while the web
   process is started again.
2. The web process starts, has the processor for itself, migrates the database and answers.
3. The clock process starts, and Prefect's server. The web process puts the configuration folder in force if it has
   changed.
4. When Prefect answers, the deployments are served.

A part that dies is said to have died and is started again, with growing pauses. Ctrl-C or SIGTERM ends all of them,
the second time without asking. When this process itself is killed, `guard.py` ends them.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

from xixi_workflow.processes.listener import LOOPBACK, CannotStart, bound, shown
from xixi_workflow.processes.part import Guard, Part
from xixi_workflow.processes.prefect_environment import api_url, prefect_environment, prefect_home
from xixi_workflow.processes.sayings import say
from xixi_workflow.processes.token import token_file, token_of
from xixi_workflow.settings import Settings

#: Seconds that parts get to end in good order.
GRACE: Final = 8.0
#: Seconds after which the others are started even though the web has not said that it answers: the clock must not stand
#: still because a page cannot be shown.
REST_AFTER: Final = 60.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """One running service. `tell` prints a line for the operator; `warn` prints one that something is wrong."""

    def __init__(self, settings: Settings, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._warn = warn
        self._selector = selectors.DefaultSelector()
        self._asked_to_end = 0
        self._parts: dict[str, Part] = {}
        self._prefect_answers = threading.Event()
        #: The web has answered once; everything has been started.
        self._greeted = self._complete = False

    def run(self) -> None:
        """Keep the service running until a signal asks for its end.

        Raises `CannotStart` when it cannot start.
        """
        with contextlib.ExitStack() as stack:
            wake = stack.enter_context(self._signals())
            stack.callback(self._selector.close)
            listener = stack.enter_context(bound(self._settings.host, self._settings.port, "--port"))
            self._host, self._port = listener.getsockname()[:2]
            self._prefect_port = self._settings.prefect_port
            if self._settings.prefect and not self._settings.prefect_api_url:
                with bound(LOOPBACK, self._prefect_port, "--prefect-port") as probe:
                    self._prefect_port = probe.getsockname()[1]
            environment = self._environment()
            self._guard = Guard(sys.executable)
            stack.callback(self._guard.close)
            stack.callback(self._end)
            self._declare(environment, listener)
            self._start("web")
            self._watch(wake)

    # --- before the first answer ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """A socket that becomes readable with every signal; what they ask for is counted."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)

        def ask(_number: int, _frame: FrameType | None) -> None:
            self._asked_to_end += 1

        before = {number: signal.getsignal(number) for number in (*_ENDING, signal.SIGCHLD)}
        for number in _ENDING:
            # Started with nohup, it is meant to outlive the terminal.
            if not (number == signal.SIGHUP and before[number] == signal.SIG_IGN):
                signal.signal(number, ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        woken_before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            ours.close()
            theirs.close()

    def _environment(self) -> dict[str, str]:
        """The settings as our processes find them in their environment."""
        settings = self._settings
        given: dict[str, str] = {}
        try:
            settings.state_dir.mkdir(parents=True, exist_ok=True)
            token = token_of(settings)
            if settings.prefect:
                prefect_home(settings.state_dir).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"cannot write {error.filename}: {error.strerror}") from None
        except ValueError as error:
            raise CannotStart(str(error)) from None
        url = settings.prefect_api_url
        if settings.prefect and not url:
            url = api_url(LOOPBACK, self._prefect_port)
        if settings.config is not None:
            given["XIXI_CONFIG"] = str(settings.config)
        self._token = token
        return given | {
            "XIXI_DATABASE_URL": settings.database_url,
            "XIXI_HOST": self._host,
            "XIXI_PORT": str(self._port),
            "XIXI_LANGUAGE": settings.language,
            "XIXI_LOG_LEVEL": settings.log_level,
            "XIXI_PREFECT": str(settings.prefect).lower(),
            "XIXI_PREFECT_API_URL": url if settings.prefect else "",
            "XIXI_STATE_DIR": str(settings.state_dir),
            "XIXI_INSTANCE": f"{socket.gethostname()}:{os.getpid()}",
        }

    def _declare(self, environment: dict[str, str], listener: socket.socket) -> None:
        """Say what there is to start."""
        settings, python = self._settings, sys.executable
        logs = settings.state_dir
        # The token is for the web process alone.
        listening = {**environment, "XIXI_TOKEN": self._token, "XIXI_LISTEN_FD": str(listener.fileno())}
        self._parts = {
            "web": Part(
                "web", [python, "-m", "xixi_workflow.web"], listening, leashed=True, pass_fds=[listener.fileno()]
            ),
            "clock": Part("clock", [python, "-m", "xixi_workflow.processes.timekeeper"], environment, leashed=True),
        }
        if not settings.prefect:
            return
        if not settings.prefect_api_url:
            alone = prefect_environment(settings.state_dir, given=os.environ)
            where = ["--host", LOOPBACK, "--port", str(self._prefect_port)]
            command = [python, "-m", "prefect", "server", "start", *where]
            log = logs / "prefect-server.log"
            self._parts["prefect"] = Part("prefect", command, alone, leashed=False, log_file=log)
        client = prefect_environment(settings.state_dir, api_url=environment["XIXI_PREFECT_API_URL"], given=os.environ)
        self._parts["flows"] = Part(
            "flows",
            [python, "-m", "flows.serve"],
            {**environment, **client},
            leashed=False,
            log_file=logs / "flows.log",
        )

    # --- while it runs ----------------------------------------------------------------------------------------------

    def _watch(self, wake: socket.socket) -> None:
        self._selector.register(wake, selectors.EVENT_READ)
        began = time.monotonic()
        while not self._asked_to_end:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is wake:
                    with contextlib.suppress(BlockingIOError):
                        while wake.recv(64):
                            pass
                    continue
                told = key.data.hear()
                if told is None:
                    self._selector.unregister(key.fileobj)
                for one in told or ():
                    self._listen(key.data, one)
            if self._asked_to_end:
                return
            self._bury()
            if time.monotonic() - began > REST_AFTER:
                self._start_the_rest()
            for name, part in self._parts.items():
                if part.due is not None and part.due <= time.monotonic():
                    self._start(name)
            if self._prefect_answers.is_set():
                self._prefect_answers.clear()
                self._tell(say("prefect_answers", self._settings.language))
                self._start("flows")

    def _listen(self, part: Part, told: dict[str, Any]) -> None:
        """Pass on what a part has told us."""
        language = self._settings.language
        if "failed" in told:
            if part.name == "web" and not self._greeted:
                raise CannotStart(told["failed"])
            self._warn(f"{part.name}: {told['failed']}")
        if "ready" in told and part.name == "web":
            if not self._greeted:
                self._greet(**told["ready"])
            self._start_the_rest()
        if "problems" in told:
            self._warn(say("not_published", language, version=told["policy"]))
            for problem in told["problems"]:
                self._warn(f"  {problem}")
        elif "gaps" in told:
            self._warn(say("gaps", language))
            for gap in told["gaps"]:
                self._warn(f"  {gap}")
        elif "policy" in told:
            self._tell(say("policy", language, what=told["policy"]))

    def _greet(self, database: str, policy: int) -> None:
        self._greeted = True
        settings, language = self._settings, self._settings.language
        prefect = settings.prefect_api_url or api_url(LOOPBACK, self._prefect_port)
        given = bool(settings.token.get_secret_value())
        self._tell(say("running", language))
        for name, what in (
            ("page", f"http://{shown(self._host)}:{self._port}/"),
            ("token", say("token_given", language) if given else token_file(settings)),
            ("database", database),
            ("policy", policy),
            ("prefect", prefect.removesuffix("/api") if settings.prefect else say("no_prefect", language)),
        ):
            self._tell(say(name, language, what=what))

    def _start_the_rest(self) -> None:
        """The web answers and the database has its tables: now the others may have the processor."""
        if self._complete:
            return
        self._complete = True
        self._start("clock")
        if "prefect" in self._parts:
            self._start("prefect")
        if "flows" in self._parts:
            url = self._settings.prefect_api_url or api_url(LOOPBACK, self._prefect_port)
            threading.Thread(target=self._await_prefect, args=(url,), daemon=True).start()

    def _patience(self) -> float:
        """Seconds to sleep when nothing happens."""
        dues = [part.due - time.monotonic() for part in self._parts.values() if part.due is not None]
        return max(0.0, min([1.0, *dues]))

    def _start(self, name: str) -> None:
        part = self._parts[name]
        try:
            part.start(self._guard)
        except OSError as error:
            part.due = time.monotonic() + 5.0
            self._warn(f"{name}: {error.strerror}")
            return
        if part.leash is not None:
            self._selector.register(part.leash, selectors.EVENT_READ, part)

    def _bury(self) -> None:
        for part in self._parts.values():
            leash = part.leash
            how = part.buried(self._guard)
            if how is None:
                continue
            if leash is not None:
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(leash)
            pause = max(0.0, (part.due or 0.0) - time.monotonic())
            log = say("see_log", self._settings.language, file=part.log_file) if part.log_file else ""
            self._warn(say("died", self._settings.language, part=part.name, how=how, pause=f"{pause:.1f}") + log)

    def _await_prefect(self, url: str) -> None:
        """Until the server answers; in a thread of its own, because a server that hangs must not hang us."""
        while not self._asked_to_end:
            with (
                contextlib.suppress(OSError, ValueError),
                urllib.request.urlopen(f"{url}/health", timeout=2.0) as answer,
            ):
                if answer.status == 200:
                    self._prefect_answers.set()
                    # Any signal that is handled anyway wakes the main thread.
                    os.kill(os.getpid(), signal.SIGCHLD)
                    return
            time.sleep(0.5)

    # --- the end ----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """End every part: those that work with Prefect before its server, so that they can still tell it."""
        if self._asked_to_end and self._greeted:
            self._tell(say("ending", self._settings.language))
        until = time.monotonic() + GRACE
        first = [part for name, part in self._parts.items() if name != "prefect"]
        last = [part for name, part in self._parts.items() if name == "prefect"]
        for group in (first, last):
            for part in group:
                part.ask_to_end()
            # Asked twice, it is meant at once.
            while sum(not part.has_ended(self._guard) for part in group):
                if self._asked_to_end > 1 or time.monotonic() > until:
                    break
                time.sleep(0.02)
            for part in group:
                part.kill(self._guard)
