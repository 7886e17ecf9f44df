"""The lifecycle of a petition: which event may happen in which state, who may cause it, and where it leads.

Theory of operation
-------------------
Everything that decides whether a petition may change state lives in `TABLE` below. A row reads: *from this state,
this event, caused by one of these roles, leads to that state*. If a pair (state, event) has no row it does not
happen: `decide` refuses it and changes nothing. There is no transition hidden in an `if` elsewhere.

A petition is **filed** by a source and is then *received*. It is **routed** (a category, a lead team, assisting
teams) and **dispatched** to the lead team, whose handler **accepts** it, speaks to the petitioner, reports interim
progress, and **resolves** it. The petitioner **rates** the result, or the survey lapses, and the petition is *closed*.
A petitioner who is dissatisfied, or a supervisor who is, sends it back: it is *dispatched* again as a new **round**. A
team that was given the wrong petition **returns** it; the centre then dispatches it to another team or refuses the
return.

Overdue is never a state. Being late is a fact about a clock (see `clocks.py`), and a late petition goes through
the same states as a punctual one. `warn`, `breach`, `escalate` and `hold_ends` are caused by time alone and are
rows too, because they are written in the journal like everything else.

Assisting teams have a sub-task of their own inside the petition (`ask_assist`, `accept_assist`, `finish_assist`);
the lead team alone answers for the petitioner's clocks.

Which event starts, meets or pauses which clock is *not* here: it is configuration (`config/policy.yaml`).
`docs/lifecycle.md` is generated from this module and a test keeps it true.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

State = Literal[
    "received",
    "routed",
    "dispatched",
    "in_progress",
    "on_hold",
    "returned",
    "resolved",
    "closed",
    "merged",
    "withdrawn",
    "rejected",
    "transferred",
]

#: Chinese and English name of each state, in the order of a petition's life.
STATES: Final[dict[State, tuple[str, str]]] = {
    "received": ("已受理", "Received"),
    "routed": ("已分类", "Routed"),
    "dispatched": ("已派单", "Dispatched"),
    "in_progress": ("处置中", "In progress"),
    "on_hold": ("挂起", "On hold"),
    "returned": ("退单待审", "Returned"),
    "resolved": ("已办结", "Resolved"),
    "closed": ("已归档", "Closed"),
    "merged": ("已并单", "Merged"),
    "withdrawn": ("已撤诉", "Withdrawn"),
    "rejected": ("不予受理", "Rejected"),
    "transferred": ("已转外部", "Transferred"),
}

#: States in which somebody still owes the petitioner an answer.
OPEN: Final[tuple[State, ...]] = (
    "received",
    "routed",
    "dispatched",
    "in_progress",
    "on_hold",
    "returned",
)
#: States that no event leaves (notes may still be appended to them).
FINAL: Final[tuple[State, ...]] = ("merged", "withdrawn", "rejected", "transferred")

#: States of a petition that is over: no clock runs in them.
ENDED: Final[frozenset[State]] = frozenset((*FINAL, "closed"))

Role = Literal["petitioner", "operator", "handler", "supervisor", "leader", "system"]

#: Who acts: Chinese and English name of each role.
ROLES: Final[dict[Role, tuple[str, str]]] = {
    "petitioner": ("诉求人", "Petitioner"),
    "operator": ("值班员", "Dispatch operator"),
    "handler": ("承办人", "Handler"),
    "supervisor": ("督查员", "Supervisor"),
    "leader": ("领导", "Leader"),
    "system": ("系统", "System"),
}

_ANYBODY: Final[tuple[Role, ...]] = tuple(ROLES)
_CENTRE: Final[tuple[Role, ...]] = ("operator", "supervisor", "leader")
_DISPATCHER: Final[tuple[Role, ...]] = ("operator", "supervisor", "system")
#: An operator may enter what a handler reports by telephone.
_FIELD: Final[tuple[Role, ...]] = ("handler", "operator")
_APPROVER: Final[tuple[Role, ...]] = ("supervisor", "leader")
_TIME: Final[tuple[Role, ...]] = ("system",)


class Event(NamedTuple):
    """An event's names: `past` is written in the journal, `zh` and `en` are shown to people."""

    past: str
    zh: str
    en: str


EVENTS: Final[dict[str, Event]] = {
    "file": Event("filed", "受理登记", "File"),
    "route": Event("routed", "研判分类", "Route"),
    "dispatch": Event("dispatched", "派单", "Dispatch"),
    "accept": Event("accepted", "签收", "Accept"),
    "contact": Event("contacted", "先行联系", "Contact the petitioner"),
    "return": Event("returned", "退单", "Return"),
    "refuse_return": Event("return_refused", "驳回退单", "Refuse the return"),
    "report_interim": Event("interim_reported", "阶段性反馈", "Report interim progress"),
    "request_hold": Event("hold_requested", "申请挂起", "Request a hold"),
    "approve_hold": Event("hold_approved", "批准挂起", "Approve the hold"),
    "refuse_hold": Event("hold_refused", "驳回挂起", "Refuse the hold"),
    "resume": Event("resumed", "恢复办理", "Resume"),
    "hold_ends": Event("hold_ended", "挂起到期", "Hold ends"),
    "request_extension": Event("extension_requested", "申请延期", "Request an extension"),
    "approve_extension": Event("extension_approved", "批准延期", "Approve the extension"),
    "refuse_extension": Event("extension_refused", "驳回延期", "Refuse the extension"),
    "resolve": Event("resolved", "办结", "Resolve"),
    "rate": Event("rated", "评价", "Rate"),
    "rate_dissatisfied": Event("rated_dissatisfied", "不满意评价", "Rate dissatisfied"),
    "survey_lapses": Event("survey_lapsed", "评价到期未回", "Survey lapses"),
    "reopen": Event("reopened", "重办", "Reopen"),
    "urge": Event("urged", "催办", "Urge"),
    "supervise": Event("supervised", "督办", "Supervise"),
    "ask_help": Event("help_asked", "求助", "Ask for help"),
    "show_detail": Event("detail_shown", "调阅全文", "Show the full text"),
    "note": Event("noted", "备注", "Add a note"),
    "add_photo": Event("photo_added", "添加照片", "Add a photo"),
    "change_priority": Event("priority_changed", "调整紧急程度", "Change the priority"),
    "ask_assist": Event("assist_asked", "请求协办", "Ask for assistance"),
    "accept_assist": Event("assist_accepted", "协办签收", "Accept the assistance"),
    "finish_assist": Event("assist_finished", "协办完成", "Finish the assistance"),
    "acknowledge": Event("acknowledged", "确认知悉", "Acknowledge"),
    "escalate_to": Event("escalated_by_hand", "越级升级", "Escalate to a level"),
    "merge": Event("merged", "并单", "Merge"),
    "adopt": Event("child_adopted", "并入子单", "Adopt a merged petition"),
    "follow": Event("parent_followed", "随主单答复", "Follow the main petition"),
    "withdraw": Event("withdrawn", "撤诉", "Withdraw"),
    "reject": Event("rejected", "不予受理", "Reject"),
    "transfer_out": Event("transferred", "转外部", "Transfer out"),
    "warn": Event("warned", "预警", "Warn"),
    "breach": Event("breached", "超时", "Breach"),
    "escalate": Event("escalated", "升级", "Escalate"),
}

#: From the journal's past tense back to the event.
EVENT_OF: Final[dict[str, str]] = {event.past: name for name, event in EVENTS.items()}


class Row(NamedTuple):
    """One permitted transition. `state` None: the petition does not exist yet."""

    state: State | None
    event: str
    to: State
    who: tuple[Role, ...]


def _rows(states: tuple[State, ...], event: str, to: State | None, who: tuple[Role, ...]) -> list[Row]:
    """The same row for several states; `to` None keeps the state."""
    return [Row(state, event, to or state, who) for state in states]


TABLE: Final[tuple[Row, ...]] = (
    # Intake, routing, dispatch
    Row(None, "file", "received", _ANYBODY),
    Row("received", "route", "routed", _DISPATCHER),
    *_rows(("routed", "dispatched", "in_progress", "on_hold", "returned"), "route", None, _CENTRE),
    *_rows(("received", "routed", "returned"), "dispatch", "dispatched", _DISPATCHER),
    # In the field
    Row("dispatched", "accept", "in_progress", _FIELD),
    *_rows(("dispatched", "in_progress", "on_hold"), "contact", None, _FIELD),
    *_rows(("dispatched", "in_progress"), "return", "returned", _FIELD),
    Row("returned", "refuse_return", "dispatched", _CENTRE),
    *_rows(("in_progress", "on_hold"), "report_interim", None, _FIELD),
    Row("in_progress", "resolve", "resolved", _FIELD),
    # Holds and extensions: asked for in the field, granted by a supervisor
    Row("in_progress", "request_hold", "in_progress", _FIELD),
    Row("in_progress", "approve_hold", "on_hold", _APPROVER),
    Row("in_progress", "refuse_hold", "in_progress", _APPROVER),
    Row("on_hold", "resume", "in_progress", ("handler", *_CENTRE)),
    Row("on_hold", "hold_ends", "in_progress", _TIME),
    Row("in_progress", "request_extension", "in_progress", _FIELD),
    Row("in_progress", "approve_extension", "in_progress", _APPROVER),
    Row("in_progress", "refuse_extension", "in_progress", _APPROVER),
    # The petitioner's verdict, and rework
    Row("resolved", "rate", "closed", ("petitioner", "operator")),
    Row("resolved", "survey_lapses", "closed", _TIME),
    Row("closed", "rate", "closed", ("petitioner", "operator")),
    *_rows(("resolved", "closed"), "rate_dissatisfied", "dispatched", ("petitioner", "operator")),
    *_rows(("resolved", "closed"), "reopen", "dispatched", _CENTRE),
    # At any time while open
    *_rows(OPEN, "urge", None, ("petitioner", *_CENTRE)),
    *_rows(OPEN, "supervise", None, _CENTRE),
    *_rows(OPEN, "change_priority", None, _CENTRE),
    *_rows(("dispatched", "in_progress", "on_hold"), "ask_help", None, _FIELD),
    # The system too: it asks the teams named in routing when it dispatches.
    *_rows(("dispatched", "in_progress", "on_hold"), "ask_assist", None, (*_FIELD, "supervisor", "system")),
    *_rows(("dispatched", "in_progress", "on_hold", "returned"), "accept_assist", None, _FIELD),
    *_rows(("dispatched", "in_progress", "on_hold", "returned"), "finish_assist", None, _FIELD),
    *_rows(OPEN, "acknowledge", None, _ANYBODY),
    *_rows(OPEN, "escalate_to", None, _CENTRE),
    *_rows(OPEN, "add_photo", None, _ANYBODY),
    *_rows((*OPEN, "resolved", "closed", *FINAL), "note", None, _ANYBODY),
    # Who was given the full text, address included, stands in the journal.
    *_rows((*OPEN, "resolved", "closed", *FINAL), "show_detail", None, ("handler", *_CENTRE)),
    # Endings other than an answer by the team
    *_rows(OPEN, "merge", "merged", _CENTRE),
    *_rows(OPEN, "adopt", None, _TIME),
    Row("merged", "follow", "merged", _TIME),
    *_rows(OPEN, "withdraw", "withdrawn", ("petitioner", "operator")),
    *_rows(OPEN, "reject", "rejected", _CENTRE),
    *_rows(OPEN, "transfer_out", "transferred", _CENTRE),
    # Caused by time alone
    *_rows((*OPEN, "resolved"), "warn", None, _TIME),
    *_rows((*OPEN, "resolved"), "breach", None, _TIME),
    *_rows((*OPEN, "resolved"), "escalate", None, _TIME),
)

#: The table as a lookup: (state, event) -> row.
ROW_OF: Final[dict[tuple[State | None, str], Row]] = {(row.state, row.event): row for row in TABLE}


def allowed(state: State | None, role: Role) -> list[str]:
    """The events that `role` may cause in `state`, in the table's order."""
    return [row.event for row in TABLE if row.state == state and role in row.who]
