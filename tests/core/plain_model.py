"""A plain second opinion on petitions, for the machine test.

It keeps lists of what happened and works every date out from them again, by adding; the engine keeps running sums.
It knows round-the-clock clocks only, and reads the policy's raw document, not its compiled form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.core.climbing import COUNCIL
from tests.core.lives import span
from tests.core.policies import MONDAY
from xixi_workflow.core.lifecycle import ENDED, ROW_OF, State

_SOON = timedelta(microseconds=1)


def seconds(text: str) -> timedelta:
    """`24h`, `1d12h`: the spans of a policy document."""
    spaced = "".join(x + " " if x.isalpha() else x for x in text)
    return span(spaced.strip())


#: Nothing repeats for longer that has no `times`.
_LAST = timedelta(days=7)


@dataclass
class Ring:
    """One ring of a ladder, repeats spelled out."""

    after: timedelta
    level: int
    repeated: bool
    everyone: bool


@dataclass
class Run:
    """One run of a clock: from its start until it is settled."""

    name: str
    key: str
    round: int
    start: datetime
    limit: timedelta
    warnings: list[tuple[float, timedelta]]
    lapses: bool
    #: The ladder's steps as in the document, from the breach on.
    steps: list[dict[str, Any]] | None = None
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    #: Granted extensions: when, how much.
    extra: list[tuple[datetime, timedelta]] = field(default_factory=list)
    #: Acknowledgements: the highest level each silenced.
    silenced: int = 0
    #: Who answered each level.
    answered: dict[int, set[str]] = field(default_factory=dict)
    #: The last skip by hand: level, and unpaused time since the breach.
    raised: tuple[int, timedelta] = (0, timedelta())
    given: int = 0

    def reach(self, start: datetime, amount: timedelta, *, rings: bool = False) -> datetime | None:
        """When `amount` of unpaused time since `start` is over; None: not while the pause lasts.

        A pause that begins at the very due instant is in time and moves it; a ring at that instant has rung.
        """
        at = start + amount
        for begin, end in self.pauses:
            if begin > at or (rings and begin == at):
                break
            if end is None:
                return None
            if end > start:
                at += end - max(begin, start)
        return at

    def total(self) -> timedelta:
        """The limit and whatever was granted before it was used up."""
        total = self.limit
        for at, more in self.extra:
            due = self.reach(self.start, total)
            if due is None or at <= due:
                total += more
        return total

    def due(self) -> datetime | None:
        """The due instant; None while a pause keeps it open."""
        return self.reach(self.start, self.total())

    def breached(self, now: datetime) -> bool:
        """Whether it is late at `now`."""
        due = self.due()
        return due is not None and now > due

    def targets(self) -> list[datetime | None]:
        """The instants of the warnings, as they stand."""
        total = self.total()
        amounts = sorted(share * total if share else total - before for share, before in self.warnings)
        return [self.reach(self.start, amount) for amount in amounts]

    def look(self, now: datetime) -> None:
        """Warnings that have come by `now` are given, and stay so."""
        self.given = max(self.given, sum(1 for at in self.targets() if at is not None and at <= now))

    def next(self, now: datetime) -> datetime | None:
        """The next moment after `now` at which time changes something here."""
        due = self.due()
        if due is not None and now > due:
            for ring in self.rings():
                at = self.reach(due, ring.after, rings=True)
                if ring.repeated and self.silent(ring):
                    continue
                if at is None:
                    return None
                if at > now:
                    return at
            return None
        if self.pauses and self.pauses[-1][1] is None:
            return None
        if self.given < len(self.warnings):
            return self.targets()[self.given]
        return due + _SOON if due else None

    def rings(self) -> list[Ring]:
        """Every ring of the ladder that was not passed over, in order; before the breach there is none."""
        raised, since = self.raised
        rings = []
        for step in self.steps or ():
            level, by_hand = step["level"], step["level"] == raised
            start = since if by_hand else seconds(step["after"])
            repeat = seconds(step.get("repeat", "0s"))
            for n in range(by_hand, step.get("times") or (10_000 if repeat else 1)):
                at = start + n * repeat
                if level < raised or (n and "times" not in step and at > _LAST):
                    break
                rings.append(Ring(at, level, n > 0, step.get("everyone", False)))
        return sorted(rings, key=lambda ring: (ring.after, ring.level))

    def silent(self, ring: Ring) -> bool:
        """Whether a repeat need not be heard any more."""
        owed = ring.everyone and not self.answered.get(ring.level, set()) >= set(COUNCIL)
        return ring.level <= self.silenced and not owed

    def rung(self, now: datetime) -> set[int]:
        """Levels that have rung by `now`."""
        due = self.due()
        assert due is not None
        at = [(ring.level, self.reach(due, ring.after, rings=True)) for ring in self.rings()]
        return {level for level, at in at if at is not None and at <= now} | ({self.raised[0]} - {0})

    def acknowledge(self, now: datetime, person: str) -> None:
        """Silence what has rung by `now`."""
        self.silenced = max(self.rung(now), default=0)
        for level in self.rung(now):
            self.answered.setdefault(level, set()).add(person)

    def raise_to(self, level: int, now: datetime) -> None:
        """Skip to `level`, if the ladder has it and has not been there."""
        due = self.due()
        assert due is not None
        if level in {step["level"] for step in self.steps or ()} and level > max(self.rung(now), default=0):
            paused = [(max(begin, due), min(end or now, now)) for begin, end in self.pauses]
            self.raised = level, now - due - sum((e - b for b, e in paused if e > b), timedelta())


@dataclass
class Model:
    """What ought to be true of one petition."""

    document: dict[str, Any]
    received_at: datetime
    surveyable: bool
    #: What a ladder is chosen by.
    category: str = ""
    urgency: str = "normal"
    state: State = "received"
    round: int = 1
    runs: list[Run] = field(default_factory=list)
    #: Last verdict by (clock, key, start): result, due, settled.
    verdicts: dict[tuple[str, str, datetime], tuple[str, datetime, datetime | None]] = field(default_factory=dict)
    hold_until: datetime | None = None
    #: Assisting teams, True once asked.
    assists: dict[str, bool] = field(default_factory=dict)
    #: When the last event or change by time happened.
    last: datetime = MONDAY

    def happens(
        self, event: str, when: datetime, *, team: str = "", lead: str = "", limit: float | None = None
    ) -> None:
        """An event of the table takes place; `team` is the assisting team it is about, `lead` who leads after it.

        `limit` is the deadline that the command sets, in seconds.
        """
        self.last = when
        before, self.state = self.state, ROW_OF[self.state, event].to if event != "file" else "received"
        if event == "dispatch":
            self._end([r for r in self.runs if r.key == lead], when)
            self.assists.pop(lead, None)
        if event in ("rate_dissatisfied", "reopen"):
            self.round += 1
            self._end([r for r in self.runs if r.key], when)
            self.assists = {}
        for run in [r for r in self.runs if not (team and r.key and r.key != team)]:
            shape = self.document["clocks"][run.name]
            if event in shape["meets"]:
                self._settle(run, when, "late" if run.breached(when) else "on_time")
            elif event in shape.get("ends", ()):
                self._end([run], when)
        if self.state in ENDED:
            self._end(self.runs[:], when)
        else:
            self._pause(before, when)
            for name, shape in self.document["clocks"].items():
                if event in shape["starts"]:
                    own = timedelta(seconds=limit) if limit and shape.get("limit_by_command") else None
                    self._start(name, shape, event, when, team, own)
        if self.state != "on_hold":
            self.hold_until = None
        if event == "resolve" and not self.surveyable:
            self.happens("survey_lapses", when)
        if event == "dispatch":
            for name, asked in list(self.assists.items()):
                if not asked:
                    self.assists[name] = True
                    self.happens("ask_assist", when, team=name)

    def time_passes(self, now: datetime) -> None:
        """State changes that time causes, each at its moment."""
        while True:
            lapse = next((r.due() for r in self.runs if r.lapses and r.breached(now)), None)
            if self.hold_until is not None and self.hold_until <= now:
                self._look(self.hold_until)
                self.happens("hold_ends", self.hold_until)
            elif lapse is not None:
                self._look(lapse)
                (run,) = (r for r in self.runs if r.lapses)
                self._settle(run, lapse, "lapsed")
                # Other clocks see the lapse at the microsecond at which it is certain.
                self._breaches(lapse + _SOON)
                self.happens("survey_lapses", lapse)
            else:
                self._look(now)
                self._breaches(now)
                return

    def wake_at(self, now: datetime, filed_at: datetime) -> datetime | None:
        """When time alone next changes something."""
        if self.state == "received":
            return filed_at
        return min((at for at in (self.hold_until, *(r.next(now) for r in self.runs)) if at is not None), default=None)

    def _look(self, now: datetime) -> None:
        for run in self.runs:
            run.look(now)

    def _breaches(self, now: datetime) -> None:
        for run in self.runs:
            due = run.due()
            if due is not None and now > due and not run.lapses:
                self.verdicts[run.name, run.key, run.start] = "breached", due, None
                if run.steps is None:
                    run.steps = self._ladder(self.document["clocks"][run.name])

    def _ladder(self, shape: dict[str, Any]) -> list[dict[str, Any]]:
        ladders: dict[str | None, list[dict[str, Any]]] = self.document["ladders"]
        for choice in shape.get("ladders", ()):
            fits = self.urgency in choice.get("urgencies", (self.urgency,))
            if fits and self.category in choice.get("categories", (self.category,)):
                return ladders[choice["ladder"]]
        return ladders.get(shape.get("ladder"), [])

    def _end(self, runs: list[Run], when: datetime) -> None:
        for run in runs:
            late = self.verdicts.get((run.name, run.key, run.start), ("",))[0] == "breached" or run.breached(when)
            self._settle(run, when, "unmet" if late else "ended")

    def _settle(self, run: Run, when: datetime, result: str) -> None:
        if run.due() is None:  # settled in a pause: due as if it ran again from there
            run.pauses[-1] = run.pauses[-1][0], when
        due = run.due()
        assert due is not None
        self.verdicts[run.name, run.key, run.start] = result, due, max(when, run.start)
        self.runs.remove(run)

    def _pause(self, before: State, when: datetime) -> None:
        if before == self.state:
            return
        for run in self.runs:
            holds = self.document["clocks"][run.name].get("pauses_in", ())
            paused = bool(run.pauses) and run.pauses[-1][1] is None
            if self.state in holds and not paused:
                run.pauses.append((when, None))
            elif self.state not in holds and paused:
                run.pauses[-1] = run.pauses[-1][0], when

    def _start(
        self, name: str, shape: dict[str, Any], event: str, when: datetime, team: str, limit: timedelta | None
    ) -> None:
        key = team if shape.get("scope") == "assist" else ""
        lapses = shape.get("when_due") == "lapse"
        if lapses and not self.surveyable:
            return
        running = [r for r in self.runs if (r.name, r.key) == (name, key)]
        if running and not shape.get("restarts"):
            return
        self._end(running, when)
        start = self.received_at if event == "file" and shape.get("counts_from") == "receipt" else when
        warnings = [
            (float(text[:-1]) / 100, timedelta()) if text.endswith("%") else (0.0, seconds(text[1:]))
            for text in shape.get("warn", {}).get("at", ())
        ]
        run = Run(name, key, self.round, start, limit or seconds(shape["limit"]), warnings, lapses)
        if self.state in shape.get("pauses_in", ()):
            run.pauses.append((start, None))
        self.runs.append(run)
