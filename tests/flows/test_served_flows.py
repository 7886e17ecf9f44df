"""The flows as operators meet them: on one real Prefect server, through its API."""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.schedule import SCHEDULE, Plan
from tests.flows.conftest import PrefectServer, eventually, file_petition
from xixi_workflow import clock
from xixi_workflow.adapters.prefect_api import PrefectApi
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.report_breaches import BreachReporter
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store import boards

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

#: Seconds for a run to be started and ended on a busy machine.
RUN = 240
#: Seconds for the next minute, and for the run.
SCHEDULED = 240


def asked(api: PrefectApi, path: str, body: dict[str, Any] | None = None) -> Any:
    """The server's answer, whose status must be a good one; a locked database (503) is asked again, as clients do."""
    until = time.monotonic() + 60
    with httpx.Client(timeout=30, trust_env=False) as client:
        while True:
            answer = client.post(api.url + path, json=body) if body is not None else client.get(api.url + path)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > until:
                answer.raise_for_status()
                return answer.json()
            time.sleep(1)


def started(api: PrefectApi, deployment: str, parameters: dict[str, Any], **more: Any) -> str:
    """The run that `PrefectApi.start` makes, as soon as the server is free to make one."""
    runs: list[str] = []

    def start() -> list[str]:
        if run := api.start(deployment, parameters, **more):
            runs.append(run)
        return runs

    eventually(start, RUN)
    return runs[0]


def run_of(api: PrefectApi, run: str) -> Any:
    return asked(api, f"/flow_runs/{run}")


def completed(api: PrefectApi, run: str) -> Any:
    """The run, once it has completed; anything else that is final fails."""
    eventually(lambda: run_of(api, run)["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), RUN)
    found = run_of(api, run)
    assert found["state_type"] == "COMPLETED", found["state"]
    return found


def artifacts(api: PrefectApi, run: str) -> dict[str, Any]:
    found = asked(api, "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
    return {artifact["key"]: artifact["data"] for artifact in found}


@pytest.mark.parametrize(("flow", "plan"), [(flow, plan) for flow, plans in SCHEDULE.items() for plan in plans])
def test_every_flow_is_a_deployment_with_its_schedule_and_a_description_in_chinese(
    served: PrefectApi, flow: str, plan: Plan
) -> None:
    found = asked(served, f"/deployments/name/{flow}/{plan.deployment}")
    crons = [
        (schedule["schedule"]["cron"], schedule["schedule"]["timezone"], schedule["active"])
        for schedule in found["schedules"]
    ]
    # The canary has no telephone here.
    assert crons == ([(plan.cron, "Asia/Shanghai", True)] if plan.cron and not plan.needs else [])
    assert found["parameters"] == ({"form": plan.form} if plan.form else {})
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found["description"].splitlines()[0])


def test_a_scheduled_sweep_really_runs(served: PrefectApi) -> None:
    wanted = {
        "flow_runs": {
            "tags": {"all_": ["auto-scheduled"]},
            "state": {"type": {"any_": ["COMPLETED"]}},
        },
        "flows": {"name": {"any_": ["enforce-time-limits"]}},
    }
    eventually(lambda: asked(served, "/flow_runs/filter", wanted), SCHEDULED)


def test_an_operator_runs_the_sweep_with_a_form_and_sees_the_board(served: PrefectApi, served_database: Engine) -> None:
    number = file_petition(served_database, "board", "占道经营", clock.now() - timedelta(hours=25))

    run = started(served, "enforce-time-limits/every-minute", {"form": {"batches": 3}})
    completed(served, run)

    assert {m.clock for m in boards.missed(served_database.store, numbers=[number])} >= {"response", "interim"}
    shown = artifacts(served, run)
    assert {"sla-board", "sla-pressing"} <= shown.keys()
    assert str(number) in str(shown["sla-pressing"])


def test_an_audit_that_finds_something_is_red_and_says_what(served: PrefectApi, served_database: Engine) -> None:
    # Nobody keeps time for these flows' petitions.
    run = started(served, "audit-silence/every-5-minutes", {"form": {}})
    eventually(lambda: run_of(served, run)["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), RUN)
    found = run_of(served, run)
    assert (found["state_type"], found["state"]["name"]) == ("FAILED", "Alarm")
    assert "应提醒而未提醒" in found["state"]["message"]
    assert "silence" in found["tags"]
    rows = json.loads(artifacts(served, run)["silence"])
    assert any("计时进程没有心跳" in row["情况 Finding"] for row in rows)


def test_a_report_run_by_hand_shows_its_documents_with_links(served: PrefectApi, served_database: Engine) -> None:
    form = {"period": "2026-W40", "form": "weekly", "formats": ["csv", "json"]}
    run = started(served, "monthly-report/by-hand", {"form": form})
    found = completed(served, run)
    assert found["name"] == "报表 weekly 2026-W40 · 草稿 draft"
    assert {"period:2026-W40", "form:weekly"} <= set(found["tags"])
    shown = artifacts(served, run)
    assert {"period-2026-w40", "weekly-2026-w40-files"} <= shown.keys()
    rows = json.loads(shown["weekly-2026-w40-files"])
    names = [f"2026-W40-weekly-zh-draft.{name}" for name in ("csv", "json")]
    links = [f"https://xixi.example.org/reports/{name}" for name in names]
    assert [row["位置 Where"] for row in rows] == links
    for name, link in zip(names, links, strict=True):
        assert shown[f"report-{name.lower().replace('.', '-')}"] == f"[{name}]({link})"


@pytest.mark.parametrize(
    ("deployment", "form"),
    [
        ("enforce-time-limits/every-minute", {"batches": 0}),
        ("enforce-time-limits/every-minute", {"batches": 1001}),
        ("escalate-breaches/on-breach", {"hours": 0}),
        ("escalate-breaches/on-breach", {"numbers": ["12"]}),
        ("escalate-breaches/on-breach", {"order": "delete"}),
        ("follow-up-satisfaction/every-morning", {"days": 367}),
        ("monthly-report/first-of-the-month", {"period": "2026-13"}),
        ("intake-petitions/by-hand", {"petitions": [{"title": ""}]}),
        ("notify-teams/every-5-minutes", {"unknown": 1}),
    ],
)
def test_the_server_refuses_what_the_form_does_not_allow(
    served: PrefectApi, deployment: str, form: dict[str, Any]
) -> None:
    found = asked(served, f"/deployments/name/{deployment}")
    with pytest.raises(httpx.HTTPStatusError) as refused:
        asked(served, f"/deployments/{found['id']}/create_flow_run", {"parameters": {"form": form}})
    assert refused.value.response.status_code == 409
    assert served.start(deployment, {"form": form}) is None


def test_the_same_key_starts_one_run_and_a_name_and_tags_are_kept(served: PrefectApi) -> None:
    runs = {
        started(
            served,
            "escalate-breaches/on-breach",
            {"form": {"count": 1}},
            run_name="超时1 · 1 breached",
            tags=["breach"],
            idempotency_key="one and the same",
        )
        for _ in range(2)
    }
    assert len(runs) == 1
    found = completed(served, runs.pop())
    assert found["name"] == "超时1 · 1 breached"
    assert "breach" in found["tags"]


def test_a_breach_makes_one_run_at_once_that_shows_who_was_told(served: PrefectApi, served_database: Engine) -> None:
    number = file_petition(served_database, "breach", "噪音扰民", clock.now() - timedelta(hours=5))
    started: list[str] = []
    reporter = BreachReporter(served, told=started.append)
    try:
        reporter.notice(sweep(served_database, now=clock.now()).facts)
        eventually(lambda: started, RUN)
    finally:
        reporter.close()
    found = completed(served, started[0])
    assert {"breach", f"petition:{number}"} <= set(found["tags"])
    rows = artifacts(served, started[0])["breaches"]
    assert str(number) in str(rows)
    assert len(started) == 1


def test_runs_that_nobody_started_in_time_are_skipped_but_never_what_a_person_asked_for(
    served: PrefectApi, served_database: Engine
) -> None:
    name = "follow-up-satisfaction/every-morning"
    target = asked(served, f"/deployments/name/{name}")["id"]
    eventually(lambda: asked(served, "/flow_runs/filter", scheduled(target)), RUN)
    by_hand = asked(
        served,
        f"/deployments/{target}/create_flow_run",
        {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2050-01-01T00:00:00Z"}}},
    )

    assert served.skip_late([name], clock.now() + timedelta(days=365 * 30)) > 0

    left = asked(served, "/flow_runs/filter", scheduled(target))
    assert [run["id"] for run in left] == [by_hand["id"]]
    assert served.skip_late([name], clock.now()) == 0


@pytest.mark.crash
def test_flows_are_served_again_after_prefect_was_killed(
    served: PrefectApi, prefect_server: PrefectServer, prefect_folder: Path
) -> None:
    log = prefect_folder / "serve.log"
    prefect_server.kill()
    eventually(lambda: "prefect_lost" in log.read_text("utf-8"), RUN)
    prefect_server.start()
    assert served.healthy()
    eventually(lambda: "serving_anew" in log.read_text("utf-8"), RUN)
    completed(served, started(served, "enforce-time-limits/every-minute", {"form": {"batches": 1}}))


def scheduled(deployment: str) -> dict[str, Any]:
    return {
        "flow_runs": {
            "deployment_id": {"any_": [deployment]},
            "state": {"type": {"any_": ["SCHEDULED"]}},
        }
    }
