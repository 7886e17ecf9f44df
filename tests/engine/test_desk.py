"""Who comes together is committed together, and everybody gets an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.engine.ailments import locked
from tests.engine.centre import OPERATOR, T0, accepted, events, file, filing, rows
from xixi_workflow.core import commands as c
from xixi_workflow.engine.desk import MOST, Closed, Desk
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import PetitionRow

#: Generous: a desk that hangs must fail the test, not stop the run.
PATIENCE = 60.0


@pytest.fixture
def sizes() -> list[int]:
    """The size of every batch that the desk told of."""
    return []


@pytest.fixture
def desk(engine: Engine, sizes: list[int]) -> Iterator[Desk]:
    desk = Desk(engine, lambda: T0, told=sizes.append)
    yield desk
    desk.close()


def answered(futures: list[Future[Done]]) -> list[Done]:
    return [future.result(PATIENCE) for future in futures]


def test_every_answer_comes_after_its_commit(desk: Desk, database_url: str) -> None:
    def file_and_look(name: str) -> bool:
        store = Store(database_url)
        filed = [desk.submit(filing(f"{name}{n}")).result(PATIENCE).number for n in range(10)]
        # Another connection sees only what is committed.
        seen = {row.id for row in rows(store, PetitionRow)}
        store.close()
        return seen >= set(filed)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(file_and_look, "abcdefgh"))


def test_what_waits_while_a_batch_is_written_is_the_next_batch(desk: Desk, engine: Engine, sizes: list[int]) -> None:
    # The writer is held up by somebody else's transaction.
    with locked(engine):
        first = desk.submit(filing("first"))
        while not sizes:
            threading.Event().wait(0.001)
        others = [desk.submit(filing(str(n))) for n in range(50)]
        assert not first.done()
    numbers = [done.number for done in answered([first, *others])]
    assert len(set(numbers)) == 51
    assert sizes[0] == 1
    assert max(sizes) > 1
    assert sum(sizes) == 51


def test_a_crowd_is_taken_in_batches_of_bounded_size(desk: Desk, engine: Engine, sizes: list[int]) -> None:
    with locked(engine):
        futures = [desk.submit(filing(str(n))) for n in range(2 * MOST + 10)]
    assert {done.refused for done in answered(futures)} == {None}
    assert max(sizes) == MOST
    assert sum(sizes) == 2 * MOST + 10


def test_commands_are_decided_in_the_order_in_which_they_came(desk: Desk, engine: Engine) -> None:
    [number] = file(engine, "1")
    futures = [desk.submit(Request(number, c.AddNote(f"{n}"), OPERATOR)) for n in range(40)]
    assert [accepted(done).seq for done in answered(futures)] == list(range(2, 42))


def test_each_gets_its_own_answer(desk: Desk, engine: Engine) -> None:
    [number] = file(engine, "1")
    with locked(engine):
        futures = [
            desk.submit(filing("1")),
            desk.submit(Request(number, c.AcceptPetition(), OPERATOR)),
            desk.submit(Request(1, c.AddNote("无"), OPERATOR)),
            desk.submit(Request(number, c.AddNote("有"), OPERATOR)),
        ]
    again, refused, unknown, noted = answered(futures)
    assert (again.number, again.repeated) == (number, True)
    assert [done.refused.code for done in (refused, unknown) if done.refused] == ["not_in_state", "no_such_petition"]
    assert accepted(noted).id == number


def test_a_command_that_cannot_be_saved_harms_none_that_came_with_it(desk: Desk, engine: Engine) -> None:
    with locked(engine):
        futures = [desk.submit(filing("1")), desk.submit(filing("\ud83d")), desk.submit(filing("2"))]
    one, odd, two = answered(futures)
    assert odd.refused is not None
    assert odd.refused.facts["field"] == "source_id"
    assert events(engine, accepted(one).id) == events(engine, accepted(two).id) == ["filed"]


def test_when_the_database_fails_every_caller_hears_of_it_and_the_next_are_served(desk: Desk, engine: Engine) -> None:
    [number] = file(engine, "1")
    with locked(engine) as connection:
        futures = [desk.submit(Request(number, c.AddNote("一"), OPERATOR)) for _ in range(5)]
        # While they wait a table goes away, which no waiting cures.
        connection.execute(sa.text("ALTER TABLE journal RENAME TO elsewhere"))
    for future in futures:
        with pytest.raises(Exception, match="journal"):
            future.result(PATIENCE)
    with engine.store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO journal"))
    assert accepted(desk.submit(Request(number, c.AddNote("二"), OPERATOR)).result(PATIENCE)).seq == 2
    assert events(engine, number) == ["filed", "noted"]


def test_whoever_goes_away_does_not_stop_the_desk(desk: Desk, engine: Engine) -> None:
    [number] = file(engine, "1")
    with locked(engine):
        futures = [desk.submit(Request(number, c.AddNote(f"{n}"), OPERATOR)) for n in range(10)]
        for future in futures[::2]:
            future.cancel()
    assert {accepted(done).id for done in answered(futures[1::2])} == {number}
    assert accepted(desk.handle(Request(number, c.AddNote("后"), OPERATOR))).id == number


def test_metrics_that_fail_do_not_stop_the_desk(engine: Engine) -> None:
    def broken(size: int) -> None:
        raise ZeroDivisionError(size)

    desk = Desk(engine, lambda: T0, told=broken)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            desk.submit(filing("1")).result(PATIENCE)
    desk.close()


def test_closing_finishes_what_is_queued_and_takes_no_more(desk: Desk, engine: Engine) -> None:
    with locked(engine):
        futures = [desk.submit(filing(str(n))) for n in range(20)]
        closing = threading.Thread(target=desk.close)
        closing.start()
        while not refuses(desk):
            threading.Event().wait(0.001)
    assert len({done.number for done in answered(futures)}) == 20
    closing.join(PATIENCE)
    assert not closing.is_alive()
    desk.close()
    with pytest.raises(Closed):
        desk.handle(filing("late"))


def test_whatever_is_asked_while_it_closes_is_answered_or_refused(engine: Engine) -> None:
    for _ in range(10):
        desk = Desk(engine, lambda: T0)
        start = threading.Barrier(5)

        def ask(caller: int, desk: Desk = desk, start: threading.Barrier = start) -> list[Future[Done]]:
            futures = []
            start.wait()
            for n in range(50):
                try:
                    futures.append(desk.submit(filing(f"{caller}-{n}")))
                except Closed:
                    break
            return futures

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, caller) for caller in range(4)]
            start.wait()
            desk.close()
            futures = [future for one in asking for future in one.result()]
        assert [done.refused for done in answered(futures) if done.refused] == []


def test_a_loop_is_never_blocked_and_gets_all_its_answers(desk: Desk, engine: Engine, sizes: list[int]) -> None:
    async def crowd() -> tuple[list[Done], int]:
        ticks = 0
        asking = [asyncio.create_task(desk.ask(filing(str(n)))) for n in range(30)]
        with locked(engine):
            while ticks < 20:
                await asyncio.sleep(0.005)
                ticks += 1
            assert not any(task.done() for task in asking if ticks == 0)
        return await asyncio.wait_for(asyncio.gather(*asking), PATIENCE), ticks

    done, ticks = asyncio.run(crowd())
    assert ticks == 20
    assert len({one.number for one in done}) == 30
    assert max(sizes) > 1


def test_a_request_that_was_dropped_by_its_loop_does_not_stop_the_desk(desk: Desk, engine: Engine) -> None:
    async def leave() -> None:
        asking = [asyncio.create_task(desk.ask(filing(str(n)))) for n in range(10)]
        await asyncio.sleep(0)
        for task in asking[::2]:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), PATIENCE)

    asyncio.run(leave())

    async def vanish() -> None:
        for n in range(10):
            asyncio.get_running_loop().create_task(desk.ask(filing(f"v{n}")))
        await asyncio.sleep(0)

    with locked(engine):
        # The loop is closed while its commands wait for the writer.
        asyncio.run(vanish())
    assert accepted(desk.handle(filing("later"))).id


def refuses(desk: Desk) -> bool:
    """Whether the desk takes no more."""
    try:
        desk.submit(filing("probe"))
    except Closed:
        return True
    return False
