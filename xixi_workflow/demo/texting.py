"""What people type on their telephones: the SMS that asks for the same as a command, as our own messages teach it.

Handlers accept, return, report, resolve, ask for help and read the full text by SMS, supervisors grant, leaders take
note, petitioners rate. What has no reply code (a hold, an extension, a photograph) is entered in the application.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replies import no6
from xixi_workflow.demo.case import Case
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.letters import read_letters
from xixi_workflow.store import census, writers
from xixi_workflow.store.rows import Letter

#: Of what could be written as an SMS, so much is, by role; the rest is entered in the application. More would be nearer
#: to life, and slower: to understand a handler, all that the team was told in a fortnight is looked at.
TEXTED: Final[Mapping[str, float]] = {"petitioner": 0.4, "handler": 0.05, "supervisor": 0.2, "leader": 0.2}
EVERYTHING: Final[Mapping[str, float]] = dict.fromkeys(TEXTED, 1.0)
PROVIDER: Final = "demo"
#: Our own number, plainly nobody's.
_OURS: Final = "+8619900000000"
#: What petitioners type for the three ratings.
_RATINGS: Final = {
    "satisfied": ("1", "1", "1", "１", "满意", "1。", "1 谢谢"),
    "fairly_satisfied": ("2", "2", "基本满意"),
    "dissatisfied": ("3",),
}
#: Outcomes of a letter that could be about two petitions of different days: the whole number tells them apart.
_WHICH: Final = frozenset({"which", "which_accept", "unknown_code", "rate_how"})


class Written(NamedTuple):
    """An SMS on its way to us: who writes, when, what it says and what it asks for."""

    at: datetime
    address: str
    body: str
    request: Request
    case: Case


class Read(NamedTuple):
    """What became of a `Written`: `petition` is what its writer sees when looking it up."""

    done: bool
    outcome: str
    petition: Petition | None

    @property
    def unclear(self) -> bool:
        """It was asked which petition is meant."""
        return self.outcome in _WHICH


def body(request: Request, policy: Policy, rng: random.Random, *, exact: bool = False) -> str:
    """The SMS that asks for the same as `request`; empty when there is none. `exact` names the whole number."""
    command = request.command
    if isinstance(command, c.RatePetition):
        typed = rng.choice(_RATINGS[command.rating])
        return f"{typed} {command.reason}" if command.reason else typed
    said = _said(command, policy)
    return f"{request.number if exact else no6(request.number)} {said}" if said else ""


def _said(command: c.Command, policy: Policy) -> str:  # noqa: PLR0911 - one for each reply code
    main = policy.main
    match command:
        case c.AcceptPetition() | c.AcceptAssist() | c.Acknowledge() | c.ApproveHold() | c.ApproveExtension():
            return "1"
        case c.ReturnPetition():
            return f"2 {[*main.return_reasons].index(command.reason) + 1} {command.text}"
        case c.RefuseHold() | c.RefuseExtension():
            return f"2 {command.reason}"
        case c.ReportInterim():
            return f"3 {command.text}"
        case c.ResolvePetition():
            return f"4 {[*main.results].index(command.result) + 1} {command.answer}"
        case c.FinishAssist():
            return f"4 {command.text}"
        case c.AskHelp():
            return f"5 {command.text}"
        case c.ShowDetail():
            return "6"
        case c.ContactPetitioner():
            return f"7 {command.text}".strip()
    return ""


class Post:
    """Carries SMS to the engine, which keeps them, reads them and answers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._count = 0

    def bring(self, written: list[Written], now: datetime) -> list[Read]:
        """Let the engine take and read everything; what became of each."""
        letters = []
        for one in written:
            self._count += 1
            letters.append(Letter(0, PROVIDER, str(self._count), one.at, one.address, _OURS, one.body))
        # A provider calls once for each; what its calls bring within one step is kept in one transaction.
        attempted(self._engine.store, lambda tx: tx.receive(letters))
        while read_letters(self._engine, now=now).more:
            pass
        became = census.letters(self._engine.store, PROVIDER, [letter.provider_id for letter in letters])
        seen = writers.working(self._engine.store, {one.case.number for one in written})
        found = []
        for one, letter in zip(written, letters, strict=True):
            state, outcome = became[letter.provider_id]
            known = seen.get(one.case.number)
            done = state == "done" or (state == "open" and outcome == one.request.command.happens)
            found.append(Read(done, outcome, known[0] if known else None))
        return found
