"""What a letter comes to: commands, a reply, or a person who looks at it. Shapes, short codes and wording.

`reply_grammar.py` says what the words mean, `reply_staff.py` and `reply_citizens.py` what they are about. All of it is
pure and total: any text leads to some `Meant`, and what nobody understands is left `open` for the operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from xixi_workflow.core import words
from xixi_workflow.core.commands import Command
from xixi_workflow.core.masking import masked
from xixi_workflow.core.petition import Actor, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.sms import segments
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Refused

#: What somebody was told about longer ago than this is not what they write about.
TOLD_WITHIN: Final = timedelta(days=15)
#: A free text so soon after we asked for a reason is the reason.
REASON_WITHIN: Final = timedelta(hours=24)
#: SMS segments of one text of a reply, and texts of a full text; the rest of a longer one is had by telephone.
REPLY_SEGMENTS: Final = 3
MOST_TEXTS: Final = 6
#: Short codes that a question lists.
LISTED: Final = 6
#: Digits of the shortest code that is shown; people may write two.
SHORTEST_CODE: Final = 3

_NUMBER: Final = frozenset({"no6", "code"})
#: Every reply and its placeholders; `{signature}` and `{tel}` may stand in each.
REPLIES: Final[Mapping[str, frozenset[str]]] = {
    # to staff, after a command
    "accepted": _NUMBER | {"due"},
    "accepted_undated": _NUMBER,
    "accepted_assist": _NUMBER,
    "accepted_all": frozenset({"count", "codes", "code"}),
    "acknowledged": _NUMBER,
    "approved": _NUMBER,
    "request_refused": _NUMBER,
    "returned": _NUMBER | {"reason"},
    "reported": _NUMBER,
    "resolved": _NUMBER,
    "assist_finished": _NUMBER,
    "help_asked": _NUMBER,
    "contacted": _NUMBER,
    "detail": _NUMBER | {"part", "text"},
    "detail_cut": frozenset(),
    "with_code": _NUMBER,
    "not_done": frozenset({"codes"}),
    # to staff, instead of a command
    "which": frozenset({"count", "codes", "code", "action"}),
    "which_accept": frozenset({"count", "codes", "code"}),
    "one_at_a_time": frozenset({"code", "action"}),
    "what_now": _NUMBER | {"state"},
    "unknown_code": frozenset({"given", "codes"}),
    "nothing_open": frozenset(),
    "not_yours": _NUMBER,
    "reasons": _NUMBER | {"reasons"},
    "refusal_reason": _NUMBER,
    "interim_text": _NUMBER,
    "resolve_text": _NUMBER | {"results"},
    "assist_text": _NUMBER,
    "detail_confidential": _NUMBER,
    "staff_opt_out": frozenset(),
    "staff_unreadable": frozenset(),
    "refused": _NUMBER | {"text"},
    "more": frozenset({"count"}),
    # to petitioners and strangers
    "rated": _NUMBER,
    "rework": _NUMBER,
    "ask_reason": _NUMBER,
    "rate_how": frozenset(),
    "noted": _NUMBER,
    "reason_noted": _NUMBER,
    "opted_out": frozenset({"word"}),
    "opted_in": frozenset(),
    "heard": frozenset(),
}
ALWAYS: Final = frozenset({"signature", "tel"})

_SENTENCE_ENDS: Final = "。！？；，、!?;,\n "


class Case(NamedTuple):
    """A petition that somebody was told about lately."""

    petition: Petition
    #: When, by kind of message.
    told: Mapping[str, datetime]

    @property
    def told_at(self) -> datetime:
        """The last time."""
        return max(self.told.values())


class Ask(NamedTuple):
    """A command that a letter gives."""

    number: int
    command: Command
    actor: Actor


class Meant(msgspec.Struct, frozen=True):
    """What a letter comes to. `state` as in `store.rows.Answered`; a refusal turns `done` into `asked`."""

    state: Literal["done", "asked", "open"]
    #: The reply's words, once every command was carried out; empty for none.
    reply: str = ""
    facts: dict[str, str] = {}
    #: Carried out in this order. What follows a refused first one is left out, unless `everything`.
    asks: tuple[Ask, ...] = ()
    everything: bool = False
    person: str = ""
    number: int = 0
    #: What the number wants from now on: `surveys` no surveys, `again` all; empty: as before.
    opt: Literal["", "surveys", "again"] = ""
    #: A sentence to add where somebody has several petitions.
    several: bool = False


class Carried(NamedTuple):
    """What became of an `Ask`."""

    number: int
    petition: Petition | None
    refused: Refused | None


def say(key: str, facts: Mapping[str, str], policy: Policy, language: Language) -> str:
    """The words of a reply; empty when the policy, one of an earlier release, has none."""
    wording = policy.words[language].replies.get(key)
    if wording is None:
        return ""
    main = policy.main
    return wording.format_map({"signature": getattr(main.signature, language), "tel": main.telephone, **facts})


class Ended(NamedTuple):
    """How a letter ends: its state, what was caused or said, the reply's key, and its text (empty for none)."""

    state: Literal["done", "asked", "open"]
    outcome: str
    key: str
    text: str


def answer(meant: Meant, carried: Sequence[Carried], policy: Policy, language: Language) -> Ended:
    """How a letter ends whose commands were carried out or refused."""
    facts = dict(meant.facts)
    if meant.everything:
        return _answer_all(meant, carried, policy, language)
    if carried and (refused := carried[0].refused) is not None:
        role = meant.asks[0].actor.role
        told = words.refusal(refused, policy, role=role, language=language)
        # What a petitioner asks for in vain is looked at by a person.
        left = meant.state == "open" or role == "petitioner"
        text = say("refused", facts | {"text": told}, policy, language)
        return Ended("open" if left else "asked", refused.code, "refused", text)
    reply = meant.reply
    if carried and carried[0].petition is not None and reply == "accepted":
        due = promised(carried[0].petition, policy)
        facts["due"] = words.local(due, policy) if due else ""
        reply = reply if due else "accepted_undated"
    text = say(reply, facts, policy, language) if reply and reply != "detail" else ""
    if text and meant.several:
        text += say("with_code", facts, policy, language)
    return Ended(meant.state, meant.asks[0].command.happens if meant.asks else reply, reply, text)


def _answer_all(meant: Meant, carried: Sequence[Carried], policy: Policy, language: Language) -> Ended:
    done = [no6(c.number) for c in carried if c.refused is None]
    failed = [no6(c.number) for c in carried if c.refused is not None]
    facts = meant.facts | {"count": str(len(done)), "codes": listed(done, policy, language)}
    text = say(meant.reply, facts, policy, language)
    if failed:
        text += say("not_done", {"codes": listed(failed, policy, language)}, policy, language)
    return Ended("asked" if failed else meant.state, meant.reply, meant.reply, text)


def promised(petition: Petition, policy: Policy) -> datetime | None:
    """When the petitioner's answer is due, while that clock runs."""
    for clock in petition.clocks:
        plan = policy.clocks.get(clock.name)
        if plan is not None and plan.shape.extendable and clock.paused_at is None:
            return clock.due_at
    return None


def no6(number: int) -> str:
    """A petition's number as messages show it."""
    return str(number)[-6:]


def listed(codes: Sequence[str], policy: Policy, language: Language) -> str:
    """A few codes for people; how many there are in all when these are not all."""
    shown = ("、" if language == "zh" else ", ").join(codes[:LISTED])
    if len(codes) > LISTED:
        shown += say("more", {"count": str(len(codes))}, policy, language)
    return shown


# --- short codes ----------------------------------------------------------------------------------------------------


def fitting(code: str, numbers: Iterable[int]) -> list[int]:
    """The petitions that `code` (two digits or more) may mean: whose serial it is, or else whose number it ends."""
    known = sorted(set(numbers))
    if len(code) <= 6:
        exact = [n for n in known if n % 1_000_000 == int(code)]
        if exact:
            return exact
    return [n for n in known if str(n).endswith(code)]


def short_code(number: int, meant: Callable[[str], Sequence[int]]) -> str:
    """The shortest code of three digits or more by which `number`, and nothing else, is `meant`."""
    whole = str(number)
    for length in range(SHORTEST_CODE, len(whole)):
        if list(meant(whole[-length:])) == [number]:
            return whole[-length:]
    return whole


# --- the full text --------------------------------------------------------------------------------------------------


def detail_texts(
    said: Sequence[str], name: str, phone: str, number: int, policy: Policy, language: Language
) -> list[str]:
    """A petition's full text (title, place, content …) in numbered SMS, without the petitioner's name and number."""
    whole = "\n".join(dict.fromkeys(masked(part, name, phone) for part in said if part.strip()))
    facts = {"no6": no6(number), "code": no6(number)}

    def made(part: str, text: str) -> str:
        return say("detail", facts | {"part": part, "text": text}, policy, language)

    if not made("", ""):
        return []
    if segments(made("", whole)) <= REPLY_SEGMENTS:
        return [made("", whole)]
    pieces: list[str] = []
    rest, cut_off = whole, say("detail_cut", {}, policy, language)
    while rest and len(pieces) < MOST_TEXTS:
        size = len(rest)
        while size > 1 and segments(made("(9/9)", rest[:size]) + cut_off) > REPLY_SEGMENTS:
            size = min(size - 1, max(size // 2, 480))
        if size < len(rest):
            # Rather between two clauses than within a word.
            cut = max(rest.rfind(mark, size // 2, size) for mark in _SENTENCE_ENDS)
            size = cut + 1 if cut > 0 else size
        pieces.append(rest[:size])
        rest = rest[size:]
    texts = [made(f"({n}/{len(pieces)})", piece) for n, piece in enumerate(pieces, 1)]
    if rest:
        texts[-1] += cut_off
    return texts
