"""The only room that tells the time, and the alarm clock that stands in it.

The alarm sleeps until the next petition can change by itself (`petition.wake_at`) and then rings the sweep. It is
woken early by the bell when a nearer alarm is committed, by this process or another, and looks by itself at least
every `COARSE` seconds, so that a lost bell costs a second and no more. A machine that slept, or a clock that was
stepped, is noticed at that look; the sweep dates everything at its due moment anyway.

It has its own process in the service: a busy page shares no interpreter lock with it (measured: 1 ms late alone,
18 ms beside a busy thread).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

log = structlog.get_logger()

#: Seconds between two looks without a bell.
COARSE = 1.0
#: Pause before ringing again for what a ring has left due: another service is just doing it.
AGAIN = timedelta(milliseconds=20)


def now() -> datetime:
    """The present moment, aware UTC."""
    return datetime.now(UTC)


class AlarmClock:
    """Rings `ring` at the instants that `next_alarm` names.

    `ring(now)` does whatever is due and may be called too early, too late or twice. `next_alarm()` asks the database.
    `wait(seconds)` waits for the bell. A ring that fails is logged and tried again a second later: the alarm never dies
    of a database that was away.
    """

    def __init__(
        self,
        ring: Callable[[datetime], None],
        next_alarm: Callable[[], datetime | None],
        wait: Callable[[float], bool],
    ) -> None:
        self._ring = ring
        self._next_alarm = next_alarm
        self._wait = wait
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._stopping = threading.Lock()
        self._failing: dict[str, str] = {}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            # A ring may be armed while the last one is not quite over; of only one, APScheduler would drop the next.
            # The executor's single thread keeps them apart all the same.
            job_defaults={"coalesce": True, "max_instances": 3, "misfire_grace_time": None},
        )
        self._listener = threading.Thread(target=self._listen, name="bell", daemon=True)

    def start(self) -> None:
        """Ring once for what fell due while nobody looked, then keep time until `stop`."""
        self._scheduler.start()
        self._arm(now())
        self._listener.start()

    def stop(self) -> None:
        """Finish the ring under way and stop. Stopping twice does no harm."""
        self._stop.set()
        with self._lock:
            # The ring under way has finished and armed nothing; from here on nobody does. A scheduler that shuts down
            # holds the very lock that arming needs, and waits for the ring.
            if self._scheduler.running:
                # It is not to be in the middle of a job when it shuts down: it would look for it in vain.
                self._scheduler.remove_all_jobs()
        with self._stopping:
            if self._scheduler.running:
                self._scheduler.shutdown(wait=True)
        self._listener.join(timeout=2 * COARSE)

    def _arm(self, at: datetime) -> None:
        # Adding replaces the one job and wakes the scheduler's thread, which then reads the time anew.
        self._scheduler.add_job(self._go, DateTrigger(at), id="alarm", replace_existing=True)

    def _go(self) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            try:
                self._ring(now())
                following = self._next_alarm()
                self._went("alarm")
            except Exception as error:
                self._went("alarm", error)
                following = now() + timedelta(seconds=COARSE)
            if following is not None and not self._stop.is_set():
                # What is still due after a ring is in another's hands; asking without a pause would only delay it.
                self._arm(max(following, now() + AGAIN))

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._wait(COARSE)
            except Exception as error:
                # Deaf, not blind: it goes on looking.
                self._went("bell", error)
                self._stop.wait(COARSE)
            # The lock: while a ring is under way the alarm is unarmed, and it arms itself from what it finds then.
            with self._lock:
                if self._stop.is_set():
                    return
                try:
                    following = self._next_alarm()
                except Exception as error:
                    self._went("look", error)
                    continue
                self._went("look")
                job = self._scheduler.get_job("alarm")
                if following is None:
                    continue
                # Due already although armed: the machine slept or the clock was set, and the scheduler's thread waits
                # for a moment that has passed.
                if job is None or job.next_run_time is None or following < max(job.next_run_time, now()):
                    self._arm(following)

    def _went(self, what: str, error: Exception | None = None) -> None:
        """Log a failure when it begins and when it ends: a database that is away would fill the log every second."""
        name = type(error).__name__ if error is not None else ""
        if name != self._failing.get(what, ""):
            self._failing[what] = name
            if error is not None:
                log.error("alarm_failing", what=what, error=name, exc_info=error)
            else:
                log.info("alarm_works_again", what=what)
