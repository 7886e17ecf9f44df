"""What a petitioner, or a stranger, says: a rating, a word about messages, or something that a person has to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from xixi_workflow.core import commands as c
from xixi_workflow.core import reply_grammar as grammar
from xixi_workflow.core import reply_text
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replies import REASON_WITHIN, Ask, Case, Meant, fitting, listed, no6
from xixi_workflow.core.reply_grammar import Rated
from xixi_workflow.core.words import Language

_PETITIONER: Final = Actor("petitioner")
_LONGEST_REASON: Final = 2000
_LONGEST: Final = 4000
#: What staff who are petitioners too may have meant as petitioners.
_NOT_AS_STAFF: Final = frozenset({"staff_unreadable", "nothing_open"})


def read_citizen(
    text: str, *, cases: Sequence[Case], replied: Mapping[str, datetime], policy: Policy, now: datetime
) -> Meant:
    """What a letter asks for whose writer is not of the staff.

    `cases` are the petitions about which this number was told something as a petitioner; `replied` when it last got a
    reply of ours, by kind.
    """
    word = reply_text.bare(text)
    rules = policy.main.sms
    if word and word in {reply_text.bare(w) for w in rules.opt_out_words}:
        again = next(iter(rules.opt_in_words), "")
        return Meant("done", "opted_out", {"word": again}, opt="surveys")
    if word and word in {reply_text.bare(w) for w in rules.opt_in_words}:
        return Meant("done", "opted_in", opt="again")
    surveyed = surveys(cases, policy)
    rated = grammar.read_rating(text)
    if rated is not None and surveyed:
        return _rate(rated, surveyed, policy)
    said = reply_text.clean(text)
    if not cases:
        return Meant("open", "heard")
    latest = max(cases, key=lambda case: (case.told_at, case.petition.id)).petition.id
    if not said or grammar.read_asked(text) is not None or rated is not None:
        # A picture without words, or a code that nobody has asked for.
        return Meant("open", "heard", number=latest)
    facts = {"no6": no6(latest), "code": no6(latest)}
    if reply_text.is_thanks(text):
        return Meant("done", number=latest)
    asked_at = replied.get("ask_reason")
    key = "reason_noted" if asked_at is not None and now - asked_at <= REASON_WITHIN else "noted"
    note = Ask(latest, c.AddNote(said[:_LONGEST]), _PETITIONER)
    return Meant("open", key, facts, (note,), number=latest)


def surveys(cases: Sequence[Case], policy: Policy) -> list[Case]:
    """The petitions that were to be rated: those that still wait for it first, the survey told last first.

    A petition that waits for its rating counts though no survey is known to have gone out: the survey may have been
    withheld, or so quickly answered that nobody has written down yet that it was sent.
    """
    kinds = {n.message for notices in policy.main.notices.values() for n in notices if "surveyed" in n.to}
    asked = [
        (max((case.told[kind] for kind in kinds & case.told.keys()), default=case.told_at), case)
        for case in cases
        if case.petition.state == "resolved" or (kinds & case.told.keys() and case.petition.state == "closed")
    ]
    asked.sort(key=lambda a: (a[1].petition.state == "resolved" and not a[1].petition.rating, a[0]), reverse=True)
    return [case for _, case in asked]


def _rate(rated: Rated, surveyed: Sequence[Case], policy: Policy) -> Meant:
    numbers = [case.petition.id for case in surveyed]
    number, rest = numbers[0], rated.rest
    if rated.rating is None:
        return Meant("asked", "rate_how", number=number)
    if rated.code:
        found = fitting(rated.code, numbers)
        if len(found) != 1:
            return Meant("asked", "rate_how", number=number)
        number = found[0]
    elif (first := grammar.code_first(rest)) is not None:
        found = fitting(first[0], numbers)
        if len(found) == 1 and (len(numbers) > 1 or not first[1]):
            number, rest = found[0], first[1]
    facts = {"no6": no6(number), "code": no6(number)}
    asks = (Ask(number, c.RatePetition(rated.rating, rest[:_LONGEST_REASON]), _PETITIONER),)
    if rated.rating != "dissatisfied":
        return Meant("open" if rated.doubtful else "done", "rated", facts, asks, number=number)
    if not rest:
        return Meant("done", "ask_reason", facts, asks, number=number)
    # The petitioner hears of the rework by a notice of the policy; saying it twice would cost twice.
    told = any("petitioner" in notice.to for notice in policy.main.notices.get("rate_dissatisfied", ()))
    return Meant("done", "" if told else "rework", facts, asks, number=number)


def as_staff(text: str, meant: Meant, surveyed: Sequence[Case], policy: Policy, language: Language) -> Meant | None:
    """What a letter comes to that staff wrote who are petitioners too; None when it is a petitioner's.

    `meant` is how it reads as a letter of staff, `surveyed` the petitions of their own that were to be rated. Where a
    command and a rating could be meant the reply asks for the number.
    """
    if not surveyed:
        return meant
    rated = grammar.read_rating(text)
    if rated is None or rated.rating is None:
        return None if meant.reply in _NOT_AS_STAFF else meant
    own = [case.petition.id for case in surveyed]
    code = rated.code or (grammar.code_first(rated.rest) or ("",))[0]
    if code:
        found = fitting(code, [*own, *(ask.number for ask in meant.asks)])
        if not set(found) & set(own):
            return meant
        if set(found) <= set(own):
            return None
    elif not meant.asks or surveyed[0].petition.state != "resolved":
        return None if meant.reply in _NOT_AS_STAFF else meant
    codes = [no6(meant.number), no6(own[0])]
    action = str(grammar.RATINGS.index(rated.rating) + 1)
    facts = {"count": "2", "codes": listed(codes, policy, language), "code": codes[0], "action": action}
    return Meant("asked", "which", facts, person=meant.person)
