"""The command centre: operators look at what comes in and what comes back, supervisors grant, leaders acknowledge."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from xixi_workflow.core.commands import (
    Acknowledge,
    AddNote,
    ApproveExtension,
    ApproveHold,
    ChangePriority,
    Command,
    DispatchPetition,
    EscalateTo,
    MergePetition,
    RefuseExtension,
    RefuseHold,
    RefuseReturn,
    RejectPetition,
    ReopenPetition,
    SupervisePetition,
    TransferOut,
)
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.demo import phrases
from xixi_workflow.demo.case import Case
from xixi_workflow.demo.stage import Hears, Make, Stage, request
from xixi_workflow.engine.handle import Request

MINUTE: Final = 60.0
HOUR: Final = 3600.0
#: What an operator does with a petition at the first look, in shares of all petitions.
_REJECTS = 0.012
_TRANSFERS = 0.018
_CHANGES_PRIORITY = 0.03
_NOTES = 0.02
#: What an operator does with a return; the rest goes to another team.
_REFUSES_RETURN = 0.28
_REJECTS_RETURN = 0.04
_TRANSFERS_RETURN = 0.06
_GRANTS_HOLD = 0.75
_GRANTS_EXTENSION = 0.8
_SUPERVISES = 0.4
_ACKNOWLEDGES = 0.8
#: Of the leaders who react, those who make it their own business instead of only taking note.
_CALLS_THE_TEAM = 0.4
#: And those who go straight to a level above.
_ESCALATES = 0.2
_HIGHER_LEVELS = (3, 4)
#: A leader who sets a deadline of their own sets one of these many hours.
_WANTED_WITHIN = (1, 2, 6)
_SETS_DEADLINE = 0.5
#: Supervisors look again at some answers and send them back.
_REOPENS = 0.012

_OPERATOR = Actor("operator")


class Centre:
    """Operators, supervisors and leaders."""

    def __init__(self, stage: Stage, policy: Policy) -> None:
        self._stage = stage
        self._policy = policy
        routing = policy.main.routing
        self._dispatches = not routing.dispatch_automatically or routing.sure_from > 0
        self.hears: dict[str, Hears] = {
            "operator_returned": self._returned,
            "supervisor_hold_asked": self._hold_asked,
            "supervisor_extension_asked": self._extension_asked,
            "supervisor_rework": self._rework,
            "operator_overdue": self._not_dispatched,
            "operator_help_asked": self._help_asked,
            "leader_overdue": self._overdue,
        }

    def filed(self, case: Case, at: datetime) -> None:
        """A new petition is on the operators' screen."""
        if self._dispatches:
            when = at + case.wait(35, 0.4)
            self._stage.later(when, case, lambda t: self._dispatch(case, t))
        when = at + case.wait(8 * MINUTE, 0.6)
        look = case.rng.random()
        if case.twin is not None:
            self._stage.later(when, case, lambda t: self._merge(case, t))
        elif look < _REJECTS:
            self._stage.later(when, case, lambda t: self._reject(case, t))
        elif look < (bound := _REJECTS + _TRANSFERS):
            self._stage.later(when, case, lambda t: self._transfer(case, t))
        elif look < (bound := bound + _CHANGES_PRIORITY):
            self._stage.later(when, case, lambda t: self._change_priority(case, t))
        elif look < bound + _NOTES:
            self._stage.later(when, case, lambda t: self._note(case, t))

    def resolved(self, case: Case, request: Request, at: datetime) -> None:
        """An answer went out; a supervisor may look at it again."""
        del request
        if case.happens(_REOPENS):
            when = at + case.between(2 * HOUR, 20 * HOUR)
            self._stage.later(when, case, lambda t: self._reopen(case, t))

    # --- the operators' own looks -----------------------------------------------------------------------------------

    def _dispatch(self, case: Case, at: datetime) -> Request | None:
        return None if case.waiting or not case.open else request(case, DispatchPetition(), _OPERATOR, at)

    def _merge(self, case: Case, at: datetime) -> Request | None:
        twin = case.twin
        if twin is None or not (case.open and twin.open):
            return None
        return request(case, MergePetition(twin.number, case.rng.choice(phrases.MERGES)), _OPERATOR, at)

    def _reject(self, case: Case, at: datetime) -> Request | None:
        if not case.open:
            return None
        reason = case.rng.choice(list(self._policy.main.reject_reasons))
        return request(case, RejectPetition(reason, case.rng.choice(phrases.REJECTIONS)), _OPERATOR, at)

    def _transfer(self, case: Case, at: datetime) -> Request | None:
        return request(case, TransferOut(case.rng.choice(phrases.TRANSFERS)), _OPERATOR, at) if case.open else None

    def _change_priority(self, case: Case, at: datetime) -> Request | None:
        if not case.open:
            return None
        return request(case, ChangePriority("urgent", case.rng.choice(phrases.PRIORITIES)), _OPERATOR, at)

    def _note(self, case: Case, at: datetime) -> Request | None:
        return request(case, AddNote(case.rng.choice(phrases.NOTES)), _OPERATOR, at)

    def _reopen(self, case: Case, at: datetime) -> Request | None:
        if case.seen is None or case.seen.state not in ("resolved", "closed"):
            return None
        case.answered = False
        return request(case, ReopenPetition(case.rng.choice(phrases.REOPENINGS)), Actor("supervisor"), at)

    # --- what they are told -----------------------------------------------------------------------------------------

    def _returned(self, case: Case, person: str, now: datetime) -> None:
        self._stage.later(now + case.wait(7 * MINUTE), case, lambda t: self._judge_return(case, person, t))

    def _judge_return(self, case: Case, person: str, at: datetime) -> Request | None:
        seen = case.seen
        if seen is None or seen.state != "returned" or case.judged_returns == seen.returns:
            return None
        case.judged_returns = seen.returns
        actor = Actor("operator", person)
        look = case.rng.random()
        if look < _REFUSES_RETURN:
            return request(case, RefuseReturn(case.rng.choice(phrases.RETURN_REFUSALS)), actor, at)
        if look < (bound := _REFUSES_RETURN + _REJECTS_RETURN):
            return self._reject(case, at)
        if look < bound + _TRANSFERS_RETURN:
            return self._transfer(case, at)
        return request(case, DispatchPetition(self._another_team(case, seen.category, seen.lead)), actor, at)

    def _another_team(self, case: Case, category: str, lead: str) -> str:
        assisting = [team for team in self._policy.categories[category].assisting if team != lead]
        return case.rng.choice(assisting or [team for team in self._policy.teams if team != lead])

    def _hold_asked(self, case: Case, person: str, now: datetime) -> None:
        granted = case.happens(_GRANTS_HOLD)

        def make(at: datetime) -> Request | None:
            if case.seen is None or case.seen.pending != "hold":
                return None
            command = ApproveHold() if granted else RefuseHold(case.rng.choice(phrases.HOLD_REFUSALS))
            return request(case, command, Actor("supervisor", person), at)

        self._stage.later(now + case.wait(25 * MINUTE), case, make)

    def _extension_asked(self, case: Case, person: str, now: datetime) -> None:
        granted = case.happens(_GRANTS_EXTENSION)

        def make(at: datetime) -> Request | None:
            if case.seen is None or case.seen.pending != "extension":
                return None
            command = ApproveExtension() if granted else RefuseExtension(case.rng.choice(phrases.EXTENSION_REFUSALS))
            return request(case, command, Actor("supervisor", person), at)

        self._stage.later(now + case.wait(25 * MINUTE), case, make)

    def _rework(self, case: Case, person: str, now: datetime) -> None:
        if case.happens(_SUPERVISES):
            supervise = self._supervision(case)
            make: Make = lambda t: request(case, supervise, Actor("supervisor", person), t) if case.open else None  # noqa: E731
            self._stage.later(now + case.wait(20 * MINUTE), case, make)

    def _supervision(self, case: Case) -> SupervisePetition:
        seconds = case.rng.choice(_WANTED_WITHIN) * HOUR if case.happens(_SETS_DEADLINE) else None
        return SupervisePetition(case.rng.choice(phrases.SUPERVISIONS), seconds)

    def _help_asked(self, case: Case, person: str, now: datetime) -> None:
        if self._policy.people[person].phone and case.seen is not None and person.startswith("operator"):
            note = AddNote(case.rng.choice(phrases.HELPED))
            actor = Actor("operator", person)
            self._stage.later(now + case.wait(6 * MINUTE), case, lambda t: request(case, note, actor, t))

    def _not_dispatched(self, case: Case, person: str, now: datetime) -> None:
        """Nobody has dispatched it within the minute; whoever looks first takes note, and sees to it."""
        actor = Actor("operator", person)
        self._stage.later(
            now + case.wait(2 * MINUTE), case, lambda t: request(case, Acknowledge(), actor, t) if case.open else None
        )

    def _overdue(self, case: Case, person: str, now: datetime) -> None:
        if not case.happens(_ACKNOWLEDGES):
            return
        mood, level = case.rng.random(), case.rng.choice(_HIGHER_LEVELS)

        def make(at: datetime) -> Request | None:
            if not case.open:
                return None
            command: Command = Acknowledge()
            if mood < _CALLS_THE_TEAM:
                command = self._supervision(case)
            elif mood > 1 - _ESCALATES:
                command = EscalateTo(level, case.rng.choice(phrases.ESCALATIONS))
            return request(case, command, Actor("leader", person), at)

        self._stage.later(now + case.wait(12 * MINUTE), case, make)
