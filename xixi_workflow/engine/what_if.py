"""A month's real events under another policy or roster: what would have been missed, who woken, how much texted.

Reads only. How a petition is lived again, and what is held fixed, is said in `core/what_if.py`. Both sides are judged
punctually, as by a house that never slept, so that they can be compared; `Check` says how well the side of the time
agrees with what was really recorded (a difference comes from late looks or from a roster that a process had not read
yet). Take-overs, covers and swaps that were asked of the running service are deeds: the other roster has them too,
as far as it knows the people.

Texts are counted as one for each message: what was told together, put off or withheld is left out of account on both
sides, so the numbers are the most that there could be.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from xixi_workflow.core import clocks, sending, sms, what_if, words
from xixi_workflow.core.duty_schema import CHANGES
from xixi_workflow.core.kpi_table import MISSED
from xixi_workflow.core.periods import period_span
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import read_span
from xixi_workflow.core.routing import Router
from xixi_workflow.core.sending import PETITIONER
from xixi_workflow.core.what_if import PolicyAt, Told
from xixi_workflow.core.what_if_account import Account, Both, Compared, Cost, Kind, NotDone, Person, StoodIn
from xixi_workflow.core.words import Language, Matter
from xixi_workflow.engine import duty
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import what_if as store
from xixi_workflow.store.what_if import Life

#: Nothing of a petition falls into a month that begins longer than this after it was over, by any rules of today.
_REACH: Final = timedelta(days=15)


class NotBegunError(ValueError):
    """A period that has nothing to live again yet; in both languages (`str` is English)."""

    def __init__(self, period: str) -> None:
        self.zh, self.en = f"{period} 尚未开始", f"{period} has not begun yet"
        super().__init__(self.en)


class Check(msgspec.Struct):
    """The side of the time against the record: how many there are, and how many of them agree."""

    verdicts: int = 0
    verdicts_same: int = 0
    messages: int = 0
    messages_same: int = 0

    @property
    def exact(self) -> bool:
        """Whether everything agrees."""
        return self.verdicts == self.verdicts_same and self.messages == self.messages_same


class WhatIf(msgspec.Struct):
    """A period under other rules. `then` is by the rules and rosters of the time, `now` by the others."""

    period: str
    start: datetime
    end: datetime
    #: Up to when it was lived: the end, or the present where that is earlier.
    until: datetime
    #: Digest of the other policy.
    digest: str
    #: Versions of the policy that were in force meanwhile.
    versions: list[int]
    petitions: int
    deeds: int
    #: Petitions whose journal cannot be read by today's program; they are in no number.
    unreadable: int
    #: Petitions with a clock that is newly missed, and with one that no longer is.
    worse: int
    better: int
    #: Of `worse`, those with a deed that the other rules refuse.
    worse_by_refusal: int
    clocks: list[Compared]
    people: list[Person]
    petitioners: Person
    kinds: list[Kind]
    levels: dict[int, Both]
    repeats: Both
    #: Deeds that the other rules refuse, and those that became idle.
    not_done: list[NotDone]
    idle: int
    stood_in: list[StoodIn]
    check: Check


def simulate(
    engine: Engine,
    other: Policy,
    period: str,
    *,
    now: datetime,
    listed: int = 10,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> WhatIf:
    """Live `period` (a month or a week) again under `other`, as it stood at its end or at `now`.

    `listed`: how many changed runs of each clock are named. `progress` hears of petitions done, and of how many. About
    two milliseconds a petition. Raises `PeriodError` for what is no period, `NotBegunError`
    for one that has not begun.
    """
    start, end = period_span(period, other.zone)
    if start >= now:
        raise NotBegunError(period)
    until = min(end, now)
    rules = _Rules(engine, other)
    numbers = store.numbers(engine.store, since=start - _reach(engine, other, start), start=start, end=until)
    account = Account(start, end, until, other.zone, listed=listed)
    check = Check()
    unreadable = done = 0
    for portion in store.lives(engine.store, numbers):
        for life in portion:
            done += 1
            if not life.journal or life.journal[0].noticed_at >= until:
                continue
            then_at = rules.then(life.policy)
            try:
                then, deeds = what_if.lived(
                    life.journal, number=life.number, policy_at=then_at, since=start, until=until
                )
            except what_if.UnreadableError:
                unreadable += 1
                continue
            routing = rules.routing(life)
            course = what_if.relived(
                deeds, number=life.number, policy_at=rules.now, since=start, until=until, routing=routing
            )
            account.add(life.number, then, course, {"then": _cost(life, then_at), "now": _cost(life, rules.now)})
            _compare(check, life, then, start, end, until)
        progress(done, len(numbers))
    clocks_ = sorted({**other.main.clocks, **rules.clocks}.items(), key=lambda c: (c[1].limit, c[0]))
    return WhatIf(
        period,
        start,
        end,
        until,
        other.digest,
        rules.used(start, until),
        account.petitions,
        account.deeds,
        unreadable,
        account.worse,
        account.better,
        account.worse_by_refusal,
        account.clocks(name for name, shape in clocks_ if shape.when_due != "lapse"),
        account.people(),
        account.petitioners(),
        account.kinds(),
        account.levels(),
        account.repeats(),
        account.not_done(),
        account.idle,
        account.stood_in(),
        check,
    )


class _Rules:
    """Which policy judges an instant, on either side."""

    def __init__(self, engine: Engine, other: Policy) -> None:
        self._policies = engine.policies
        self._other = other
        self._router = Router(other)
        self._versions = store.versions(engine.store)
        if not self._versions:
            raise LookupError("no policy has been published to this database")
        self._since = [at for at, _ in self._versions]
        self._then: dict[tuple[int, int], Policy] = {}
        self._now: dict[int, Policy] = {}
        self._of: dict[int, PolicyAt] = {}
        #: Every clock that a petition of the month was judged by.
        self.clocks: dict[str, Any] = {}

    def _in_force(self, at: datetime) -> int:
        """Index of the version that was in force."""
        return max(0, bisect_right(self._since, at) - 1)

    def used(self, start: datetime, until: datetime) -> list[int]:
        """The versions in force between two instants."""
        return [n for _, n in self._versions[self._in_force(start) : bisect_right(self._since, until)]]

    def then(self, version: int) -> PolicyAt:
        """The rules of `version` with the people of the moment."""
        if version in self._of:
            return self._of[version]
        rules = self._policies.version(version)
        self.clocks = {**rules.main.clocks, **self.clocks}

        def at_instant(at: datetime) -> Policy:
            key = version, self._in_force(at)
            if key not in self._then:
                self._then[key] = rules.with_people(self._policies.version(self._versions[key[1]][1]))
            return self._then[key]

        self._of[version] = at_instant
        return at_instant

    def now(self, at: datetime) -> Policy:
        """The other rules, with what had been asked of the running service by that moment."""
        n = self._in_force(at)
        policy = self._now.get(n)
        if policy is None:
            since, version = self._versions[n]
            before = self._policies.version(version)
            policy = self._other
            if CHANGES in before.documents:
                policy = duty.carried(self._other, before, now=since)
            self._now[n] = policy
        return policy

    def routing(self, life: Life) -> what_if.Routing | None:
        """The other category rules, where they are not those of the time."""
        if _routed_alike(self._policies.version(life.policy), self._other):
            return None
        return lambda: self._router.route(life.said.title, life.said.content)


def _routed_alike(a: Policy, b: Policy) -> bool:
    same = a.documents["categories.yaml"] == b.documents["categories.yaml"]
    return same and a.main.routing == b.main.routing


def _reach(engine: Engine, other: Policy, start: datetime) -> timedelta:
    """How long before a month petitions may have ended of which a clock, by some rules, is due in it."""
    longest = max(clocks.due(plan, start) - start for plan in other.clocks.values())
    granted = timedelta(seconds=other.main.longest_extension * other.main.most_extensions)
    windows = [other.main.reopening_window]
    for _, version in store.versions(engine.store):
        windows.append(read_span(engine.policies.version(version).documents["policy.yaml"]["reopening_window"]))
    return max(_REACH, longest + granted, timedelta(seconds=max(windows)))


def _cost(life: Life, policy_at: PolicyAt) -> Cost:
    """What telling something of this petition costs: (SMS, segments)."""
    said = life.said
    # Cut once: the whole text would be masked anew for every message.
    matter = Matter(words.brief(said.address, said.name), words.brief(said.title, said.name))

    def cost(told: Told) -> tuple[int, int]:
        policy, message = policy_at(told.at), told.message
        language: Language = "en" if said.language == "en" else "zh"
        if message.to != PETITIONER:
            way = next(iter(sending.ways(message.to, policy, team=message.vars.team, now=told.at)), None)
            if way is None or way.channel != "sms":
                return 0, 0
            language = way.language
        text = words.message(
            message.kind,
            message.vars,
            policy,
            number=life.number,
            community=said.community,
            confidential=said.confidential,
            language=language,
            matter=matter,
        )
        return 1, sms.segments(text)

    return cost


def _compare(check: Check, life: Life, then: what_if.Course, start: datetime, end: datetime, until: datetime) -> None:
    """Count what of the record the side of the time has found again."""
    recorded = {
        (o.clock, o.key, o.started_at): o.result in MISSED
        for o in life.outcomes
        if start <= o.due_at < end and (o.due_at < until or (o.settled_at and o.settled_at < until))
    }
    found = {run: o.result in MISSED for run, o in then.runs.items() if start <= o.due_at < end}
    check.verdicts += len(recorded)
    check.verdicts_same += sum(found.get(run) == missed for run, missed in recorded.items())
    noticed = {entry.seq: entry.noticed_at for entry in life.journal}
    told = Counter((kind, to) for kind, to, seq in life.messages if seq in noticed and start <= noticed[seq] < until)
    check.messages += told.total()
    check.messages_same += (told & Counter((t.message.kind, t.message.to) for t in then.told)).total()
