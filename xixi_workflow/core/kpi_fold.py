"""Counting one petition line by line, for the few of which a grouped count would be wrong.

A petition that a team returned belongs to another team afterwards; one that was rated twice has one answer that counts,
the last one on each answer given to the petitioner; what we heard of late stands in the journal out of order. All
others are grouped by the database.
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
    lead = returned_by = was = ""
    since = None
    reworks = 0
    answer: Counted | None = None
    for line in lines:
        data: dict[str, Any] = _decode(line.data) if line.data and line.event in _READ else {}
        if line.event == "routed" and line.state in ("routed", "returned"):
            lead = data.get("team") or lead_of(data["category"])
        elif line.event == "dispatched":
            lead = data.get("team") or lead
        elif line.event == "returned":
            returned_by = lead
        elif line.event == "return_refused":
            lead = returned_by
        due = start <= line.at < end
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
        if line.state != was:
            # Heard of late, a change counts no earlier than the one before it.
            at = line.at if since is None else max(since, line.at)
            if since is not None and start <= at < end:
                yield Stayed(was, (at - since) // _SECOND)
                if (line.state in ENDED) != (was in ENDED):
                    yield Moved(line.event, was, line.state, at > since, reworks > 0, lead)
            was, since = line.state, at
        reworks += line.event in REWORK
    if answer is not None:
        yield answer
