"""Commands come in batches and each stands alone: filed once, seen in order, refused without a trace."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine.ailments import POISONS, cut_connections, spoil
from tests.engine.centre import (
    HANDLER,
    OPERATOR,
    SUPERVISOR,
    T0,
    accepted,
    act,
    after,
    contents,
    events,
    file,
    filing,
    in_progress,
    lines,
    outbox,
    petition,
    rows,
)
from xixi_workflow.core import commands as c
from xixi_workflow.engine.handle import SERIALS, Engine, Request
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import IntakeRow, PetitionRow, SealRow

ADMITTED = "已解决"


def test_a_petition_gets_the_day_of_the_city_and_a_serial_as_its_number(engine: Engine) -> None:
    # 01:00 UTC is still the same day in Hangzhou, 17:00 UTC is the next.
    assert file(engine, "1", "2") == [20261123000001, 20261123000002]
    assert file(engine, "3", now=after(hours=16)) == [20261124000001]


def test_filing_again_gives_the_same_number_and_writes_nothing(engine: Engine) -> None:
    [number] = file(engine, "1")
    before = contents(engine.store)
    [done] = engine.handle([filing("1", "换了标题")], now=after(minutes=5))
    assert (done.number, done.repeated, done.refused) == (number, True, None)
    assert contents(engine.store) == before


def test_the_same_filing_twice_in_one_batch_is_one_petition(engine: Engine) -> None:
    first, second, other = engine.handle([filing("1"), filing("1"), filing("2")], now=T0)
    assert (first.repeated, second.repeated, other.repeated) == (False, True, False)
    assert first.number == second.number != other.number
    assert len(rows(engine.store, PetitionRow)) == len(rows(engine.store, IntakeRow)) == 2


def test_a_filing_repeated_in_one_batch_answers_with_what_became_of_it_meanwhile(engine: Engine) -> None:
    [number] = file(engine, "1")
    note, again = engine.handle([Request(number, c.AddNote("来电补充"), OPERATOR), filing("1")], now=T0)
    assert again.petition == note.petition


def test_the_same_filings_racing_from_many_threads_are_filed_once(engine: Engine, database_url: str) -> None:
    threads = 4
    engines = [Engine(Store(database_url)) for _ in range(threads)]
    together = threading.Barrier(threads)

    def race(racer: Engine) -> list[int]:
        numbers = []
        for n in range(20):
            together.wait()
            numbers += [done.number for done in racer.handle([filing(f"{n}a"), filing(f"{n}b")], now=T0)]
        return numbers

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(race, engines))
    for racer in engines:
        racer.store.close()
    assert all(answer == answers[0] for answer in answers)
    assert {row.id for row in rows(engine.store, PetitionRow)} == {*answers[0]}
    assert len({*answers[0]}) == 40
    assert [seal.number for seal in rows(engine.store, SealRow)] == list(range(1, len(rows(engine.store, SealRow)) + 1))


def test_commands_on_one_petition_in_one_batch_see_each_other(engine: Engine) -> None:
    [number] = file(engine, "1")
    steps = [
        Request(number, c.RoutePetition("UM01"), OPERATOR),
        Request(number, c.DispatchPetition(), OPERATOR),
        Request(number, c.AcceptPetition(), HANDLER),
        Request(number, c.AcceptPetition(), HANDLER),
        Request(number, c.ResolvePetition("solved", ADMITTED), HANDLER),
    ]
    answers = engine.handle(steps, now=after(seconds=10))
    assert [done.refused.code if done.refused else "" for done in answers] == ["", "", "", "not_in_state", ""]
    assert events(engine, number) == ["filed", "routed", "dispatched", "accepted", "resolved"]
    assert petition(engine, number) == answers[-1].petition


def test_a_petition_filed_in_a_batch_can_be_spoken_of_in_the_next_alone(engine: Engine) -> None:
    unknown, filed = engine.handle([Request(20261123000001, c.AddNote("早了"), OPERATOR), filing("1")], now=T0)
    assert unknown.refused is not None
    assert unknown.refused.code == "no_such_petition"
    assert accepted(filed).id == 20261123000001
    assert events(engine, filed.number) == ["filed"]


REFUSED = {
    "an event that its state does not know": (c.ResolvePetition("solved", ADMITTED), HANDLER, "not_in_state"),
    "a role that may not": (c.RoutePetition("UM01"), HANDLER, "not_permitted"),
    "a code that the policy does not know": (c.RoutePetition("XX99"), OPERATOR, "unknown_category"),
    "a merge into itself": (c.MergePetition(20261123000001), OPERATOR, "merge_into_itself"),
    "a merge into nothing": (c.MergePetition(20261123000999), OPERATOR, "no_such_petition"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_command_changes_nothing(engine: Engine, case: str) -> None:
    command, actor, code = REFUSED[case]
    [number] = file(engine, "1")
    before = contents(engine.store)
    # Time has passed, and not even that is written down by a refusal.
    refused = act(engine, number, command, actor, now=after(minutes=2)).refused
    assert refused is not None
    assert refused.code == code
    assert contents(engine.store) == before


def test_a_refused_command_does_not_take_its_neighbours_along(engine: Engine) -> None:
    [number] = file(engine, "1")
    batch = [
        Request(number, c.AddNote("一"), OPERATOR),
        Request(number, c.ResolvePetition("solved", ADMITTED), HANDLER),
        Request(20261123000999, c.AddNote("无"), OPERATOR),
        Request(0, c.FilePetition("nowhere", "1", "来源不明")),
        filing("2"),
        Request(number, c.AddNote("二"), OPERATOR),
    ]
    answers = engine.handle(batch, now=T0)
    codes = [done.refused.code if done.refused else "" for done in answers]
    assert codes == ["", "not_in_state", "no_such_petition", "unknown_source", "", ""]
    assert events(engine, number) == ["filed", "noted", "noted"]
    assert events(engine, answers[4].number) == ["filed"]
    # A number that was reserved for a refused filing is nobody's; the next one goes on.
    assert len(rows(engine.store, PetitionRow)) == 2


def test_a_merge_is_two_petitions_changed_or_none(engine: Engine) -> None:
    parent, child = in_progress(engine, "1", "2")
    accepted(act(engine, child, c.MergePetition(parent), now=after(minutes=1)))
    assert petition(engine, child).state == "merged"
    assert petition(engine, child).parent == parent
    assert petition(engine, parent).children == [child]
    assert events(engine, parent)[-1] == "child_adopted"
    assert len(outbox(engine, "citizen_merged")) == 1


def test_the_answer_to_a_petition_reaches_all_that_were_merged_into_it(engine: Engine) -> None:
    grandparent, parent, child, other = in_progress(engine, "1", "2", "3", "4")
    for merged, into in ((child, parent), (parent, grandparent), (other, grandparent)):
        accepted(act(engine, merged, c.MergePetition(into), now=after(minutes=1)))
    accepted(act(engine, grandparent, c.ResolvePetition("solved", ADMITTED), HANDLER, now=after(hours=1)))
    answered = outbox(engine, "citizen_result")
    assert {message.petition_id for message in answered} == {grandparent, parent, child, other}
    assert len(answered) == 4
    assert {number for number, *_ in lines(engine, "parent_followed")} == {parent, child, other}


def test_merge_and_answer_in_one_batch_reach_the_child(engine: Engine) -> None:
    parent, child = in_progress(engine, "1", "2")
    answers = engine.handle(
        [
            Request(child, c.MergePetition(parent), OPERATOR),
            Request(parent, c.ResolvePetition("solved", ADMITTED), HANDLER),
        ],
        now=after(minutes=1),
    )
    assert all(done.refused is None for done in answers)
    assert events(engine, child)[-2:] == ["merged", "parent_followed"]
    assert {message.petition_id for message in outbox(engine, "citizen_result")} == {parent, child}


def test_a_merge_that_the_other_petition_refuses_is_undone_whole(engine: Engine) -> None:
    parent, child = in_progress(engine, "1", "2")
    accepted(act(engine, parent, c.WithdrawPetition(), now=after(minutes=1)))
    before = contents(engine.store)
    merge, note = engine.handle(
        [Request(child, c.MergePetition(parent), OPERATOR), Request(child, c.AddNote("仍在办"), OPERATOR)],
        now=after(minutes=2),
    )
    assert merge.refused is not None
    assert (merge.refused.code, merge.refused.event) == ("not_in_state", "adopt")
    assert accepted(note).state == "in_progress"
    assert accepted(note).parent == 0
    assert events(engine, child)[-1] == "noted"
    assert events(engine, parent)[-1] == "withdrawn"
    assert [row for row in contents(engine.store)["outbox"] if row not in before["outbox"]] == []


def test_two_petitions_cannot_be_merged_into_each_other(engine: Engine) -> None:
    one, two = in_progress(engine, "1", "2")
    first, second = engine.handle(
        [Request(one, c.MergePetition(two), OPERATOR), Request(two, c.MergePetition(one), OPERATOR)], now=T0
    )
    assert first.refused is None
    assert second.refused is not None
    assert (petition(engine, one).state, petition(engine, two).state) == ("merged", "in_progress")


def test_merges_in_both_directions_at_once_end_without_a_deadlock(engine: Engine, database_url: str) -> None:
    pairs = [in_progress(engine, f"{n}a", f"{n}b") for n in range(10)]
    engines = [Engine(Store(database_url)) for _ in range(2)]
    together = threading.Barrier(2)

    def merge(place: int) -> list[bool]:
        done = []
        for pair in pairs:
            together.wait()
            answer = act(engines[place], pair[place], c.MergePetition(pair[1 - place]), now=after(minutes=1))
            done.append(answer.refused is None)
        return done

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(merge, range(2))
    for racer in engines:
        racer.store.close()
    # Whoever comes second finds the other merged or waiting for it, and is refused.
    assert [a + b for a, b in zip(one, two, strict=True)] == [1] * len(pairs)


def test_an_extension_asked_in_time_and_told_late_counts_from_when_it_was_asked(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    asked = Request(number, c.RequestExtension(3600, "等材料"), HANDLER, occurred_at=after(hours=23))
    [done] = engine.handle([asked], now=after(hours=30))
    assert accepted(done).pending == "extension"
    [(_, at, noticed, _)] = lines(engine, "extension_requested")
    assert (at, noticed) == (after(hours=23), after(hours=30))


def test_a_request_is_decided_as_of_when_a_door_took_it(engine: Engine) -> None:
    [done] = engine.handle([Request(0, filing("1").command, at=T0)], now=after(seconds=3))
    assert accepted(done).filed_at == T0


@pytest.mark.parametrize("poison", POISONS)
def test_a_poisoned_petition_is_refused_and_its_neighbours_are_not(engine: Engine, poison: str) -> None:
    ill, well = in_progress(engine, "1", "2")
    spoil(engine, ill, poison)
    before = [row for row in rows(engine.store, PetitionRow) if row.id == ill]
    answers = engine.handle(
        [
            Request(well, c.AddNote("一"), OPERATOR),
            Request(ill, c.AddNote("坏"), OPERATOR),
            Request(well, c.MergePetition(ill), OPERATOR),
            filing("3"),
            Request(well, c.AddNote("二"), SUPERVISOR),
        ],
        now=after(minutes=1),
    )
    assert [done.refused is None for done in answers] == [True, False, False, True, True]
    assert events(engine, well)[-2:] == ["noted", "noted"]
    assert petition(engine, well).state == "in_progress"
    assert [row for row in rows(engine.store, PetitionRow) if row.id == ill] == before


TEXTS = {
    "a NUL": "标题\0里",
    "half a surrogate pair": "标题\ud83d里",
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("field", ["title", "content", "name", "community"])
def test_text_that_no_database_can_hold_harms_no_neighbour(engine: Engine, text: str, field: str) -> None:
    bad = TEXTS[text]
    said = {"title": "路灯不亮", "content": "内容", "community": "文三社区", "name": "某某"} | {field: bad}
    petitioner = c.Petitioner(said["name"])
    odd = c.FilePetition(
        "demo", "odd", said["title"], said["content"], community=said["community"], petitioner=petitioner
    )
    before, itself, behind = engine.handle([filing("1"), Request(0, odd), filing("2")], now=T0)
    assert events(engine, accepted(before).id) == events(engine, accepted(behind).id) == ["filed"]
    if itself.refused is not None:
        assert itself.refused.code == "bad_field"
        assert itself.refused.facts["field"] == ("file" if field == "name" else field)
        assert len(rows(engine.store, PetitionRow)) == 2
    else:
        # SQLite holds a NUL like any other character.
        [kept] = [row for row in rows(engine.store, IntakeRow) if row.petition_id == itself.number]
        assert getattr(kept, field) == bad


def test_the_number_of_a_request_may_be_anything(engine: Engine) -> None:
    [number] = file(engine, "1")
    nobody: list[Request] = [Request(n, c.AddNote("无"), OPERATOR) for n in (-1, 2**63 - 1, 2**63, 2**70)]
    nobody += [Request(number, c.MergePetition(n), OPERATOR) for n in (-1, 2**63, 2**70)]
    answers = engine.handle([*nobody, filing("2")], now=T0)
    assert all(done.refused for done in answers[:-1])
    assert accepted(answers[-1]).id
    assert events(engine, number) == ["filed"]


@pytest.mark.postgres
def test_connections_that_are_cut_are_replaced_and_nobody_notices(postgres_engine: Engine) -> None:
    engine = postgres_engine
    [number] = file(engine, "1")
    for _ in range(3):
        cut_connections(engine)
        assert act(engine, number, c.AddNote("仍在"), now=T0).refused is None
    assert events(engine, number) == ["filed", "noted", "noted", "noted"]


def test_the_last_number_of_a_day_is_not_followed_by_tomorrows_first(engine: Engine) -> None:
    with engine.store.transaction() as tx:
        tx.reserve(int(T0.astimezone(engine.policies.in_force.zone).strftime("%Y%m%d")), SERIALS - 2)
    last, beyond = (engine.handle([filing(source_id)], now=T0)[0] for source_id in ("a", "b"))
    assert str(last.number).endswith("999999")
    assert beyond.refused is not None
    assert beyond.number == 0
