"""What each flow does, called without any Prefect, on real databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from flows.enforce_time_limits import EnforceForm, enforce_time_limits
from flows.escalate_breaches import EscalateForm, escalate_breaches
from flows.follow_up_satisfaction import follow_up_satisfaction
from flows.forms import GivenBy
from flows.notify_teams import NotifyForm, notify_teams
from flows.route_and_dispatch import RouteForm, route_and_dispatch
from tests.flows.conftest import File
from xixi_workflow import clock
from xixi_workflow.core import commands
from xixi_workflow.core.commands import Command
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.deliver import deliver
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store import boards, views


def body(flow: Any, *arguments: Any) -> dict[str, Any]:
    """What the flow's own function returns."""
    result: dict[str, Any] = asyncio.run(flow.fn(*arguments))
    return result


def give(engine: Engine, number: int, *given: tuple[Command, str]) -> None:
    for command, role in given:
        (done,) = engine.handle([Request(number, command, Actor.parse(role))], now=clock.now())
        assert done.refused is None, done.refused


def events(engine: Engine, number: int) -> list[str]:
    page = views.page(engine.store, number)
    assert page is not None
    return [entry.event for entry in page.journal]


# --- enforce_time_limits --------------------------------------------------------------------------------------------


def test_the_sweep_enforces_what_is_due_and_the_second_finds_nothing(engine: Engine, file: File) -> None:
    numbers = [file(hours=25) for _ in range(3)]
    first = body(enforce_time_limits)
    assert first["looked"] == 3
    assert first["breached"] == 9
    assert {m.petition for m in boards.missed(engine.store, numbers=numbers)} == set(numbers)
    second = body(enforce_time_limits, EnforceForm(batches=1))
    assert second == {"looked": 0, "put_off": 0, "more": False}


# --- escalate_breaches ----------------------------------------------------------------------------------------------


def test_the_list_of_breaches_covers_its_hours(engine: Engine, file: File) -> None:
    file(hours=5)
    file(hours=60)
    sweep(engine, now=clock.now())
    assert body(escalate_breaches, EscalateForm(hours=6))["missed"] == 2
    assert body(escalate_breaches, EscalateForm(hours=100))["missed"] == 5


def test_petitions_are_urged_by_hand_and_each_refusal_stands_alone(engine: Engine, file: File) -> None:
    first, second = file(), file()
    give(engine, second, (commands.WithdrawPetition(), "operator"))
    form = EscalateForm(
        numbers=[str(first), str(second), "20000101000001"],
        order="urge",
        text="请尽快办理",
        given_by=GivenBy(role="supervisor", person="supervisor-1"),
    )
    found = body(escalate_breaches, form)
    assert (found["done"], found["refused"]) == (1, 2)
    page = views.page(engine.store, first)
    assert page is not None
    assert [(e.event, e.actor) for e in page.journal][-1] == ("urged", "supervisor:supervisor-1")
    assert "urged" not in events(engine, second)


@pytest.mark.parametrize(
    "fields",
    [
        {"order": "urge"},
        {"order": "supervise", "numbers": ["20261123000001"]},
        {"order": "supervise", "numbers": ["20261123000001"], "text": "  "},
        {"numbers": ["1"]},
        {"hours": 0},
        {"surprise": True},
    ],
)
def test_an_order_that_cannot_be_carried_out_is_refused_by_its_form(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EscalateForm.model_validate(fields)


# --- route_and_dispatch ---------------------------------------------------------------------------------------------


def test_what_waits_for_routing_is_routed(engine: Engine, file: File) -> None:
    number = file()
    found = body(route_and_dispatch)
    assert found["routed"] == 1
    assert {"routed", "dispatched"} <= set(events(engine, number))


def test_an_operator_routes_a_returned_petition_to_another_team(engine: Engine, file: File) -> None:
    number = file()
    sweep(engine, now=clock.now())
    give(engine, number, (commands.ReturnPetition("not_my_duty"), "handler"))
    assert body(route_and_dispatch)["waiting"] == 1
    form = RouteForm(numbers=[str(number)], category="HS06", reason="按旧改咨询")
    found = body(route_and_dispatch, form)
    assert (found["done"], found["refused"], found["waiting"]) == (2, 0, 0)
    page = views.page(engine.store, number)
    assert page is not None
    assert (page.petition.category, page.petition.lead, page.petition.state) == ("HS06", "housing", "dispatched")


def test_a_form_that_would_do_nothing_is_refused() -> None:
    with pytest.raises(ValidationError):
        RouteForm(numbers=["20261123000001"], dispatch=False)


# --- notify_teams ---------------------------------------------------------------------------------------------------


def test_waiting_messages_are_delivered_once(engine: Engine, file: File, capfd: pytest.CaptureFixture[str]) -> None:
    file(hours=0.001)
    assert body(notify_teams)["sent"] == {"citizen_received": 1}
    assert body(notify_teams)["sent"] == {}
    assert capfd.readouterr().out.count("19900000000") == 0


class Refusing:
    """A provider that knows no number."""

    name = "refusing"

    def send(self, message: Any) -> Any:
        from xixi_workflow.adapters.port import Undeliverable

        raise Undeliverable(True, "no such number")

    def find(self, message: Any) -> None:
        return None


def test_failed_messages_go_out_again_when_an_operator_says_so(engine: Engine, file: File) -> None:
    file(hours=0.001)
    assert deliver(engine, {"sms": Refusing()}, now=clock.now()).failed == 1
    assert body(notify_teams)["unsettled"] == {"failed": 1}
    found = body(notify_teams, NotifyForm(resend_failed=True))
    assert (found["again"], found["sent"], found["unsettled"]) == (1, {"citizen_received": 1}, {"failed": 0})


# --- follow_up_satisfaction -----------------------------------------------------------------------------------------


def answered(engine: Engine, number: int) -> None:
    sweep(engine, now=clock.now())
    give(
        engine,
        number,
        (commands.AcceptPetition(), "handler"),
        (commands.ResolvePetition("solved", "已停工"), "handler"),
    )


def test_verdicts_are_counted_and_the_dissatisfied_are_kept_in_sight(engine: Engine, file: File) -> None:
    for rating in ("satisfied", "fairly_satisfied", "dissatisfied", ""):
        number = file(hours=1)
        answered(engine, number)
        if rating:
            rate: dict[str, object] = {"rating": rating, "reason": "没有解决"}
            give(engine, number, (commands.parse("rate", rate), "petitioner"))
    found = body(follow_up_satisfaction)
    assert found == {
        "lapsed_now": 0,
        "satisfied": 1,
        "fairly_satisfied": 1,
        "not_rated": 0,
        "not_asked": 0,
        "waiting": 1,
        "dissatisfied_ever": 1,
    }


def test_a_survey_that_ran_out_is_not_rated_and_never_satisfied(engine: Engine, file: File) -> None:
    number = file(hours=90)
    then = clock.now() - timedelta(hours=80)
    sweep(engine, now=then)
    handler = Actor("handler")
    requests = [
        Request(number, commands.AcceptPetition(), handler),
        Request(number, commands.ResolvePetition("solved", "已停工"), handler),
    ]
    assert [done.refused for done in engine.handle(requests, now=then)] == [None, None]
    found = body(follow_up_satisfaction)
    assert (found["lapsed_now"], found["not_rated"], found["waiting"]) == (1, 1, 0)
    assert "satisfied" not in found
