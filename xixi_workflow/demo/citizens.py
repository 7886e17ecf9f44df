"""The petitioners: they rate or stay silent, urge, and sometimes withdraw."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from xixi_workflow.core.commands import RatePetition, Rating, UrgePetition, WithdrawPetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.demo import phrases
from xixi_workflow.demo.case import Case
from xixi_workflow.demo.stage import Hears, Stage, request
from xixi_workflow.engine.handle import Request

HOUR: Final = 3600.0
_WITHDRAWS = 0.012
_URGES = 0.05
#: Nearly half never answer a survey; a few answer after it has lapsed.
_SILENT = 0.42
_ANSWERS_LATE = 0.04
_DISSATISFIED = 0.12
_FAIRLY_SATISFIED = 0.17
#: Once a matter was handled again, most let it be.
_DISSATISFIED_AGAIN = 0.06

_PETITIONER = Actor("petitioner")


class Citizens:
    """Everybody who filed a petition."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.hears: dict[str, Hears] = {"citizen_survey": self._asked, "citizen_result": self._answered}

    def filed(self, case: Case, at: datetime) -> None:
        """A petition was taken; some will not wait quietly."""
        if case.happens(_WITHDRAWS):
            when = at + case.between(0.5 * HOUR, 10 * HOUR)
            self._stage.later(when, case, lambda t: self._withdraw(case, t))
        elif case.happens(_URGES):
            when = at + case.between(4 * HOUR, 22 * HOUR)
            self._stage.later(when, case, lambda t: self._urge(case, t))

    def _withdraw(self, case: Case, at: datetime) -> Request | None:
        if case.answered or not case.open:
            return None
        return request(case, WithdrawPetition(case.rng.choice(phrases.WITHDRAWALS)), _PETITIONER, at)

    def _urge(self, case: Case, at: datetime) -> Request | None:
        if case.answered or not case.open:
            return None
        return request(case, UrgePetition(case.rng.choice(phrases.URGES)), _PETITIONER, at)

    def _answered(self, case: Case, person: str, now: datetime) -> None:
        del person, now
        case.answered = True

    def _asked(self, case: Case, person: str, now: datetime) -> None:
        del person
        if case.happens(_SILENT):
            return
        delay = case.between(75 * HOUR, 100 * HOUR) if case.happens(_ANSWERS_LATE) else case.wait(2 * HOUR, 1.3)
        rating = self._verdict(case)
        self._stage.later(now + delay, case, lambda t: self._rate(case, rating, t))

    def _verdict(self, case: Case) -> Rating:
        again = case.seen is not None and case.seen.round > 1
        bad = _DISSATISFIED_AGAIN if again else _DISSATISFIED
        mood = case.rng.random()
        if mood < bad:
            return "dissatisfied"
        return "fairly_satisfied" if mood < bad + _FAIRLY_SATISFIED else "satisfied"

    def _rate(self, case: Case, rating: Rating, at: datetime) -> Request | None:
        if case.seen is None or case.seen.state not in ("resolved", "closed"):
            # Handled again meanwhile: there will be another survey.
            return None
        reason = case.rng.choice(phrases.COMPLAINTS) if rating == "dissatisfied" else ""
        if rating == "dissatisfied":
            case.answered = False
        return request(case, RatePetition(rating, reason), _PETITIONER, at)
