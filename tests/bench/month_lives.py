"""A month of petitions that go the ways of an ordinary city, lived by the engine's own judge. Seeded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from xixi_workflow.core import commands as c
from xixi_workflow.core.periods import period_span
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep

MONTH: Final = "2026-10"
#: Whole lives in one transaction.
_TOGETHER: Final = 500
_OPERATOR: Final = Actor("operator", "operator-1")
_HANDLER: Final = Actor("handler")
_SUPERVISOR: Final = Actor("supervisor", "supervisor-1")
_PETITIONER: Final = Actor("petitioner")
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_RESULTS: Final = ("solved",) * 7 + ("partly_solved", "explained", "unreachable")
_SOURCES: Final = ("visit", "xihu_code", "police_110")

#: Seconds since the filing, command, who.
_Step = tuple[float, c.Command, Actor]


def live(engine: Engine, petitions: int) -> None:
    """Fill the database with `petitions` filed over `MONTH`, each followed until its end and watched a day longer."""
    policy = engine.policies.in_force
    start, end = period_span(MONTH, policy.zone)
    chance = random.Random(20261001)
    days = (end - start).days
    categories, places = [*policy.categories], [*policy.communities]
    for day in range(days):
        each = petitions // days + (day < petitions % days)
        midnight = start + timedelta(days=day)
        filed = sorted(midnight + timedelta(seconds=chance.triangular(1, 86_399, 36_000)) for _ in range(each))
        for low in range(0, each, _TOGETHER):
            instants = filed[low : low + _TOGETHER]
            filings = [
                Request(0, _filing(chance, f"{day}-{low + n}", places, at), _OPERATOR, at=at)
                for n, at in enumerate(instants)
            ]
            done = engine.handle(filings, now=midnight + timedelta(days=1, microseconds=-1))
            lives = [
                Request(one.number, command, actor, at=at + timedelta(seconds=after))
                for one, at in zip(done, instants, strict=True)
                for after, command, actor in _life(chance, categories)
                if at + timedelta(seconds=after) < end
            ]
            # A refusal (a team that is asked twice) is a step that this life leaves out.
            engine.handle(lives, now=end)
    while sweep(engine, now=end + timedelta(days=1)).more:
        pass


def _filing(chance: random.Random, source_id: str, places: list[str], at: datetime) -> c.FilePetition:
    phone = f"1990{chance.randrange(10_000_000):07}" if chance.random() < 0.95 else ""
    return c.FilePetition(
        chance.choice(_SOURCES),
        source_id,
        "路灯不亮",
        "夜里看不清路",
        received_at=at - timedelta(seconds=chance.choice((0, 0, 0, 0, 0, 0, 0, 20, 20, 90))),
        channel=chance.choice(("电话", "网络")),
        nature=chance.choice(("complaint", "help", "")),
        community=chance.choice((*places, "")),
        petitioner=c.Petitioner("", phone),
    )


def _life(chance: random.Random, categories: list[str]) -> Iterator[_Step]:
    at = chance.expovariate(1 / 15.0)
    yield at, c.RoutePetition(chance.choice(categories)), _OPERATOR
    if chance.random() < 0.02:
        yield at + 60, c.RejectPetition("court", "不受理"), _OPERATOR
        return
    at += chance.expovariate(1 / 20.0)
    yield at, c.DispatchPetition(), _OPERATOR
    if chance.random() < 0.04:
        at += chance.expovariate(1 / (10 * _MINUTE))
        yield at, c.ReturnPetition("not_my_duty"), _HANDLER
        at += chance.expovariate(1 / _HOUR)
        refused = chance.random() < 0.3
        yield at, c.RefuseReturn("请办") if refused else c.DispatchPetition("urban"), _OPERATOR
    if chance.random() < 0.01:
        yield at + chance.uniform(1, 20) * _HOUR, c.WithdrawPetition(), _PETITIONER
        return
    at += chance.expovariate(1 / (6 * _MINUTE))
    yield at, c.AcceptPetition(), _HANDLER
    yield from _work(chance, at)


def _work(chance: random.Random, at: float) -> Iterator[_Step]:
    if chance.random() < 0.7:
        yield at + chance.uniform(1, 60) * _MINUTE, c.ContactPetitioner(), _HANDLER
        at += _HOUR
    if chance.random() < 0.9:
        at += chance.expovariate(1 / (40 * _MINUTE))
        yield at, c.ReportInterim("在办"), _HANDLER
    if chance.random() < 0.03:
        yield at + 60, c.RequestHold("third_party"), _HANDLER
        yield at + 2 * _HOUR, c.ApproveHold(6 * _HOUR), _SUPERVISOR
        at += 9 * _HOUR
    elif chance.random() < 0.04:
        yield at + 60, c.RequestExtension(12 * _HOUR, "需要时间"), _HANDLER
        yield at + _HOUR, c.ApproveExtension(), _SUPERVISOR
        at += _HOUR
    at += chance.lognormvariate(9.6, 0.9)
    yield at, c.ResolvePetition(chance.choice(_RESULTS), "已办"), _HANDLER
    answer = chance.random()
    if answer < 0.45:
        # Nobody answers: the survey lapses.
        yield at + 73 * _HOUR, c.TimePassed(), Actor("system")
        return
    at += chance.lognormvariate(8.5, 1.2)
    if answer < 0.93:
        yield at, c.RatePetition("satisfied" if answer < 0.85 else "fairly_satisfied"), _PETITIONER
        return
    yield at, c.RatePetition("dissatisfied", "没有解决"), _PETITIONER
    at += chance.expovariate(1 / (10 * _MINUTE))
    yield at, c.AcceptPetition(), _HANDLER
    at += chance.lognormvariate(9, 0.8)
    yield at, c.ResolvePetition("solved", "已办"), _HANDLER
    yield at + 73 * _HOUR, c.TimePassed(), Actor("system")
