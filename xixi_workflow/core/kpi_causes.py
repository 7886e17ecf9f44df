"""Where the time of a missed promise went, from the petition's journal.

The rule
--------
A clock that was missed ran from its start to the instant at which it was due. The journal's lines, in the order in
which things happened, cut that stretch into pieces, each with one label:

* `intake` 登记前: the source had it and we had not filed it yet.
* `dispatch` 待派单: filed or routed, waiting for the dispatch.
* `acceptance` 待签收: with a team that had not accepted it.
* `field` 处置中: accepted, in the team's hands.
* `return` 退单往返: with a team that returned it, from its dispatch on, and until somebody decided on the return.
* `approval` 待审批: a hold or an extension was asked for and nobody had decided.
* `hold` 挂起: on hold, while the clock ran on.
* `other` 其他: answered already, or over.

The label with the most time is the cause; of equals the earlier in this list. Time in which the clock itself stood
still is nobody's: a clock that pauses on hold has no `hold`. What happened after it was due is not a cause. An
assisting team's clock is `field` throughout.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

#: Every cause in order, with its Chinese and English name.
CAUSES: Final[dict[str, tuple[str, str]]] = {
    "intake": ("登记前滞留", "Before filing"),
    "dispatch": ("待派单", "Waiting for dispatch"),
    "acceptance": ("待签收", "Waiting for acceptance"),
    "field": ("现场处置", "In the field"),
    "return": ("退单往返", "Return loops"),
    "approval": ("待审批", "Waiting for approval"),
    "hold": ("挂起", "On hold"),
    "other": ("其他", "Other"),
}
_OF_STATE: Final = {
    "received": "dispatch",
    "routed": "dispatch",
    "dispatched": "acceptance",
    "in_progress": "field",
    "on_hold": "hold",
    "returned": "return",
}
_ASKS: Final = ("hold_requested", "extension_requested")
_DECIDES: Final = ("hold_approved", "hold_refused", "extension_approved", "extension_refused")
#: Journal lines that decide on a label. What happens to a petition after its answer, but for rework, does not.
TELLING: Final = (
    *("filed", "routed", "dispatched", "accepted", "returned", "return_refused", "resumed", "hold_ended", "resolved"),
    *("rated_dissatisfied", "reopened"),
    *_ASKS,
    *_DECIDES,
)


#: Instants may be of any kind that can be compared and subtracted, the same for all: datetimes, or microseconds. A
#: month has hundreds of thousands of them, and the store need not convert any.
At = Any


class Line(NamedTuple):
    """What of a journal line is needed."""

    seq: int
    event: str
    state: str
    at: At


class Piece(NamedTuple):
    """A stretch of a petition's life with one label."""

    since: At
    until: At
    label: str


_BY_TIME: Final = attrgetter("at")


def pieces(lines: Sequence[Line], received_at: At, until: At) -> list[Piece]:
    """The life of a petition from `received_at` to `until`, cut up. `lines` in the order of the journal."""
    found: list[Piece] = []
    since, label, state = received_at, "intake", ""
    dispatched = 0
    # Of one instant, in the order of the journal, in which they are.
    for line in sorted(_telling(lines), key=_BY_TIME):
        if line.at >= until:
            break
        if line.at > since:
            found.append(Piece(since, line.at, label))
            since = line.at
        if line.event == "returned":
            found[dispatched:] = [piece._replace(label="return") for piece in found[dispatched:]]
        if line.state != state and line.state == "dispatched":
            dispatched = len(found)
        changed, state = line.state != state, line.state
        if line.event in _ASKS:
            label = "approval"
        elif changed or line.event in _DECIDES:
            label = _OF_STATE.get(state, "other")
    if until > since:
        found.append(Piece(since, until, label))
    return found


def _telling(lines: Sequence[Line]) -> Iterator[Line]:
    """Without those that left the state as it was: heard of late, they name a state that came after them."""
    state = ""
    for line in lines:
        if line.state != state or line.event in _ASKS or line.event in _DECIDES:
            yield line
        state = line.state


def labels(states: Collection[str]) -> tuple[str, ...]:
    """The labels of time spent in `states`, of those that have one to themselves."""
    return tuple(_OF_STATE[state] for state in sorted(states) if state in ("on_hold", "returned"))


def cause(life: Sequence[Piece], since: At, until: At, pauses_in: Collection[str] = ()) -> str:
    """The label under which the most of `since` … `until` was spent.

    `pauses_in`: labels in which the clock stood still.
    """
    spent: dict[str, Any] = {}
    for begin, end, label in life:
        first, last = max(begin, since), min(end, until)
        if first < last and label not in pauses_in:
            overlap = last - first
            spent[label] = spent[label] + overlap if label in spent else overlap
    if not spent:
        return "other"
    if len(spent) == 1:
        return next(iter(spent))
    most = max(spent.values())
    return next(label for label in CAUSES if spent.get(label) == most)
