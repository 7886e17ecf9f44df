"""A month counted petition by petition from what anybody can read: pages and nothing else. Slow, plain, and written
from the definitions, not from the statements under test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.core.petition import Entry, Outcome
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replay import replay
from xixi_workflow.store.views import Page

OVER = {"closed", "merged", "withdrawn", "rejected", "transferred"}
SECOND = timedelta(seconds=1)
_SILENT = {
    "noted",
    "photo_added",
    "warned",
    "acknowledged",
    "detail_shown",
    "parent_followed",
    "filed",
    "survey_lapsed",
}
_ON_REQUESTS = {f"{what}_{how}" for what in ("hold", "extension") for how in ("requested", "approved", "refused")}
_NO_TEAM = {"routed", "escalated", "breached", "urged", "supervised", "priority_changed"}
_WITH_DETAIL = {"returned": "reason", "resolved": "result", "contacted": "judged"}


class ByHand(NamedTuple):
    """Everything, by (kind of group, code) where it is told apart."""

    counts: dict[tuple[str, str], Counter[str]]
    raw: dict[tuple[str, str, str], list[int]]
    net: dict[str, list[int]]
    #: Each stay, with holds and without.
    stages: dict[str, list[tuple[int, int]]]
    causes: Counter[tuple[str, str, str]]
    levels: Counter[tuple[str, str]]
    judged_hours: Counter[tuple[str, int, int]]
    filed_hours: Counter[tuple[int, int]]
    missed: dict[tuple[int, str, str, datetime], tuple[str, int, int]]
    open_at_start: Counter[str]
    open_at_end: Counter[str]


def nearest_rank(values: list[int], percent: int) -> int:
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


class Hand:
    def __init__(self, start: datetime, end: datetime, cut_off: datetime, policy: Policy) -> None:
        self.start, self.end, self.cut_off, self.policy = start, end, cut_off, policy
        self.zone: ZoneInfo = policy.zone
        self.found = ByHand({}, {}, {}, {}, Counter(), Counter(), Counter(), Counter(), {}, Counter(), Counter())

    def count(self, pages: Iterable[Page], phones: dict[int, str]) -> ByHand:
        everybody = list(pages)
        for page in everybody:
            self._page(page)
        self._repeats(everybody, phones)
        return self.found

    def _inside(self, at: datetime) -> bool:
        return self.start <= at < self.end

    def _groups(self, page: Page, team: str | None) -> Iterator[tuple[str, str]]:
        category = page.petition.category
        known = self.policy.categories.get(category)
        yield "all", ""
        yield "category", category
        yield "group", known.group if known else ""
        yield "community", page.said.community
        yield "source", page.petition.source
        if team is not None:
            yield "team", team

    def _add(self, page: Page, name: str, team: str | None) -> None:
        for group in self._groups(page, team):
            self.found.counts.setdefault(group, Counter())[name] += 1

    def _page(self, page: Page) -> None:
        petition = page.petition
        gone = petition.state in ("rejected", "withdrawn")
        excluded = gone and petition.closed_at is not None and petition.closed_at < self.cut_off
        leads = _leads(page, self.policy)
        for outcome in page.outcomes:
            if outcome.result != "withdrawn" and self._inside(outcome.due_at):
                self._outcome(page, outcome, excluded)
        for at, states in ((self.start, self.found.open_at_start), (self.end, self.found.open_at_end)):
            before = [state for since, state, _ in _changes(page.journal) if since < at]
            if before and before[-1] not in OVER:
                states[before[-1]] += 1
        heard = [e for e in page.journal if e.at < self.end]
        for n, entry in enumerate(heard):
            if self._inside(entry.at):
                self._line(page, entry, leads[entry.seq], excluded, _answered_again(heard[n:]))
        self._moves(page, leads, excluded)
        filed = page.journal[0]
        if self._inside(filed.at):
            self.found.filed_hours[_week(petition.received_at, self.zone)] += 1
            for group in self._groups(page, None):
                self.found.counts.setdefault(group, Counter())["filed"] += 1

    def _outcome(self, page: Page, o: Outcome, excluded: bool) -> None:
        verdict, settled = o.result, o.settled_at
        if settled is not None and settled >= self.cut_off:
            settled = None
            verdict = {"late": "breached", "unmet": "breached"}.get(verdict, verdict)
        if excluded:
            verdict = "excluded"
        self._add(page, f"{o.clock}.{verdict}", o.team)
        if verdict in ("on_time", "late", "breached", "unmet"):
            day, hour = _week(page.petition.received_at, self.zone)
            self.found.judged_hours[o.clock, day, hour] += 1
        if verdict in ("on_time", "late"):
            assert settled is not None
            took = settled - o.started_at
            original = o.due_at - timedelta(seconds=o.extended_for)
            used = min(max(settled - original, timedelta()), timedelta(seconds=o.extended_for))
            net = max(timedelta(), took - timedelta(seconds=o.paused_for) - used)
            for group in (("all", ""), ("team", o.team), ("category", page.petition.category)):
                self.found.raw.setdefault((*group, o.clock), []).append(took // SECOND)
            self.found.net.setdefault(o.clock, []).append(net // SECOND)
        if verdict in ("late", "breached", "unmet"):
            why = "field" if o.key else _cause(page, o, self.cut_off, self.policy.clocks[o.clock].pauses_in)
            self.found.causes[o.clock, o.team, why] += 1
            late = ((settled or self.cut_off) - o.due_at) // SECOND
            rung = [
                data.get("level", 0)
                for e, data in _facts(page, "breached", "escalated")
                if e.at < self.cut_off and (data["clock"], data.get("team", "")) == (o.clock, o.key)
            ]
            self.found.missed[page.petition.id, o.clock, o.key, o.due_at] = (why, late, max(rung, default=0))

    def _line(self, page: Page, entry: Entry, lead: str, excluded: bool, answered_again: bool) -> None:
        event = entry.event
        if excluded or event in _SILENT or event in OVER:
            return
        data = msgspec.json.decode(entry.data) if entry.data else {}
        team = None if event in _NO_TEAM else lead
        if event in ("breached", "escalated"):
            self._add(page, f"level.{data.get('level', 0)}", team)
            self.found.levels[data["clock"], str(data.get("level", 0))] += 1
        elif event in ("rated", "rated_dissatisfied"):
            if not answered_again:
                self._add(page, f"rated.{data['rating']}", team)
        else:
            self._add(page, event, team)
            if event in _WITH_DETAIL:
                self._add(page, f"{event}.{data[_WITH_DETAIL[event]]}", team)
        if event in ("rated_dissatisfied", "reopened"):
            self._add(page, "rework", team)

    def _moves(self, page: Page, leads: list[str], excluded: bool) -> None:
        changes = _changes(page.journal)
        self._stages(changes)
        for (since, state, before), (at, _, entry) in pairwise(changes):
            if self._inside(at):
                if state == "returned" and entry.event in ("dispatched", "transferred") and not excluded:
                    # By whom it was returned: the lead team of the line that returned it.
                    self._add(page, "misdispatched", leads[before.seq])
                rework = any(e.event in ("rated_dissatisfied", "reopened") for e in page.journal[: entry.seq])
                self._ending(page, entry, state, at > since, rework, leads[entry.seq], excluded)

    def _stages(self, changes: list[tuple[datetime, str, Entry]]) -> None:
        stages = self.found.stages
        work: list[tuple[str, timedelta]] = []
        for n, ((since, state, _), (at, after, _)) in enumerate(pairwise(changes)):
            took = at - since
            if state == "on_hold" and self._inside(at):
                stages.setdefault("on_hold", []).append((took // SECOND, took // SECOND))
            work.append((state, took))
            goes_on = {state, after} == {"on_hold", "in_progress"}
            if not goes_on:
                first = changes[n + 1 - len(work)][0]
                if self._inside(at):
                    held = sum((span for of, span in work if of == "on_hold"), timedelta())
                    name = "in_progress" if state == "on_hold" else state
                    stages.setdefault(name, []).append(((at - first) // SECOND, (at - first - held) // SECOND))
                work = []

    def _ending(self, page: Page, e: Entry, was: str, waited: bool, rework: bool, lead: str, excluded: bool) -> None:
        if was in OVER and e.state not in OVER:
            self._add(page, "taken_up_again", lead)
        if was not in OVER and e.state in OVER:
            self._add(page, "closed", lead)
            self._add(page, f"closed.{e.state}", lead)
            if not excluded and e.state == "closed" and not rework:
                self._add(page, "closed.first_time", lead)
            if not excluded and e.event == "survey_lapsed":
                self._add(page, "not_rated" if waited else "not_asked", lead)

    def _repeats(self, pages: list[Page], phones: dict[int, str]) -> None:
        last: dict[tuple[str, str], datetime] = {}
        for page in sorted(pages, key=lambda p: p.petition.id):
            petition = page.petition
            who = (phones[petition.id], petition.category)
            before = last.get(who)
            last[who] = petition.received_at
            again = who[0] and before and petition.received_at - before < timedelta(days=30) + SECOND
            if again and self._inside(page.journal[0].at):
                for group in self._groups(page, None):
                    if group[0] != "source":
                        self.found.counts.setdefault(group, Counter())["repeat"] += 1


def _changes(journal: list[Entry]) -> list[tuple[datetime, str, Entry]]:
    """Each change of state: when it counts, the state, the line. None counts before the one before it."""
    found: list[tuple[datetime, str, Entry]] = []
    for entry in journal:
        if not found or entry.state != found[-1][1]:
            at = max(entry.at, found[-1][0]) if found else entry.at
            found.append((at, entry.state, entry))
    return found


def _answered_again(rest: list[Entry]) -> bool:
    """Whether another rating follows the first of these lines before another answer to the petitioner."""
    if rest[0].event not in ("rated", "rated_dissatisfied"):
        return False
    for entry in rest[1:]:
        if entry.event in ("rated", "rated_dissatisfied"):
            return True
        if entry.event == "resolved":
            return False
    return False


def _leads(page: Page, policy: Policy) -> list[str]:
    """Who led the petition when each line was written, by living it again."""
    found: list[str] = []
    for again in replay(page.journal, petition_id=page.petition.id, policy_for=lambda _: policy):
        found += [again.decision.petition.lead] * len(again.entries)
    return found


def _week(at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = at.astimezone(zone)
    return local.weekday(), local.hour


def _facts(page: Page, *events: str) -> Iterator[tuple[Entry, dict[str, Any]]]:
    return ((e, msgspec.json.decode(e.data)) for e in page.journal if e.event in events)


def _cause(page: Page, o: Outcome, cut_off: datetime, pauses_in: frozenset[str]) -> str:
    """Cut at every line: what was it waiting for in each piece?"""
    before = ["", *(e.state for e in page.journal)]
    told = [e for e, was in zip(page.journal, before, strict=False) if e.state != was or e.event in _ON_REQUESTS]
    lines = sorted((e for e in told if e.at < cut_off), key=lambda e: (e.at, e.seq))
    cuts = sorted({o.started_at, o.due_at, *(e.at for e in lines if o.started_at < e.at < o.due_at)})
    spent: Counter[str] = Counter()
    for since, until in pairwise(cuts):
        label = _label(lines, since)
        if not (label == "hold" and "on_hold" in pauses_in):
            spent[label] += (until - since) // timedelta(microseconds=1)
    order = ["intake", "dispatch", "acceptance", "field", "return", "approval", "hold", "other"]
    return max(order, key=lambda label: (spent[label], -order.index(label))) if any(spent.values()) else "other"


def _label(lines: list[Entry], at: datetime) -> str:
    past = [e for e in lines if e.at <= at]
    if not past:
        return "intake"
    state = past[-1].state
    coming = lines[len(past) :]
    if state == "returned":
        return "return"
    if state in ("dispatched", "in_progress", "on_hold"):
        before = str(state)
        for e in coming:
            if e.event == "returned":
                return "return"
            if e.state == "dispatched" and before != "dispatched":
                break
            before = e.state
    if state == "in_progress" and _pending(past):
        return "approval"
    names = {"received": "dispatch", "routed": "dispatch", "dispatched": "acceptance", "in_progress": "field"}
    return {**names, "on_hold": "hold"}.get(state, "other")


def _pending(past: list[Entry]) -> bool:
    pending, state = False, ""
    for e in past:
        if e.event in ("hold_requested", "extension_requested"):
            pending = True
        elif e.state != state or e.event.endswith(("_approved", "_refused")):
            pending = False
        state = e.state
    return pending
