"""What a petitioner's letter is about, what it does, and that nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.correspondence import FIRST, SECOND, asked, carried, case, citizen, resolved
from tests.core.lives import PETITIONER, SMALL, Life, after
from tests.core.test_replies_grammar import TEXTS
from xixi_workflow.core import commands as c
from xixi_workflow.core.replies import REPLIES, Case

SURVEY = "citizen_survey"


def survey(number: int = FIRST, at: str = "20h") -> Case:
    return case(resolved(number), SURVEY, at)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("1", c.RatePetition("satisfied")),
        ("１。", c.RatePetition("satisfied")),
        ("基本满意", c.RatePetition("fairly_satisfied")),
        ("3 没修好", c.RatePetition("dissatisfied", "没修好")),
        ("3", c.RatePetition("dissatisfied")),
        ("041 3 没修好", c.RatePetition("dissatisfied", "没修好")),
        ("1 谢谢", c.RatePetition("satisfied", "谢谢")),
    ],
)
def test_a_rating_belongs_to_the_petition_that_was_to_be_rated(text: str, command: c.Command) -> None:
    life = resolved()
    meant = citizen(text, case(life, SURVEY))
    assert asked(meant) == [(FIRST, command)]
    assert meant.asks[0].actor == PETITIONER
    carried(meant, life, "21h")


def test_dissatisfied_opens_another_round_with_and_without_a_reason() -> None:
    for text, reply in (("3 没修好", ""), ("3", "ask_reason")):
        life = resolved()
        meant = citizen(text, case(life, SURVEY))
        assert (meant.state, meant.reply) == ("done", reply)
        assert carried(meant, life, "21h").petition.round == 2


def test_of_several_surveys_the_last_is_meant_unless_a_code_says_otherwise() -> None:
    both = survey(FIRST, "20h"), survey(SECOND, "22h")
    assert asked(citizen("1", *both)) == [(SECOND, c.RatePetition("satisfied"))]
    assert asked(citizen("041 1", *both)) == [(FIRST, c.RatePetition("satisfied"))]
    assert asked(citizen("1 041", *both)) == [(FIRST, c.RatePetition("satisfied"))]
    assert citizen("999 1", *both).reply == "rate_how"


def test_one_that_still_waits_for_its_rating_comes_before_one_that_has_it() -> None:
    rated = resolved(SECOND).does(c.RatePetition("satisfied"), PETITIONER, after("23h"))
    cases = survey(FIRST, "20h"), case(rated, SURVEY, "22h")
    assert asked(citizen("1", *cases)) == [(FIRST, c.RatePetition("satisfied"))]


def test_who_has_rated_may_think_again() -> None:
    life = resolved().does(c.RatePetition("satisfied"), PETITIONER, after("21h"))
    meant = citizen("3 又坏了", case(life, SURVEY))
    assert asked(meant) == [(FIRST, c.RatePetition("dissatisfied", "又坏了"))]
    assert carried(meant, life, "23h").petition.round == 2


@pytest.mark.parametrize("text", ["1 2", "满意？", "3 满意", "1、2"])
def test_a_rating_that_is_not_clear_is_asked_for_again(text: str) -> None:
    meant = citizen(text, survey())
    assert (meant.state, meant.reply, meant.asks) == ("asked", "rate_how", ())


def test_praise_with_a_but_is_counted_and_read_by_a_person() -> None:
    meant = citizen("1 但是还有一处没修", survey())
    assert (meant.state, asked(meant)) == ("open", [(FIRST, c.RatePetition("satisfied", "但是还有一处没修"))])


@pytest.mark.parametrize("text", ["1楼漏水", "3天了还没修", "不满意度调查怎么填", "摊位又来了", "still broken"])
def test_a_free_text_becomes_a_note_and_is_read_by_a_person(text: str) -> None:
    meant = citizen(text, survey(), case(Life(SMALL, number=SECOND).dispatched(), "citizen_received", "25h"))
    assert (meant.state, meant.reply) == ("open", "noted")
    assert asked(meant) == [(SECOND, c.AddNote(text))]  # the one they heard of last


@pytest.mark.parametrize(("ago", "reply"), [("29h", "reason_noted"), ("7h", "reason_noted"), ("5h", "noted")])
def test_a_text_within_a_day_after_we_asked_for_a_reason_is_the_reason(ago: str, reply: str) -> None:
    life = resolved().does(c.RatePetition("dissatisfied"), PETITIONER, after("21h"))
    told = case(life, "citizen_rework", "21h")
    meant = citizen("还是漏水", told, replied={"ask_reason": after(ago)}, now=after("30h"))
    assert (meant.reply, asked(meant)) == (reply, [(FIRST, c.AddNote("还是漏水"))])


@pytest.mark.parametrize("text", ["TD", "td。", "ＴＤ", "退订", "stop", " T "])
def test_a_word_for_opting_out_stops_surveys(text: str) -> None:
    for cases in ([], [survey()]):
        meant = citizen(text, *cases)
        assert (meant.state, meant.reply, meant.opt, meant.asks) == ("done", "opted_out", "surveys", ())


@pytest.mark.parametrize("text", ["请不要退订我的短信", "TD吗", "stop the noise", "T恤店噪音"])
def test_a_word_for_opting_out_inside_a_sentence_is_none(text: str) -> None:
    assert citizen(text, survey()).opt == ""


def test_opting_in_takes_it_back() -> None:
    assert citizen("订阅").opt == "again"


@pytest.mark.parametrize("text", ["你好", "1", "满意", "", "自动回复：稍后联系您"])
def test_a_stranger_is_heard_by_a_person(text: str) -> None:
    meant = citizen(text)
    assert (meant.state, meant.reply, meant.asks, meant.number) == ("open", "heard", (), 0)


def test_a_rating_where_nothing_is_to_be_rated_is_heard_by_a_person() -> None:
    meant = citizen("1", case(Life(SMALL, number=FIRST).dispatched(), "citizen_received"))
    assert (meant.state, meant.reply, meant.asks) == ("open", "heard", ())


def test_a_courtesy_needs_no_answer() -> None:
    meant = citizen("谢谢！", case(Life(SMALL, number=FIRST).dispatched(), "citizen_received"))
    assert (meant.state, meant.reply, meant.asks) == ("done", "", ())


CASES = [[], [survey()], [survey(FIRST), survey(SECOND, "22h")], [case(Life(SMALL, number=FIRST), "citizen_received")]]


@given(TEXTS, st.sampled_from(CASES))
def test_every_letter_of_a_petitioner_ends_somewhere(text: str, cases: list[Case]) -> None:
    meant = citizen(text, *cases)
    assert meant.reply in {"", *REPLIES}
    assert meant.state in ("done", "asked", "open")
    for ask in meant.asks:
        assert ask.actor == PETITIONER
        arguments = {field: getattr(ask.command, field) for field in ask.command.__struct_fields__}
        assert c.parse(ask.command.event, arguments) == ask.command
