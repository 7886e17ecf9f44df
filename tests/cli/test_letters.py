"""The operators' list on the command line: what people wrote, what became of it, and what reached nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.cli.terminal import answer, xixi
from tests.engine.centre import file, sweep_all
from tests.engine.post import GONE, ONE_BY_ONE, Post, fail
from xixi_workflow import clock, wiring
from xixi_workflow.adapters.port import Incoming
from xixi_workflow.engine import letters
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

STRANGER, HANDLER = "+8619900009999", "+8619900000311"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = wiring.open_engine(Settings(database_url=database_url), now=clock.now())
    yield engine
    engine.store.close()


def write(engine: Engine, name: str, body: str, address: str = STRANGER, *, read: bool = True) -> None:
    now = clock.now()
    letters.receive(engine, "network", Incoming(name, address, "10690000", body), now)
    if read:
        letters.read_letters(engine, now=now)


def test_what_waits_is_listed_with_its_text_and_without_its_number(engine: Engine, database_url: str) -> None:
    write(engine, "1", "路口积水，电话19900009999\n请尽快")
    write(engine, "2", "人手不够怎么办", HANDLER)
    write(engine, "3", "退订")
    shown = xixi("letters", database=database_url).stdout
    assert "路口积水" in shown
    assert "人手不够怎么办" in shown
    assert "9999" in shown
    assert "执法队员甲" in shown
    assert "19900009999" not in shown
    assert "退订" not in shown  # done, so it waits for nobody
    assert "2 letter(s) wait for an operator" in shown
    first, second = answer("letters", database=database_url)
    assert (first["id"], first["state"], first["outcome"], first["address"]) == (1, "open", "heard", "+86199****9999")
    assert (second["person"], second["outcome"]) == ("urban-1", "staff_unreadable")


def test_the_list_is_in_chinese_unless_asked(engine: Engine, database_url: str) -> None:
    write(engine, "1", "路口积水")
    shown = xixi("--language", "zh", "letters", database=database_url).stdout
    for word in ("路口积水", "未知", "待处理", "1 封来信待处理", "xixi letters close 1"):
        assert word in shown


def test_one_letter_is_shown_whole(engine: Engine, database_url: str) -> None:
    write(engine, "1", "第一行\n第二行 19900001234")
    shown = xixi("letters", "show", "1", database=database_url).stdout
    for part in ("#1", "+86199****9999", "第一行\n", "第二行 199****1234", "waits"):
        assert part in shown
    assert answer("letters", "show", "1", database=database_url)["body"] == "第一行\n第二行 199****1234"


def test_a_letter_that_was_seen_to_leaves_the_list(engine: Engine, database_url: str) -> None:
    write(engine, "1", "路口积水")
    assert answer("letters", "close", "1", "--by", "operator-1", database=database_url)["closed_by"] == "operator-1"
    assert answer("letters", database=database_url) == []
    again = xixi("letters", "close", "1", database=database_url)
    assert again.exit_code == 3
    assert "closed" in again.stderr


@pytest.mark.parametrize("command", ["show", "close"])
def test_a_letter_that_is_not_there_is_refused(engine: Engine, command: str, database_url: str) -> None:
    refused = xixi("letters", command, "99", database=database_url)
    assert refused.exit_code == 3
    assert "There is no letter 99" in refused.stderr


def test_a_letter_that_could_not_be_read_is_listed_too(engine: Engine, database_url: str) -> None:
    long_ago = clock.now() - timedelta(minutes=5)
    letters.receive(engine, "network", Incoming("1", STRANGER, "10690000", "毒"), long_ago)
    assert [letter["state"] for letter in answer("letters", database=database_url)] == ["new"]
    assert "1 could not be read" in xixi("letters", database=database_url).stdout


def test_messages_that_reached_nobody_are_listed(engine: Engine, database_url: str) -> None:
    now = clock.now()
    [number] = file(engine, "1", now=now)
    sweep_all(engine, now=now)
    deliver_all(engine, Post(fail(GONE)).channels, now=now, rules=ONE_BY_ONE)
    listed = answer("messages", "--failed", database=database_url)
    assert {message["kind"] for message in listed} >= {"citizen_received"}
    assert {message["no"] for message in listed} == {str(number)}
    shown = xixi("messages", database=database_url).stdout
    for part in (str(number), "petitioner", "failed"):
        assert part in shown
