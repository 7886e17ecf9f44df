"""Whose word a letter is, and what it can be about: by the roster of today and by what was told before it came."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.engine.centre import T0, accepted, act, after, events, file, petition, rows, sweep_all
from tests.engine.post import ONE_BY_ONE, Post
from tests.processes.running import wait_for
from xixi_workflow.adapters.port import Incoming
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy_build import build
from xixi_workflow.engine import letters
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Batch, Engine, Request
from xixi_workflow.engine.letters import read_letters
from xixi_workflow.store.rows import Tx
from xixi_workflow.store.tables import LetterRow

HANDLER, COLLEAGUE = "+8619900000311", "+8619900000312"
CENTRE = "10690000"


def write(engine: Engine, body: str, address: str = HANDLER, *, seconds: float = 0) -> None:
    name = f"in-{len(rows(engine.store, LetterRow)) + 1}"
    letters.receive(engine, "network", Incoming(name, address, CENTRE, body), after(seconds=seconds))


def told(engine: Engine, *source_ids: str, seconds: float = 0, **more: Any) -> list[int]:
    numbers = file(engine, *source_ids, now=after(seconds=seconds), **more)
    tell(engine, seconds)
    return numbers


def tell(engine: Engine, seconds: float = 0) -> None:
    sweep_all(engine, now=after(seconds=seconds))
    deliver_all(engine, Post().channels, now=after(seconds=seconds), rules=ONE_BY_ONE)


def became(engine: Engine, number: int = 1) -> tuple[str, str, str]:
    """State, outcome and person of a letter."""
    [found] = [row for row in rows(engine.store, LetterRow) if row.id == number]
    return found.state, found.outcome, found.person or ""


def edit_people(engine: Engine, **changes: dict[str, Any]) -> None:
    """Somebody edits people of the configuration and publishes it."""
    before = engine.policies.in_force.documents
    people = dict(before["teams.yaml"]["people"])
    for name, change in changes.items():
        who = name.replace("_", "-")
        people[who] = {**people[who], **change}
    policy = build({**before, "teams.yaml": {**before["teams.yaml"], "people": people}})
    engine.publish(policy.canonical, policy.digest, now=T0)


def test_who_has_left_is_heard_and_not_obeyed(engine: Engine) -> None:
    [number] = told(engine, "1")
    edit_people(engine, urban_1={"leaves": "2026-11-22"})
    write(engine, "1", seconds=60)
    read_letters(engine, now=after(seconds=60))
    assert petition(engine, number).state == "dispatched"
    assert became(engine) == ("open", "heard", "")


def test_who_leaves_today_is_obeyed_until_midnight(engine: Engine) -> None:
    [number] = told(engine, "1")
    edit_people(engine, urban_1={"leaves": "2026-11-23"})
    write(engine, "1", seconds=60)
    read_letters(engine, now=after(seconds=60))
    assert petition(engine, number).handler == "urban-1"


def test_who_got_the_number_of_another_does_not_answer_in_the_other_s_name(engine: Engine) -> None:
    [number] = told(engine, "1")
    edit_people(engine, urban_1={"phone": "19900007777"}, market_1={"phone": "19900000311"})
    write(engine, "1", seconds=60)
    read_letters(engine, now=after(seconds=60))
    assert petition(engine, number).state == "dispatched"
    assert became(engine)[2] in ("", "market-1")


def own_petition_and_work(engine: Engine) -> tuple[int, int]:
    """A petition that a handler filed, which waits for a rating, and one that the handler works on."""
    [own] = told(engine, "own", phone=HANDLER.removeprefix("+86"), title="噪声扰民")
    accepted(act(engine, own, c.AcceptPetition(), now=after(seconds=5)))
    accepted(act(engine, own, c.ResolvePetition("solved", "已办"), now=after(seconds=6)))
    [work] = told(engine, "1", seconds=10)
    return own, work


def test_staff_who_are_petitioners_too_are_asked_where_a_rating_and_a_command_could_be_meant(engine: Engine) -> None:
    own, work = own_petition_and_work(engine)
    for n, (body, reply) in enumerate([("1", "which"), (f"{str(work)[-6:]} 1", "accept"), ("3 没修好", "which")], 1):
        write(engine, body, seconds=60 + n)
        read_letters(engine, now=after(seconds=60 + n))
        assert became(engine, n)[1] == reply
    assert petition(engine, work).handler == "urban-1"
    assert events(engine, work).count("interim_reported") == 0
    assert petition(engine, own).state == "resolved"
    write(engine, f"{str(own)[-6:]} 3 没修好", seconds=70)
    read_letters(engine, now=after(seconds=70))
    assert petition(engine, own).round == 2


def test_staff_who_have_rated_their_own_petition_are_not_asked_any_more(engine: Engine) -> None:
    own, work = own_petition_and_work(engine)
    accepted(act(engine, own, c.RatePetition("satisfied"), now=after(seconds=50)))
    write(engine, "1", seconds=60)
    read_letters(engine, now=after(seconds=60))
    assert petition(engine, work).handler == "urban-1"


def test_a_letter_is_not_about_what_was_told_after_it_came(engine: Engine) -> None:
    [first] = told(engine, "1")
    write(engine, "1", seconds=60)
    accepted(act(engine, first, c.AcceptPetition(), Actor("handler", "urban-2"), now=after(seconds=70)))
    [second] = told(engine, "2", seconds=80)
    read_letters(engine, now=after(seconds=90))
    assert petition(engine, second).state == "dispatched"
    assert became(engine)[:2] == ("asked", "not_in_state")


@pytest.mark.postgres
def test_what_somebody_wrote_first_is_read_first_whoever_reads(postgres_engine: Engine) -> None:
    engine = postgres_engine
    [number] = told(engine, "1")
    write(engine, "1", seconds=1)
    write(engine, "4 摊位已清走", seconds=2)
    with engine.store.transaction() as tx:
        assert [letter.id for letter in tx.letters(after(seconds=3), 1)] == [1]
        # Another process, meanwhile.
        assert read_letters(engine, now=after(seconds=3)).read == 0
    while read_letters(engine, now=after(seconds=3)).more:
        pass
    assert petition(engine, number).state == "resolved"


@pytest.mark.postgres
def test_letters_and_others_who_write_do_not_wait_for_each_other_in_a_circle(postgres_engine: Engine) -> None:
    engine = postgres_engine
    first, second = told(engine, "1", "2")
    write(engine, f"{first} 1")
    write(engine, f"{second} 1", COLLEAGUE)
    reader = threading.Thread(target=read_letters, args=(engine,), kwargs={"now": T0})

    def waits() -> bool:
        with engine.store.reading() as db:
            query = sa.text("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                            " WHERE NOT l.granted AND a.datname = current_database()")  # fmt: skip
            return bool(db.scalar(query))

    def urge(tx: Tx) -> None:
        batch = Batch(engine, T0)
        batch.load(tx, [second])
        reader.start()
        wait_for(waits)
        [done] = batch.run(tx, [Request(second, c.UrgePetition(), Actor("petitioner"))])
        assert done.refused is None

    with capture_logs() as said:
        with engine.store.transaction() as tx:
            urge(tx)
        reader.join()
    assert [line["event"] for line in said] == []
    assert [events(engine, n).count("accepted") for n in (first, second)] == [1, 1]
