"""The words catalogue held against its use: every text can be filled in, says which petition, and fits its SMS.

A placeholder that the code does not know raises when a person should have been told; one that is always empty at its
place leaves a hole in the sentence. Lengths are judged with the longest names of this very policy, because a message
that fits today must still fit when it is about the longest category in the longest community.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Final, Literal, NamedTuple

from xixi_workflow.core.digests import DIGESTS
from xixi_workflow.core.lifecycle import TABLE
from xixi_workflow.core.policy_problem import Files, Path, Problem, unknown
from xixi_workflow.core.policy_reach import runs_after
from xixi_workflow.core.policy_schema import Named, PolicyFile, WordsFile
from xixi_workflow.core.replies import ALWAYS, REPLIES
from xixi_workflow.core.sms import segments
from xixi_workflow.core.words import BRIEF, CONFIDENTIAL, FIXED_REFUSALS, HANDLERS_ONLY, PLACEHOLDERS
from xixi_workflow.core.work import QUOTED

#: SMS segments that one message may cost: a petitioner's that quotes somebody two, any other of theirs one.
CITIZEN_SEGMENTS: Final = 1
QUOTING_SEGMENTS: Final = 2
LEADER_SEGMENTS: Final = 2
OTHER_SEGMENTS: Final = 3

_LANGUAGES: Final[dict[str, Literal["zh", "en"]]] = {"words/zh.yaml": "zh", "words/en.yaml": "en"}
#: Filled everywhere. A text may be left empty by whoever writes it, so a message must read well without one anyway.
_ALWAYS: Final = frozenset({"signature", "no", "no6", "community", "tel", "category", "team", "urgency", "text"})
_ALWAYS_TO_HANDLERS: Final = _ALWAYS | HANDLERS_ONLY
#: Events whose text may be the petitioner's own words.
_PETITIONERS: Final = frozenset(row.event for row in TABLE if "petitioner" in row.who and row.event != "acknowledge")
#: What each event's command adds to its notices, besides `_ALWAYS` and the due instant.
_SAID: Final[dict[str, frozenset[str]]] = {
    "return": frozenset({"reason"}),
    "request_hold": frozenset({"reason", "span"}),
    "approve_hold": frozenset({"span"}),
    "request_extension": frozenset({"span"}),
    "approve_extension": frozenset({"span"}),
    "resolve": frozenset({"reason"}),
    "follow": frozenset({"reason"}),
    "reject": frozenset({"reason"}),
}
#: What completes each refusal, besides state, event, role and allowed. A refusal not named here is not judged.
_REFUSAL_FACTS: Final[dict[str, str]] = {
    "no_such_petition": "no",
    "unknown_event": "known",
    "unknown_source": "source",
    "from_the_future": "at",
    "before_receipt": "at",
    **dict.fromkeys(("unknown_category", "unknown_team", "unknown_person", "unknown_reason"), "code known"),
    "unknown_result": "code known",
    **dict.fromkeys(("team_has_it", "same_team", "leads_already", "assists_already", "does_not_assist"), "team"),
    "not_of_this_team": "person team",
    "already_pending": "pending",
    "nothing_pending": "pending",
    "too_long": "hours",
    "too_many_extensions": "most",
    "too_many_rounds": "most",
    "window_closed": "days",
    "others_wait_for_it": "count",
    "bad_field": "field problem",
    "not_in_state": "",
    "not_permitted": "",
    "no_team": "",
    "nothing_to_extend": "",
    "after_due": "",
    "already_rated": "",
    "nothing_to_acknowledge": "",
    "nothing_to_escalate": "",
    "no_such_level": "level known",
    "level_rung_already": "level reached",
    "merge_into_itself": "",
    "conflict": "",
}


class _Use(NamedTuple):
    """One place where a message is sent: what is filled in there, and the names that its reason code can take."""

    place: str
    filled: frozenset[str]
    reasons: Mapping[str, Named]
    #: What a petitioner wrote would reach somebody else.
    quotes_petitioner: bool = False


def words(files: Files) -> Iterator[Problem]:
    """Everything that is wrong with the texts themselves and between the two languages."""
    languages: dict[str, WordsFile] = {n: files[n] for n in _LANGUAGES if n in files}
    for name, catalogue in languages.items():
        other_name, other = next(((n, w) for n, w in languages.items() if n != name), (name, catalogue))
        for part in ("messages", "digests", "replies", "refusals", "screens"):
            mine, theirs = getattr(catalogue, part), getattr(other, part)
            for key in sorted(theirs.keys() - mine.keys()):
                yield Problem(name, (part,), f"{key} is in {other_name} but not here")
            for key, text in mine.items():
                yield from _text(name, part, key, text)
                if key in theirs and name == "words/zh.yaml":
                    yield from _same_fields(part, key, text, theirs[key], other_name)
        for key in sorted(FIXED_REFUSALS - catalogue.refusals.keys()):
            yield Problem(name, ("refusals",), f"the refusal {key} has no words")
        for key in sorted(DIGESTS.keys() - catalogue.digests.keys()):
            yield Problem(name, ("digests",), f"the part {key} has no words")
        for key in sorted(REPLIES.keys() - catalogue.replies.keys()):
            yield Problem(name, ("replies",), f"the reply {key} has no words")
        if CONFIDENTIAL not in catalogue.messages:
            yield Problem(
                name, ("messages",), f"{CONFIDENTIAL} has no words: what a handler is told of such a petition"
            )


def _text(file: str, part: str, key: str, text: str) -> Iterator[Problem]:
    at: Path = (part, key)
    fields = _fields(text)
    if fields is None:
        yield Problem(file, at, "the braces do not match; a placeholder is written {no6}, a brace itself {{ or }}")
        return
    if "｛" in text or "｝" in text:
        yield Problem(file, at, "full-width braces ｛｝ are no placeholder; write { and }")
    if any(spec or conversion for _, field, spec, conversion in Formatter().parse(text) if field is not None):
        yield Problem(file, at, "a placeholder is its name alone, without : or !")
    known: frozenset[str] = frozenset()
    if part == "messages":
        known = PLACEHOLDERS
        yield from _message(file, key, fields)
        if key == CONFIDENTIAL:
            return
    elif part == "digests":
        if key not in DIGESTS:
            yield Problem(file, at, unknown("part of a digest", key, DIGESTS))
            return
        known = DIGESTS[key]
    elif part == "replies":
        if key not in REPLIES:
            yield Problem(file, at, unknown("reply", key, REPLIES))
            return
        known = REPLIES[key] | ALWAYS
    elif part == "refusals":
        if key not in _REFUSAL_FACTS:
            return
        known = frozenset({"state", "event", "role", "allowed", *_REFUSAL_FACTS[key].split()})
    else:
        return
    for field in sorted(fields - known):
        yield Problem(file, at, unknown("placeholder", field, known))


def _message(file: str, key: str, fields: set[str]) -> Iterator[Problem]:
    """Placeholders that a message must have or must not have, whatever the policy."""
    at: Path = ("messages", key)
    if not fields & {"no", "no6"}:
        yield Problem(file, at, "does not say which petition it is about; add {no6}")
    if not key.startswith("handler_"):
        for field in sorted(fields & HANDLERS_ONLY):
            yield Problem(file, at, f"{{{field}}} is for a message to handlers (handler_…) alone")
    if key.startswith("leader_") and "text" in fields:
        yield Problem(file, at, "a leader's message quotes nobody; remove {text}")
    if key == CONFIDENTIAL:
        for field in sorted(fields - {"signature", "no", "no6", "urgency", "tel"}):
            yield Problem(file, at, f"{{{field}}} tells what is confidential")


def _same_fields(part: str, key: str, chinese: str, other: str, file: str) -> Iterator[Problem]:
    mine, theirs = _fields(chinese), _fields(other)
    if mine is not None and theirs is not None and mine != theirs:
        differ = ", ".join(sorted(mine ^ theirs))
        yield Problem(file, (part, key), f"placeholders differ from the Chinese: {differ}")


def _fields(text: str) -> set[str] | None:
    """The placeholders of `text`; None when it is no template."""
    try:
        return {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except ValueError:
        return None


def sent(files: Files) -> Iterator[Problem]:
    """What is wrong with a text at the places where the policy sends it."""
    main: PolicyFile | None = files.get("policy.yaml")
    if main is None:
        return
    uses = _uses(main)
    for file, language in _LANGUAGES.items():
        catalogue: WordsFile | None = files.get(file)
        names = _longest_names(files, main, language)
        for key, text in catalogue.messages.items() if catalogue else ():
            fields = _fields(text)
            if fields is None or not fields <= PLACEHOLDERS:
                continue
            for use in uses.get(key, ()):
                for field in sorted(fields - use.filled):
                    yield Problem(file, ("messages", key), f"{{{field}}} is always empty in {use.place}")
                if use.quotes_petitioner and "text" in fields and not key.startswith("handler_"):
                    problem = f"{{text}} is the petitioner's own words in {use.place}, and others read it"
                    yield Problem(file, ("messages", key), problem)
            yield from _length(file, key, text, names, uses.get(key, [_Use("", PLACEHOLDERS, {})]), language)


def most_segments(key: str, text: str) -> int:
    """The SMS segments that the message `key` with the wording `text` may cost."""
    if key.startswith("citizen_"):
        return QUOTING_SEGMENTS if "{text}" in text else CITIZEN_SEGMENTS
    return LEADER_SEGMENTS if key.startswith("leader_") else OTHER_SEGMENTS


def sms_rules(files: Files) -> Iterator[Problem]:
    """What is wrong with the messages that may wait or be withheld."""
    main: PolicyFile | None = files.get("policy.yaml")
    catalogue: WordsFile | None = files.get("words/zh.yaml")
    if main is None or catalogue is None:
        return
    for part, kinds in (("quiet", main.sms.quiet.messages), ("daily_cap", main.sms.daily_cap.messages)):
        for n, kind in enumerate(kinds):
            at: Path = ("sms", part, "messages", n)
            if kind not in catalogue.messages:
                yield Problem("policy.yaml", at, unknown("message", kind, catalogue.messages))
            elif not kind.startswith("citizen_"):
                yield Problem("policy.yaml", at, f"{kind} goes to staff, who must not be told late or not at all")


def _length(
    file: str, key: str, text: str, names: Mapping[str, str], uses: Iterable[_Use], language: Literal["zh", "en"]
) -> Iterator[Problem]:
    most = most_segments(key, text)
    longest = ""
    for use in uses:
        filled = {field: value if field in use.filled else "" for field, value in names.items()}
        filled["reason"] = _longest(getattr(named, language) for named in use.reasons.values())
        try:
            longest = _longest([longest, text.format_map(filled)])
        except (ValueError, LookupError, AttributeError):
            return  # a format specification, reported elsewhere
    if segments(longest) > most:
        message = f"can take {segments(longest)} SMS segments ({len(longest)} characters), at most {most}: {longest}"
        yield Problem(file, ("messages", key), message)


def _uses(main: PolicyFile) -> dict[str, list[_Use]]:
    """Where each message is sent."""
    uses: dict[str, list[_Use]] = defaultdict(list)
    reasons: dict[str, Mapping[str, Named]] = {
        "return": main.return_reasons,
        "request_hold": main.hold_reasons,
        "reject": main.reject_reasons,
        "resolve": main.results,
        "follow": {**main.results, **main.reject_reasons},
    }
    extendable = [clock for clock in main.clocks.values() if clock.extendable]
    for event, notices in main.notices.items():
        filled = _ALWAYS_TO_HANDLERS | _SAID.get(event, frozenset())
        if event == "file":
            filled -= {"category", "team"}  # nothing is routed yet
        if any(runs_after(clock, event) for clock in extendable):
            filled |= {"due"}
        for notice in notices:
            others = event in _PETITIONERS and not {*notice.to} <= {"petitioner", "surveyed"}
            uses[notice.message].append(_Use(f"the notice of {event}", filled, reasons.get(event, {}), others))
    told = _ALWAYS_TO_HANDLERS | {"clock", "due", "span"}
    for name, clock in main.clocks.items():
        if clock.warn:
            uses[clock.warn.message].append(_Use(f"the warning of clock {name}", told, {}))
    for name, steps in main.ladders.items():
        for message in {step.message for step in steps}:
            uses[message].append(_Use(f"the ladder {name}", told | {"level"}, {}))
    return uses


def _longest_names(files: Files, main: PolicyFile, language: Literal["zh", "en"]) -> dict[str, str]:
    """The longest plausible value of each placeholder. A person's text is Chinese in both languages."""
    zh = language == "zh"
    teams, categories, communities = (files.get(f"{n}.yaml") for n in ("teams", "categories", "communities"))
    return {
        "signature": getattr(main.signature, language),
        "no": "2" * 15,
        "no6": "2" * 6,
        "category": _longest(getattr(c, language) for c in categories.categories) if categories else "",
        "team": _longest(getattr(t, language) for t in teams.teams.values()) if teams else "",
        "urgency": "〔紧急〕" if zh else "[EMERGENCY] ",
        "community": _longest(c.name for c in communities.communities) if communities else "",
        "clock": _longest(getattr(c, language) for c in main.clocks.values()),
        "due": "12-31 23:59",
        "span": "29天23小时" if zh else "29d 23h",
        "level": "9",
        "text": "字" * QUOTED,
        "tel": main.telephone,
        "where": "字" * BRIEF,
        "what": "字" * BRIEF,
    }


def _longest(texts: Iterable[str]) -> str:
    return max(texts, key=lambda text: (segments(text), len(text)), default="")
