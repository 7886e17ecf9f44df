"""What a source or an operator's program sees of one petition: where it stands and what happened, and no person."""

from __future__ import annotations

from datetime import datetime

import msgspec

from xixi_workflow.core import words
from xixi_workflow.core.policy import Policy
from xixi_workflow.store.board import Record
from xixi_workflow.web.languages import Language


class ClockView(msgspec.Struct):
    """An open clock. `state`: `running`, `warned`, `paused` or `breached`; `team` is set for an assisting team's."""

    clock: str
    name: str
    state: str
    round: int
    started_at: datetime
    due_at: datetime
    team: str = ""


class VerdictView(msgspec.Struct):
    """The verdict on a clock: `on_time`, `late`, `breached`, `unmet`, `ended` or `lapsed`."""

    clock: str
    name: str
    result: str
    round: int
    due_at: datetime
    settled_at: datetime | None
    team: str = ""


class LineView(msgspec.Struct):
    """One line of the journal. `by` is a role; `noticed_at` is set where it was learnt later than it happened."""

    seq: int
    event: str
    state: str
    at: datetime
    by: str
    noticed_at: datetime | None = None


class PetitionView(msgspec.Struct):
    """One petition; names are in the reader's language, codes are not."""

    no: str
    state: str
    state_name: str
    source: str
    category: str
    category_name: str
    team: str
    team_name: str
    urgency: str
    round: int
    received_at: datetime
    filed_at: datetime
    closed_at: datetime | None
    result: str
    rating: str
    merged_into: str
    clocks: list[ClockView]
    verdicts: list[VerdictView]
    journal: list[LineView]


def petition_view(record: Record, policy: Policy, language: Language) -> PetitionView:
    """The view of a stored petition, named by `policy`."""
    petition = record.petition
    category = policy.categories.get(petition.category)
    team = policy.teams.get(petition.lead)
    return PetitionView(
        no=petition.no,
        state=petition.state,
        state_name=words.state(petition.state, language),
        source=petition.source,
        category=petition.category,
        category_name=getattr(category, language, petition.category),
        team=petition.lead,
        team_name=getattr(team, language, petition.lead),
        urgency=petition.urgency,
        round=petition.round,
        received_at=petition.received_at,
        filed_at=petition.filed_at,
        closed_at=petition.closed_at,
        result=petition.result,
        rating=petition.rating,
        merged_into=str(petition.parent) if petition.parent else "",
        clocks=[
            ClockView(
                one.name,
                clock_name(one.name, policy, language),
                "breached" if one.breached_at else "paused" if one.paused_at else "warned" if one.warned else "running",
                one.round,
                one.started_at,
                one.due_at,
                one.key,
            )
            for one in petition.clocks
        ],
        verdicts=[
            VerdictView(
                one.clock,
                clock_name(one.clock, policy, language),
                one.result,
                one.round,
                one.due_at,
                one.settled_at,
                one.key,
            )
            for one in record.verdicts
        ],
        journal=[
            LineView(line.seq, line.event, line.state, line.at, line.actor.partition(":")[0], line.noticed_at)
            for line in record.journal
        ],
    )


def clock_name(name: str, policy: Policy, language: Language) -> str:
    """A clock's name for people; its code where the policy in force no longer has it."""
    plan = policy.clocks.get(name)
    return name if plan is None else str(getattr(plan.shape, language))
