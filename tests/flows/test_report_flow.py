"""The report's flow: what it freezes, writes, shows and sends, called without any Prefect on real databases."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows.monthly_report import ReportForm, monthly_report
from flows.schedule import SCHEDULE
from flows.serve import deployments
from tests.flows.conftest import File
from tests.standin.mailbox import Mailbox
from tests.standin.webhook import Webhook
from xixi_workflow import clock
from xixi_workflow.engine import exports, freeze
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.report_issue import last_period
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings

LIGHT = ["csv", "json"]


def run(**fields: Any) -> dict[str, Any]:
    """What the flow's own function returns."""
    form = ReportForm.model_validate({"formats": LIGHT, **fields})
    result: dict[str, Any] = asyncio.run(monthly_report.fn(form))
    return result


def folder() -> Path:
    return Settings().reports


@pytest.fixture
def last_week(engine: Engine, file: File) -> str:
    """The week before this one, in which two petitions were filed and everything judged that time alone judges."""
    period = last_period(engine, "week", now=clock.now())
    local = clock.now().astimezone(engine.policies.in_force.zone)
    since_monday = timedelta(days=local.weekday(), hours=local.hour, minutes=local.minute)
    for title in ("小区打架斗殴", "夜间施工噪音扰民"):
        file(title, hours=since_monday / timedelta(hours=1) + 50)
    while sweep(engine, now=clock.now()).more:
        pass
    return period


def test_without_a_period_it_is_the_month_before(engine: Engine, file: File) -> None:
    file(hours=0.001)
    this = clock.now().astimezone(engine.policies.in_force.zone)
    before = (this.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    found = run()
    assert (found["period"], found["month"], found["filed"]) == (before, before, 0)
    found = run(period=this.strftime("%Y-%m"))
    assert (found["month"], found["filed"], found["open_at_end"]) == (this.strftime("%Y-%m"), 1, 1)


def test_every_file_is_in_the_folder_as_it_was_noted(engine: Engine, last_week: str) -> None:
    found = run(form="weekly", given_by={"role": "supervisor", "person": "supervisor-1"})
    assert found["period"] == last_week
    assert found["files"] == [f"{last_week}-weekly-zh-draft.{name}" for name in LIGHT]
    noted = {one.name: one for one in exports.issued(engine, last_week)}
    for name in found["files"]:
        data = (folder() / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == noted[name].sha256
        assert (noted[name].bytes, noted[name].by, noted[name].version) == (len(data), "supervisor-1", 0)


def test_a_scheduled_run_freezes_once_and_again_is_harmless(engine: Engine, last_week: str) -> None:
    [plan] = [plan for plan in SCHEDULE["monthly-report"] if plan.deployment == "every-monday"]
    assert plan.form is not None
    first = run(**plan.form)
    assert (first["version"], first["frozen_now"], first["filed"]) == (1, True, 2)
    frozen = freeze.frozen(engine, last_week)
    assert frozen is not None
    assert frozen.by == "system"
    second = run(**plan.form)
    assert (second["version"], second["frozen_now"], second["files"]) == (1, False, first["files"])
    assert freeze.frozen(engine, last_week) == frozen


def test_a_period_that_cannot_be_frozen_is_issued_as_a_draft_that_says_so(engine: Engine, file: File) -> None:
    file(hours=0.001)
    this = clock.now().astimezone(engine.policies.in_force.zone).strftime("%Y-%m")
    found = run(period=this, freeze=True)
    assert (found["version"], found["frozen_now"]) == (0, False)
    assert all("-draft." in name for name in found["files"])
    assert freeze.frozen(engine, this) is None


def test_a_score_card_is_a_document_for_each_team(engine: Engine, file: File) -> None:
    for title in ("小区打架斗殴", "夜间施工噪音扰民"):
        file(title, hours=30)
    while sweep(engine, now=clock.now()).more:
        pass
    this = clock.now().astimezone(engine.policies.in_force.zone).strftime("%Y-%m")
    found = run(form="team", period=this, formats=["json"])
    assert {f"{this}-team-{team}-zh-draft.json" for team in ("police", "urban")} <= set(found["files"])
    one = run(form="team", period=this, formats=["json"], teams=["urban"])
    assert one["files"] == [f"{this}-team-urban-zh-draft.json"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"form": "nothing"}, "unknown form"),
        ({"form": "team", "teams": ["nobody"]}, "no such team: nobody"),
        ({"form": "monthly", "teams": ["police"]}, "not about one team"),
        ({"form": "team", "audience": "public"}, "is not for the public"),
        ({"form": "weekly", "period": "2026-10"}, "is of a week"),
        ({"form": "monthly", "period": "2026-W43"}, "is of a month"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_words(engine: Engine, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        run(freeze=True, **fields)
    assert not folder().exists()
    assert freeze.listed(engine) == []


@pytest.mark.parametrize(
    "fields",
    [
        *({"period": period} for period in ("2026-13", "2026-00", "11-2026", "2026-1", "last", "2026-W54", "2026-W00")),
        {"formats": []},
        {"formats": ["pdf", "pdf"]},
        {"formats": ["exe"]},
        {"teams": ["../x"]},
        {"form": ""},
        {"form": "../monthly"},
        {"language": "fr"},
        {"audience": "everybody"},
        {"month": "2026-10"},
    ],
)
def test_what_the_form_does_not_allow_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReportForm.model_validate(fields)


# --- sending --------------------------------------------------------------------------------------------------------


def test_mail_has_the_files_and_a_chat_only_the_links(
    engine: Engine, last_week: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XIXI_PUBLIC_URL", "https://xixi.example.org/")
    with Mailbox() as box, Webhook() as chat:
        to = f"{box.url('chief@example.org')} json://127.0.0.1:{chat.port}/chat"
        monkeypatch.setenv("XIXI_REPORT_TO", to)
        found = run(form="weekly", send=True)
        assert (found["sent"], found["not_sent"]) == (2, 0)
        [mail] = box.mails
        [told] = chat.messages("/chat")
    attached = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert attached == {name: (folder() / name).read_bytes() for name in found["files"]}
    for name in found["files"]:
        assert f"https://xixi.example.org/reports/{name}" in told
    # What is sent says what it is and where, and no figure.
    assert "草稿" in mail["subject"]
    assert "请勿外传" in told


def test_nothing_is_attached_where_the_settings_say_so(
    engine: Engine, last_week: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailbox() as box:
        monkeypatch.setenv("XIXI_REPORT_TO", box.url("chief@example.org"))
        monkeypatch.setenv("XIXI_REPORT_ATTACH", "false")
        assert run(form="weekly", send=True)["sent"] == 1
        monkeypatch.setenv("XIXI_REPORT_ATTACH", "true")
        monkeypatch.setenv("XIXI_REPORT_ATTACH_MOST", "0")
        assert run(form="weekly", send=True)["sent"] == 1
    assert [list(mail.iter_attachments()) for mail in box.mails] == [[], []]


def test_an_address_that_fails_is_shown_and_the_documents_are_made_all_the_same(
    engine: Engine, last_week: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailbox() as box:
        monkeypatch.setenv("XIXI_REPORT_TO", f"nonsense {box.url('chief@example.org')}")
        found = run(form="weekly", send=True)
    assert (found["sent"], found["not_sent"], len(found["files"])) == (1, 1, 2)
    assert len(box.mails) == 1


def test_nobody_is_sent_anything_unless_asked(engine: Engine, last_week: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Mailbox() as box:
        monkeypatch.setenv("XIXI_REPORT_TO", box.url("chief@example.org"))
        assert run(form="weekly")["sent"] == 0
    assert box.mails == []


def test_what_the_public_is_shown_names_no_petition(engine: Engine, last_week: str) -> None:
    found = run(form="weekly", audience="public", formats=["json"])
    text = (folder() / found["files"][0]).read_text("utf-8")
    json.loads(text)
    with engine.store.reading() as db:
        numbers = [str(row[0]) for row in db.exec_driver_sql("SELECT id FROM petition")]
    assert numbers
    assert not [number for number in numbers if number in text]


# --- the schedule ---------------------------------------------------------------------------------------------------


def test_by_hand_nothing_is_frozen_or_sent_unless_ticked_but_by_schedule_it_is() -> None:
    plans = {plan.deployment: plan for plan in SCHEDULE["monthly-report"]}
    forms = {name: ReportForm.model_validate(plan.form or {}) for name, plan in plans.items()}
    assert {name: (form.form, form.freeze, form.send) for name, form in forms.items()} == {
        "by-hand": ("monthly", False, False),
        "every-monday": ("weekly", True, True),
        "first-of-the-month": ("monthly", True, True),
    }
    assert (plans["every-monday"].cron, plans["first-of-the-month"].cron) == ("30 6 * * 1", "0 6 1 * *")
    made = [one for one in deployments("Asia/Shanghai", Settings()) if one.flow_name == "monthly-report"]
    assert [(one.name, bool(one.schedules)) for one in made] == [
        ("by-hand", False),
        ("every-monday", True),
        ("first-of-the-month", True),
    ]


def test_a_late_report_is_still_wanted_and_a_late_sweep_is_not() -> None:
    late = {flow for flow, plans in SCHEDULE.items() for plan in plans if plan.late}
    assert late == {"monthly-report"}
