"""What the web process knows of the rest of the service, found out beside the requests so that none waits for it.

Two threads look: one at the database (signs of life, a newer policy), one at Prefect. What needs a query over the open
petitions is asked when somebody wants to see it, at most every two seconds.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec
import structlog

from xixi_workflow import clock
from xixi_workflow.core.lifecycle import OPEN
from xixi_workflow.core.petition import Clock, Petition
from xixi_workflow.engine.handle import PUT_OFF_FOR, Engine
from xixi_workflow.processes.pulse import Pulse, decode_pulse
from xixi_workflow.store import board, boards, contacts
from xixi_workflow.store.board import Trouble
from xixi_workflow.store.contacts import Waiting

log = structlog.get_logger()

DATABASE_EVERY: Final = 2.0
PREFECT_EVERY: Final = 5.0
#: A look at the database that takes longer than this counts as "the database is away".
STUCK_AFTER: Final = 10.0
#: A clock that has not written for this long no longer counts as alive: three of its beats.
SILENT_AFTER: Final = timedelta(seconds=6)
#: Seconds in which a clock process that starts with the web may take its first breath.
SETTLED_AFTER: Final = 20.0
FRESH_FOR: Final = 2.0
#: Messages that failed are counted about petitions filed since then.
_LOOK_BACK: Final = timedelta(days=45)
#: Rows of each list on the page.
SHOWN: Final = 12

ClockState = Literal["on_time", "due_soon", "overdue", "paused"]
CLOCK_STATES: Final[tuple[ClockState, ...]] = ("overdue", "due_soon", "on_time", "paused")
PrefectState = Literal["unused", "unknown", "answers", "silent"]


class Beating(NamedTuple):
    """A clock process and its last sign of life."""

    name: str
    at: datetime
    alive: bool
    pulse: Pulse


class Running(NamedTuple):
    """One open clock of an open petition."""

    petition: Petition
    clock: Clock
    state: ClockState


class Overview(NamedTuple):
    """The open petitions at a moment."""

    at: datetime
    #: Open petitions by the worst state among their clocks.
    open: dict[ClockState, int]
    states: dict[str, int]
    #: Clocks by name and state.
    clocks: dict[str, dict[ClockState, int]]
    overdue: list[Running]
    due_soon: list[Running]
    outbox: dict[str, int]
    oldest_message: datetime | None
    letters: Waiting
    trouble_count: int
    troubles: list[Trouble]
    policy: tuple[int, datetime] | None


class Observer:
    """Looks around for the web process. Start it once the database may be used."""

    def __init__(self, engine: Engine, prefect_api_url: str, now: Callable[[], datetime] = clock.now) -> None:
        self._engine = engine
        self._now = now
        self._prefect_api_url = prefect_api_url
        self.prefect: PrefectState = "unknown" if prefect_api_url else "unused"
        self.beating: list[Beating] = []
        self._database_ok = True
        self._looked = self._began = time.monotonic()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._overview: Overview | None = None
        self._overview_at = 0.0

    def start(self) -> None:
        """Look once and go on looking beside the requests."""
        self._look()
        threading.Thread(target=self._watch, args=(DATABASE_EVERY, self._look), name="observer", daemon=True).start()
        if self._prefect_api_url:
            threading.Thread(target=self._watch_prefect, name="prefect", daemon=True).start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()

    @property
    def database_answers(self) -> bool:
        """Whether the last look at the database worked, and was not long ago."""
        return self._database_ok and time.monotonic() - self._looked < STUCK_AFTER

    @property
    def settled(self) -> bool:
        """Whether we have looked for so long that a clock that started with us should have been seen."""
        return time.monotonic() - self._began > SETTLED_AFTER

    @property
    def clock_beats(self) -> bool:
        """Whether a clock process is alive."""
        return any(one.alive for one in self.beating)

    def overview(self) -> Overview:
        """The open petitions, not older than `FRESH_FOR` seconds. Raises as the database does."""
        with self._lock:
            if self._overview is None or time.monotonic() - self._overview_at > FRESH_FOR:
                self._overview = self._survey()
                self._overview_at = time.monotonic()
            return self._overview

    def _survey(self) -> Overview:
        store, now = self._engine.store, self._now()
        first = int((now - _LOOK_BACK).strftime("%Y%m%d")) * 1_000_000
        by_state: Counter[str] = Counter()
        by_worst: Counter[ClockState] = Counter()
        clocks: dict[str, Counter[ClockState]] = {name: Counter() for name in self._engine.policies.in_force.clocks}
        running: dict[ClockState, list[Running]] = {"overdue": [], "due_soon": []}
        for petition in boards.open_petitions(store):
            by_state[petition.state] += 1
            worst: ClockState = "on_time"
            for one in petition.clocks:
                state = state_of(one, now)
                clocks.setdefault(one.name, Counter())[state] += 1
                if state in running and petition.state in OPEN:
                    running[state].append(Running(petition, one, state))
                if CLOCK_STATES.index(state) < CLOCK_STATES.index(worst) or (state == "paused" and worst == "on_time"):
                    worst = state
            if petition.state in OPEN:
                by_worst[worst] += 1
        for rows in running.values():
            rows.sort(key=lambda row: (row.clock.due_at, row.petition.id))
        count, troubles = board.troubles(store, now - 2 * PUT_OFF_FOR)
        return Overview(
            at=now,
            open={state: by_worst[state] for state in CLOCK_STATES},
            states={state: by_state[state] for state in (*OPEN, "resolved")},
            clocks={name: {state: counts[state] for state in CLOCK_STATES} for name, counts in clocks.items()},
            overdue=running["overdue"][:SHOWN],
            due_soon=running["due_soon"][:SHOWN],
            outbox=boards.unsettled_messages(store, first),
            oldest_message=board.oldest_message(store),
            letters=contacts.waiting_counts(store),
            trouble_count=count,
            troubles=troubles,
            policy=board.policy_since(store),
        )

    def _look(self) -> None:
        now = self._now()
        try:
            self._engine.policies.refresh()
            found = [b for b in board.beats(self._engine.store, now=now) if b.name.startswith("clock@")]
        except Exception as error:
            if self._database_ok:
                log.warning("database_away", error=type(error).__name__)
            self._database_ok = False
        else:
            if not self._database_ok:
                log.info("database_back")
            beating = []
            for beat in found:
                try:
                    pulse = decode_pulse(beat.data)
                except msgspec.MsgspecError:
                    # Written by another release that shares the database.
                    continue
                beating.append(Beating(beat.name.removeprefix("clock@"), beat.at, now - beat.at < SILENT_AFTER, pulse))
            self.beating = beating
            self._database_ok = True
        self._looked = time.monotonic()

    def _watch(self, seconds: float, look: Callable[[], None]) -> None:
        while not self._stop.wait(seconds):
            look()

    def _watch_prefect(self) -> None:
        # Asked without the adapter, which would load an HTTP client and log every silence: here it is only shown.
        while True:
            try:
                with urllib.request.urlopen(f"{self._prefect_api_url}/health", timeout=2.0) as answer:
                    self.prefect = "answers" if answer.status == 200 else "silent"
            except (OSError, ValueError):
                self.prefect = "silent" if self.settled else "unknown"
            if self._stop.wait(PREFECT_EVERY):
                return


def state_of(one: Clock, now: datetime) -> ClockState:
    """How a clock stands. Overdue is told by the time, not by whether a sweep has noticed it."""
    if one.breached_at is not None:
        return "overdue"
    if one.paused_at is not None:
        return "paused"
    if one.due_at < now:
        return "overdue"
    return "due_soon" if one.warned else "on_time"
