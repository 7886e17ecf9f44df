"""Counting one petition line by line, for the few of which a grouped count would be wrong.

A petition that a team returned belongs to another team afterwards, and whether it was misdispatched shows only then;
a stay in progress goes on over its holds; one that was rated twice has one answer that counts, the last one on each
answer given to the petitioner; what we heard of late stands in the journal out of order. All others are grouped by the
database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from xixi_workflow.core.lifecycle import ENDED

#: What of a journal line's data tells its lines apart.
DETAIL: Final = {
    "rated": "rating",
    "returned": "reason",
    "resolved": "result",
    "rejected": "reason",
    "escalated": "clock",
    "breached": "clock",
    "contacted": "judged",
}
#: Lines whose data is looked at.
_READ: Final = {*DETAIL, "routed", "dispatched"}
#: Lines that carry the level of a ladder.
RINGS: Final = ("breached", "escalated")
#: Answers of the petitioner.
ANSWERS: Final = ("rated", "rated_dissatisfied")
REWORK: Final = ("rated_dissatisfied", "reopened")
#: Lines that can change a petition's state; `routed` and `rated` sometimes leave it.
MOVES: Final = (
    *("filed", "routed", "dispatched", "accepted", "returned", "return_refused", "hold_approved", "resumed"),
    *("hold_ended", "resolved", "rated", "rated_dissatisfied", "survey_lapsed", "reopened", "merged", "withdrawn"),
    *("rejected", "transferred"),
)
#: Of these, what time does: always noticed a moment later, and yet in order.
TIMELY: Final = frozenset(("hold_ended", "survey_lapsed"))
#: Lines that no figure asks for.
UNCOUNTED: Final = ("filed", "noted", "photo_added", "warned", "acknowledged", "detail_shown", "parent_followed")

_SECOND: Final = timedelta(seconds=1)
_decode = msgspec.json.decode


class Line(NamedTuple):
    """A journal line; `data` is its JSON or empty."""

    event: str
    state: str
    at: datetime
    data: str


#: A line with what it says.
_Told = tuple[Line, dict[str, Any]]


class Counted(NamedTuple):
    """See `tally.EventCell`."""

    event: str
    detail: str
    level: int
    team: str


class Stayed(NamedTuple):
    """A stay in a state that ended, see `tally.StageCell`."""

    state: str
    seconds: int
    #: Without holds.
    net: int


class Moved(NamedTuple):
    """A change of state, see `tally.EndingCell`."""

    event: str
    was: str
    state: str
    waited: bool
    reworked: bool
    team: str


def fold(
    lines: Sequence[Line], lead_of: Callable[[str], str], start: datetime, end: datetime
) -> Iterator[Counted | Moved | Stayed]:
    """What happened to one petition in `start` <= instant < `end`, each with the team that had it then.

    `lines` is its whole journal in order. `lead_of` gives a category's lead team under the petition's policy.
    """
    told = [(line, _decode(line.data) if line.data and line.event in _READ else {}) for line in lines]
    leads = _leads(told, lead_of)
    yield from _happened(told, leads, start, end)
    yield from _stayed(lines, leads, start, end)


def _leads(told: Sequence[_Told], lead_of: Callable[[str], str]) -> list[str]:
    """The lead team from each line on."""
    lead = returned_by = ""
    found = []
    for line, data in told:
        if line.event == "routed" and line.state in ("routed", "returned"):
            lead = data.get("team") or lead_of(data["category"])
        elif line.event == "dispatched":
            lead = data.get("team") or lead
        elif line.event == "returned":
            returned_by = lead
        elif line.event == "return_refused":
            lead = returned_by
        found.append(lead)
    return found


def _happened(told: Sequence[_Told], leads: Sequence[str], start: datetime, end: datetime) -> Iterator[Counted]:
    answer: Counted | None = None
    was = returned_by = ""
    for (line, data), lead in zip(told, leads, strict=True):
        due = start <= line.at < end
        if line.event == "returned":
            returned_by = lead
        elif due and was == "returned" and line.event in ("dispatched", "transferred"):
            # The centre agrees that it was not that team's.
            yield Counted("misdispatched", "", 0, returned_by)
        if line.event == "resolved" and line.at < end and answer is not None:
            yield answer
            answer = None
        if due and line.event not in UNCOUNTED:
            level = data.get("level", 0) if line.event in RINGS else 0
            counted = Counted(line.event, data.get(DETAIL.get(line.event, ""), ""), level, lead)
            if line.event in ANSWERS:
                answer = counted
            else:
                yield counted
        elif line.event in ANSWERS and line.at < end:
            answer = None
        was = line.state
    if answer is not None:
        yield answer


def _stayed(lines: Sequence[Line], leads: Sequence[str], start: datetime, end: datetime) -> Iterator[Moved | Stayed]:
    was, since, began = lines[0].state, lines[0].at, lines[0].at
    held = timedelta()
    reworks = 0
    for line, lead in zip(lines, leads, strict=True):
        if line.state != was:
            # Heard of late, a change counts no earlier than the one before it.
            at = max(since, line.at)
            due = start <= at < end
            if was == "on_hold":
                held += at - since
                if due:
                    yield Stayed(was, (at - since) // _SECOND, (at - since) // _SECOND)
            if _stage(line.state) != _stage(was):
                if due:
                    yield Stayed(_stage(was), (at - began) // _SECOND, (at - began - held) // _SECOND)
                began, held = at, timedelta()
            if due and (line.state in ENDED) != (was in ENDED):
                yield Moved(line.event, was, line.state, at > since, reworks > 0, lead)
            was, since = line.state, at
        reworks += line.event in REWORK


def _stage(state: str) -> str:
    """A hold is a part of the team's work."""
    return "in_progress" if state == "on_hold" else state
