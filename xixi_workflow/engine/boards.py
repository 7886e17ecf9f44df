"""The boards that a centre's people look at in Prefect: tables and short texts, made anew from the database each time.

A board shows numbers of petitions, teams, deadlines and staff, never what a petitioner wrote or who it was: Prefect has
no accounts, and keeps what it is given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from xixi_workflow.core import words
from xixi_workflow.core.petition import Clock, Petition, Vars
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.sweep import Swept
from xixi_workflow.store import boards

Row = dict[str, str]

#: Petitions filed this long before a period may have missed a deadline in it.
LOOK_BACK: Final = timedelta(days=60)
#: States in which the centre itself has to act next.
AT_THE_CENTRE: Final = ("received", "routed", "returned")
_LABELS: Final = {
    "clock": "时限 Clock",
    "running": "进行中 Running",
    "warned": "已预警 Warned",
    "breached": "超时未结 Overdue",
    "paused": "暂停 Paused",
    "new_warned": "本次预警 Warned now",
    "new_breached": "本次超时 Breached now",
    "new_escalated": "本次升级 Escalated now",
    "no": "编号 No.",
    "state": "状态 State",
    "team": "承办单位 Team",
    "category": "事项类别 Category",
    "due": "到期 Due",
    "left": "剩余/超时 Left / late",
    "late": "超时 Late by",
    "level": "升级至 Level",
    "told": "已通知 Told",
    "waiting": "已等待 Waiting",
    "at": "时间 At",
    "round": "轮次 Round",
}
_decode_vars = msgspec.json.Decoder(Vars).decode


def first_number(engine: Engine, span: timedelta, *, now: datetime) -> int:
    """The lowest number that a petition filed within `span` before `now` can have."""
    day = (now - span).astimezone(engine.policies.in_force.zone)
    return int(day.strftime("%Y%m%d")) * 1_000_000


def clock_board(engine: Engine, swept: Swept, *, now: datetime, language: Language) -> tuple[list[Row], list[Row]]:
    """Open clocks by state, one row per clock, with what `swept` noticed; and the fifty most pressing of them."""
    policy = engine.policies.in_force
    open_ = boards.open_petitions(engine.store)
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for petition in open_:
        for clock in petition.clocks:
            states[clock.name][_standing(clock)] += 1
    noticed: dict[str, Counter[str]] = defaultdict(Counter)
    for fact in swept.facts:
        if fact.event in ("warned", "breached", "escalated"):
            noticed[str(msgspec.json.decode(fact.data)["clock"])][f"new_{fact.event}"] += 1
    rows = [
        _row(
            clock=_clock(name, policy, language),
            **{key: str(states[name][key]) for key in ("running", "warned", "breached", "paused")},
            **{key: str(noticed[name][key]) for key in ("new_warned", "new_breached", "new_escalated")},
        )
        for name in policy.clocks
    ]
    return rows, _pressing(open_, policy, now, language)


def _standing(clock: Clock) -> str:
    if clock.breached_at is not None:
        return "breached"
    if clock.paused_at is not None:
        return "paused"
    return "warned" if clock.warned else "running"


def _pressing(open_: list[Petition], policy: Policy, now: datetime, language: Language, most: int = 50) -> list[Row]:
    """Clocks that are overdue or were warned of, the longest overdue first."""
    pressing = [
        (clock.due_at, petition, clock)
        for petition in open_
        for clock in petition.clocks
        if _standing(clock) in ("breached", "warned") and not policy.clocks[clock.name].lapses
    ]
    pressing.sort(key=lambda item: (item[0], item[1].id))
    return [
        _row(
            no=petition.no,
            clock=_clock(clock.name, policy, language),
            team=_team(clock.key or petition.lead, policy, language),
            category="" if petition.confidential else _category(petition.category, policy, language),
            state=words.state(petition.state, language),
            due=words.local(due, policy),
            left=("-" if due < now else "") + words.span(abs((due - now).total_seconds()), language),
            level=str(clock.climb.reached or "") if clock.climb else "",
        )
        for due, petition, clock in pressing[:most]
    ]


def breach_board(
    engine: Engine, numbers: Sequence[int], span: timedelta, *, now: datetime, language: Language
) -> list[Row]:
    """Missed deadlines and who was told of each: of the petitions `numbers`, or, without any, of the last `span`."""
    policy = engine.policies.in_force
    missed = boards.missed(
        engine.store,
        numbers=numbers,
        filed_from=first_number(engine, span + LOOK_BACK, now=now),
        since=None if numbers else now - span,
    )
    told: dict[tuple[int, str], list[str]] = defaultdict(list)
    for sent in boards.messages(engine.store, sorted({m.petition for m in missed})):
        about = _decode_vars(sent.vars)
        if about.level:
            person = policy.people.get(sent.recipient)
            name = person.name if person else sent.recipient
            told[sent.petition, about.clock].append(f"{about.level}级 {name} ({sent.state})")
    return [
        _row(
            no=str(m.petition),
            clock=_clock(m.clock, policy, language),
            team=_team(m.key or m.team, policy, language),
            state=words.state(m.state, language),
            due=words.local(m.due_at, policy),
            late=words.span(((m.settled_at or now) - m.due_at).total_seconds(), language),
            told="、".join(dict.fromkeys(told[m.petition, m.clock])),
        )
        for m in missed
    ]


def waiting_board(engine: Engine, *, now: datetime, language: Language, most: int = 200) -> list[Row]:
    """Petitions on which the centre itself has to act next (to route, to dispatch, to judge a return), oldest first."""
    policy = engine.policies.in_force
    open_ = boards.open_petitions(engine.store)
    waiting = sorted((p for p in open_ if p.state in AT_THE_CENTRE), key=lambda p: p.id)
    return [
        _row(
            no=p.no,
            state=words.state(p.state, language),
            category="" if p.confidential else _category(p.category, policy, language),
            team=_team(p.lead, policy, language),
            waiting=words.span((now - p.filed_at).total_seconds(), language),
        )
        for p in waiting[:most]
    ]


def unsettled_messages(engine: Engine, span: timedelta, *, now: datetime) -> dict[str, int]:
    """Messages by state: all that wait for something, and those that failed about petitions filed within `span`."""
    return boards.unsettled_messages(engine.store, first_number(engine, span, now=now))


def resend_failed(engine: Engine, span: timedelta, *, now: datetime) -> int:
    """Let messages that failed, about petitions filed within `span` before `now`, go out again; returns how many."""
    return boards.resend_failed(engine.store, first_number(engine, span, now=now), now=now)


class SurveyBoard(msgspec.Struct):
    """Petitions filed in a period that have an answer: what their petitioners said of it."""

    #: By rating.
    rated: dict[str, int]
    #: The survey ran out unanswered.
    not_rated: int
    #: Closed without a survey: nobody could be asked.
    not_asked: int
    #: Answered by the team, and the petitioner may still rate it.
    waiting: int
    #: Rated dissatisfied in the period, reworked since or not.
    dissatisfied: list[Row]


def survey_board(engine: Engine, span: timedelta, *, now: datetime, language: Language) -> SurveyBoard:
    """What became of the surveys about petitions filed within `span` before `now`."""
    policy = engine.policies.in_force
    filed_from = first_number(engine, span, now=now)
    rated: Counter[str] = Counter()
    waiting = closed_unrated = 0
    for survey in boards.surveys(engine.store, filed_from):
        if survey.rating:
            rated[survey.rating] += survey.n
        elif survey.state == "resolved":
            waiting += survey.n
        else:
            closed_unrated += survey.n
    lapsed = boards.lapsed_surveys(engine.store, [n for n, c in policy.clocks.items() if c.lapses], filed_from)
    rows = [
        _row(
            no=str(number),
            at=words.local(at, policy),
            team=_team(team, policy, language),
            state=words.state(state, language),
            round=str(round_),
        )
        for number, at, team, state, round_ in boards.dissatisfied(engine.store, filed_from)
    ]
    # A petition that was reopened by the centre leaves its lapsed survey behind: never count it below zero.
    not_asked = max(0, closed_unrated - lapsed)
    return SurveyBoard(dict(rated), closed_unrated - not_asked, not_asked, waiting, rows)


def _row(**cells: str) -> Row:
    return {_LABELS[key]: value for key, value in cells.items()}


def _clock(name: str, policy: Policy, language: Language) -> str:
    clock = policy.clocks.get(name)
    return str(getattr(clock.shape, language)) if clock else name


def _team(code: str, policy: Policy, language: Language) -> str:
    team = policy.teams.get(code)
    return str(getattr(team, language)) if team else code


def _category(code: str, policy: Policy, language: Language) -> str:
    category = policy.categories.get(code)
    return str(getattr(category, language)) if category else code
