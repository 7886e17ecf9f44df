"""A petition led through its life by hand, and what is said of it on the way."""

from datetime import datetime, timedelta

import pytest

from tests.cli.terminal import answer, xixi
from xixi_workflow import clock, wiring
from xixi_workflow.core.commands import FilePetition, Petitioner
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings
from xixi_workflow.store.connect import Store

TITLE = "夜间施工 [bold]噪音 19900001234"


@pytest.fixture
def no(database_url: str) -> str:
    """The number of a petition that was just filed and waits for routing."""
    return _file(database_url, clock.now())


def _file(url: str, now: datetime, *, until: timedelta | None = None) -> str:
    engine = wiring.open_engine(Settings(database_url=url), now=now)
    who = Petitioner("某某", "19900000000")
    command = FilePetition("visit", f"visit-{now.isoformat()}", TITLE, "半夜打桩", petitioner=who)
    [done] = engine.handle([Request(0, command, Actor("petitioner"))], now=now)
    if until is not None:
        while sweep(engine, now=now).more:
            pass
        while sweep(engine, now=now + until).more:
            pass
    engine.store.close()
    return str(done.number)


def test_every_step_of_a_life_can_be_given_by_hand(no: str, database_url: str) -> None:
    steps = [
        (["route", "--category", "UM03", "--assisting", "police", "--assisting", "housing"], "operator:anna", "routed"),
        (["dispatch", "--team", "urban", "--note", "尽快"], "operator:anna", "dispatched"),
        (["contact", "--text", "已通话"], "handler:urban-1", "dispatched"),
        (["accept"], "handler:urban-1", "in_progress"),
        (["report_interim", "--text", "已到场"], "handler:urban-1", "in_progress"),
        (["request_hold", "--reason", "third_party", "--seconds", "3h"], "handler:urban-1", "in_progress"),
        (["approve_hold"], "supervisor", "on_hold"),
        (["resume"], "handler:urban-1", "in_progress"),
        (["finish_assist", "--team", "police", "--text", "已协助"], "handler", "in_progress"),
        (["resolve", "--set", "result=solved", "--set", "answer=已停工"], "handler:urban-1", "resolved"),
        (["rate", "--rating", "satisfied"], "petitioner", "closed"),
    ]
    for words, by, state in steps:
        assert answer("act", no, *words, "--by", by, database=database_url)["state"] == state
    page = answer("show", no, database=database_url)
    assert [line["event"] for line in page["journal"] if line["actor"] != "system"][:3] == [
        "filed",
        "routed",
        "dispatched",
    ]
    assert {a["team"] for a in page["petition"]["assists"]} == {"police", "housing"}
    assert page["petition"]["no"] == no
    [spoken] = [line["data"] for line in page["journal"] if line["event"] == "contacted"]
    assert (spoken["text"], spoken["judged"]) == ("已通话", "in_time")


def test_nobody_is_offered_to_judge_a_contact() -> None:
    assert "--text" in xixi("act", "1", "contact", "--help").stdout
    assert "--judged" not in xixi("act", "1", "contact", "--help").stdout


def test_a_refusal_says_what_why_and_what_is_possible_and_changes_nothing(no: str, database_url: str) -> None:
    before = answer("show", no, database=database_url)
    refused = xixi("act", no, "accept", "--by", "handler:urban-1", database=database_url)
    assert refused.exit_code == 3
    assert refused.stdout == ""
    assert 'The petition is "Received": cannot accept. Possible now: ' in refused.stderr
    chinese = xixi("--language", "zh", "act", no, "accept", database=database_url)
    assert "已受理" in chinese.stderr
    assert "签收" in chinese.stderr
    told = answer("act", no, "accept", database=database_url, code=3)
    assert told["refused"] == "not_in_state"
    assert "route" in told["allowed"]
    assert answer("show", no, database=database_url) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dispatch", "--by", "nobody"], "unknown role"),
        (["dispatch", "--at", "yesterday"], "2026-11-23T09:30"),
        (["request_hold", "--reason", "third_party", "--seconds", "3x"], '"seconds"'),
        (["urge", "--set", "loudly"], "field=value"),
        (["urge", "--set", "volume=11"], "volume"),
        (["note"], "--text is missing"),
        (["change_priority", "--urgency", "dire", "--reason", "x"], '"urgency"'),
    ],
)
def test_a_wrong_argument_is_named_and_ends_with_code_2(
    words: list[str], said: str, no: str, database_url: str
) -> None:
    result = xixi("act", no, *words, database=database_url)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_unknown_number_is_refused_in_the_readers_language(database_url: str) -> None:
    for words in (["show", "7"], ["explain", "7"], ["act", "7", "urge"]):
        assert xixi(*words, database=database_url).exit_code == 3
        assert "There is no petition 7" in xixi(*words, database=database_url).stderr
    assert "没有" in xixi("show", "7", "--language", "zh", database=database_url).stderr


def test_an_earlier_event_is_judged_by_when_it_happened(database_url: str) -> None:
    filed = clock.now() - timedelta(hours=4)
    no = _file(database_url, filed, until=timedelta(hours=3, minutes=30))
    at = (filed + timedelta(hours=2)).isoformat()
    answer("act", no, "accept", "--by", "handler:urban-1", "--at", at, database=database_url)
    answer("act", no, "report_interim", "--text", "已到场", "--at", at, database=database_url)
    interim = [o for o in answer("show", no, database=database_url)["outcomes"] if o["clock"] == "interim"]
    assert [o["result"] for o in interim] == ["on_time"]


def test_the_list_puts_the_longest_overdue_first_and_filters(database_url: str) -> None:
    now = clock.now()
    late = _file(database_url, now - timedelta(hours=5), until=timedelta(hours=5))
    fresh = _file(database_url, now)
    listed = answer("list", database=database_url)
    assert [line["no"] for line in listed] == [late, fresh]
    assert [line["late"] for line in listed] == [True, False]
    assert [line["no"] for line in answer("list", "--late", database=database_url)] == [late]
    assert [line["no"] for line in answer("list", "--state", "received", database=database_url)] == [fresh]
    assert answer("list", "--team", "police", database=database_url) == []
    assert len(answer("list", "--limit", "1", database=database_url)) == 1
    shown = xixi("list", database=database_url).stdout
    assert "late" in shown
    assert "2 petitions" in shown


def test_what_a_petitioner_wrote_is_shown_as_it_is_but_for_mobile_numbers(no: str, database_url: str) -> None:
    for result in (xixi("show", no, database=database_url), xixi("list", database=database_url)):
        assert "[bold]噪音 199****1234" in result.stdout
    for command in (["show", no], ["list"]):
        text = xixi(*command, "--json", database=database_url).stdout
        assert "19900001234" not in text
        assert "19900000000" not in text
        assert "某某" not in text


def test_explain_tells_where_a_deadline_comes_from(no: str, database_url: str) -> None:
    for words, by in (
        (["dispatch", "--team", "urban"], "operator"),
        (["accept"], "handler:urban-1"),
        (["request_extension", "--seconds", "2h", "--reason", "等材料"], "handler:urban-1"),
        (["approve_extension"], "supervisor:eve"),
    ):
        answer("act", no, *words, "--by", by, database=database_url)
    lines = answer("explain", no, database=database_url)
    extended = [line for line in lines if line["clock"] == "closure" and line["what"] == "extended"]
    assert [line["span"] for line in extended] == [7200.0]
    assert "supervisor:eve" in extended[0]["actor"]
    shown = xixi("explain", no, database=database_url).stdout
    assert "extended by 2h" in shown
    assert len(shown.splitlines()) == len(lines) + 1


def test_a_changed_journal_is_found_by_verify_and_explain(no: str, database_url: str) -> None:
    answer("act", no, "dispatch", "--team", "urban", "--by", "operator:anna", database=database_url)
    assert answer("verify", database=database_url)["sound"] is True
    store = Store(database_url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal SET actor = 'operator:bob', state = 'routed' WHERE seq = 1")
    store.close()
    assert answer("verify", database=database_url, code=1)["sound"] is False
    assert "changed" in xixi("verify", database=database_url).stdout
    broken = xixi("explain", no, database=database_url)
    assert broken.exit_code == 1
    assert "line 1" in broken.stderr


def test_routing_a_text_shows_the_words_that_decided(database_url: str) -> None:
    told = answer("route", "夜间施工噪音扰民", database=database_url)
    assert told["category"] == "UM03"
    assert told["matches"][0]["words"]
    assert "UM03" in xixi("route", "夜间施工噪音扰民", database=database_url).stdout
