"""What each command asks for beyond its row in the lifecycle table, and what it changes besides state and clocks.

A condition returns a `Refused`, or changes the working copy and returns None. It runs before the state changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, Final, Literal

from xixi_workflow.core import clocks, commands, rework
from xixi_workflow.core.commands import Command
from xixi_workflow.core.petition import Assist
from xixi_workflow.core.work import Refused, Work

_URGENCIES: Final = ("normal", "urgent", "emergency")


def _known(work: Work, event: str, kind: str, code: str, known: Collection[str]) -> Refused | None:
    if code in known:
        return None
    return work.refuse(f"unknown_{kind}", event, code=code, known=", ".join(sorted(known)))


def _route(work: Work, command: commands.RoutePetition) -> Refused | None:
    petition, policy = work.petition, work.policy
    refused = _known(work, "route", "category", command.category, policy.categories)
    for team in (command.team, *command.assisting):
        if refused is None and team:
            refused = _known(work, "route", "team", team, policy.teams)
    if refused:
        return refused
    category = policy.categories[command.category]
    lead = command.team or category.team
    if lead not in policy.teams:
        # An old policy's category, and today's roster has no such team: the centre looks itself.
        lead = policy.categories[policy.fallback].team
    if petition.state in ("received", "routed", "returned"):
        petition.lead = lead
        # Teams that were asked already keep their sub-tasks; a new lead's own ends when it is dispatched.
        asked = [a for a in petition.assists if a.asked]
        busy = {lead, *(a.team for a in asked if not a.finished)}
        petition.assists = asked + [Assist(t) for t in dict.fromkeys(command.assisting) if t not in busy]
    elif command.team and command.team != petition.lead:
        # A team that has the petition keeps it until it returns it: nobody loses a clock by a relabelling.
        return work.refuse("team_has_it", "route", team=petition.lead)
    petition.category = command.category
    petition.urgency = command.urgency or max(petition.urgency, category.urgency, key=_URGENCIES.index)
    return None


def _dispatch(work: Work, command: commands.DispatchPetition) -> Refused | None:
    petition = work.petition
    team = command.team or petition.lead
    if not team:
        return work.refuse("no_team", "dispatch")
    if refused := _known(work, "dispatch", "team", team, work.policy.teams):
        return refused
    if team == petition.returned_by:
        return work.refuse("same_team", "dispatch", team=team)
    petition.lead = team
    petition.handler = petition.returned_by = ""
    petition.contact_by = work.when + timedelta(seconds=work.policy.main.report.contact_within)
    petition.category = petition.category or work.policy.fallback
    if any(a.team == team for a in petition.assists):
        work.end_assists(team)
    work.say(command.note)
    return None


def _accept(work: Work, command: commands.AcceptPetition) -> Refused | None:
    petition, policy = work.petition, work.policy
    handler = command.handler or (work.actor.id if work.actor.role == "handler" else "")
    if handler:
        if refused := _known(work, "accept", "person", handler, policy.people):
            return refused
        team = policy.teams.get(petition.lead)
        if team and handler != team.lead and handler not in team.handlers:
            return work.refuse("not_of_this_team", "accept", person=handler, team=petition.lead)
    petition.handler = handler
    return None


def _contact(work: Work, command: commands.ContactPetitioner) -> None:
    until = work.petition.contact_by
    judged: Literal["in_time", "late", "again"] = "again"
    if until is not None:
        judged = "in_time" if work.when <= until else "late"
    work.petition.contact_by = None
    work.written = commands.ContactPetitioner(command.text, judged)
    work.say(command.text)


def _return(work: Work, command: commands.ReturnPetition) -> Refused | None:
    reasons = work.policy.main.return_reasons
    if refused := _known(work, "return", "reason", command.reason, reasons):
        return refused
    petition = work.petition
    petition.returns += 1
    petition.returned_by, petition.handler = petition.lead, ""
    work.say(command.text, command.reason)
    return None


def _interim(work: Work, command: commands.ReportInterim) -> None:
    work.say(command.text)


def _request(work: Work, event: str, kind: str, seconds: float, most: float) -> Refused | None:
    if work.petition.pending:
        return work.refuse("already_pending", event, pending=work.petition.pending)
    if seconds > most:
        return work.refuse("too_long", event, hours=f"{most / 3600:g}")
    work.petition.pending = kind
    work.petition.pending_for = seconds
    return None


def _request_hold(work: Work, command: commands.RequestHold) -> Refused | None:
    main = work.policy.main
    if refused := _known(work, "request_hold", "reason", command.reason, main.hold_reasons):
        return refused
    span = command.seconds or 0.0
    work.say(command.text, command.reason, span)
    return _request(work, "request_hold", "hold", span, main.longest_hold)


def _request_extension(work: Work, command: commands.RequestExtension) -> Refused | None:
    main, petition = work.policy.main, work.petition
    if petition.extensions >= main.most_extensions:
        most = str(main.most_extensions)
        return work.refuse("too_many_extensions", "request_extension", most=most)
    running = [c for c in petition.clocks if work.policy.clocks[c.name].shape.extendable]
    if not running:
        return work.refuse("nothing_to_extend", "request_extension")
    if any(c.due_at < work.when and (c.paused_at is None or c.breached_at is not None) for c in running):
        return work.refuse("after_due", "request_extension")
    work.say(command.reason, "", command.seconds)
    seconds = command.seconds
    return _request(work, "request_extension", "extension", seconds, main.longest_extension)


def _answer_request(work: Work, event: str, kind: str) -> Refused | None:
    if work.petition.pending != kind:
        return work.refuse("nothing_pending", event, pending=kind)
    work.petition.pending = ""
    return None


def _approve_hold(work: Work, command: commands.ApproveHold) -> Refused | None:
    petition, longest = work.petition, work.policy.main.longest_hold
    if refused := _answer_request(work, "approve_hold", "hold"):
        return refused
    # A hold without an end would be forgotten for ever, so every hold ends by itself.
    span = command.seconds or petition.pending_for or longest
    if span > longest:
        return work.refuse("too_long", "approve_hold", hours=f"{longest / 3600:g}")
    petition.hold_until = work.when + timedelta(seconds=span)
    work.say(span=span)
    return None


def _approve_extension(work: Work, command: commands.ApproveExtension) -> Refused | None:
    petition = work.petition
    if refused := _answer_request(work, "approve_extension", "extension"):
        return refused
    span = command.seconds or petition.pending_for
    if span > work.policy.main.longest_extension:
        hours = f"{work.policy.main.longest_extension / 3600:g}"
        return work.refuse("too_long", "approve_extension", hours=hours)
    petition.extensions += 1
    work.extend(span)
    work.say(span=span)
    return None


def _refuse_return(work: Work, command: commands.RefuseReturn) -> None:
    petition = work.petition
    # Another team may have been named meanwhile; it never got the petition.
    petition.lead, petition.returned_by = petition.returned_by, ""
    work.say(command.reason)


def _refuse_hold(work: Work, command: commands.RefuseHold) -> Refused | None:
    work.say(command.reason)
    return _answer_request(work, "refuse_hold", "hold")


def _refuse_extension(work: Work, command: commands.RefuseExtension) -> Refused | None:
    work.say(command.reason)
    return _answer_request(work, "refuse_extension", "extension")


def _resolve(work: Work, command: commands.ResolvePetition) -> Refused | None:
    if refused := _known(work, "resolve", "result", command.result, work.policy.main.results):
        return refused
    petition = work.petition
    petition.resolved_at, petition.result = work.when, command.result
    work.say(command.answer, command.result)
    _answer_children(work, command.result, command.answer)
    return None


def _answer_children(work: Work, result: str, answer: str) -> None:
    """Each merged petitioner gets the main petition's answer."""
    told = commands.FollowParent(result, answer)
    work.follow += [(child, told) for child in work.petition.children]


def _urge(work: Work, command: commands.UrgePetition) -> None:
    work.petition.urges += 1
    work.say(command.text)


def _supervise(work: Work, command: commands.SupervisePetition) -> None:
    work.petition.supervised = True
    work.limit = command.seconds
    work.say(command.text)


def _ask_help(work: Work, command: commands.AskHelp) -> None:
    work.say(command.text)


def _change_priority(work: Work, command: commands.ChangePriority) -> None:
    work.petition.urgency = command.urgency
    work.say(command.reason)


def _ask_assist(work: Work, command: commands.AskAssist) -> Refused | None:
    petition = work.petition
    if refused := _known(work, "ask_assist", "team", command.team, work.policy.teams):
        return refused
    if command.team == petition.lead:
        return work.refuse("leads_already", "ask_assist", team=command.team)
    if any(a.team == command.team and not a.finished for a in petition.assists):
        return work.refuse("assists_already", "ask_assist", team=command.team)
    petition.assists.append(Assist(command.team, asked=True))
    work.assist = command.team
    work.say(command.text)
    return None


def _assisting(work: Work, event: str, team: str) -> Assist | Refused:
    for assist in work.petition.assists:
        if assist.team == team and assist.asked and not assist.finished:
            work.assist = team
            return assist
    return work.refuse("does_not_assist", event, team=team)


def _accept_assist(work: Work, command: commands.AcceptAssist) -> Refused | None:
    assist = _assisting(work, "accept_assist", command.team)
    if isinstance(assist, Refused):
        return assist
    assist.accepted = True
    return None


def _finish_assist(work: Work, command: commands.FinishAssist) -> Refused | None:
    assist = _assisting(work, "finish_assist", command.team)
    if isinstance(assist, Refused):
        return assist
    assist.finished = True
    work.say(command.text)
    return None


def _acknowledge(work: Work, command: commands.Acknowledge) -> Refused | None:
    late = [c for c in work.petition.clocks if c.breached_at is not None and c.name == (command.clock or c.name)]
    if not late:
        return work.refuse("nothing_to_acknowledge", "acknowledge")
    for clock in late:
        clocks.acknowledge(work.policy.clocks[clock.name], clock, work.actor.id)
    return None


def _escalate_to(work: Work, command: commands.EscalateTo) -> Refused | None:
    event, policy = "escalate_to", work.policy
    levels: set[int] = set()
    reached = 0
    for clock in work.petition.clocks:
        plan = policy.clocks[clock.name]
        if clock.breached_at is None or clock.name != (command.clock or clock.name):
            continue
        ladder = clocks.ladder_of(plan, clock)
        if ladder is None:
            continue
        levels.update(ladder.levels)
        reached = max(reached, clocks.climb(plan, clock).reached)
        ring = clocks.raise_to(plan, clock, command.level, work.when)
        if ring is not None:
            work.raised.append((clock, ring))
    if not levels:
        return work.refuse("nothing_to_escalate", event)
    if command.level not in levels:
        known = ", ".join(str(level) for level in sorted(levels))
        return work.refuse("no_such_level", event, level=str(command.level), known=known)
    if not work.raised:
        return work.refuse("level_rung_already", event, level=str(command.level), reached=str(reached))
    return None


def _merge(work: Work, command: commands.MergePetition) -> Refused | None:
    petition = work.petition
    if command.into == petition.id:
        return work.refuse("merge_into_itself", "merge")
    petition.parent = command.into
    work.follow.append((command.into, commands.AdoptChild(petition.id)))
    work.say(str(command.into)[-6:])
    return None


def _adopt(work: Work, command: commands.AdoptChild) -> None:
    work.petition.children.append(command.child)


def _follow(work: Work, command: commands.FollowParent) -> None:
    work.say(command.answer, command.result)
    _answer_children(work, command.result, command.answer)


def _withdraw(work: Work, command: commands.WithdrawPetition) -> Refused | None:
    if work.petition.children:
        return work.refuse("others_wait_for_it", "withdraw", count=str(len(work.petition.children)))
    work.say(command.reason)
    return None


def _reject(work: Work, command: commands.RejectPetition) -> Refused | None:
    reasons = work.policy.main.reject_reasons
    if refused := _known(work, "reject", "reason", command.reason, reasons):
        return refused
    work.say(command.text, command.reason)
    _answer_children(work, command.reason, command.text)
    return None


def _transfer(work: Work, command: commands.TransferOut) -> None:
    work.say(command.to)
    _answer_children(work, "transferred", command.text.strip() or command.to)


CONDITIONS: Final[dict[type[Command], Callable[[Work, Any], Refused | None]]] = {
    commands.RoutePetition: _route,
    commands.DispatchPetition: _dispatch,
    commands.AcceptPetition: _accept,
    commands.ContactPetitioner: _contact,
    commands.ReturnPetition: _return,
    commands.RefuseReturn: _refuse_return,
    commands.ReportInterim: _interim,
    commands.RequestHold: _request_hold,
    commands.ApproveHold: _approve_hold,
    commands.RefuseHold: _refuse_hold,
    commands.RequestExtension: _request_extension,
    commands.ApproveExtension: _approve_extension,
    commands.RefuseExtension: _refuse_extension,
    commands.ResolvePetition: _resolve,
    commands.RatePetition: rework.rate,
    commands.ReopenPetition: rework.reopen,
    commands.UrgePetition: _urge,
    commands.SupervisePetition: _supervise,
    commands.AskHelp: _ask_help,
    commands.ChangePriority: _change_priority,
    commands.AskAssist: _ask_assist,
    commands.AcceptAssist: _accept_assist,
    commands.FinishAssist: _finish_assist,
    commands.Acknowledge: _acknowledge,
    commands.EscalateTo: _escalate_to,
    commands.MergePetition: _merge,
    commands.AdoptChild: _adopt,
    commands.FollowParent: _follow,
    commands.WithdrawPetition: _withdraw,
    commands.RejectPetition: _reject,
    commands.TransferOut: _transfer,
}
