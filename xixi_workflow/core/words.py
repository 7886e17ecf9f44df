"""What people read: messages and refusals, filled in from the words catalogue of the policy.

A message is stored as its kind and its variables; `message` turns them into the same text every time, so the record
is what the person was told. No petitioner's name or phone has a placeholder here, so no wording can leak one. Where
and what, in brief, are for handlers alone, who have to go there, and are empty for a confidential petition.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Final, Literal, NamedTuple

from xixi_workflow.core.lifecycle import EVENTS, ROLES, STATES, Role, State
from xixi_workflow.core.masking import masked
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.work import Refused

Language = Literal["zh", "en"]

#: What a message may contain.
PLACEHOLDERS: Final = frozenset(
    {
        "signature",
        "no",
        "no6",
        "category",
        "team",
        "urgency",
        "community",
        "clock",
        "due",
        "span",
        "level",
        "text",
        "reason",
        "tel",
        "where",
        "what",
    }
)
#: Placeholders that only a message to a handler may have.
HANDLERS_ONLY: Final = frozenset({"where", "what"})
#: The wording of whatever a handler or a team is told about a confidential petition.
CONFIDENTIAL: Final = "handler_confidential"
#: Characters of the place and of the matter that a message shows.
BRIEF: Final = 20
#: Refusals that the code can give; each needs words.
FIXED_REFUSALS: Final = frozenset(
    {
        "no_such_petition",
        "unknown_event",
        "not_in_state",
        "not_permitted",
        "unknown_source",
        "from_the_future",
        "before_receipt",
        "unknown_category",
        "unknown_team",
        "unknown_person",
        "unknown_reason",
        "unknown_result",
        "team_has_it",
        "no_team",
        "same_team",
        "not_of_this_team",
        "already_pending",
        "nothing_pending",
        "too_long",
        "too_many_extensions",
        "nothing_to_extend",
        "after_due",
        "already_rated",
        "window_closed",
        "too_many_rounds",
        "leads_already",
        "assists_already",
        "does_not_assist",
        "nothing_to_acknowledge",
        "nothing_to_escalate",
        "no_such_level",
        "level_rung_already",
        "merge_into_itself",
        "others_wait_for_it",
        "bad_field",
        "conflict",
    }
)
_URGENCY: Final = {
    "urgent": ("〔紧急〕", "[URGENT] "),
    "emergency": ("〔特急〕", "[EMERGENCY] "),
}


class Matter(NamedTuple):
    """Where and what, as it was filed; the petitioner's name is masked in both."""

    place: str = ""
    title: str = ""
    name: str = ""


_NO_MATTER: Final = Matter()


def message(
    kind: str,
    told: Vars,
    policy: Policy,
    *,
    number: int,
    community: str,
    confidential: bool,
    language: Language,
    matter: Matter = _NO_MATTER,
) -> str:
    """The text of a message of `kind`. A confidential petition shows a handler its number only, and asks to call."""
    zh = language == "zh"
    main = policy.main
    catalogue = policy.words[language].messages
    category = policy.categories.get(told.category)
    team = policy.teams.get(told.team)
    clock = policy.clocks.get(told.clock)
    named = next(
        (
            names[told.code]
            for names in (main.return_reasons, main.hold_reasons, main.reject_reasons, main.results)
            if told.code in names
        ),
        None,
    )
    hidden = ("保密件", "confidential")[not zh]
    handlers = kind.startswith(("handler_", "team_"))
    # A policy of an earlier release may have no such wording.
    if confidential and handlers and CONFIDENTIAL in catalogue:
        kind = CONFIDENTIAL
    shows = handlers and not confidential
    return catalogue[kind].format_map(
        {
            "signature": getattr(main.signature, language),
            "no": str(number),
            "no6": str(number)[-6:],
            "category": hidden if confidential else getattr(category, language, ""),
            "team": getattr(team, language, told.team),
            "urgency": urgency(told.urgency, language),
            "community": "" if confidential else community,
            "clock": getattr(clock.shape, language) if clock else "",
            "due": local(told.due, policy) if told.due else "",
            "span": span(told.span, language),
            "level": str(told.level),
            "text": "" if confidential and not kind.startswith("citizen_") else told.text.rstrip("。 \n"),
            "reason": getattr(named, language, told.code),
            "tel": main.telephone,
            "where": brief(matter.place, matter.name) if shows else "",
            "what": brief(matter.title, matter.name) if shows else "",
        }
    )


def urgency(code: str, language: Language) -> str:
    """How a message marks it; empty for a normal one."""
    return _URGENCY.get(code, ("", ""))[language == "en"]


def brief(text: str, name: str, most: int = BRIEF) -> str:
    """The first `most` characters of `text` in one line, without the petitioner's name and any long number."""
    plain = unicodedata.normalize("NFKC", text)
    plain = " ".join(masked(plain, unicodedata.normalize("NFKC", name), "").split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def refusal(refused: Refused, policy: Policy, *, role: Role, language: Language) -> str:
    """What was refused, why, and what is allowed now, in the reader's language."""
    facts = dict(refused.facts)
    if "team" in facts and facts["team"] in policy.teams:
        facts["team"] = getattr(policy.teams[facts["team"]], language)
    able = [event(e, language) for e in refused.allowed]
    nothing = policy.words[language].screens["nothing"]
    separator = "、" if language == "zh" else ", "
    wording = policy.words[language].refusals[refused.code]
    return wording.format_map(
        {
            "state": state(refused.state, language),
            "event": event(refused.event, language),
            "role": ROLES[role][language == "en"],
            "allowed": separator.join(able) or nothing,
            **facts,
        }
    )


def state(name: str, language: Language) -> str:
    """The state's name for people."""
    known: State | None = next((s for s in STATES if s == name), None)
    return STATES[known][language == "en"] if known else name


def event(name: str, language: Language) -> str:
    """The event's name for people."""
    if name not in EVENTS:
        return name
    return EVENTS[name].zh if language == "zh" else EVENTS[name].en.lower()


def kind(name: str, policy: Policy, language: Language) -> str:
    """What people call a message of that kind; its code where the words do not name it."""
    return policy.words[language].screens.get(f"message_{name}", name)


def local(at: datetime, policy: Policy) -> str:
    """An instant on the city's wall clock, without the year: `11-24 15:05`."""
    return at.astimezone(policy.zone).strftime("%m-%d %H:%M")


def span(seconds: float, language: Language) -> str:
    """A span as people say it, rounded down to two units: `3小时20分`, `1d 2h`."""
    units = (
        ((86400, "天"), (3600, "小时"), (60, "分"), (1, "秒"))
        if language == "zh"
        else ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    )
    joiner = "" if language == "zh" else " "
    left = int(seconds)
    for n, (size, name) in enumerate(units):
        if left >= size:
            whole, rest = divmod(left, size)
            # The next unit or nothing: "1 d 5 s" would sound more exact than it is.
            small, small_name = units[n + 1] if n + 1 < len(units) else (1, "")
            more = f"{rest // small}{small_name}" if rest >= small else ""
            return f"{whole}{name}" + (f"{joiner}{more}" if more else "")
    return f"0{units[-1][1]}"
