"""Load, decide, save: the one path of every change, for one command or many, and for the passing of time.

How a batch goes
----------------
1. One transaction is opened; numbers are reserved for new petitions and the others are loaded, locked.
2. Each request is judged in order against the working copies, so that two requests for the same petition see each
   other. A command that causes others (a merge, an answer to merged petitions) stands or falls with them.
3. Everything that changed is written by one `apply` and committed. Then the bell is rung.

A request that fails, by refusal or by an error of ours, never takes its neighbours with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import Command, FilePetition
from xixi_workflow.core.decide import Decision, Refused
from xixi_workflow.core.petition import SYSTEM, Actor, Petition
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.policies import Policies
from xixi_workflow.store import policies as stored
from xixi_workflow.store.connect import Store, blames_database
from xixi_workflow.store.rows import Intake, Seal, Tx, Unit, decode_petition, printable

log = structlog.get_logger()

#: How long a petition whose decision failed is left alone.
PUT_OFF_FOR = timedelta(hours=1)
#: Numbers of one day, 0 not among them.
SERIALS = 1_000_000
#: An alarm nearer than this is announced to the alarm clock, which looks by itself at least that often.
BELL_WITHIN = timedelta(seconds=5)


class Request(msgspec.Struct, frozen=True):
    """One command to one petition; `number` 0 files a new one."""

    number: int
    command: Command
    actor: Actor = SYSTEM
    #: When it happened, if earlier than it reached us.
    occurred_at: datetime | None = None
    #: When a door took it, if earlier than it is decided; decided as of then.
    at: datetime | None = None


class Done(msgspec.Struct, frozen=True):
    """What became of a request: exactly one of `petition` and `refused` is set."""

    number: int
    petition: Petition | None = None
    refused: Refused | None = None
    #: The source had filed this petition before; nothing was written.
    repeated: bool = False


class Engine:
    """The engine on one database. Safe to use from several threads and processes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.policies = Policies(store)

    def handle(self, requests: Sequence[Request], *, now: datetime) -> list[Done]:
        """Judge and save `requests` in order, in one transaction. Raises only when the database cannot be used.

        Where one of them cannot be saved each is handled by itself, so that only that one is refused.
        """
        if not requests:
            return []
        try:
            batch, done = attempted(self.store, lambda tx: self._judged(tx, requests, now))
        except Exception as error:
            if blames_database(error):
                raise
            if len(requests) == 1:
                return [_at_fault(requests[0], error)]
            log.warning("batch_taken_apart", size=len(requests), error=type(error).__name__)
            return [self.handle([request], now=now)[0] for request in requests]
        batch.ring()
        return done

    def _judged(self, tx: Tx, requests: Sequence[Request], now: datetime) -> tuple[Batch, list[Done]]:
        batch = Batch(self, now)
        return batch, batch.run(tx, requests)

    def publish(self, canonical: bytes, digest: str, *, now: datetime) -> int:
        """Put a policy in force from now on; returns its version. The same policy again changes nothing."""
        version = stored.put(self.store, canonical, digest, now=now)
        self.policies.refresh()
        return version


class Batch:
    """One transaction's working copies."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self.engine = engine
        self.now = now
        self.today = engine.policies.in_force
        self._loaded: dict[int, Petition] = {}
        self._unreadable: set[int] = set()
        self._changed: dict[int, Unit] = {}

    def run(self, tx: Tx, requests: Sequence[Request]) -> list[Done]:
        """Everything between `begin` and `commit`."""
        filings = [r.command for r in requests if isinstance(r.command, FilePetition)]
        known = tx.find([(f.source, f.source_id) for f in filings]) if filings else {}
        number = 0
        fresh = len({(f.source, f.source_id) for f in filings} - known.keys())
        if fresh:
            number = self._reserve(tx, fresh)
        self.load(tx, {r.number for r in requests if r.number})
        done = []
        for request in requests:
            at = request.at if request.at is not None and request.at < self.now else self.now
            if isinstance(request.command, FilePetition):
                key = (request.command.source, request.command.source_id)
                if key in known:
                    done.append(Done(known[key], self._loaded.get(known[key]), repeated=True))
                    continue
                outcome = self._file(request.command, request.actor, number, at)
                if outcome.refused is None:
                    known[key] = number
                    number += 1
                done.append(outcome)
            else:
                done.append(self._decide(tx, request, at))
        self.save(tx)
        return done

    def load(self, tx: Tx, numbers: Iterable[int]) -> None:
        """Bring petitions into the batch, locked."""
        missing = [n for n in numbers if n not in self._loaded]
        if missing:
            for number, live in tx.load(missing).items():
                try:
                    self._loaded[number] = decode_petition(live)
                except msgspec.DecodeError:
                    log.exception("petition_unreadable", petition=number)
                    self._unreadable.add(number)

    def keep(self, decision: Decision) -> None:
        """Add a decision to what will be saved."""
        petition = decision.petition
        self._loaded[petition.id] = petition
        made = decision.messages
        messages = [(petition.seq - 1, n, m) for n, m in enumerate(made)] if made else []
        unit = self._changed.get(petition.id)
        if unit is None:
            self._changed[petition.id] = Unit(petition, decision.wake_at, decision.entries, decision.outcomes, messages)
            return
        unit.petition, unit.wake_at = petition, decision.wake_at
        unit.entries += decision.entries
        unit.outcomes += decision.outcomes
        unit.messages += messages

    def save(self, tx: Tx) -> None:
        """Write what changed."""
        if self._changed:
            for unit in self._changed.values():
                if len(unit.outcomes) > 1:
                    # A breach and its settlement in one batch are one row; the last word counts.
                    unit.outcomes = list({(o.clock, o.key, o.started_at): o for o in unit.outcomes}.values())
            tx.apply(list(self._changed.values()), Seal(self.now, self.today.version))

    def ring(self) -> None:
        """Tell the alarm clock of an alarm that is near."""
        soon = self.now + BELL_WITHIN
        if any(u.wake_at is not None and u.wake_at <= soon for u in self._changed.values()):
            self.engine.store.bell.ring()

    def _reserve(self, tx: Tx, count: int) -> int:
        day = int(self.now.astimezone(self.today.zone).strftime("%Y%m%d"))
        first = tx.reserve(day, count)
        if first + count > SERIALS:
            # The next number would be tomorrow's first.
            raise OverflowError(f"more than {SERIALS - 1:,} petitions in one day")
        return day * SERIALS + first

    def _file(self, command: FilePetition, actor: Actor, number: int, at: datetime) -> Done:
        decision = judge.file(judge.filed(command), actor, self.today, number=number, now=at)
        if isinstance(decision, Refused):
            return Done(0, refused=decision)
        self.keep(decision)
        who = command.petitioner
        said = Intake(
            command.title, command.content, command.address, command.community, command.channel, command.nature,
            who.name, who.phone, who.language, command.confidential,
        )  # fmt: skip
        self._changed[number].intake = (command.source_id, said)
        return Done(number, decision.petition)

    def _decide(self, tx: Tx, request: Request, at: datetime) -> Done:
        """Judge one command and all that it causes; all of it happens or none."""
        number = request.number
        petition = self._loaded.get(number)
        if petition is None:
            return Done(number, refused=self._missing(number, request.command))
        decision = self._judge(petition, request.command, request.actor, at, request.occurred_at)
        if isinstance(decision, Refused):
            return Done(number, refused=decision)
        if decision.follow:
            return self._follow(tx, decision, at)
        self.keep(decision)
        return Done(number, decision.petition)

    def _follow(self, tx: Tx, first: Decision, at: datetime) -> Done:
        """Judge what `first` causes on other petitions, and what that causes; keep everything or nothing."""
        number = first.petition.id
        decisions = [first]
        staged = {number: first.petition}
        todo = first.follow[:]
        while todo:
            target, command = todo.pop(0)
            self.load(tx, [target])
            petition = staged.get(target) or self._loaded.get(target)
            if petition is None:
                return Done(number, refused=self._missing(target, command))
            decision = self._judge(petition, command, SYSTEM, at, None)
            if isinstance(decision, Refused):
                return Done(number, refused=decision)
            staged[target] = decision.petition
            decisions.append(decision)
            todo += decision.follow
        for decision in decisions:
            self.keep(decision)
        return Done(number, staged[number])

    def _judge(
        self, petition: Petition, command: Command, actor: Actor, at: datetime, occurred_at: datetime | None
    ) -> Decision | Refused:
        try:
            policy = self.engine.policies.judging(petition.policy)
            return judge.decide(petition, command, actor, policy, now=at, occurred_at=occurred_at)
        except Exception as error:
            if blames_database(error):
                raise
            # A poison petition: its neighbours in the batch must not suffer. `command` may hold personal data.
            log.exception("decision_failed", petition=petition.id, what=command.event)
            return _bad(command, command.event, type(error).__name__)

    def _missing(self, number: int, command: Command) -> Refused:
        if number in self._unreadable:
            return _bad(command, str(number), "unreadable")
        return Refused("no_such_petition", event=command.event, facts={"no": str(number)})


def _bad(command: Command, field: str, problem: str) -> Refused:
    return Refused("bad_field", event=command.event, facts={"field": field, "problem": problem})


def _at_fault(request: Request, error: Exception) -> Done:
    """The refusal of a request that could not be saved, naming the field where it is plain which one it is."""
    command = request.command
    log.error("request_not_saved", petition=request.number, what=command.event, error=type(error).__name__)
    texts = ((name, getattr(command, name)) for name in command.__struct_fields__)
    field = next((name for name, text in texts if isinstance(text, str) and printable(text) != text), command.event)
    return Done(request.number, refused=_bad(command, field, type(error).__name__))
