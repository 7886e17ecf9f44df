"""The HTTP doors of a real service: intake that files once and durably, views without persons, and the guard."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.processes.running import TOKEN, Running, wait_for
from tests.web.test_words import GOOD, WRONG
from xixi_workflow import clock

pytestmark = pytest.mark.slow

PETITIONS = "/api/v1/petitions"


def test_a_petition_is_filed_once_however_often_it_is_sent(service: Running) -> None:
    first = service.file("again")
    second = service.file("again", title="另一个标题")
    assert (first.status, second.status) == (201, 200)
    no = first.json["no"]
    assert first.json == {"no": no, "repeated": False}
    assert second.json == {"no": no, "repeated": True}
    assert re.fullmatch(r"\d{14}", no)
    assert first.headers["location"] == f"{PETITIONS}/{no}"


def test_the_same_petition_sent_by_many_at_once_is_filed_once(service: Running) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: service.file(f"crowd-{n % 3}"), range(36)))
    assert sorted(a.status for a in answers) == [200] * 33 + [201] * 3
    assert len({a.json["no"] for a in answers}) == 3


def test_two_sources_may_use_the_same_id(service: Running) -> None:
    numbers = {service.file("shared", source=source).json["no"] for source in ("visit", "grid")}
    assert len(numbers) == 2


@pytest.mark.parametrize(("language", "column"), [("zh-CN", 2), ("en", 3)])
def test_every_wrong_body_is_refused_by_field_in_the_readers_language(
    language: str, column: int, service: Running
) -> None:
    for case in WRONG:
        sent, field = case[0], case[1]
        body = sent if isinstance(sent, bytes) else {**GOOD, **sent}
        answer = service.ask(PETITIONS, body, headers={"Accept-Language": language})
        assert answer.status == 422, (case, answer)
        assert answer.json["error"] == "bad_field"
        assert answer.json.get("field", "") == field
        assert str(case[column]) in answer.json["message"]


@pytest.mark.parametrize(
    ("sent", "code", "field", "zh"),
    [
        ({"source": "nowhere"}, "unknown_source", "source", "没有登记来源“nowhere”"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "from_the_future", "received_at", "还没有到"),
    ],
)
def test_what_the_engine_refuses_is_refused_in_its_own_words(
    sent: dict[str, Any], code: str, field: str, zh: str, service: Running
) -> None:
    answer = service.ask(PETITIONS, {**GOOD, "source_id": "refused", **sent})
    assert (answer.status, answer.json["error"], answer.json["field"]) == (422, code, field)
    assert zh in answer.json["message"]


@pytest.mark.parametrize(
    "odd",
    [
        {"title": "带有空字符\0的标题", "content": "\0"},
        {"source_id": "odd\0id"},
        {"title": "😀 𠮷野家 \u202e反转", "content": "'; DROP TABLE petition; --"},
        {"content": "长" * 20000},
        {"received_at": "0001-01-01T00:00:00Z"},
        {"received_at": "1969-12-31T23:59:59.999999+14:00"},
        {"petitioner": {"name": "测" * 100, "phone": "无"}},
    ],
)
def test_an_odd_petition_is_taken_or_refused_and_harms_no_neighbour(odd: dict[str, Any], service: Running) -> None:
    with ThreadPoolExecutor(4) as pool:
        strange = pool.submit(service.ask, PETITIONS, {**GOOD, "source_id": f"odd {odd!r}"[:100], **odd})
        plain = [pool.submit(service.file, f"beside {odd!r}"[:90] + str(n)) for n in range(3)]
        assert strange.result().status in (200, 201, 422)
        assert {p.result().status for p in plain} <= {200, 201}


def test_a_body_that_is_too_large_is_refused(service: Running) -> None:
    answer = service.ask(PETITIONS, {**GOOD, "content": "x" * 65536}, headers={"Accept-Language": "en"})
    assert (answer.status, answer.json["error"]) == (413, "too_large")
    assert "64" in answer.json["message"]
    # The service is none the worse for it.
    assert service.ask("/health").status == 200


def test_a_petition_is_shown_with_its_clocks_and_without_its_persons(service: Running) -> None:
    received = clock.now() - timedelta(minutes=30)
    secrets = {"name": "某甲", "phone": "19900009999"}
    filed = service.file(
        "private",
        received_at=received.isoformat(),
        petitioner=secrets,
        content="住在三单元的某甲反映此事",
        address="虚构路1号",
    )
    no = filed.json["no"]
    wait_for(lambda: service.petition(no)["state"] == "dispatched")
    answer = service.ask(f"{PETITIONS}/{no}", headers={"Accept-Language": "en"})
    for secret in (*secrets.values(), "三单元", "虚构路"):
        assert secret not in answer.body
    shown = answer.json
    assert shown["state_name"] == "Dispatched"
    interim = next(c for c in shown["clocks"] if c["clock"] == "interim")
    assert interim["name"] == "Interim feedback"
    assert interim["state"] == "running"
    due = datetime.fromisoformat(interim["due_at"])
    assert due == received + timedelta(hours=3)
    # Filed half an hour after the source had it: the minute was over before we knew, and is dated when it was.
    response = next(v for v in shown["verdicts"] if v["clock"] == "response")
    assert response["result"] == "late"
    breached = next(line for line in shown["journal"] if line["event"] == "breached")
    assert datetime.fromisoformat(breached["at"]) == received + timedelta(minutes=1)


@pytest.mark.parametrize("no", ["20200101000001", "0", "-1", "abc", "99999999999999999999", "1%00", "١٢٣"])
def test_an_unknown_number_is_not_found(no: str, service: Running) -> None:
    answer = service.ask(f"{PETITIONS}/{quote(no, safe='%')}")
    assert (answer.status, answer.json["error"]) == (404, "no_such_petition")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", PETITIONS, 405), ("GET", PETITIONS, 405)]
)
def test_a_wrong_address_or_method_is_told_in_a_sentence(method: str, path: str, status: int, service: Running) -> None:
    answer = service.ask(path, method=method)
    assert answer.status == status
    assert answer.json["message"]


@pytest.mark.parametrize(
    ("path", "body"), [(PETITIONS, GOOD), (f"{PETITIONS}/1", None), ("/metrics", None), ("/openapi.json", None)]
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Cookie": f"xixi={TOKEN}"},
    ],
)
def test_without_the_token_nothing_is_shown_or_taken(
    path: str, body: Any, headers: dict[str, str], service: Running
) -> None:
    answer = service.ask(path, body, token=None, headers=headers)
    assert (answer.status, answer.json["error"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_health_is_open_to_all_and_says_nothing_else(service: Running) -> None:
    wait_for(lambda: service.ask("/health", token=None).json["clock"])
    answer = service.ask("/health", token=None)
    assert answer.status == 200
    assert set(answer.json) == {"ok", "database", "clock", "version"}


def test_a_browser_is_asked_for_the_token_once_and_gets_a_cookie_that_opens_only_the_page(service: Running) -> None:
    asked = service.ask("/", token=None)
    assert asked.status == 401
    assert '<form method="post" action="/enter">' in asked.body
    assert service.ask("/enter", b"token=wrong", token=None).status == 401
    for entered in (
        service.ask("/enter", f"token={TOKEN}".encode(), token=None),
        service.ask(f"/?token={TOKEN}", token=None),
    ):
        assert (entered.status, entered.headers["location"]) == (303, "/")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert TOKEN not in cookie
        pair = cookie.partition(";")[0]
        assert service.ask("/", token=None, headers={"Cookie": f"other=1; {pair}"}).status == 200
        assert service.ask("/metrics", token=None, headers={"Cookie": pair}).status == 401


def test_the_page_speaks_both_languages_and_needs_nothing_from_elsewhere(service: Running) -> None:
    service.file("page")
    pages = {
        "zh": service.ask("/").body,
        "en": service.ask("/?lang=en").body,
        "asked": service.ask("/", headers={"Accept-Language": "en"}).body,
    }
    assert "在办诉求" in pages["zh"]
    assert "open petitions" in pages["en"]
    assert 'lang="en"' in pages["asked"]
    for page in pages.values():
        assert "<script" not in page
        assert not re.search(r"""(src|href)=["'](https?:)?//""", page)


def test_the_page_says_what_is_overdue_and_since_when(service: Running) -> None:
    no = service.file("late", received_at=(clock.now() - timedelta(hours=50)).isoformat()).json["no"]
    wait_for(lambda: no in service.ask("/").body)
    wait_for(lambda: "1天2小时" in service.ask("/").body)


@pytest.mark.parametrize(
    "name",
    [
        "xixi_alarm_lateness_seconds_bucket",
        "xixi_sweeps_total",
        'xixi_outbox_messages{state="waiting"}',
        "xixi_group_commit_size_count",
        'xixi_open_petitions{clock_state="on_time"}',
        "xixi_database_up 1.0",
    ],
)
def test_the_metrics_name_the_alarm_the_outbox_and_the_commits(service: Running, name: str) -> None:
    service.file("measured")
    wait_for(lambda: name in service.ask("/metrics").body)


def test_intake_is_documented_with_its_fields_and_answers(service: Running) -> None:
    intake = service.ask("/openapi.json").json["paths"][PETITIONS]["post"]
    fields = intake["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert {"source", "source_id", "title", "received_at", "petitioner"} <= set(fields)
    assert {"200", "201", "401", "413", "422", "503"} <= set(intake["responses"])
