"""Petitions that go every way a petition can go, over both ends of June, through the real engine. Seeded."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command, FilePetition, Petitioner
from xixi_workflow.core.lifecycle import OPEN, ROW_OF, State
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings
from xixi_workflow.store.views import Page, page

#: 1 June and 1 July, midnight in the city.
JUNE: Final = datetime(2026, 5, 31, 16, tzinfo=UTC)
JULY: Final = datetime(2026, 6, 30, 16, tzinfo=UTC)
_TITLES: Final = ("路灯不亮", "夜间施工噪音扰民", "小区打架斗殴", "超市卖过期食品", "电梯困人", "说不清的事情")
_PLACES: Final = ("文三社区", "溪畔社区", "")
_SOURCES: Final = ("visit", "xihu_code", "police_110")
#: Weight and maker of each event's command.
_MAKERS: Final[dict[str, tuple[int, Callable[[random.Random], Command]]]] = {
    "route": (1, lambda r: c.RoutePetition(r.choice(["SA02", "PS01", "MS01"]))),
    "dispatch": (9, lambda r: c.DispatchPetition(r.choice(["", "police", "urban"]))),
    "accept": (20, lambda _: c.AcceptPetition()),
    "contact": (6, lambda _: c.ContactPetitioner("已通话")),
    "return": (4, lambda r: c.ReturnPetition(r.choice(["not_my_duty", "wrong_category"]))),
    "refuse_return": (4, lambda _: c.RefuseReturn("请办")),
    "report_interim": (4, lambda _: c.ReportInterim("在办")),
    "request_hold": (7, lambda _: c.RequestHold("third_party")),
    "approve_hold": (16, lambda r: c.ApproveHold(r.choice([3600.0, 40_000.0]))),
    "refuse_hold": (1, lambda _: c.RefuseHold("理由不足")),
    "resume": (3, lambda _: c.Resume()),
    "request_extension": (3, lambda r: c.RequestExtension(r.choice([7200.0, 100_000.0]), "需要时间")),
    "approve_extension": (9, lambda _: c.ApproveExtension()),
    "refuse_extension": (1, lambda _: c.RefuseExtension("理由不足")),
    "resolve": (9, lambda r: c.ResolvePetition(r.choice(["solved", "partly_solved", "unreachable"]), "已办")),
    "rate": (9, lambda r: c.RatePetition(r.choice(["satisfied", "fairly_satisfied"]))),
    "rate_dissatisfied": (4, lambda _: c.RatePetition("dissatisfied", "没有解决")),
    "reopen": (2, lambda _: c.ReopenPetition("再办")),
    "urge": (1, lambda _: c.UrgePetition()),
    "note": (1, lambda _: c.AddNote("已联系")),
    "ask_assist": (1, lambda r: c.AskAssist(r.choice(["police", "urban"]))),
    "finish_assist": (1, lambda r: c.FinishAssist(r.choice(["police", "urban"]))),
    "withdraw": (1, lambda _: c.WithdrawPetition()),
    "reject": (1, lambda _: c.RejectPetition("court", "不受理")),
    "transfer_out": (1, lambda _: c.TransferOut("110")),
}
_WAITS: Final = (0, 20, 300, 1200, 7200, 30_000, 100_000, 300_000)


def live_a_month(database_url: str, seed: int, petitions: int = 60) -> Engine:
    """An engine on the database after everything has happened and been swept."""
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE - timedelta(days=10))
    chance = random.Random(seed)
    # When something is to be done next to the petition with this number; 0: filed.
    todo = [(JUNE + timedelta(hours=chance.uniform(-24 * 9, 24 * 33)), n, 0) for n in range(petitions)]
    states: dict[int, State] = {}
    while todo:
        todo.sort()
        at, n, number = todo.pop(0)
        let_pass(engine, at)
        if not number:
            request = Request(0, _filing(chance, n, at), Actor("operator"))
        else:
            request = _something(chance, number, states, at)
        [done] = engine.handle([request], now=at)
        if done.petition is not None:
            number = number or done.number
            states[number] = done.petition.state
            let_pass(engine, at + timedelta(seconds=1))
        if number and chance.random() < 0.93:
            todo.append((at + timedelta(seconds=chance.choice(_WAITS) + chance.random()), n, number))
    let_pass(engine, JULY + timedelta(days=40))
    return engine


def _filing(chance: random.Random, n: int, at: datetime) -> FilePetition:
    phone = chance.choice(["19900000000", "19900000001", "19900000002", ""])
    late = chance.choice([0, 0, 0, 600, 90_000])
    return FilePetition(
        chance.choice(_SOURCES),
        str(n),
        chance.choice(_TITLES),
        received_at=at - timedelta(seconds=late) if late else None,
        nature=chance.choice(["complaint", "help", ""]),
        community=chance.choice(_PLACES),
        petitioner=Petitioner("", phone),
    )


def _something(chance: random.Random, number: int, states: dict[int, State], at: datetime) -> Request:
    state = states[number]
    into = [other for other, its in states.items() if its in OPEN and other != number]
    if state in OPEN and into and chance.random() < 0.03:
        return Request(number, c.MergePetition(chance.choice(into)), Actor("operator"))
    events = [event for event, (weight, _) in _MAKERS.items() if (state, event) in ROW_OF for _ in range(weight)]
    event = chance.choice(events or ["note"])
    role = chance.choice(ROW_OF.get((state, event), ROW_OF["closed", "note"]).who)
    # Rarely, for whoever has one line that was heard of late is counted line by line.
    ago = chance.choice([*([0] * 18), 400, 20_000])
    happened = at - timedelta(seconds=ago) if ago else None
    return Request(number, _MAKERS[event][1](chance), Actor(role), happened)


def let_pass(engine: Engine, now: datetime) -> None:
    """Everything that time alone does up to `now`."""
    while sweep(engine, now=now).more:
        pass


def pages(engine: Engine) -> list[Page]:
    """Every petition with its history."""
    with engine.store.reading() as db:
        numbers = [row[0] for row in db.exec_driver_sql("SELECT id FROM petition ORDER BY id")]
    return [found for number in numbers if (found := page(engine.store, number)) is not None]


def phones(engine: Engine) -> dict[int, str]:
    """The telephone of each petition."""
    with engine.store.reading() as db:
        return {row[0]: row[1] for row in db.exec_driver_sql("SELECT petition_id, phone FROM intake")}
