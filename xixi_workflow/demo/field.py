"""The teams in the field: they accept, return, report, ask for time or help, and resolve; some teams are slow.

Handlers act on what they are told. A plan is made when a work order is accepted; warnings, urges and escalations make
people hurry, holds and returns make the plan void.
"""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timedelta
from typing import Final

from xixi_workflow.core.commands import (
    AcceptAssist,
    AcceptPetition,
    Acknowledge,
    AddNote,
    AddPhoto,
    AskAssist,
    AskHelp,
    Command,
    ContactPetitioner,
    FinishAssist,
    ReportInterim,
    RequestExtension,
    RequestHold,
    ResolvePetition,
    Resume,
    ReturnPetition,
    ShowDetail,
)
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.demo import phrases
from xixi_workflow.demo.case import Case
from xixi_workflow.demo.stage import Hears, Make, Stage, Then, request
from xixi_workflow.engine.handle import Request

MINUTE: Final = 60.0
HOUR: Final = 3600.0
#: One team in five takes this much longer for everything.
_SLOW_TEAMS = 0.2
_SLOW_PACE = (1.8, 2.6)
#: Median delays in seconds of a team at ordinary pace.
_TO_ACCEPT = 3 * MINUTE
_TO_CONTACT = 18 * MINUTE
_TO_INTERIM = 65 * MINUTE
_TO_RESOLVE = 6.5 * HOUR
_TO_ASSIST = 3.5 * HOUR
#: Shares of work orders.
_RETURNS = 0.05
_RETURNS_LATER = 0.015
_CONTACTS = 0.86
_HOLDS = 0.05
_ASKS_ASSISTANCE = 0.06
_PHOTOGRAPHS = 0.12
_NOTES = 0.05
_READS_ALL = 0.1
_ASKS_FOR_HELP = 0.03
#: Commands that are entered minutes after they happened, because the network was away.
_ENTERED_LATE = 0.04
#: What a handler does about a warning: hurry with the interim report, ask for more time, hurry with the result.
_REPORTS_WHEN_WARNED = 0.6
_ASKS_FOR_TIME = 0.25
_HURRIES = 0.25
#: How often a reminder, an urge or a leader's word makes a handler do it soon.
_GIVES_WAY = 0.35
#: How often an urge or a supervision is answered with a report, and an overdue petition with a word that it is seen.
_ANSWERS = 0.65
_ACKNOWLEDGES = 0.6
_RESULTS: Final = {"solved": 70, "partly_solved": 9, "explained": 14, "unfounded": 5, "unreachable": 2}


class Field:
    """Every team's handlers and lead."""

    def __init__(self, stage: Stage, policy: Policy, seed: int, on_resolved: Then) -> None:
        self._stage = stage
        self._policy = policy
        self._team_of: dict[str, str] = {}
        self._pace: dict[str, float] = {}
        for code, team in policy.teams.items():
            rng = random.Random(f"{seed}/team/{code}")
            self._pace[code] = rng.uniform(*_SLOW_PACE) if rng.random() < _SLOW_TEAMS else rng.uniform(0.8, 1.1)
            for person in (*team.handlers, team.lead):
                self._team_of.setdefault(person, code)
        self._results = list(policy.main.results)
        self._weights = [_RESULTS.get(result, 5) for result in self._results]
        self._on_resolved = on_resolved
        self.hears: dict[str, Hears] = {
            "handler_dispatched": self._ordered,
            "handler_return_refused": self._ordered,
            "team_rework": self._ordered,
            "team_not_accepted": self._reminded,
            "handler_interim_due": self._interim_due,
            "handler_closure_due": self._closure_due,
            "team_overdue": self._overdue,
            "handler_urged": self._asked_after,
            "team_supervised": self._asked_after,
            "handler_answer_due": self._asked_after,
            "handler_hold_approved": self._on_hold,
            "handler_hold_ended": self._hold_over,
            "handler_extension_refused": self._pressed,
            "handler_assist_asked": self._assist_asked,
            "handler_assistance_due": self._assistance_due,
        }

    # --- accepting --------------------------------------------------------------------------------------------------

    def _ordered(self, case: Case, person: str, now: datetime) -> None:
        """A work order came in. Whoever of the team opens it first takes it."""
        case.waiting, case.handler = self._team_of.get(person, ""), ""
        case.plan += 1
        self._open_later(case, person, now, _TO_ACCEPT * self._pace_of(person))

    def _reminded(self, case: Case, person: str, now: datetime) -> None:
        if not case.handler:
            case.waiting = self._team_of.get(person, "")
            self._open_later(case, person, now, 8 * MINUTE)

    def _open_later(self, case: Case, person: str, now: datetime, median: float) -> None:
        self._stage.later(now + case.wait(median, 1.0), case, lambda t: self._open(case, person, t), self._opened)

    def _open(self, case: Case, person: str, at: datetime) -> Request | None:
        if not case.waiting or case.waiting != self._team_of.get(person) or not case.open:
            return None
        case.waiting = ""
        actor = Actor("handler", person)
        if case.judged_returns == 0 and case.happens(_RETURNS):
            return request(case, self._return(case), actor, at)
        return request(case, AcceptPetition(person), actor, at, self._happened(case, at))

    def _return(self, case: Case) -> ReturnPetition:
        reason = case.rng.choice(list(self._policy.main.return_reasons))
        return ReturnPetition(reason, case.rng.choice(phrases.RETURNS))

    def _opened(self, case: Case, request: Request, at: datetime) -> None:
        if isinstance(request.command, AcceptPetition):
            case.handler = request.command.handler
            self._plan(case, at)

    # --- the plan ---------------------------------------------------------------------------------------------------

    def _plan(self, case: Case, at: datetime) -> None:
        case.plan += 1
        case.asked_extension = False
        pace = self._pace_of(case.handler)
        haste = 0.4 if case.seen is not None and case.seen.urgency == "emergency" else 1.0
        work = case.wait(_TO_RESOLVE * pace * haste, 1.1)
        self._resolve_at(case, at + work)
        interim = case.wait(_TO_INTERIM * pace * haste, 0.85)
        if not case.interim and interim < work:
            self._mean(case, at + interim, lambda t: self._report(case, t))
        if case.happens(_CONTACTS):
            contact = ContactPetitioner()
            self._mean(case, at + case.wait(_TO_CONTACT * pace, 0.8), lambda t: self._act(case, contact, t))
        if case.happens(_PHOTOGRAPHS):
            digest = hashlib.sha256(str(case.number).encode()).hexdigest()
            self._mean(case, _whole(at + work * 0.5), lambda t: self._act(case, AddPhoto("现场.jpg", digest), t))
        if case.happens(_NOTES):
            note = AddNote(case.rng.choice(phrases.NOTES))
            self._mean(case, _whole(at + work * 0.3), lambda t: self._act(case, note, t))
        if case.happens(_READS_ALL):
            self._mean(case, at + case.between(1 * MINUTE, 10 * MINUTE), lambda t: self._read_all(case, t))
        if case.happens(_ASKS_FOR_HELP):
            help_ = AskHelp(case.rng.choice(phrases.HELP))
            self._mean(case, _whole(at + work * 0.4), lambda t: self._act(case, help_, t))
        if case.happens(_ASKS_ASSISTANCE):
            self._mean(case, _whole(at + work * 0.2), lambda t: self._ask_assistance(case, t))
        if case.happens(_HOLDS):
            self._mean(case, _whole(at + work * 0.6), lambda t: self._ask_hold(case, t))
        if case.judged_returns == 0 and case.happens(_RETURNS_LATER):
            self._mean(case, _whole(at + work * 0.15), lambda t: self._act(case, self._return(case), t))

    def _mean(self, case: Case, at: datetime, make: Make, then: Then | None = None) -> None:
        """`make` at `at`, if the plan still stands then."""
        plan = case.plan
        self._stage.later(at, case, lambda t: make(t) if case.plan == plan and case.open else None, then)

    def _resolve_at(self, case: Case, at: datetime) -> None:
        """Set or move the moment of the result; the former intention is dropped."""
        case.resolve_at = at
        self._mean(case, at, lambda t: self._resolve(case, t) if case.resolve_at == t else None, self._resolved)

    def _act(self, case: Case, command: Command, at: datetime, occurred_at: datetime | None = None) -> Request:
        return request(case, command, Actor("handler", case.handler), at, occurred_at)

    def _report(self, case: Case, at: datetime) -> Request | None:
        if case.interim:
            return None
        case.interim = True
        return self._act(case, ReportInterim(case.rng.choice(phrases.INTERIM)), at, self._happened(case, at))

    def _read_all(self, case: Case, at: datetime) -> Request:
        return self._act(case, ShowDetail("web"), at)

    def _resolve(self, case: Case, at: datetime) -> Request:
        result = case.rng.choices(self._results, self._weights)[0]
        answer = case.rng.choice(phrases.ANSWERS.get(result, phrases.ANSWER))
        return self._act(case, ResolvePetition(result, answer), at, self._happened(case, at))

    def _resolved(self, case: Case, request: Request, at: datetime) -> None:
        case.plan += 1
        self._on_resolved(case, request, at)

    def _happened(self, case: Case, at: datetime) -> datetime | None:
        """When a deed was really done, if it is entered late."""
        if not case.happens(_ENTERED_LATE) or case.last_at is None:
            return None
        earlier = at - case.between(3 * MINUTE, 40 * MINUTE)
        return earlier if earlier > case.last_at + timedelta(minutes=1) else None

    # --- warnings and pressure --------------------------------------------------------------------------------------

    def _interim_due(self, case: Case, person: str, now: datetime) -> None:
        if person == case.handler and not case.interim and case.happens(_REPORTS_WHEN_WARNED):
            self._mean(case, now + case.between(3 * MINUTE, 30 * MINUTE), lambda t: self._report(case, t))

    def _closure_due(self, case: Case, person: str, now: datetime) -> None:
        due = self._due(case)
        if person != case.handler or due is None or case.resolve_at is None or not now < due < case.resolve_at:
            return
        mood = case.rng.random()
        if mood < _ASKS_FOR_TIME and not case.asked_extension:
            case.asked_extension = True
            missing = (case.resolve_at - due + case.between(2 * HOUR, 8 * HOUR)).total_seconds()
            span = min(1800.0 * round(missing / 1800), self._policy.main.longest_extension)
            extension = RequestExtension(span, case.rng.choice(phrases.EXTENSIONS))
            self._mean(case, now + case.between(3 * MINUTE, 20 * MINUTE), lambda t: self._act(case, extension, t))
        elif mood > 1 - _HURRIES:
            self._resolve_at(case, _whole(now + (due - now) * case.rng.uniform(0.3, 0.95)))

    def _due(self, case: Case) -> datetime | None:
        for clock in case.seen.clocks if case.seen is not None else ():
            if self._policy.clocks[clock.name].shape.extendable:
                return clock.due_at
        return None

    def _asked_after(self, case: Case, person: str, now: datetime) -> None:
        """Somebody wants to know how it stands."""
        if person == case.handler and case.happens(_ANSWERS):
            case.interim = True
            report = ReportInterim(case.rng.choice(phrases.INTERIM))
            self._mean(case, now + case.between(3 * MINUTE, 45 * MINUTE), lambda t: self._act(case, report, t))
        self._pressed(case, person, now)

    def _overdue(self, case: Case, person: str, now: datetime) -> None:
        if person in self._team_of and case.happens(_ACKNOWLEDGES):
            seen = Actor("handler", person)
            when = now + case.between(2 * MINUTE, 25 * MINUTE)
            self._stage.later(when, case, lambda t: request(case, Acknowledge(), seen, t) if case.open else None)
        if not case.handler:
            self._reminded(case, person, now)
        elif person == case.handler:
            if not case.interim:
                self._mean(case, now + case.between(5 * MINUTE, 50 * MINUTE), lambda t: self._report(case, t))
            else:
                self._pressed(case, person, now)

    def _pressed(self, case: Case, person: str, now: datetime) -> None:
        soon = now + timedelta(hours=2)
        if (
            person == case.handler
            and case.resolve_at is not None
            and case.resolve_at > soon
            and case.happens(_GIVES_WAY)
        ):
            self._resolve_at(case, now + case.wait(1.5 * HOUR * self._pace_of(person), 0.5))

    # --- holds ------------------------------------------------------------------------------------------------------

    def _ask_hold(self, case: Case, at: datetime) -> Request:
        hours = case.rng.choice((6, 12, 24, 36))
        reason = case.rng.choice(list(self._policy.main.hold_reasons))
        span = min(hours * HOUR, self._policy.main.longest_hold)
        return self._act(case, RequestHold(reason, case.rng.choice(phrases.HOLDS), span), at)

    def _on_hold(self, case: Case, person: str, now: datetime) -> None:
        if person != case.handler or case.seen is None or case.seen.hold_until is None:
            return
        case.plan += 1
        if case.happens(0.5):
            when = now + (case.seen.hold_until - now) * case.rng.uniform(0.3, 0.9)
            resume = Resume(case.rng.choice(phrases.NOTES))
            self._mean(case, _whole(when), lambda t: self._act(case, resume, t), self._resumed)

    def _resumed(self, case: Case, request: Request, at: datetime) -> None:
        del request
        self._hold_over(case, case.handler, at)

    def _hold_over(self, case: Case, person: str, now: datetime) -> None:
        if person == case.handler:
            case.plan += 1
            self._resolve_at(case, now + case.wait(2 * HOUR * self._pace_of(person)))

    # --- assistance -------------------------------------------------------------------------------------------------

    def _ask_assistance(self, case: Case, at: datetime) -> Request:
        lead = case.seen.lead if case.seen is not None else ""
        category = self._policy.categories.get(case.seen.category if case.seen is not None else "")
        teams = [t for t in (category.assisting if category else ()) if t != lead and t not in case.assists]
        team = case.rng.choice(teams or [t for t in self._policy.teams if t != lead and t not in case.assists])
        return self._act(case, AskAssist(team, case.rng.choice(phrases.ASSISTS)), at)

    def _assist_asked(self, case: Case, person: str, now: datetime) -> None:
        team = self._team_of.get(person, "")
        if team in case.assists:
            return
        case.assists.add(team)
        actor = Actor("handler", person)
        pace = self._pace_of(person)
        accept = AcceptAssist(team)
        accepted = now + case.wait(12 * MINUTE * pace)
        self._stage.later(accepted, case, lambda t: request(case, accept, actor, t) if case.open else None)
        self._finish_later(case, team, actor, accepted + case.wait(_TO_ASSIST * pace, 0.9))

    def _assistance_due(self, case: Case, person: str, now: datetime) -> None:
        if case.happens(_GIVES_WAY):
            team = self._team_of.get(person, "")
            self._finish_later(case, team, Actor("handler", person), now + case.between(5 * MINUTE, 80 * MINUTE))

    def _finish_later(self, case: Case, team: str, actor: Actor, at: datetime) -> None:
        finish = FinishAssist(team, case.rng.choice(phrases.ASSISTED))

        def make(when: datetime) -> Request | None:
            asked = case.seen is not None and any(a.team == team and not a.finished for a in case.seen.assists)
            return request(case, finish, actor, when) if asked and case.open else None

        self._stage.later(at, case, make)

    def _pace_of(self, person: str) -> float:
        return self._pace.get(self._team_of.get(person, ""), 1.0)


def _whole(at: datetime) -> datetime:
    """People do nothing by the microsecond."""
    return at.replace(microsecond=0)
