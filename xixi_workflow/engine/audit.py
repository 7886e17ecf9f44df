"""The audit: looks for what should have rung and stayed silent, and says it in plain words.

What counts as silent is judged in `core/silence.py`; here is what it is judged from, and how a finding reads. An audit
changes nothing, so any number of processes may audit at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from xixi_workflow.core import duty_proof, duty_words, silence, words
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.silence import Facts, Finding, Gap
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import PUT_OFF_FOR, Engine
from xixi_workflow.store import boards
from xixi_workflow.store import silence as found

Row = dict[str, str]

#: Names in `service` of the processes that keep time.
CLOCKS: Final = "clock@"


def audit(engine: Engine, *, now: datetime) -> list[Finding]:
    """Everything that stayed silent, what alarms first. Raises only when the database cannot be used."""
    policy = engine.policies.in_force
    return silence.judge(_facts(engine, policy, now), policy, now=now)


def _facts(engine: Engine, policy: Policy, now: datetime) -> Facts:
    store = engine.store
    petitions = boards.every_open(store)
    open_ = [*petitions.ticking, *petitions.still]
    return Facts(
        beat=found.last_beat(store, CLOCKS),
        open=open_,
        still=petitions.still,
        unreadable=petitions.unreadable,
        asleep=found.asleep(store, now - silence.SWEPT_WITHIN),
        troubled=found.troubled(store, now - 2 * PUT_OFF_FOR),
        # After the petitions: what has rung since they were read is looked for and found.
        told=found.told(store, silence.overdue(open_)),
        pending=found.pending(store, now - min(silence.EMERGENCY_WITHIN, silence.RECEIPT_GRACE)),
        lost=found.lost(store, now - silence.LOST_FOR),
        unread=found.unread(store, now - silence.READ_WITHIN),
        letters=found.unseen(store, now - silence.SEEN_WITHIN),
        gaps=_gaps(policy, now),
    )


def _gaps(policy: Policy, now: datetime) -> list[Gap]:
    """When nobody is on duty in the coming day. Others are told in their stead, whom nobody expects to be rung."""
    return [
        Gap(", ".join(target.name for target in gap.told), start)
        for gap in duty_proof.gaps(policy, now, now + silence.ROSTER_AHEAD)
        for start, _ in gap.holes
    ]


def alarming(findings: Sequence[Finding]) -> int:
    """How many of them say that somebody who had to hear of something did not."""
    return sum(finding.alarming for finding in findings)


def by_kind(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings that alarm there are of each kind."""
    return dict(Counter(finding.kind for finding in findings if finding.alarming))


def sentence(finding: Finding, policy: Policy, language: Language) -> str:
    """What a finding says, in the reader's language."""
    wording = policy.words[language].screens.get(f"silent_{finding.kind}")
    facts = finding.facts
    if wording is None:
        # A policy from before these words: better terse than dumb.
        return " ".join((finding.kind, *facts.values()))
    clock = policy.clocks.get(facts.get("clock", ""))
    return wording.format_map(
        {
            **facts,
            "clock": getattr(clock.shape, language) if clock else facts.get("clock", ""),
            "who": _names(facts.get("who", ""), policy, language),
            "message": _message(finding, policy, language),
            "whom": _team(facts.get("whom", ""), policy, language),
        }
    )


def about(finding: Finding, language: Language) -> str:
    """What a finding is about, for people: the petition's number, a letter, `—` for the house itself."""
    letter = finding.key.removeprefix("letter ")
    return (("来信 ", "letter ")[language == "en"] + letter) if letter != finding.key else finding.key or "—"


def together(findings: Sequence[Finding]) -> list[Finding]:
    """The same findings, those about one kind of message of one petition as one that names every recipient.

    It is as old as the oldest of them, and stands where that stood.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        same = (one.kind, one.key, one.facts["message"], one.alarming) if "message" in one.facts else (id(one),)
        groups.setdefault(same, []).append(one)
    made = []
    for group in groups.values():
        facts = dict(group[0].facts)
        if len(group) > 1:
            facts["who"] = ", ".join(dict.fromkeys(one.facts["who"] for one in group))
        made.append(msgspec.structs.replace(group[0], facts=facts, since=min(one.since for one in group)))
    return made


def _message(finding: Finding, policy: Policy, language: Language) -> str:
    reply = finding.key.startswith("letter ")
    return words.kind("reply" if reply else finding.facts.get("message", ""), policy, language)


def _names(who: str, policy: Policy, language: Language) -> str:
    comma = "、" if language == "zh" else ", "
    return comma.join(_name(one, policy, language) for one in who.split(", "))


def _name(who: str, policy: Policy, language: Language) -> str:
    if who == "petitioner":
        return "诉求人" if language == "zh" else "the petitioner"
    person = policy.people.get(who)
    return person.name if person else who


def _team(whom: str, policy: Policy, language: Language) -> str:
    """Teams and roles by their names."""
    comma = "、" if language == "zh" else ", "
    return comma.join(duty_words.roster(code, policy, language) for code in whom.split(", "))


def table(findings: Sequence[Finding], policy: Policy, *, now: datetime, language: Language) -> list[Row]:
    """One row per finding, for people."""
    return [
        {
            "级别 Level": "告警 ALARM" if finding.alarming else "提示 Note",
            "对象 About": about(finding, language),
            "情况 Finding": sentence(finding, policy, language),
            "起于 Since": words.local(finding.since, policy),
            "已有 For": words.span(max(0.0, (now - finding.since).total_seconds()), language),
        }
        for finding in findings
    ]
