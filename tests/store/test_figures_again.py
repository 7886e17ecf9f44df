"""A period counted once more, when the rules have changed since."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from tests.store.random_month import JULY, JUNE, live_a_month
from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import FilePetition, Petitioner
from xixi_workflow.core.figures import canonical
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy_build import build
from xixi_workflow.engine.figures import count, with_past
from xixi_workflow.engine.handle import Request
from xixi_workflow.settings import Settings

OPERATOR, HANDLER, SUPERVISOR = Actor("operator"), Actor("handler"), Actor("supervisor")


def test_a_period_is_counted_again_under_the_rules_of_then(database_url: str) -> None:
    engine = live_a_month(database_url, 3)
    policy = engine.policies.in_force
    before, beside = count(engine, "2026-06"), with_past(engine, "2026-W24")
    documents = copy.deepcopy(policy.documents)
    main = documents["policy.yaml"]
    main["fairly_satisfied_weight"] = 0.8
    main["clocks"]["closure"] |= {"limit": "48h", "zh": "办理"}
    main["report"] |= {"ranking_minimum": 1, "listed_overdue": 2, "repeat_within": "1d"}
    documents["teams.yaml"]["teams"]["police"]["zh"] = "别名"
    version = wiring.publish(engine, build(documents), now=JULY + timedelta(days=60))
    assert version > policy.version
    changed = count(engine, "2026-06")
    assert changed.policy == engine.policies.in_force.digest != before.policy
    assert (changed.ranking.minimum, str(changed.satisfaction.weight)) == (1, "0.8")
    assert next(c.limit for c in changed.timeliness if c.clock == "closure") == 48 * 3600
    assert len([o for o in changed.breaches.overdue if o.clock == "closure"]) == 2
    assert "别名" in {team.zh for team in changed.teams}
    assert changed.overview.counts.get("repeat", 0) < before.overview.counts["repeat"]
    # What happened, and the judgement of each clock, is what it was.
    for name in ("filed", "dispatched", "closure.on_time", "closure.late"):
        assert changed.overview.counts.get(name) == before.overview.counts.get(name), name
    assert canonical(count(engine, "2026-06", policy=policy.version)) == canonical(before)
    assert canonical(with_past(engine, "2026-W24", policy=policy.version)) == canonical(beside)
    with pytest.raises(LookupError, match="no policy version 99"):
        count(engine, "2026-06", policy=99)
    engine.store.close()


def test_a_week_is_compared_with_the_one_52_weeks_before(database_url: str) -> None:
    engine = live_a_month(database_url, 5)
    week = with_past(engine, "2027-W24")
    assert week.overview.yoy["filed"].by == -count(engine, "2026-W25").overview.counts["filed"]
    assert week.overview.yoy["filed"].by != 0
    engine.store.close()


def test_work_before_and_after_a_hold_is_one_stay(database_url: str) -> None:
    """Of a petition of which nothing else is out of the ordinary."""
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE)
    filing = FilePetition("visit", "1", "路灯不亮", petitioner=Petitioner("某", "19900000000"))
    number = engine.handle([Request(0, filing, OPERATOR)], now=JUNE)[0].number
    steps: list[tuple[int, c.Command, Actor]] = [
        (1, c.RoutePetition("SA02"), OPERATOR),
        (2, c.DispatchPetition(), OPERATOR),
        (3, c.AcceptPetition(), HANDLER),
        (13, c.RequestHold("third_party"), HANDLER),
        (23, c.ApproveHold(), SUPERVISOR),
        (83, c.Resume(), SUPERVISOR),
        (93, c.ResolvePetition("solved", "已修"), HANDLER),
    ]
    for minute, command, who in steps:
        [done] = engine.handle([Request(number, command, who)], now=JUNE + timedelta(minutes=minute))
        assert done.refused is None
    stages = {stage.state: stage for stage in count(engine, "2026-06").stages}
    work = stages["in_progress"]
    assert (work.spans.n, work.spans.median, work.net.n, work.net.median) == (1, 90 * 60, 1, 30 * 60)
    assert (stages["on_hold"].spans.median, work.seconds) == (3600, 30 * 60)
    engine.store.close()
