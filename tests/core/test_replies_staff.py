"""What a reply of the staff is about, and which command it gives."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.correspondence import FIRST, SECOND, THIRD, YESTERDAY, asked, carried, case, staff
from tests.core.lives import HANDLER, HOLD, OPERATOR, SMALL, Life, after
from tests.core.test_replies_grammar import TEXTS
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.replies import REPLIES, Case, fitting, short_code
from xixi_workflow.core.work import Refused


def dispatched(number: int = FIRST) -> Life:
    return Life(SMALL, number=number).dispatched()


def in_progress(number: int = FIRST) -> Life:
    return Life(SMALL, number=number).in_progress()


# --- one petition ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("3 已到现场", c.ReportInterim("已到现场")),
        ("4 路灯已修好", c.ResolvePetition("solved", "路灯已修好")),
        ("4 2 已向群众说明", c.ResolvePetition("explained", "已向群众说明")),
        ("4 〈explained〉 已说明", c.ResolvePetition("explained", "已说明")),
        ("4 1楼路灯已修好", c.ResolvePetition("solved", "1楼路灯已修好")),
        ("2 1 归市场监管", c.ReturnPetition("not_my_duty", "归市场监管")),
        ("2 info missing", c.ReturnPetition("info_missing")),
        ("5 人手不够", c.AskHelp("人手不够")),
        ("5", c.AskHelp()),
        ("6", c.ShowDetail("sms")),
        ("7", c.ContactPetitioner()),
        ("7 已通话，下午到场", c.ContactPetitioner("已通话，下午到场")),
    ],
)
def test_a_digit_and_a_text_give_the_command(text: str, command: c.Command) -> None:
    life = in_progress()
    meant = staff(text, case(life))
    assert asked(meant) == [(FIRST, command)]
    assert meant.asks[0].actor == HANDLER
    assert carried(meant, life).petition.seq > 3


def test_1_accepts_what_was_dispatched_to_the_team() -> None:
    life = dispatched()
    meant = staff("1", case(life), who="police-2")
    assert (meant.state, meant.reply, meant.person) == ("done", "accepted", "police-2")
    assert carried(meant, life).petition.handler == "police-2"


def test_what_is_added_to_a_yes_is_kept_as_a_note() -> None:
    meant = staff("1 马上去", case(dispatched()))
    assert asked(meant) == [(FIRST, c.AcceptPetition()), (FIRST, c.AddNote("马上去"))]


def test_a_yes_that_turns_round_accepts_nothing() -> None:
    meant = staff("收到，不归我们管", case(dispatched()))
    assert (meant.state, meant.asks) == ("open", ())


@pytest.mark.parametrize("text", ["7 没联系上", "7 联系不上", "7 打不通，没人接"])
def test_who_could_not_be_reached_was_not_spoken_to(text: str) -> None:
    meant = staff(text, case(dispatched()))
    assert (meant.state, meant.asks) == ("open", ())


def test_1_accepts_for_an_assisting_team_and_4_finishes() -> None:
    life = in_progress().does(c.AskAssist("market"), HANDLER, after("10m"))
    told = case(life, "handler_assist_asked")
    meant = staff("1", told, who="market-1")
    assert asked(meant) == [(FIRST, c.AcceptAssist("market"))]
    meant = staff("4 证照齐全", case(carried(meant, life)), who="market-1")
    assert asked(meant) == [(FIRST, c.FinishAssist("market", "证照齐全"))]
    carried(meant, life)


def test_an_assisting_team_may_not_answer_for_the_lead() -> None:
    life = in_progress().does(c.AskAssist("market"), HANDLER, after("10m"))
    for text in ("3 已到现场", "041 2 1"):
        meant = staff(text, case(life, "handler_assist_asked"), who="market-1")
        assert (meant.reply, meant.asks) == ("not_yours", ())


def test_1_acknowledges_a_breach_that_was_told_and_not_answered() -> None:
    life = in_progress().sweeps(after("25h"))
    told = case(life, "leader_overdue", "25h")
    meant = staff("1", told, who="commander-1", now=after("25h"))
    assert asked(meant) == [(FIRST, c.Acknowledge())]
    assert meant.asks[0].actor == Actor("leader", "commander-1")
    carried(meant, life, "25h")


def test_who_was_told_of_the_petition_but_not_of_its_breach_acknowledges_nothing() -> None:
    life = in_progress().sweeps(after("25h"))
    meant = staff("1", case(life), who="police-2", now=after("25h"))
    assert asked(meant) == [(FIRST, c.AcceptPetition())]  # refused by the engine, with what is possible
    assert isinstance(life.tries(meant.asks[0].command, meant.asks[0].actor, after("25h")), Refused)


@pytest.mark.parametrize(
    ("request_", "granted", "refused"),
    [
        (HOLD, c.ApproveHold(), c.RefuseHold("今天办完")),
        (c.RequestExtension(3600.0, "等配件"), c.ApproveExtension(), c.RefuseExtension("今天办完")),
    ],
    ids=["hold", "extension"],
)
def test_a_supervisor_grants_with_1_and_refuses_with_2_and_a_reason(
    request_: c.Command, granted: c.Command, refused: c.Command
) -> None:
    life = in_progress().does(request_, HANDLER, after("1h"))
    told = case(life, "supervisor_hold_asked", "1h")
    meant = staff("1", told, who="supervisor-1")
    assert asked(meant) == [(FIRST, granted)]
    assert meant.asks[0].actor == Actor("supervisor", "supervisor-1")
    meant = staff("2 今天办完", told, who="supervisor-1")
    assert asked(meant) == [(FIRST, refused)]
    carried(meant, life)
    assert staff("2", told, who="supervisor-1").reply == "refusal_reason"


def test_a_handler_does_not_grant_their_own_request() -> None:
    life = in_progress().does(HOLD, HANDLER, after("1h"))
    meant = staff("1", case(life))
    assert asked(meant) == [(FIRST, c.AcceptPetition())]  # which the engine refuses


def test_who_was_told_of_a_breach_alone_says_so_with_1_and_grants_nothing() -> None:
    life = in_progress().does(c.RequestExtension(3600.0, "等配件"), HANDLER, after("1h")).sweeps(after("25h"))
    told = case(life, "leader_overdue", "25h")
    for who in ("commander-1", "supervisor-1"):
        meant = staff("1", told, who=who, now=after("25h"))
        assert asked(meant) == [(FIRST, c.Acknowledge())]
        assert staff("041 2 不同意", told, who=who, now=after("25h")).asks == ()


def test_of_a_request_and_a_breach_1_answers_what_was_told_last() -> None:
    life = in_progress().does(c.RequestExtension(3600.0, "等配件"), HANDLER, after("1h")).sweeps(after("25h"))
    asked_last = case(life, "leader_overdue", "24h", supervisor_extension_asked="25h")
    breached_last = case(life, "leader_overdue", "25h", supervisor_extension_asked="1h")
    assert asked(staff("1", asked_last, who="supervisor-1", now=after("25h"))) == [(FIRST, c.ApproveExtension())]
    assert asked(staff("1", breached_last, who="supervisor-1", now=after("25h"))) == [(FIRST, c.Acknowledge())]
    refusal = staff("2 今天办完", breached_last, who="supervisor-1", now=after("25h"))
    assert asked(refusal) == [(FIRST, c.RefuseExtension("今天办完"))]


def test_a_team_that_is_asked_to_assist_once_more_accepts_and_finishes_once_more() -> None:
    life = in_progress()
    for minute in (10, 30):
        life.does(c.AskAssist("market"), HANDLER, after(f"{minute}m"))
        meant = staff("1", case(life, "handler_assist_asked"), who="market-1")
        assert asked(meant) == [(FIRST, c.AcceptAssist("market"))]
        carried(meant, life, f"{minute + 5}m")
        meant = staff("4 证照齐全", case(life, "handler_assist_asked"), who="market-1")
        assert asked(meant) == [(FIRST, c.FinishAssist("market", "证照齐全"))]
        carried(meant, life, f"{minute + 10}m")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("2", "reasons"),
        ("2 不是我们的", "reasons"),
        ("3", "interim_text"),
        ("3 好", "interim_text"),
        ("4", "resolve_text"),
        ("4 1", "resolve_text"),
        ("4 〈solved〉", "resolve_text"),
        ("041", "what_now"),
    ],
)
def test_what_is_missing_is_asked_for(text: str, reply: str) -> None:
    meant = staff(text, case(in_progress()))
    assert (meant.state, meant.reply, meant.asks, meant.number) == ("asked", reply, (), FIRST)


def test_the_reasons_are_listed_with_their_numbers() -> None:
    meant = staff("2", case(dispatched()))
    assert meant.facts["reasons"] == "1〈not_my_duty〉 2〈info_missing〉"


def test_the_full_text_of_a_confidential_petition_is_refused() -> None:
    life = in_progress()
    life.petition.confidential = True
    assert (staff("6", case(life)).reply, staff("6", case(life)).asks) == ("detail_confidential", ())


def test_a_word_for_opting_out_is_left_to_an_operator() -> None:
    for text in ("TD", "退订", "ｓｔｏｐ。"):
        meant = staff(text, case(dispatched()))
        assert (meant.state, meant.reply, meant.opt) == ("open", "staff_opt_out", "")


@pytest.mark.parametrize("text", ["你好", "", "？？？", "1楼漏水", "请派人支援一下"])
def test_what_cannot_be_read_is_left_to_an_operator(text: str) -> None:
    meant = staff(text, case(dispatched()))
    assert (meant.state, meant.reply, meant.asks) == ("open", "staff_unreadable", ())


# --- several petitions ----------------------------------------------------------------------------------------------


def test_without_a_code_the_one_that_waits_for_the_action_is_meant() -> None:
    cases = [case(in_progress(FIRST)), case(dispatched(SECOND))]
    assert asked(staff("1", *cases)) == [(SECOND, c.AcceptPetition())]
    assert asked(staff("4 已修好", *cases)) == [(FIRST, c.ResolvePetition("solved", "已修好"))]


def test_where_two_could_be_meant_the_reply_asks() -> None:
    cases = [case(dispatched(n)) for n in (FIRST, SECOND)]
    meant = staff("1", *cases)
    assert (meant.state, meant.reply, meant.asks) == ("asked", "which_accept", ())
    assert meant.facts["count"] == "2"
    assert set(meant.facts["codes"].split("、")) == {"041", "042"}
    meant = staff("3 已到", *(case(in_progress(n)) for n in (FIRST, SECOND)))
    assert (meant.reply, meant.facts["action"]) == ("which", "3")


def test_a_question_lists_six_and_says_how_many_there_are() -> None:
    cases = [case(dispatched(20260601000100 + n)) for n in range(9)]
    meant = staff("1", *cases)
    assert meant.facts["codes"].count("、") == 5
    assert meant.facts["codes"].endswith("等9件")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("042 1", SECOND),
        ("42 1", SECOND),
        ("1 042", SECOND),
        ("1 41", FIRST),
        ("签收107", THIRD),
        ("07 1", THIRD),
        ("000107 1", THIRD),
        (f"{SECOND} 1", SECOND),
        ("#042，1", SECOND),
    ],
)
def test_the_code_tells_them_apart(text: str, number: int) -> None:
    meant = staff(text, *(case(dispatched(n)) for n in (FIRST, SECOND, THIRD)))
    assert asked(meant) == [(number, c.AcceptPetition())]


def test_a_whole_serial_comes_before_the_end_of_a_longer_one() -> None:
    longer = 20260601001042
    cases = [case(dispatched(n)) for n in (SECOND, longer)]
    assert asked(staff("42 1", *cases)) == [(SECOND, c.AcceptPetition())]
    assert asked(staff("1042 1", *cases)) == [(longer, c.AcceptPetition())]


def test_a_letter_that_comes_twice_does_not_fall_to_a_longer_number_with_the_same_end() -> None:
    done = in_progress(SECOND).does(c.ResolvePetition("solved", "已修好"), HANDLER, after("1h"))
    cases = [case(done), case(in_progress(20260601001042))]
    for code in ("42", "042", "000042"):
        assert [number for number, _ in asked(staff(f"{code} 4 已修好", *cases))] == [SECOND]  # which is refused
    assert [number for number, _ in asked(staff("1042 4 已修好", *cases))] == [20260601001042]


def test_a_code_behind_the_action_is_no_part_of_the_text() -> None:
    cases = [case(in_progress(n)) for n in (FIRST, SECOND)]
    assert asked(staff("3 042 已到现场", *cases)) == [(SECOND, c.ReportInterim("已到现场"))]
    assert asked(staff("3 42 已到现场", *cases)) == [(SECOND, c.ReportInterim("已到现场"))]


def test_a_number_in_the_text_is_no_code_where_none_is_needed() -> None:
    assert asked(staff("3 41 盏灯已修", case(in_progress()))) == [(FIRST, c.ReportInterim("41 盏灯已修"))]


def test_the_same_serial_of_two_days_needs_a_longer_code() -> None:
    cases = [case(dispatched(n)) for n in (SECOND, YESTERDAY)]
    meant = staff("042 1", *cases)
    assert meant.reply == "which_accept"
    for code in meant.facts["codes"].split("、"):
        assert len(asked(staff(f"{code} 1", *cases))) == 1


@pytest.mark.parametrize("text", ["999 1", "1 999", "3 099 已到", "19900001234 1"])
def test_a_code_that_fits_nothing_is_answered_with_those_that_do(text: str) -> None:
    meant = staff(text, *(case(in_progress(n)) for n in (FIRST, SECOND)))
    assert (meant.state, meant.reply, meant.asks) == ("asked", "unknown_code", ())
    assert "041" in meant.facts["codes"]


def test_all_that_wait_are_accepted_together() -> None:
    cases = [case(dispatched(FIRST)), case(in_progress(SECOND)), case(dispatched(THIRD))]
    meant = staff("全部1", *cases)
    assert asked(meant) == [(FIRST, c.AcceptPetition()), (THIRD, c.AcceptPetition())]
    assert meant.everything
    meant = staff("041 107 1", *cases)
    assert [number for number, _ in asked(meant)] == [FIRST, THIRD]


def test_nothing_but_acceptance_is_done_to_all_at_once() -> None:
    for text in ("全部4", "041 042 4 已修好"):
        meant = staff(text, *(case(in_progress(n)) for n in (FIRST, SECOND)))
        assert (meant.reply, meant.asks) == ("one_at_a_time", ())


# --- whose it is ----------------------------------------------------------------------------------------------------


def test_a_petition_that_went_to_another_team_is_theirs_no_more() -> None:
    life = dispatched().does(c.ReturnPetition("not_my_duty"), HANDLER, after("5m"))
    life.does(c.DispatchPetition("urban"), OPERATOR, after("6m"))
    for text in ("041 1", "041 6", "041 3 已到现场"):
        meant = staff(text, case(life))
        assert (meant.reply, meant.asks) == ("not_yours", ())
    assert staff("1", case(life)).reply == "nothing_open"


def test_a_closed_petition_is_found_by_its_code_and_refused_by_the_engine() -> None:
    life = in_progress().does(c.ResolvePetition("solved", "已修好"), HANDLER, after("1h"))
    meant = staff("041 3 再说一句", case(life))
    [ask] = meant.asks
    assert isinstance(life.tries(ask.command, ask.actor, after("2h")), Refused)
    assert staff("3 再说一句", case(life)).reply == "nothing_open"


def test_people_who_share_a_number_act_as_the_one_whose_it_is() -> None:
    meant = staff("1", case(dispatched()), who=["urban-1", "police-2"])
    assert (meant.person, meant.asks[0].actor) == ("police-2", Actor("handler", "police-2"))


# --- codes ----------------------------------------------------------------------------------------------------------

NUMBERS = st.lists(
    st.builds(lambda day, n: (20260600 + day) * 1_000_000 + n, st.integers(1, 3), st.integers(1, 1200)),
    min_size=1,
    max_size=12,
    unique=True,
)


@given(NUMBERS)
def test_a_code_that_is_shown_means_the_petition_it_was_shown_for(numbers: list[int]) -> None:
    for number in numbers:
        assert fitting(short_code(number, partial(fitting, numbers=numbers)), numbers) == [number]


@given(NUMBERS)
def test_the_last_six_digits_always_find_the_petition(numbers: list[int]) -> None:
    for number in numbers:
        assert number in fitting(str(number)[-6:], numbers)
        assert fitting(str(number), numbers) == [number]


# --- total ----------------------------------------------------------------------------------------------------------

CASES = [
    [],
    [case(dispatched())],
    [case(in_progress())],
    [case(dispatched(FIRST)), case(in_progress(SECOND)), case(in_progress(THIRD).sweeps(after("25h")), "team_overdue")],
    [case(in_progress().does(HOLD, HANDLER, after("1h")), "supervisor_hold_asked")],
]


@given(TEXTS, st.sampled_from(CASES), st.sampled_from([["police-1"], ["supervisor-1"], ["police-lead", "commander-1"]]))
def test_every_letter_ends_in_a_command_a_question_or_with_an_operator(
    text: str, cases: list[Case], who: list[str]
) -> None:
    meant = staff(text, *cases, who=who)
    assert meant.reply in REPLIES
    assert meant.person in SMALL.people
    assert bool(meant.asks) == (meant.state == "done")
    for ask in meant.asks:
        assert ask.number in {told.petition.id for told in cases}
        # What is asked can be stored, and says no more than a form would allow.
        arguments = {field: getattr(ask.command, field) for field in ask.command.__struct_fields__}
        assert c.parse(ask.command.event, arguments) == ask.command
