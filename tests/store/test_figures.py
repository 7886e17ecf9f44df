"""A month counted by the database is the month counted petition by petition, on both databases."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import msgspec
import pytest

from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command, FilePetition, Petitioner
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings
from xixi_workflow.store.figures import tally
from xixi_workflow.store.views import Page, page

ENDED = {"closed", "merged", "withdrawn", "rejected", "transferred"}
#: 1 June, midnight in the city.
JUNE = datetime(2026, 5, 31, 16, tzinfo=UTC)
JULY = datetime(2026, 6, 30, 16, tzinfo=UTC)
TITLES = ("路灯不亮", "夜间施工噪音扰民", "小区打架斗殴", "超市卖过期食品", "电梯困人", "说不清的事情")
LIVES: list[list[tuple[str, Command]]] = [
    [
        ("handler", c.AcceptPetition()),
        ("handler", c.ReportInterim("在办")),
        ("handler", c.ResolvePetition("solved", "已办")),
    ],
    [
        ("handler", c.ReturnPetition("not_my_duty")),
        ("operator", c.RefuseReturn("请办")),
        ("handler", c.AcceptPetition()),
    ],
    [("petitioner", c.WithdrawPetition())],
    [("operator", c.RejectPetition("court", "不受理"))],
    [("operator", c.TransferOut("110"))],
    [],
]
RATINGS: list[list[tuple[str, Command]]] = [
    [("petitioner", c.RatePetition("satisfied"))],
    [("petitioner", c.RatePetition("fairly_satisfied"))],
    [("petitioner", c.RatePetition("dissatisfied", "没有解决")), ("handler", c.AcceptPetition())],
    [("petitioner", c.RatePetition("satisfied")), ("petitioner", c.RatePetition("fairly_satisfied"))],
    [("petitioner", c.RatePetition("satisfied")), ("petitioner", c.RatePetition("dissatisfied", "又坏了"))],
    [("operator", c.ReopenPetition("再办"))],
    [],
]


@pytest.fixture
def engine(database_url: str) -> Any:
    """Two months of petitions that went every way a petition can go, seeded."""
    made = wiring.open_engine(Settings(database_url=database_url), now=JUNE)
    chance = random.Random(26)
    todo: list[tuple[datetime, int, str, Command]] = []
    for n in range(120):
        # Over both ends of the month.
        at = JUNE + timedelta(hours=chance.uniform(-72, 24 * 33))
        phone = "19900000000" if chance.random() < 0.8 else ""
        file = FilePetition("visit", str(n), chance.choice(TITLES), petitioner=Petitioner("", phone))
        todo.append((at, n, "operator", file))
        steps = [*chance.choices(LIVES, weights=[8, 3, 1, 1, 1, 1])[0]]
        if steps and isinstance(steps[-1][1], c.ResolvePetition):
            steps += chance.choice(RATINGS)
        for role, command in steps:
            at += timedelta(minutes=chance.choice([1, 5, 60, 240, 1500]))
            todo.append((at, n, role, command))
    numbers: dict[int, int] = {}
    for at, n, role, command in sorted(todo, key=lambda step: step[0]):
        _let_pass(made, at)
        [done] = made.handle([Request(numbers.get(n, 0), command, Actor(role))], now=at)  # type: ignore[arg-type]
        numbers[n] = done.number
        _let_pass(made, at + timedelta(seconds=1))
    _let_pass(made, JULY + timedelta(days=10))
    yield made
    made.store.close()


def _let_pass(engine: Engine, now: datetime) -> None:
    while sweep(engine, now=now).more:
        pass


def _pages(engine: Engine) -> list[Page]:
    with engine.store.reading() as db:
        numbers = [row[0] for row in db.exec_driver_sql("SELECT id FROM petition ORDER BY id")]
    found = [page(engine.store, number) for number in numbers]
    return [p for p in found if p is not None]


def _in_june(at: datetime) -> bool:
    return JUNE <= at < JULY


def test_the_database_counts_what_the_pages_show(engine: Engine) -> None:
    pages = _pages(engine)
    counted = tally(engine.store, JUNE, JULY)
    assert len(pages) == 120

    verdicts: Counter[tuple[str, str, str, str]] = Counter()
    spans: dict[tuple[str, str, str], list[float]] = {}
    for p in pages:
        excluded = p.petition.state in ("rejected", "withdrawn")
        for o in p.outcomes:
            if _in_june(o.due_at):
                verdicts[o.clock, o.team, p.petition.category, "excluded" if excluded else o.result] += 1
                if o.result in ("on_time", "late") and not excluded and o.settled_at:
                    for by, group in (("all", ""), ("team", o.team), ("category", p.petition.category)):
                        took = (o.settled_at - o.started_at).total_seconds()
                        spans.setdefault((o.clock, by, group), []).append(took)
    assert {row[:4]: row.n for row in counted.verdicts} == verdicts
    assert {v[3] for v in verdicts} >= {"on_time", "late", "breached", "excluded", "lapsed"}

    def rank(values: list[float], percent: int) -> float:
        return sorted(values)[ceil(len(values) * percent / 100) - 1]

    expected = {key: (rank(values, 50), rank(values, 90)) for key, values in spans.items()}
    assert {(s.clock, s.by, s.group): (s.median, s.p90) for s in counted.spans} == expected

    details = {"rated": "rating", "returned": "reason", "escalated": "clock", "breached": "clock"}
    events: Counter[tuple[str, str, int]] = Counter()
    messages: Counter[str] = Counter()
    for p in pages:
        at = {e.seq: e.at for e in p.journal}
        for e in p.journal:
            verdicts_after = [x.event for x in p.journal[e.seq + 1 :] if x.event.startswith(("rated", "resolved"))]
            overruled = e.event == "rated" and verdicts_after[:1] not in ([], ["resolved"])
            if _in_june(e.at) and not overruled:
                data = msgspec.json.decode(e.data) if e.data else {}
                level = data.get("level", 0) if e.event in ("escalated", "breached") else 0
                events[e.event, data.get(details.get(e.event, ""), ""), level] += 1
        messages.update(m.kind for m in p.messages if _in_june(at[m.seq]))
    assert {row[:3]: row.n for row in counted.events} == events
    assert counted.messages == messages
    assert {event for event, _, _ in events} >= {
        "filed",
        "returned",
        "rated",
        "rated_dissatisfied",
        "reopened",
        "escalated",
    }


def test_openings_and_closings_balance_and_a_quiet_month_is_empty(engine: Engine) -> None:
    pages = _pages(engine)
    counted = tally(engine.store, JUNE, JULY)
    filed = sum(e.n for e in counted.events if e.event == "filed")
    opened = sum(counted.open_at_start.values()) + filed + counted.taken_up_again
    assert opened - sum(counted.closed.values()) == sum(counted.open_at_end.values())
    assert counted.taken_up_again > 0
    assert counted.closed.keys() >= {"closed", "rejected", "withdrawn", "transferred"}

    # Open at an instant is what the journal says of that instant, however the petition went on.
    for at, shown in ((JUNE, counted.open_at_start), (JULY, counted.open_at_end)):
        states: Counter[str] = Counter()
        for p in pages:
            before = [e.state for e in p.journal if e.at < at]
            if before and before[-1] not in ENDED:
                states[before[-1]] += 1
        assert shown == states

    quiet = tally(engine.store, JUNE - timedelta(days=365), JUNE - timedelta(days=335))
    assert (quiet.verdicts, quiet.spans, quiet.events, quiet.closed) == ([], [], [], {})


def test_a_breach_that_a_late_event_withdrew_is_no_verdict(database_url: str) -> None:
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE)
    filing = FilePetition("visit", "1", "路灯不亮", petitioner=Petitioner("某", "19900000000"))
    number = engine.handle([Request(0, filing)], now=JUNE)[0].number
    asked = [c.RoutePetition("SA02"), c.DispatchPetition(), c.AcceptPetition(), c.RequestHold("third_party")]
    for minute, command in enumerate(asked):
        who = Actor("operator") if minute < 2 else Actor("handler", "citycare-1")
        done = engine.handle([Request(number, command, who)], now=JUNE + timedelta(seconds=10 * minute))
        assert done[0].refused is None
    sweep(engine, now=JUNE + timedelta(hours=25))
    before = tally(engine.store, JUNE, JULY)
    assert [v.verdict for v in before.verdicts if v.clock == "closure"] == ["breached"]

    approval = Request(number, c.ApproveHold(), Actor("supervisor", "supervisor-1"), JUNE + timedelta(hours=20))
    assert engine.handle([approval], now=JUNE + timedelta(hours=26))[0].refused is None
    after = tally(engine.store, JUNE, JULY)
    assert [v.verdict for v in after.verdicts if v.clock == "closure"] == []
