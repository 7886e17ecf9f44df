"""The one judge: what a command, or merely the passing of time, does to a petition.

`decide` is pure. It reads no clock and touches nothing outside its arguments; the petition it is given stays as it
was. Every door and the alarm come through here, so a rule that is not reached from `decide` does not exist.

How a decision is made
----------------------
1. Time passes first: warnings, breaches, ladder rings and lapses up to the moment of the event, each dated at the
   instant at which it fell due. So it makes no difference to the record whether a sweep came in between.
2. The lifecycle table says whether the event may happen now and who may cause it; the command's own conditions
   follow (`conditions.py`).
3. The state changes; the clocks that the policy binds to the event are met, ended, started, paused or resumed.
4. The journal line and the notices are added.
5. Time passes up to `now`, for events that happened earlier than we heard of them.

A `Refused` means that nothing happened: it carries a code and the facts that make its sentence complete.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec

from xixi_workflow.core import canary, commands
from xixi_workflow.core.commands import Command, FilePetition, TimePassed
from xixi_workflow.core.conditions import CONDITIONS
from xixi_workflow.core.lifecycle import ROW_OF
from xixi_workflow.core.petition import SYSTEM, Actor, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.work import Decision, Refused, Work, wake_at

#: How far ahead of our clock a source's may run before we refuse its instants.
CLOCK_SKEW = timedelta(minutes=5)

_encode = msgspec.json.Encoder().encode


class Filed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The journal's line of an intake: everything that decides, nothing that identifies a person."""

    source: str
    source_id: str
    #: Digest of title, content and address, so that a later change of the text shows.
    text: str
    received_at: datetime | None = None
    channel: str = ""
    nature: str = ""
    urgency: commands.Urgency = "normal"
    community: str = ""
    confidential: bool = False
    surveyable: bool = True
    reachable: bool = True


def filed(command: FilePetition) -> Filed:
    """What the journal keeps of an intake."""
    digest = blake2b(digest_size=16)
    for part in (command.title, command.content, command.address):
        digest.update(part.encode())
        digest.update(b"\0")
    reachable = bool(command.petitioner.phone)
    return Filed(
        command.source,
        command.source_id,
        digest.hexdigest(),
        command.received_at,
        command.channel,
        command.nature,
        command.urgency,
        command.community,
        command.confidential,
        command.surveyable and reachable,
        reachable,
    )


def file(facts: Filed, actor: Actor, policy: Policy, *, number: int, now: datetime) -> Decision | Refused:
    """Begin a petition with `number`. Its clocks count from the source's receipt, not from our intake."""
    received_at = facts.received_at or now
    # A petition filed as a canary would be withdrawn at once and counted nowhere: only the canary itself may.
    if facts.source not in policy.sources.sources or (facts.source == canary.SOURCE and actor != canary.FILED_BY):
        return Refused("unknown_source", "", "file", (), {"source": facts.source})
    if received_at > now:
        if received_at > now + CLOCK_SKEW:
            return Refused("from_the_future", "", "file", (), {"at": received_at.isoformat()})
        received_at = now
    petition = Petition(
        number,
        "received",
        0,
        policy.version,
        facts.source,
        received_at,
        now,
        urgency=facts.urgency,
        community=facts.community,
        confidential=facts.confidential,
        surveyable=facts.surveyable,
        reachable=facts.reachable,
    )
    work = Work(petition, policy, actor, now, now)
    work.happen("file", "received", _encode(facts).decode())
    if received_at < now:
        work.pass_time(now)
    return work.finish()


def decide(
    petition: Petition,
    command: Command,
    actor: Actor,
    policy: Policy,
    *,
    now: datetime,
    occurred_at: datetime | None = None,
) -> Decision | Refused:
    """Judge `command`, which `actor` gave and which we learnt at `now`, on `petition` under `policy`.

    `occurred_at` is when it happened, if that is earlier than `now`: clocks are judged by it, and the journal keeps
    both instants. `policy` must be the version stamped on the petition, with the roster in force.
    """
    when = now if occurred_at is None or occurred_at > now else occurred_at
    work = Work(petition.copy(), policy, actor, now, when)
    event = command.happens
    if occurred_at is not None:
        if occurred_at > now + CLOCK_SKEW:
            return work.refuse("from_the_future", event, at=occurred_at.isoformat())
        if occurred_at < petition.received_at:
            return work.refuse("before_receipt", event, at=occurred_at.isoformat())
    work.pass_time(when)
    if type(command) is not TimePassed:
        row = ROW_OF.get((work.petition.state, event))
        if row is None:
            return work.refuse("not_in_state", event)
        if actor.role not in row.who:
            return work.refuse("not_permitted", event)
        condition = CONDITIONS.get(type(command))
        if condition is not None:
            refused = condition(work, command)
            if refused is not None:
                return refused
        data = _encode(work.written or command)
        work.happen(event, row.to, "" if data == b"{}" else data.decode())
    if work.when < now:
        work.pass_time(now)
    return work.finish()


def let_time_pass(petition: Petition, policy: Policy, *, now: datetime) -> Decision:
    """What time alone has done to `petition` up to `now`; the sweep's path, which nobody can refuse."""
    work = Work(petition.copy(), policy, SYSTEM, now, now)
    work.pass_time(now)
    return work.finish()


__all__ = ["Decision", "Filed", "Refused", "decide", "file", "filed", "let_time_pass", "wake_at"]
