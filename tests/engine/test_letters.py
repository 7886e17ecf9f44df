"""Letters are kept, read once, carried out and answered, whatever else happens at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tests.engine.centre import T0, after, contents, events, file, lines, petition, rows, sweep_all
from tests.engine.post import ONE_BY_ONE, Post
from xixi_workflow.adapters.port import Incoming, Outcome
from xixi_workflow.core import replies as replies_core
from xixi_workflow.core import reply_staff
from xixi_workflow.engine import letters
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.letters import PUT_ASIDE_FOR, Read, read_letters
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Tx
from xixi_workflow.store.tables import DeliveryRow, LetterRow, OptOutRow, OutboxRow

HANDLER, COLLEAGUE = "+8619900000311", "+8619900000312"
CITIZEN, STRANGER = "+8619900000000", "+8619900009999"
CENTRE = "10690000"


def write(engine: Engine, body: str, address: str = HANDLER, *, name: str = "", now: datetime = T0) -> bool:
    """A text reaches the centre; whether it is new."""
    name = name or f"in-{len(rows(engine.store, LetterRow)) + 1}"
    return letters.receive(engine, "network", Incoming(name, address, CENTRE, body), now)


def told(engine: Engine, *source_ids: str, now: datetime = T0) -> list[int]:
    """Petitions filed, dispatched, and their messages delivered."""
    numbers = file(engine, *source_ids, now=now)
    sweep_all(engine, now=now)
    deliver_all(engine, Post().channels, now=now, rules=ONE_BY_ONE)
    return numbers


def replies(engine: Engine) -> dict[int, list[str]]:
    """Our replies, by the letter that they answer."""
    found: dict[int, list[str]] = {}
    for message in rows(engine.store, OutboxRow):
        if message.petition_id < 0:
            found.setdefault(-message.petition_id, []).insert(0, message.text)
    return found


def letter(engine: Engine, number: int = 1) -> tuple[str, str, str, int]:
    """State, outcome, person and petition of a letter."""
    [found] = [row for row in rows(engine.store, LetterRow) if row.id == number]
    return found.state, found.outcome, found.person or "", found.petition_id or 0


def test_a_reply_is_carried_out_answered_and_noted_in_one_go(engine: Engine) -> None:
    [number] = told(engine, "1")
    assert write(engine, "1", now=after(minutes=1))
    assert read_letters(engine, now=after(minutes=1)) == Read(read=1, done=1)
    assert petition(engine, number).handler == "urban-1"
    assert letter(engine) == ("done", "accept", "urban-1", number)
    [reply] = [m for m in rows(engine.store, OutboxRow) if m.petition_id == -1]
    assert (reply.address, reply.recipient, reply.kind, reply.state) == (HANDLER, "urban-1", "accepted", "waiting")
    assert "签收" in reply.text
    assert read_letters(engine, now=after(minutes=2)) == Read()


def test_the_journal_names_who_wrote_and_when_it_reached_us(engine: Engine) -> None:
    [number] = told(engine, "1")
    write(engine, "1", now=after(minutes=14))
    read_letters(engine, now=after(minutes=20))
    [(_, at, noticed_at, _)] = lines(engine, "accepted")
    assert (at, noticed_at) == (after(minutes=14), after(minutes=20))
    assert "breached" not in events(engine, number)


def test_the_same_letter_again_is_carried_out_once(engine: Engine) -> None:
    [number] = told(engine, "1")
    assert [write(engine, "1", name="same") for _ in range(3)] == [True, False, False]
    read_letters(engine, now=T0)
    assert not write(engine, "1", name="same", now=after(minutes=1))
    read_letters(engine, now=after(minutes=1))
    assert events(engine, number).count("accepted") == 1
    assert len(replies(engine)) == 1


def test_calls_that_come_at_once_are_carried_out_once(engine: Engine) -> None:
    [number] = told(engine, "1")

    def call(n: int) -> None:
        write(engine, "5 人手不够", name=f"in-{n % 4}")
        read_letters(engine, now=after(minutes=1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(24)))
    while read_letters(engine, now=after(minutes=1)).read:
        pass
    assert events(engine, number).count("help_asked") == 4
    assert sorted(replies(engine)) == sorted(row.id for row in rows(engine.store, LetterRow))
    assert {row.state for row in rows(engine.store, LetterRow)} == {"done"}


def test_what_somebody_writes_second_sees_what_the_first_did(engine: Engine) -> None:
    [number] = told(engine, "1")
    for body in ("1", "3 已到现场", "4 摊位已清走"):
        write(engine, body)
    read = [read_letters(engine, now=T0) for _ in range(3)]
    assert [r.read for r in read] == [1, 1, 1]
    assert [r.more for r in read] == [True, True, False]
    assert petition(engine, number).state == "resolved"


def test_two_who_want_the_same_get_one_acceptance_and_one_refusal(engine: Engine) -> None:
    [number] = told(engine, "1")
    write(engine, "1", HANDLER)
    write(engine, "1", COLLEAGUE)
    assert read_letters(engine, now=T0) == Read(read=2, done=1, asked=1)
    assert petition(engine, number).handler == "urban-1"
    assert letter(engine, 2)[:2] == ("asked", "not_in_state")
    assert "处置中" in replies(engine)[2][0]


def test_a_reply_counts_before_its_text_was_written_down_as_sent(engine: Engine) -> None:
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    with engine.store.transaction() as tx:
        tx.claim(T0, after(minutes=3), 100)  # sent, and the process died before it could say so
    write(engine, "1")
    read_letters(engine, now=T0)
    assert petition(engine, number).state == "in_progress"


def test_the_full_text_is_sent_in_parts_and_leaves_a_line(engine: Engine) -> None:
    [number] = told(engine, "1")
    write(engine, "6")
    read_letters(engine, now=T0)
    assert events(engine, number)[-1] == "detail_shown"
    [text] = replies(engine)[1]
    assert "夜市占道经营" in text
    assert "内容 1" in text


def test_a_poison_letter_is_put_aside_and_stops_nobody(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    [number] = told(engine, "1")
    understand: Callable[..., object] = reply_staff.read_staff

    def choke(text: str, **facts: object) -> object:
        if text == "毒":
            raise ZeroDivisionError
        return understand(text, **facts)

    monkeypatch.setattr(letters, "read_staff", choke)
    write(engine, "毒", COLLEAGUE)
    write(engine, "1", HANDLER)
    assert read_letters(engine, now=T0) == Read(read=2, done=1, put_aside=1)
    assert petition(engine, number).state == "in_progress"
    assert letter(engine)[0] == "new"
    assert read_letters(engine, now=after(minutes=59)).read == 0
    monkeypatch.undo()
    assert read_letters(engine, now=T0 + PUT_ASIDE_FOR) == Read(read=1, open=1)


def test_a_letter_that_cannot_be_saved_is_put_aside_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    [number] = told(engine, "1")
    write(engine, "你好", STRANGER)
    write(engine, "1", HANDLER)
    write(engine, "您好", CITIZEN)
    say: Callable[..., object] = replies_core.say

    def unstorable(key: str, *rest: object) -> object:
        text = say(key, *rest)
        # A text that no database takes.
        return object() if key == "heard" else text

    monkeypatch.setattr(replies_core, "say", unstorable)
    total = Read()
    while (read := read_letters(engine, now=T0)).read:
        total = Read(*(getattr(total, f) + getattr(read, f) for f in ("read", "done", "asked", "open", "put_aside")))
    assert (total.done, total.open, total.put_aside) == (1, 1, 1)
    assert petition(engine, number).state == "in_progress"
    assert letter(engine, 1)[0] == "new"


def test_a_stranger_is_heard_and_answered_once(engine: Engine) -> None:
    write(engine, "你好", STRANGER)
    assert read_letters(engine, now=T0) == Read(read=1, open=1)
    assert letter(engine) == ("open", "heard", "", 0)
    assert "057100000000" in replies(engine)[1][0]


def test_a_stranger_who_writes_english_is_answered_in_english(engine: Engine) -> None:
    write(engine, "hello", STRANGER)
    read_letters(engine, now=T0)
    assert "operator" in replies(engine)[1][0]


def test_machines_that_answer_each_other_fall_silent_before_anything_went_out(engine: Engine) -> None:
    for n in range(14):
        write(engine, "自动回复", STRANGER, name=f"in-{n}", now=after(seconds=n))
        read_letters(engine, now=after(seconds=n))
    assert len(replies(engine)) == 10
    assert {row.state for row in rows(engine.store, LetterRow)} == {"open"}


def test_replies_that_went_out_count_for_an_hour(engine: Engine) -> None:
    for n in range(12):
        at = after(seconds=n)
        write(engine, "自动回复", STRANGER, name=f"in-{n}", now=at)
        read_letters(engine, now=at)
        deliver_all(engine, Post().channels, now=at, rules=ONE_BY_ONE)
    assert len(replies(engine)) == 10
    write(engine, "自动回复", STRANGER, name="later", now=after(minutes=61))
    read_letters(engine, now=after(minutes=61))
    assert len(replies(engine)) == 11


def test_a_busy_handler_is_obeyed_after_the_last_confirmation(engine: Engine) -> None:
    numbers = told(engine, *map(str, range(12)))
    for n, number in enumerate(numbers):
        write(engine, f"{number} 1", name=f"in-{n}", now=after(seconds=n))
        read_letters(engine, now=after(seconds=n))
    assert {petition(engine, number).state for number in numbers} == {"in_progress"}
    assert len(replies(engine)) == 10
    assert {row.state for row in rows(engine.store, LetterRow)} == {"done"}


def test_our_own_number_gets_no_reply(engine: Engine) -> None:
    letters.receive(engine, "network", Incoming("in-1", "+8619900008888", "19900008888", "你好"), T0)
    read_letters(engine, now=T0)
    assert letter(engine)[0] == "open"
    assert replies(engine) == {}


def test_opting_out_is_kept_and_taken_back(engine: Engine) -> None:
    write(engine, "退订", CITIZEN)
    read_letters(engine, now=T0)
    assert [(o.address, o.scope, o.by) for o in rows(engine.store, OptOutRow)] == [(CITIZEN, "surveys", "reply")]
    assert letter(engine)[:2] == ("done", "opted_out")
    write(engine, "订阅", CITIZEN, now=after(minutes=1))
    read_letters(engine, now=after(minutes=1))
    assert rows(engine.store, OptOutRow) == []


def test_staff_cannot_opt_out(engine: Engine) -> None:
    write(engine, "TD", HANDLER)
    read_letters(engine, now=T0)
    assert rows(engine.store, OptOutRow) == []
    assert letter(engine)[:3] == ("open", "staff_opt_out", "urban-1")


def test_only_letters_left_over_are_read_by_who_waits_for_them(engine: Engine) -> None:
    told(engine, "1")
    write(engine, "1")
    assert read_letters(engine, now=after(seconds=4), left_for=timedelta(seconds=5)).read == 0
    assert read_letters(engine, now=after(seconds=5), left_for=timedelta(seconds=5)).read == 1


def test_a_reading_that_is_cut_off_changes_nothing_and_is_done_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(BaseException):
        pass

    [number] = told(engine, "1")
    write(engine, "1")
    before = contents(engine.store)
    kind = type(_tx(engine.store))
    answer = kind.answer

    def cut(*_: object) -> None:
        raise Cut

    monkeypatch.setattr(kind, "answer", cut)
    with pytest.raises(Cut):
        read_letters(engine, now=T0)
    assert contents(engine.store) == before
    monkeypatch.setattr(kind, "answer", answer)
    read_letters(engine, now=T0)
    assert events(engine, number).count("accepted") == 1


def _tx(store: Store) -> Tx:
    with store.transaction() as tx:
        return tx


def test_a_receipt_says_whether_another_attempt_may_help(engine: Engine) -> None:
    file(engine, "1")
    deliver_all(engine, Post(awaited=True).channels, now=T0, rules=ONE_BY_ONE)
    [text] = rows(engine.store, DeliveryRow)
    for outcome, state, code in (
        (Outcome(text.provider_id, "", "sent"), "sent", None),
        (Outcome(text.provider_id, "", "undelivered", "30003", passing=True), "undelivered", "passing 30003"),
        (Outcome(text.provider_id, "", "sent"), "undelivered", "passing 30003"),
        (Outcome(text.provider_id, "", "delivered"), "delivered", None),
        (Outcome(text.provider_id, "", "undelivered", "30005"), "delivered", None),
    ):
        letters.receipt(engine, text.provider, outcome, after(minutes=1))
        [found] = rows(engine.store, DeliveryRow)
        assert (found.state, found.code) == (state, code)


def test_a_receipt_of_who_wants_nothing_is_remembered_by_number(engine: Engine) -> None:
    file(engine, "1")
    deliver_all(engine, Post(awaited=True).channels, now=T0, rules=ONE_BY_ONE)
    [text] = rows(engine.store, DeliveryRow)
    letters.receipt(engine, text.provider, Outcome(text.provider_id, "", "undelivered", "21610", opted_out=True), T0)
    assert [(o.address, o.scope, o.by) for o in rows(engine.store, OptOutRow)] == [(CITIZEN, "all", "post")]
    letters.receipt(engine, "post", Outcome("nobody's", "", "undelivered", "21610", opted_out=True), T0)
    assert len(rows(engine.store, OptOutRow)) == 1
