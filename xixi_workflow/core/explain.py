"""Where each deadline of a petition comes from, line by line.

Nothing of this is kept while a petition lives: its journal is replayed, and the clocks before and after each event are
compared. So an explanation costs a hot path nothing and cannot disagree with what the judge did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from xixi_workflow.core import decide as judge
from xixi_workflow.core import words
from xixi_workflow.core.clocks import INSTANT
from xixi_workflow.core.lifecycle import EVENT_OF, ROLES
from xixi_workflow.core.petition import Actor, Clock, Entry, Outcome, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replay import TIME_FACTS, Replayed, command_of, replay
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Decision, Refused

What = Literal[
    "started",
    "warned",
    "paused",
    "resumed",
    "extended",
    "breached",
    "escalated",
    "raised",
    "acknowledged",
    "withdrawn",
    "on_time",
    "late",
    "unmet",
    "ended",
    "lapsed",
]

#: How a line reads; `{by}` is the event and its actor.
_WORDING: Final[dict[What, tuple[str, str]]] = {
    "started": ("自 {start} 起计时，{due} 到期（{by}）", "counts from {start}, due {due} ({by})"),
    "warned": ("预警，距到期 {span}", "warning, {span} left"),
    "paused": ("暂停计时（{by}）", "paused ({by})"),
    "resumed": (
        "恢复计时，已暂停 {span}，到期 {before} → {due}（{by}）",
        "resumed after {span}, due {before} → {due} ({by})",
    ),
    "extended": ("延期 {span}，到期 {before} → {due}（{by}）", "extended by {span}, due {before} → {due} ({by})"),
    "breached": ("到期未完成，超时", "due and not met: breached"),
    "escalated": ("超时 {span}，升级第 {level} 级", "overdue by {span}, escalated to level {level}"),
    "raised": ("越级升级至第 {level} 级（{by}）", "escalated by hand to level {level} ({by})"),
    "acknowledged": ("已知悉，第 {level} 级以内不再重复（{by}）", "acknowledged, silent up to level {level} ({by})"),
    "withdrawn": ("事实先于到期，撤销超时（{by}）", "it happened before due: breach withdrawn ({by})"),
    "on_time": ("按时完成（{by}）", "met on time ({by})"),
    "late": ("逾期 {span} 完成（{by}）", "met {span} late ({by})"),
    "unmet": ("超时后终止，未完成（{by}）", "stopped after its breach, never met ({by})"),
    "ended": ("到期前终止，不计考核（{by}）", "stopped before due, not judged ({by})"),
    "lapsed": ("期满终止", "ran out"),
}


class Line(msgspec.Struct, frozen=True):
    """One thing that happened to one clock, and what it did to the due instant."""

    #: The journal line that tells of it.
    seq: int
    at: datetime
    noticed_at: datetime
    clock: str
    #: The assisting team, empty for the petition's own clocks.
    key: str
    round: int
    what: What
    event: str
    actor: str
    due_before: datetime | None
    due_after: datetime | None
    #: Seconds: left in a warning, paused, granted, overdue.
    span: float = 0.0
    level: int = 0


def explain(entries: Sequence[Entry], *, petition_id: int, policy_for: Callable[[Entry], Policy]) -> list[Line]:
    """What every clock of a petition went through, in the journal's order. Arguments and errors are `replay`'s."""
    lines: list[Line] = []
    for step in replay(entries, petition_id=petition_id, policy_for=policy_for):
        lines += _explained(step, policy_for(step.entries[0]))
    return lines


def render(lines: Sequence[Line], policy: Policy, language: Language) -> list[str]:
    """The lines as people read them, on the city's wall clock."""
    return [_rendered(line, policy, language) for line in lines]


def _rendered(line: Line, policy: Policy, language: Language) -> str:
    english = language == "en"
    plan = policy.clocks.get(line.clock)
    name = getattr(plan.shape, language) if plan else line.clock
    if line.key:
        team = policy.teams.get(line.key)
        name += f"·{getattr(team, language) if team else line.key}"
    if line.round > 1:
        name += f" (round {line.round})" if english else f"（第{line.round}轮）"
    actor = Actor.parse(line.actor)
    by = f"{words.event(line.event, language)}{', ' if english else '，'}{ROLES[actor.role][english]}"
    text = _WORDING[line.what][english].format_map(
        {
            "by": f"{by} {actor.id}".rstrip(),
            "start": _local(line.at, policy),
            "before": _local(line.due_before, policy),
            "due": _local(line.due_after, policy),
            "span": words.span(line.span, language),
            "level": str(line.level),
        }
    )
    heard = ""
    if line.noticed_at - line.at >= timedelta(seconds=1):
        heard = (
            f" [heard {_local(line.noticed_at, policy)}]" if english else f"〔{_local(line.noticed_at, policy)} 获知〕"
        )
    return f"{_local(line.at, policy)} {name}{': ' if english else '：'}{text}{heard}"


def _local(at: datetime | None, policy: Policy) -> str:
    return at.astimezone(policy.zone).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _explained(step: Replayed, policy: Policy) -> Iterator[Line]:
    """One decision, taken apart at its command: time before it, the command itself, time after it."""
    entries = list(step.entries)
    place = next((n for n, e in enumerate(entries) if e.event not in TIME_FACTS), len(entries))
    before = step.before
    if before is not None:
        yield from _by_time(before, entries[:place], policy)
    if place == len(entries):
        return
    entry = entries[place]
    after = step.decision.petition
    if before is None:
        for clock in after.clocks:
            yield _line(entry, clock, "started", None, clock.due_at)
        yield from _by_time(after, entries[1:], policy)
        return
    passed = judge.let_time_pass(before, policy, now=entry.at)
    done = judge.decide(before, command_of(entry), Actor.parse(entry.actor), policy, now=entry.at)
    if isinstance(done, Refused):
        raise AssertionError(f"replayed and then refused: {done.code}")
    outcomes = done.outcomes[len(passed.outcomes) :]
    yield from _compared(entry, passed.petition, done, outcomes)
    yield from _by_time(done.petition, entries[place + len(done.entries) - len(passed.entries) :], policy)


def _compared(entry: Entry, before: Petition, done: Decision, outcomes: Sequence[Outcome]) -> Iterator[Line]:
    """What an event did to each clock."""
    old = {(c.name, c.key, c.started_at): c for c in before.clocks}
    for o in outcomes:
        if o.result == "breached":
            continue  # has a line of its own in the journal
        was = old.get((o.clock, o.key, o.started_at))
        proved_wrong = was is not None and was.breached_at is not None and o.result == "on_time"
        if proved_wrong:
            yield _settled(entry, o, "withdrawn")
        yield _settled(entry, o, msgspec.convert(o.result, What))
    for clock in done.petition.clocks:
        known = old.get((clock.name, clock.key, clock.started_at))
        if known is None:
            yield _line(entry, clock, "started", None, clock.due_at)
            continue
        if clock.extended_for != known.extended_for:
            span = clock.extended_for - known.extended_for
            yield _line(entry, clock, "extended", known.due_at, clock.due_at, span)
        if clock.paused_at is not None and known.paused_at is None:
            due = None if clock.breached_at is None else clock.due_at
            yield _line(entry, clock, "paused", known.due_at, due)
        elif clock.paused_at is None and known.paused_at is not None:
            span = clock.paused_for - known.paused_for
            yield _line(entry, clock, "resumed", known.due_at, clock.due_at, span)
        if entry.event == "escalated_by_hand" and clock.climb != known.climb and clock.climb is not None:
            yield _line(entry, clock, "raised", known.due_at, clock.due_at, level=clock.climb.raised)
        if clock.acknowledged != known.acknowledged:
            yield _line(entry, clock, "acknowledged", known.due_at, clock.due_at, level=clock.acknowledged)


def _by_time(start: Petition, entries: Sequence[Entry], policy: Policy) -> Iterator[Line]:
    """What time alone did from `start` on, as `entries` tell it."""
    dues: dict[tuple[str, str], datetime | None] = {(c.name, c.key): c.due_at for c in start.clocks}
    rounds = {(c.name, c.key): c.round for c in start.clocks}
    for entry in entries:
        if entry.event in ("hold_ended", "survey_lapsed"):
            # A survey lapses when its due instant, which is still in time, is over.
            over = entry.at + INSTANT if entry.event == "survey_lapsed" else entry.at
            before = judge.let_time_pass(start, policy, now=over - INSTANT)
            done = judge.let_time_pass(start, policy, now=over)
            for line in _compared(entry, before.petition, done, done.outcomes[len(before.outcomes) :]):
                dues[line.clock, line.key] = line.due_after
                yield line
            continue
        fact = msgspec.json.decode(entry.data)
        what = msgspec.convert(entry.event, What)
        which = fact["clock"], fact.get("team", "")
        span = fact.get("left", 0.0)
        if what == "warned":
            dues[which] = entry.at + timedelta(seconds=span)
        elif what == "breached":
            dues[which] = entry.at
        due = dues.get(which)
        if what == "escalated" and due is not None:
            span = (entry.at - due).total_seconds()
        yield Line(
            entry.seq,
            entry.at,
            entry.noticed_at,
            *which,
            rounds.get(which, start.round),
            what,
            EVENT_OF[entry.event],
            entry.actor,
            due,
            due,
            span,
            fact.get("level", 0),
        )


def _line(
    entry: Entry,
    clock: Clock,
    what: What,
    before: datetime | None,
    after: datetime | None,
    span: float = 0.0,
    level: int = 0,
) -> Line:
    at = clock.started_at if what == "started" else entry.at
    return Line(
        entry.seq,
        at,
        entry.noticed_at,
        clock.name,
        clock.key,
        clock.round,
        what,
        EVENT_OF[entry.event],
        entry.actor,
        before,
        after,
        span,
        level,
    )


def _settled(entry: Entry, o: Outcome, what: What) -> Line:
    at = o.settled_at or entry.at
    late = max(0.0, (at - o.due_at).total_seconds())
    after = o.due_at if what == "withdrawn" else None
    return Line(
        entry.seq,
        at,
        entry.noticed_at,
        o.clock,
        o.key,
        o.round,
        what,
        EVENT_OF[entry.event],
        entry.actor,
        o.due_at,
        after,
        late,
    )
