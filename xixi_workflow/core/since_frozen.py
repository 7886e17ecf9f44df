"""Which petitions made a frozen period's figures others than they were, from what the journal says since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from xixi_workflow.core.frozen import Reason
from xixi_workflow.core.kpi_fold import MOVES, UNCOUNTED
from xixi_workflow.core.lifecycle import ENDED
from xixi_workflow.core.petition import Entry
from xixi_workflow.core.replay import TIME_FACTS

#: Lines that move nothing that is counted, whenever they were written.
SILENT: Final = tuple(event for event in UNCOUNTED if event != "filed")
#: Lines that change what a petition is counted under. Figures go by the labels of today, see `store/figures_sql.py`.
LABELLING: Final = ("routed", "dispatched", "returned", "return_refused", "priority_changed")


class Life(NamedTuple):
    """A petition's journal, parted at a seal."""

    number: int
    policy: int
    received_at: datetime
    before: list[Entry]
    after: list[Entry]


class Labels(NamedTuple):
    """What a petition is counted under, as far as it can change."""

    category: str
    lead: str
    urgency: str


LeadOf = Callable[[int, str], str]
_decode = msgspec.json.decode


def labels(entries: Iterable[Entry], lead_of: Callable[[str], str]) -> Labels:
    """The labels after `entries`, which are a journal from its first line on; `lead_of` as in `kpi_fold.fold`."""
    category = lead = returned_by = ""
    urgency = "normal"
    for entry in entries:
        if entry.event not in LABELLING and entry.event != "filed":
            continue
        data: dict[str, Any] = _decode(entry.data) if entry.data else {}
        urgency = data.get("urgency") or urgency
        if entry.event == "routed":
            category = data["category"]
            if entry.state in ("routed", "returned"):
                lead = data.get("team") or lead_of(category)
        elif entry.event == "dispatched":
            lead = data.get("team") or lead
        elif entry.event == "returned":
            returned_by = lead
        elif entry.event == "return_refused":
            lead = returned_by
    return Labels(category, lead, urgency)


def reasons(lives: Iterable[Life], lead_of: LeadOf, *, start: datetime, cut_off: datetime) -> list[Reason]:
    """Why figures as they stood at `cut_off` are counted otherwise, in the order of petitions and lines.

    Of what was heard of late, lines that time alone wrote are left out where somebody's line stands beside them:
    they followed from it. Petitions that were over before `start` do not matter for what they are called today.
    """
    return [reason for life in lives for reason in _reasons(life, lead_of, start, cut_off)]


def _reasons(life: Life, lead_of: LeadOf, start: datetime, cut_off: datetime) -> Iterator[Reason]:
    late = [e for e in life.after if _happened(e, life) < cut_off and e.event not in SILENT]
    if late:
        own = [e for e in late if e.event not in TIME_FACTS]
        for entry in own or late:
            yield _reason(entry, life, "late")
        return
    if _over_at(life.before, start):
        return

    def lead(category: str) -> str:
        return lead_of(life.policy, category)

    if labels(life.before, lead) != labels([*life.before, *life.after], lead):
        for entry in life.after:
            if entry.event in LABELLING:
                yield _reason(entry, life, "relabelled")


def _reason(entry: Entry, life: Life, why: Any) -> Reason:
    role = entry.actor.partition(":")[0]
    by = role if role == "petitioner" else entry.actor
    return Reason(str(life.number), entry.event, _happened(entry, life), entry.noticed_at, by, why)


def _happened(entry: Entry, life: Life) -> datetime:
    """A petition filed from paper is noted when it is entered; its clocks run from when the source received it."""
    return life.received_at if entry.event == "filed" else entry.at


def _over_at(entries: Sequence[Entry], start: datetime) -> bool:
    last = next((e for e in reversed(entries) if e.event in MOVES), None)
    return last is not None and last.state in ENDED and last.at < start
