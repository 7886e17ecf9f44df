"""The clock process: the alarm clock over the sweep, the delivery of messages, and a sign of life every two seconds.

It also audits once a minute and pings the heartbeat outside, as a flow does: neither trusts the other to be alive, and
two pings do no harm.

It is a process of its own because a busy page must not make a deadline late. One may be run by hand
(`python -m xixi_workflow.processes.timekeeper`); any number may run on one database, the rows are claimed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.port import Sender
from xixi_workflow.adapters.senders_file import SendersError
from xixi_workflow.engine import audit
from xixi_workflow.engine.deliver import deliver
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.letters import read_letters
from xixi_workflow.engine.report_breaches import BreachReporter
from xixi_workflow.engine.sweep import BATCH, sweep
from xixi_workflow.processes.leash import Leash
from xixi_workflow.processes.pulse import Tally
from xixi_workflow.processes.spoken import configure_log
from xixi_workflow.settings import Settings
from xixi_workflow.store import board
from xixi_workflow.store.connect import StoreError

log = structlog.get_logger()

#: Seconds between two looks at the outbox when nobody has rung.
DELIVERY_EVERY: Final = 1.0
BEAT_EVERY: Final = 2.0
AUDIT_EVERY: Final = 60.0
#: Seconds after which a letter is taken over that the web process has kept and not read.
LETTERS_EVERY: Final = 5.0
#: A clock that has just started leaves the first audit until then.
SETTLED_AFTER: Final = timedelta(seconds=20)
#: Seconds that one sweep should take, and that it then leaves to others: SQLite has one writer, and those who file
#: petitions wait for it (with sweeps of a thousand they waited for two seconds).
TURN: Final = 0.012
YIELD: Final = 0.003
#: Petitions that a sweep takes at least.
FEWEST: Final = 20
#: A database that is away is asked again after 1 s, 2 s … up to this.
LONGEST_PAUSE: Final = 15.0


def main() -> int:
    """Keep time until SIGTERM or SIGINT. Returns the exit code."""
    leash = Leash()
    settings = Settings()
    configure_log(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread of its own: setting an event in the thread that waits for it can lock up.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    try:
        channels = wiring.senders(settings)
        engine = wiring.open_engine(settings, now=clock.now())
    except (SendersError, StoreError) as error:
        if not leash.tell(failed=str(error)):
            log.error("clock_cannot_start", problem=str(error))
        return 1
    with contextlib.closing(engine.store):
        Timekeeper(engine, settings, channels).run(stop)
    return 0


class Timekeeper:
    """The threads of the clock process around one engine."""

    def __init__(self, engine: Engine, settings: Settings, channels: Mapping[str, Sender]) -> None:
        self._engine = engine
        self._settings = settings
        self._channels = channels
        self._heartbeat = wiring.heartbeat(settings)
        self._began = clock.now()
        self._tally = Tally(pid=os.getpid(), now=self._began)
        # The service's own name outlives the process: one that was restarted takes over its predecessor's row.
        self._name = f"clock@{os.environ.get('XIXI_INSTANCE') or f'{socket.gethostname()}:{os.getpid()}'}"
        self._mail = threading.Event()
        self._stop = threading.Event()
        self._limit = 100
        self._reporter: BreachReporter | None = None

    def run(self, stop: threading.Event) -> None:
        """Keep time until `stop` is set; what was begun is finished."""
        store = self._engine.store
        if self._settings.prefect_api_url:
            from xixi_workflow.adapters.prefect_api import PrefectApi

            self._reporter = BreachReporter(PrefectApi(self._settings.prefect_api_url))
        try:
            store.bell.listen()
        except Exception as error:
            # Deaf until the bell mends itself; the alarm looks every second anyway.
            log.warning("bell_not_heard", error=type(error).__name__)
        alarm = clock.AlarmClock(self._ring, lambda: board.next_alarm(store), self._listen)
        threads = [
            threading.Thread(target=self._every, args=(BEAT_EVERY, self._stop, self._beat), name="heart"),
            threading.Thread(target=self._every, args=(DELIVERY_EVERY, self._mail, self._deliver), name="delivery"),
            threading.Thread(target=self._every, args=(AUDIT_EVERY, self._stop, self._audit), name="auditor"),
            threading.Thread(target=self._every, args=(LETTERS_EVERY, self._stop, self._letters), name="letters"),
        ]
        # The first petition must not wait for the category rules to be compiled.
        self._engine.policies.router(self._engine.policies.in_force.version)
        alarm.start()
        for thread in threads:
            thread.start()
        stop.wait()
        self._stop.set()
        self._mail.set()
        alarm.stop()
        for thread in threads:
            thread.join(timeout=10)
        if self._reporter is not None:
            self._reporter.close()
        with contextlib.suppress(Exception):
            board.take_leave(store, self._name)

    def _ring(self, now: datetime) -> None:
        more = True
        while more and not self._stop.is_set():
            began = time.monotonic()
            swept = sweep(self._engine, now=now, limit=self._limit)
            spent = time.monotonic() - began
            if swept.more:
                self._limit = min(max(int(self._limit * TURN / spent), FEWEST), BATCH)
                time.sleep(YIELD)
            now = clock.now()
            self._tally.swept(swept, now=now)
            more = swept.more
            if swept.looked:
                self._mail.set()
                if self._reporter is not None:
                    self._reporter.notice(swept.facts)

    def _listen(self, seconds: float) -> bool:
        """Who rings may have put something into the outbox as well."""
        rang = self._engine.store.bell.wait(seconds)
        if rang:
            self._mail.set()
        return rang

    def _deliver(self) -> None:
        self._mail.clear()
        more = True
        while more and not self._stop.is_set():
            delivered = deliver(
                self._engine,
                self._channels,
                now=clock.now(),
                in_flight=self._settings.sms_in_flight,
                stopping=self._stop.is_set,
            )
            self._tally.delivered(delivered)
            more = delivered.more

    def _beat(self) -> None:
        engine = self._engine
        version = engine.policies.refresh().version
        pulse = self._tally.pulse(policy=version, next_alarm=board.next_alarm(engine.store))
        board.beat(engine.store, self._name, pulse, now=clock.now())

    def _letters(self) -> None:
        left_for = timedelta(seconds=LETTERS_EVERY)
        while read_letters(self._engine, now=clock.now(), left_for=left_for).more and not self._stop.is_set():
            pass

    def _audit(self) -> None:
        if clock.now() - self._began < SETTLED_AFTER:
            # What fell due while nobody kept time is just being made up for.
            self._stop.wait(SETTLED_AFTER.total_seconds())
        if self._stop.is_set():
            return
        findings = audit.audit(self._engine, now=clock.now())
        self._tally.audited(audit.by_kind(findings), now=clock.now())
        if self._heartbeat is not None:
            self._heartbeat.beat(audit.alarming(findings))

    def _every(self, seconds: float, event: threading.Event, do: Callable[[], None]) -> None:
        """Do it now, then every `seconds` or when `event` is set, until the end. A failure is told once."""
        failing = ""
        pause = seconds
        while not self._stop.is_set():
            try:
                do()
                if failing:
                    log.info("works_again", what=do.__name__.strip("_"))
                failing, pause = "", seconds
            except Exception as error:
                if type(error).__name__ != failing:
                    failing = type(error).__name__
                    log.exception("failing", what=do.__name__.strip("_"), error=failing)
                pause = min(2 * pause, LONGEST_PAUSE)
                self._stop.wait(pause)
                continue
            event.wait(pause)


if __name__ == "__main__":
    sys.exit(main())
