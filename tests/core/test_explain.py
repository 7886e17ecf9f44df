"""Every deadline can be explained, and the explanation agrees with the judge."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.histories import Step, choose, deep, happened, later, steps
from tests.core.lives import (
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    DISSATISFIED,
    EXTEND,
    HANDLER,
    HOLD,
    INTERIM,
    NUMBER,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    SUPERVISOR,
    Life,
    after,
)
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.explain import Line, explain, render
from xixi_workflow.core.work import Decision, wake_at

POLICY = small_policy()


def _explained(life: Life) -> list[Line]:
    return explain(life.entries, petition_id=NUMBER, policy_for=lambda _: life.policy)


def _of(life: Life, clock: str) -> list[tuple[str, object, object, object]]:
    return [(x.what, x.at, x.due_before, x.due_after) for x in _explained(life) if x.clock == clock]


def test_a_hold_and_an_extension_are_told_with_the_dates_before_and_after() -> None:
    life = Life(POLICY).on_hold("1h", seconds=7200).does(EXTEND, HANDLER, after("4h"))
    life.does(APPROVE_EXTENSION, SUPERVISOR, after("5h")).does(RESOLVE, HANDLER, after("6h"))
    assert _of(life, "closure") == [
        ("started", after("0s"), None, after("24h")),
        ("paused", after("1h"), after("24h"), None),
        ("resumed", after("3h"), after("24h"), after("26h")),
        ("extended", after("5h"), after("26h"), after("32h")),
        ("on_time", after("6h"), after("32h"), None),
    ]


def test_a_late_closure_tells_its_warnings_breach_and_rings() -> None:
    life = Life(POLICY).in_progress().does(RESOLVE, HANDLER, after("26h"))
    due = after("24h")
    assert _of(life, "closure")[1:] == [
        *(("warned", at, due, due) for at in (after("12h"), after("19h 12m"), after("23h 30m"))),
        ("breached", due, due, due),
        *(("escalated", at, due, due) for at in (after("24h 10m"), after("25h"), after("25h 50m"), after("26h"))),
        ("late", after("26h"), due, None),
    ]


def test_what_we_hear_of_late_is_told_as_a_breach_and_its_withdrawal() -> None:
    life = Life(POLICY).in_progress().sweeps(after("4h")).does(INTERIM, HANDLER, after("5h"), happened=after("2h"))
    assert [what for what, *_ in _of(life, "interim")] == [
        "started",
        "warned",
        "breached",
        "escalated",
        "withdrawn",
        "on_time",
    ]


def test_a_hold_that_we_hear_of_late_is_told_as_a_withdrawal_and_a_pause() -> None:
    life = Life(POLICY).in_progress().sweeps(after("24h 1m")).does(HOLD, HANDLER, after("25h"), happened=after("10h"))
    life.does(APPROVE_HOLD, SUPERVISOR, after("25h"), happened=after("10h"))
    assert [what for what, *_ in _of(life, "closure")][-2:] == ["withdrawn", "paused"]


def test_a_petition_that_came_in_late_tells_when_its_clocks_began() -> None:
    life = Life(POLICY, received_at=after("-2m"), filed_at=MONDAY)
    assert _of(life, "response") == [
        ("started", after("-2m"), None, after("-1m")),
        ("warned", after("-72s"), after("-1m"), after("-1m")),
        ("breached", after("-1m"), after("-1m"), after("-1m")),
    ]


def test_a_petition_that_closes_at_once_tells_how_its_clocks_ended() -> None:
    life = Life(POLICY, surveyable=False).in_progress().does(RESOLVE, HANDLER, after("1h"))
    assert [(x.clock, x.what) for x in _explained(life)][-3:] == [
        ("interim", "on_time"),
        ("closure", "on_time"),
        ("callback", "ended"),
    ]


def test_an_acknowledgement_is_told_with_the_level_it_silences() -> None:
    life = Life(POLICY).in_progress().sweeps(after("26h")).does(c.Acknowledge("closure"), HANDLER, after("26h"))
    assert [(x.what, x.level) for x in _explained(life)][-1] == ("acknowledged", 2)


def _two_rounds() -> Life:
    life = Life(POLICY).on_hold("1h", seconds=7200).does(c.AskAssist("urban"), HANDLER, after("2h"))
    life.does(INTERIM, HANDLER, after("4h"), happened=after("2h 30m")).does(RESOLVE, HANDLER, after("1d 3h"))
    return life.does(DISSATISFIED, PETITIONER, after("1d 4h")).does(c.AddNote("电话"), OPERATOR, after("1d 4h"))


CHINESE = """\
2026-06-01 10:00:00 响应：自 2026-06-01 10:00:00 起计时，2026-06-01 10:01:00 到期（受理登记，系统）
2026-06-01 11:00:00 办结：暂停计时（批准挂起，督查员 supervisor-1）
2026-06-01 12:00:00 协办·城管：自 2026-06-01 12:00:00 起计时，2026-06-01 20:00:00 到期（请求协办，承办人 police-1）
2026-06-01 12:30:00 阶段性反馈：按时完成（阶段性反馈，承办人 police-1）〔2026-06-01 14:00:00 获知〕
2026-06-01 13:00:00 办结：恢复计时，已暂停 2小时，到期 2026-06-02 10:00:00 → 2026-06-02 12:00:00（挂起到期，系统）〔2026-06-01 14:00:00 获知〕
2026-06-02 12:10:00 办结：超时 10分，升级第 1 级〔2026-06-02 13:00:00 获知〕
2026-06-02 13:00:00 办结：逾期 1小时 完成（办结，承办人 police-1）
2026-06-02 13:00:00 协办·城管：超时后终止，未完成（办结，承办人 police-1）
2026-06-02 14:00:00 办结（第2轮）：自 2026-06-02 14:00:00 起计时，2026-06-03 14:00:00 到期（不满意评价，诉求人）
"""  # noqa: E501 - lines as they are read
ENGLISH = """\
2026-06-01 10:00:00 Response: counts from 2026-06-01 10:00:00, due 2026-06-01 10:01:00 (file, System)
2026-06-01 11:00:00 Closure: paused (approve the hold, Supervisor supervisor-1)
2026-06-01 12:30:00 Interim feedback: met on time (report interim progress, Handler police-1) [heard 2026-06-01 14:00:00]
2026-06-01 18:24:00 Assistance·Urban: warning, 1h 36min left [heard 2026-06-02 13:00:00]
2026-06-02 14:00:00 Closure (round 2): counts from 2026-06-02 14:00:00, due 2026-06-03 14:00:00 (rate dissatisfied, Petitioner)
"""  # noqa: E501


@pytest.mark.parametrize(("language", "expected"), [("zh", CHINESE), ("en", ENGLISH)])
def test_people_read_it_on_the_citys_wall_clock_in_their_language(language: str, expected: str) -> None:
    lines = render(_explained(_two_rounds()), POLICY, "en" if language == "en" else "zh")
    assert [line for line in expected.splitlines() if line not in lines] == []


@deep(30)
@given(st.booleans(), st.lists(steps, max_size=30))
def test_the_lines_add_up_to_the_clocks_and_verdicts_of_the_petition(surveyable: bool, history: list[Step]) -> None:
    life = Life(POLICY, received_at=MONDAY - timedelta(minutes=5), filed_at=MONDAY, surveyable=surveyable)
    now = MONDAY
    for step in history:
        now = later(now, step.wait, wake_at(life.petition))
        command, actor = choose(life.petition.state, step.choice, step.variant)
        at = happened(now, step.late, MONDAY)
        if isinstance(life.tries(command, actor, now, happened=at), Decision):
            life.does(command, actor, now, happened=at)
    life.sweeps(now + timedelta(days=1))
    lines = _explained(life)
    due = {(x.clock, x.key): x.due_after for x in lines}
    for clock in life.petition.clocks:
        assert due.pop((clock.name, clock.key)) == (None if clock.paused_at and not clock.breached_at else clock.due_at)
    assert set(due.values()) <= {None}, "a clock that is gone has no due instant"
    told = [(x.clock, x.key, x.what) for x in lines if x.what in ("on_time", "late", "unmet", "ended", "lapsed")]
    assert told == [(o.clock, o.key, o.result) for o in life.outcomes if o.result not in ("breached", "withdrawn")]
    seen = [x for x in lines if x.what in ("warned", "breached", "escalated", "raised")]
    assert [(x.what if x.what != "raised" else "escalated", x.at) for x in seen] == life.happened(
        "warned", "breached", "escalated"
    )
    assert all(x.due_after == x.at for x in seen if x.what == "breached")
    assert render(lines, POLICY, "zh")
