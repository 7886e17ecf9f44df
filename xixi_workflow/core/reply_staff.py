"""What a handler, a team's lead, a supervisor or a leader asks for with a reply: which petition, and which command.

Nobody of the staff has to know the lifecycle: `1` accepts what waits for acceptance, grants what waits for approval,
and otherwise says that a breach has been seen. Whether it may happen is judged by the engine; here it is only found out
what is meant. Where two petitions could be meant the reply asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Final, NamedTuple

from xixi_workflow.core import commands as c
from xixi_workflow.core import reply_grammar as grammar
from xixi_workflow.core import reply_text, words
from xixi_workflow.core.lifecycle import OPEN, Role
from xixi_workflow.core.petition import Actor, Assist
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import Named
from xixi_workflow.core.replies import Ask, Case, Meant, fitting, listed, no6, short_code
from xixi_workflow.core.reply_grammar import ACTIONS, Action, Asked
from xixi_workflow.core.words import Language

#: Characters that a text for others has at least.
SHORTEST: Final = 2
#: Characters of a reason beside its code.
_LONGEST_REASON: Final = 1000
_LONGEST: Final = 4000
_ROLES: Final[dict[str, Role]] = {"operator": "operator", "supervisor": "supervisor"}
#: Of several roles the one that may decide most comes first.
_RANK: Final[tuple[Role, ...]] = ("supervisor", "leader", "operator")
_REQUESTS: Final = ("request_hold", "request_extension")
_IN_FIELD: Final = frozenset({"dispatched", "in_progress", "on_hold", "returned"})


class _Stand(NamedTuple):
    """How one of the people behind a number stands to a petition."""

    person: str
    #: Of the team that leads it.
    leads: bool
    #: The team of theirs that assists in it, and whether it has still to accept, and to finish.
    assists: str
    to_accept: bool
    to_finish: bool
    #: What the person is at the centre; empty for nothing.
    role: Role | None
    #: A breach was told to them that nobody has answered at its level.
    unheard: bool

    def actor(self, field: bool = True) -> Actor:
        """As whom the person acts: in the field where that is possible, or at the centre."""
        centre = self.role is not None and not (field and (self.leads or self.assists))
        return Actor(self.role if centre and self.role else "handler", self.person)


def read_staff(
    text: str, *, people: Sequence[str], cases: Sequence[Case], policy: Policy, language: Language, now: datetime
) -> Meant:
    """What a letter of staff asks for.

    `people` are those with the number it came from, and those who were told something by way of it; `cases` what that
    number was told about lately.
    """
    return _Reader(people, cases, policy, language, now).read(text)


class _Reader:
    def __init__(
        self, people: Sequence[str], cases: Sequence[Case], policy: Policy, language: Language, now: datetime
    ) -> None:
        self.people = people
        self.policy = policy
        self.language: Language = language
        self.breaches = {step.message for ladder in policy.main.ladders.values() for step in ladder}
        self.requests = {n.message for event in _REQUESTS for n in policy.main.notices.get(event, ())}
        self.teams = {
            person: {name for name, team in policy.teams.items() if person == team.lead or person in team.handlers}
            for person in people
        }
        self.roles = {person: self._role(person, now) for person in people}
        self.all = {case.petition.id: case for case in cases}
        stands = {number: self._stand(case) for number, case in self.all.items()}
        self.stands = {number: stand for number, stand in stands.items() if stand is not None}
        #: Open and theirs.
        self.mine = [n for n in sorted(self.stands) if self.all[n].petition.state in OPEN]

    def read(self, text: str) -> Meant:
        asked = grammar.read_asked(text)
        if asked is None:
            word = reply_text.bare(text)
            out = word and word in {reply_text.bare(w) for w in self.policy.main.sms.opt_out_words}
            return Meant("open", "staff_opt_out" if out else "staff_unreadable", person=self.people[0])
        if asked.action is None:
            return self._bare_code(asked)
        if asked.everything:
            return self._everything(asked.action)
        if asked.action == "accept" and (codes := asked.codes or grammar.only_codes(asked.rest)) and len(codes) > 1:
            return self._accept_several(codes)
        found, rest = self._target(asked, asked.action)
        return found if isinstance(found, Meant) else self._ask(asked.action, found, rest)

    # --- which petition ---------------------------------------------------------------------------------------------

    def _target(self, asked: Asked, action: Action) -> tuple[int | Meant, str]:  # noqa: PLR0911 - one for each finding
        """The petition that is meant, or a question; and the text without its code."""
        if len(asked.codes) > 1:
            return self._asked("one_at_a_time", {"action": _digit(action)}, self.mine), ""
        if asked.codes:
            return self._by_code(asked.codes[0], action), asked.rest
        fits = [n for n in self.mine if self._fits(action, n)]
        if (first := grammar.code_first(asked.rest)) is not None:
            code, rest = first
            found = any(n in self.stands for n in self._meant(code))
            tells = action in ("return", "interim", "resolve", "help")
            # "3 12 盏灯已修": a number of two digits is a code only where one is needed.
            if found and (not tells or len(code) > 2 or len(fits) > 1):
                return self._by_code(code, action), rest
            if not tells or code.startswith("0") or len(code) >= 6:
                return self._by_code(code, action), rest
        if len(fits) == 1:
            return fits[0], asked.rest
        if fits or len(self.mine) > 1:
            return self._which(action, fits or self.mine), ""
        if self.mine:
            # Nothing of the kind can happen to it: the engine says why, and what can.
            return self.mine[0], asked.rest
        if action == "detail" and len(self.stands) == 1:
            return next(iter(self.stands)), asked.rest
        return self._asked("nothing_open", {}, []), ""

    def _by_code(self, code: str, action: Action | None) -> int | Meant:
        """The petition with this code: an open one of theirs first, then any that they were told about."""
        found = self._meant(code)
        if found and found[0] in self.stands:
            return found[0] if len(found) == 1 else self._which(action or "accept", found)
        if len(found) == 1:
            return Meant("asked", "not_yours", self._named(found[0]), person=self.people[0], number=found[0])
        if not self.mine:
            return self._asked("nothing_open", {}, [])
        return self._asked("unknown_code", {"given": code}, self.mine)

    def _meant(self, code: str) -> list[int]:
        """Whose code it is. A whole serial is that one's alone, closed or not: a letter that comes twice must not fall
        to a longer number with the same end.
        """
        found = fitting(code, self.all)
        nearest = ([n for n in found if n in known] for known in (self.mine, self.stands))
        return next(filter(None, nearest), found)

    def _which(self, action: Action, numbers: Sequence[int]) -> Meant:
        key = "which_accept" if action == "accept" else "which"
        return self._asked(key, {"action": _digit(action)}, numbers)

    def _asked(self, key: str, facts: Mapping[str, str], numbers: Sequence[int]) -> Meant:
        """A question about some petitions, the latest told first."""
        latest = sorted(numbers, key=lambda n: (self.all[n].told_at, n), reverse=True)
        codes = [self._code(n) for n in latest]
        said = {"count": str(len(codes)), "codes": listed(codes, self.policy, self.language)}
        return Meant("asked", key, {**said, "code": codes[0] if codes else "", **facts}, person=self.people[0])

    def _code(self, number: int) -> str:
        return short_code(number, self._meant)

    def _named(self, number: int) -> dict[str, str]:
        return {"no6": no6(number), "code": self._code(number)}

    # --- how they stand to it ---------------------------------------------------------------------------------------

    def _stand(self, case: Case) -> _Stand | None:
        """Of the people behind the number, the one who is nearest to it; None when it is nobody's business."""
        stands = [stand for person in self.people if (stand := self._stand_of(person, case)) is not None]
        return max(stands, key=lambda s: (s.to_accept, s.leads, s.to_finish, s.unheard), default=None)

    def _stand_of(self, person: str, case: Case) -> _Stand | None:
        petition, teams = case.petition, self.teams[person]
        # A team that has finished may be asked once more.
        assist = min((a for a in petition.assists if a.asked and a.team in teams), key=_settled, default=None)
        leads = petition.lead in teams
        role = self.roles[person]
        if role is None and not leads and assist is None:
            # Whoever was on duty then may answer now.
            role = self._role(person, case.told_at)
        if not leads and assist is None and role is None:
            return None
        unfinished = assist is not None and not assist.finished and petition.state in _IN_FIELD
        waits = assist is not None and unfinished and not assist.accepted
        return _Stand(
            person,
            leads,
            assist.team if assist else "",
            (leads and petition.state == "dispatched") or waits,
            unfinished,
            role,
            self._unheard(person, case),
        )

    def _role(self, person: str, at: datetime) -> Role | None:
        """What a person is at the centre, by the duty at that instant."""
        held = {_ROLES.get(r, "leader") for r in self.policy.rosters if person in self.policy.on_duty(r, at)}
        return next((role for role in _RANK if role in held), None)

    def _unheard(self, person: str, case: Case) -> bool:
        if not any(self._may_tell(kind, self.breaches) for kind in case.told):
            return False
        for clock in case.petition.clocks:
            if clock.breached_at is not None:
                climb = clock.climb
                if climb is None or clock.acknowledged < climb.reached or any(p == person for _, p in climb.awaited):
                    return True
        return False

    def _decides(self, number: int) -> bool:
        """Whether somebody who may decide was asked to."""
        role, pending = self.stands[number].role, self.all[number].petition.pending
        return bool(pending) and role in ("supervisor", "leader") and self._told_of(self.requests, number) is not None

    def _grants(self, number: int) -> bool:
        """Whether a yes is to the request, and not to a breach that was told after it."""
        asked, breach = self._told_of(self.requests, number), self._told_of(self.breaches, number)
        late = self.stands[number].unheard and asked is not None and breach is not None and breach > asked
        return self._decides(number) and not late

    def _told_of(self, kinds: Set[str], number: int) -> datetime | None:
        """When they were last told something of these kinds."""
        return max((at for kind, at in self.all[number].told.items() if self._may_tell(kind, kinds)), default=None)

    def _may_tell(self, kind: str, kinds: Set[str]) -> bool:
        # What was told together with other things goes by a name of its own.
        return kind in kinds or kind not in self.policy.words["zh"].messages

    def _handles(self, action: Action, number: int, stand: _Stand) -> bool:
        """Whether it is for these people to say: the engine knows roles, not who works in which team."""
        if action in ("accept", "help", "detail") or stand.leads or stand.role == "operator":
            return True
        return stand.to_finish if action == "resolve" else action == "return" and self._decides(number)

    def _fits(self, action: Action, number: int) -> bool:
        """Whether `action` is something that this petition waits for, from these people."""
        petition, stand = self.all[number].petition, self.stands[number]
        leads, state = stand.leads, petition.state
        if action == "accept":
            return stand.to_accept or self._decides(number) or stand.unheard
        if action == "return":
            return (leads and state in ("dispatched", "in_progress")) or self._decides(number)
        if action == "interim":
            return leads and state in ("in_progress", "on_hold")
        if action == "resolve":
            return (leads and state == "in_progress") or stand.to_finish
        if action == "contact":
            return leads and state in ("dispatched", "in_progress", "on_hold")
        if action == "help":
            return (leads or stand.to_finish) and state in ("dispatched", "in_progress", "on_hold")
        return True

    # --- what is asked ----------------------------------------------------------------------------------------------

    def _ask(self, action: Action, number: int, rest: str) -> Meant:  # noqa: PLR0911 - one for each action
        stand = self.stands[number]
        if not self._handles(action, number, stand):
            return self._ask_for("not_yours", number)
        if action == "accept":
            return self._accept(number, stand, rest)
        if action == "return":
            return self._refuse(number, stand, rest) if self._decides(number) else self._return(number, stand, rest)
        if action == "interim":
            if len(rest) < SHORTEST:
                return self._ask_for("interim_text", number)
            return self._command(number, "reported", c.ReportInterim(rest[:_LONGEST]), stand.actor())
        if action == "resolve":
            return self._resolve(number, stand, rest)
        if action == "help":
            return self._command(number, "help_asked", c.AskHelp(rest[:_LONGEST]), stand.actor())
        if action == "contact":
            if rest and reply_text.is_doubtful(rest):
                # "7 没联系上" is no contact.
                return Meant("open", "staff_unreadable", person=stand.person, number=number)
            return self._command(number, "contacted", c.ContactPetitioner(rest[:_LONGEST_REASON]), stand.actor())
        if self.all[number].petition.confidential:
            return self._ask_for("detail_confidential", number)
        return self._command(number, "detail", c.ShowDetail("sms"), stand.actor())

    def _accept(self, number: int, stand: _Stand, rest: str) -> Meant:
        if rest and reply_text.is_doubtful(rest):
            # "收到，不归我们管" accepts nothing.
            return Meant("open", "staff_unreadable", person=stand.person, number=number)
        command, key, actor = self._acceptance(number, stand)
        return self._command(number, key, command, actor, rest)

    def _acceptance(self, number: int, stand: _Stand) -> tuple[c.Command, str, Actor]:
        petition = self.all[number].petition
        if stand.to_accept:
            if stand.leads and petition.state == "dispatched":
                return c.AcceptPetition(), "accepted", stand.actor()
            return c.AcceptAssist(stand.assists), "accepted_assist", stand.actor()
        if self._grants(number):
            grant: c.Command = c.ApproveHold() if petition.pending == "hold" else c.ApproveExtension()
            return grant, "approved", stand.actor(field=False)
        if stand.unheard or not stand.leads:
            return c.Acknowledge(), "acknowledged", stand.actor()
        return c.AcceptPetition(), "accepted", stand.actor()

    def _return(self, number: int, stand: _Stand, rest: str) -> Meant:
        reasons = self.policy.main.return_reasons
        chosen = grammar.choice(rest, _spelt(reasons))
        if chosen is None:
            return self._ask_for("reasons", number, reasons=self._numbered(reasons))
        code = [*reasons][chosen[0]]
        command = c.ReturnPetition(code, chosen[1][:_LONGEST_REASON])
        reason = str(getattr(reasons[code], self.language))
        return self._command(number, "returned", command, stand.actor(), reason=reason)

    def _refuse(self, number: int, stand: _Stand, rest: str) -> Meant:
        if len(rest) < SHORTEST:
            return self._ask_for("refusal_reason", number)
        hold = self.all[number].petition.pending == "hold"
        command: c.Command = c.RefuseHold(rest[:_LONGEST]) if hold else c.RefuseExtension(rest[:_LONGEST])
        return self._command(number, "request_refused", command, stand.actor(field=False))

    def _resolve(self, number: int, stand: _Stand, rest: str) -> Meant:
        petition = self.all[number].petition
        if stand.to_finish and not (stand.leads and petition.state == "in_progress"):
            if len(rest) < SHORTEST:
                return self._ask_for("assist_text", number)
            command: c.Command = c.FinishAssist(stand.assists, rest[:_LONGEST])
            return self._command(number, "assist_finished", command, stand.actor())
        results = self.policy.main.results
        chosen = grammar.choice(rest, _spelt(results))
        code, answer = ([*results][chosen[0]], chosen[1]) if chosen else (next(iter(results)), rest)
        if len(answer) < SHORTEST:
            return self._ask_for("resolve_text", number, results=self._numbered(results))
        return self._command(number, "resolved", c.ResolvePetition(code, answer[:_LONGEST]), stand.actor())

    def _everything(self, action: Action) -> Meant:
        if action != "accept":
            return self._asked("one_at_a_time", {"action": _digit(action)}, self.mine)
        waiting = [n for n in self.mine if self.stands[n].to_accept]
        return self._accept_all(waiting) if waiting else self._asked("nothing_open", {}, [])

    def _accept_several(self, codes: Sequence[str]) -> Meant:
        numbers: list[int] = []
        for code in codes:
            found = self._by_code(code, "accept")
            if isinstance(found, Meant):
                return found
            numbers.append(found)
        return self._accept_all(list(dict.fromkeys(numbers)))

    def _accept_all(self, numbers: Sequence[int]) -> Meant:
        made = [(n, *self._acceptance(n, self.stands[n])) for n in numbers]
        if len(made) == 1:
            number, command, key, actor = made[0]
            return self._command(number, key, command, actor)
        asks = tuple(Ask(number, command, actor) for number, command, _, actor in made)
        facts = {"code": self._code(numbers[0])}
        return Meant("done", "accepted_all", facts, asks, everything=True, person=asks[0].actor.id, number=numbers[0])

    def _bare_code(self, asked: Asked) -> Meant:
        found = self._by_code(asked.codes[0], None)
        if isinstance(found, Meant):
            return found
        return self._ask_for("what_now", found, state=words.state(self.all[found].petition.state, self.language))

    def _command(self, number: int, key: str, command: c.Command, actor: Actor, note: str = "", **facts: str) -> Meant:
        asks = [Ask(number, command, actor)]
        if note:
            # What somebody adds to a plain yes is kept.
            asks.append(Ask(number, c.AddNote(note[:_LONGEST]), actor))
        several = key in ("accepted", "accepted_assist") and len(self.mine) > 1
        return Meant(
            "done", key, self._named(number) | facts, tuple(asks), person=actor.id, number=number, several=several
        )

    def _ask_for(self, key: str, number: int, **facts: str) -> Meant:
        person = self.stands[number].person
        return Meant("asked", key, self._named(number) | facts, person=person, number=number)

    def _numbered(self, names: Mapping[str, Named]) -> str:
        return " ".join(f"{n}{getattr(named, self.language)}" for n, named in enumerate(names.values(), 1))


def _settled(assist: Assist) -> tuple[bool, bool]:
    return assist.finished, assist.accepted


def _digit(action: Action) -> str:
    return str(ACTIONS.index(action) + 1)


def _spelt(names: Mapping[str, Named]) -> list[tuple[str, ...]]:
    return [(code, named.zh, named.en) for code, named in names.items()]
