"""The flows that watch the house, called without any Prefect, on real databases."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from flows.audit_silence import AuditForm, audit_silence
from flows.schedule import SCHEDULE
from flows.send_canary import CanaryForm, send_canary
from flows.serve import deployments
from tests.flows.conftest import File
from tests.standin.loopback import Answer, Asked, Loopback
from xixi_workflow import clock, wiring
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.processes.timekeeper import Timekeeper
from xixi_workflow.settings import Settings
from xixi_workflow.store import board, views


def body(flow: Any, *arguments: Any) -> dict[str, Any]:
    """What the flow's own function returns."""
    result: dict[str, Any] = asyncio.run(flow.fn(*arguments))
    return result


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that somebody outside was called at; the settings name his address."""
    asked: list[str] = []

    def answer(call: Asked) -> Answer:
        asked.append(call.target)
        return Answer()

    server = Loopback(answer)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XIXI_HEARTBEAT_URL", f"{server.url}/beat")
    yield asked
    server.close()


def alive(engine: Engine) -> None:
    board.beat(engine.store, "clock@test", "{}", now=clock.now())


# --- audit_silence --------------------------------------------------------------------------------------------------


def test_when_all_is_well_somebody_outside_hears_it(engine: Engine, outside: list[str]) -> None:
    alive(engine)
    assert body(audit_silence) == {"findings": 0, "alarms": 0, "heard": True}
    assert outside == ["/beat"]


def test_what_stayed_silent_is_counted_by_kind_and_told_outside(engine: Engine, file: File, outside: list[str]) -> None:
    file(hours=0.1)
    found = body(audit_silence, AuditForm())
    assert (found["alarms"], found["clock"], found["asleep"]) == (2, 1, 1)
    assert outside == ["/beat/fail"]


def test_without_an_address_nobody_is_called(engine: Engine) -> None:
    alive(engine)
    assert body(audit_silence)["heard"] is None


def test_a_heartbeat_that_nobody_hears_fails_no_audit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XIXI_HEARTBEAT_URL", "http://127.0.0.1:9/beat")
    alive(engine)
    assert body(audit_silence) == {"findings": 0, "alarms": 0, "heard": False}


# --- send_canary ----------------------------------------------------------------------------------------------------


def test_without_a_telephone_no_canary_flies_nor_is_it_scheduled(engine: Engine) -> None:
    assert body(send_canary) == {"flown": False}
    assert [plan.needs for plan in SCHEDULE["send-canary"]] == ["canary_phone"]
    by_name = {made.flow_name: made for made in deployments("Asia/Shanghai", Settings())}
    assert by_name["send-canary"].schedules == []
    assert by_name["audit-silence"].schedules


def test_with_a_telephone_it_is_scheduled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXI_CANARY_PHONE", "19900000099")
    [canary] = [made for made in deployments("Asia/Shanghai", Settings()) if made.flow_name == "send-canary"]
    assert canary.schedules


@pytest.mark.parametrize("patience", [0, 901])
def test_its_patience_has_bounds(patience: int) -> None:
    with pytest.raises(ValidationError):
        CanaryForm(patience=patience)


def test_the_running_service_carries_a_canary_to_its_telephone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XIXI_CANARY_PHONE", "19900000099")
    stop = threading.Event()
    service = threading.Thread(target=Timekeeper(engine, Settings(), wiring.senders(Settings())).run, args=(stop,))
    service.start()
    try:
        found = body(send_canary, CanaryForm(patience=5))
    finally:
        stop.set()
        service.join()
    assert (found["flown"], found["well"], found["message"]) == (True, True, "sent")
    assert found["seconds"].keys() == {"filed", "routed", "sent"}
    # On the console a number is masked, here as ever.
    said = capfd.readouterr()
    assert "199****0099" in said.out
    assert "19900000099" not in said.out + said.err


def test_a_canary_that_nobody_carries_says_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXI_CANARY_PHONE", "19900000099")
    found = body(send_canary, CanaryForm(patience=1))
    assert (found["flown"], found["well"], found["message"]) == (True, False, "waiting")
    assert views.open_petitions(engine.store, states=("received", "routed", "dispatched")) == []
    assert sweep(engine, now=clock.now()).looked == 0
