"""What a handler in the street can do with nothing but a telephone."""

from __future__ import annotations

import pytest

from tests.stories.story import CITIZEN, Story, code
from xixi_workflow.core import commands as c

DAY = ("urban-1", "urban-2")


def in_progress(story: Story, **more: str) -> int:
    number = story.petition(**more)  # type: ignore[arg-type]
    story.phone("urban-1").replies("1")
    for who in (*DAY, CITIZEN):
        story.phone(who).puts_away()
    assert story.state(number) == "in_progress"
    return number


def test_a_new_petition_rings_on_the_telephones_of_those_on_duty_and_on_no_others(story: Story) -> None:
    number = story.petition("夜市占道经营", address="某某路1号")
    for who in DAY:
        story.phone(who).expects(code(number), "某某路1号", "占道经营")
    for who in ("urban-3", "urban-4", "urban-lead", "police-1"):
        story.phone(who).expects_nothing()


def test_nobody_in_the_street_is_told_who_filed_it(story: Story) -> None:
    story.petition("夜市占道经营 联系人某某某 19900009001", name="某某某", phone="19900009001")
    text = story.phone("urban-1").expects("占道经营")
    assert "某某某" not in text
    assert "19900009001" not in text


def test_a_confidential_petition_gives_its_number_and_asks_to_call_the_centre(story: Story) -> None:
    number = story.petition("夜市占道经营", address="某某路1号", community="某某社区", confidential=True)
    text = story.phone("urban-1").expects(code(number), "057100000000")
    for secret in ("某某路", "占道", "某某社区"):
        assert secret not in text


def test_replying_1_accepts(story: Story) -> None:
    number = story.petition()
    phone = story.phone("urban-1")
    phone.puts_away()
    phone.replies("1")
    assert story.state(number) == "in_progress"
    assert story.working(number).handler == "urban-1"
    phone.expects(code(number), "签收")


@pytest.mark.parametrize("body", ["１", "签收", "1。", " 1 ", "收到", "【1】", "“1”"])
def test_accepting_is_understood_as_people_write_it(story: Story, body: str) -> None:
    number = story.petition()
    story.phone("urban-1").replies(body)
    assert story.state(number) == "in_progress"


def test_who_comes_second_is_told_that_it_is_taken(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    story.phone("urban-2").puts_away()
    story.phone("urban-2").replies("1")
    assert story.working(number).handler == "urban-1"
    story.phone("urban-2").expects()


def test_a_return_without_a_reason_is_asked_for_one(story: Story) -> None:
    number = story.petition()
    phone = story.phone("urban-1")
    phone.puts_away()
    phone.replies("2")
    assert story.state(number) == "dispatched"
    phone.expects("非本单位职责", "非本辖区")


@pytest.mark.parametrize("body", ["2 1", "2 非本单位职责", "2 1 归市场监管", "退单 非本单位职责"])
def test_a_return_with_a_reason_reaches_the_operator(story: Story, body: str) -> None:
    number = story.petition()
    story.phone("urban-1").replies(body)
    assert story.state(number) == "returned"
    story.phone("operator-1").sees(code(number), "退单", "非本单位职责")


def test_a_refused_return_comes_back_to_the_same_team(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("2 1")
    story.phone("urban-1").puts_away()
    story.does("operator", "operator-1", number, c.RefuseReturn("属占道经营"))
    story.phone("urban-1").sees(code(number), "退单未获同意", "属占道经营")
    story.phone("urban-1").replies("1")
    assert story.state(number) == "in_progress"


def test_replying_3_with_a_text_is_interim_feedback_that_the_petitioner_reads(story: Story) -> None:
    number = in_progress(story)
    story.phone("urban-1").replies("3 已到现场正在劝离")
    assert "interim_reported" in story.events(number)
    story.phone(CITIZEN).expects(code(number), "已到现场正在劝离")


def test_replying_3_without_a_text_is_asked_for_it(story: Story) -> None:
    number = in_progress(story)
    story.phone("urban-1").replies("3")
    assert "interim_reported" not in story.events(number)
    story.phone("urban-1").expects("3")


def test_replying_4_with_a_text_answers_the_petitioner_and_asks_for_a_rating(story: Story) -> None:
    number = in_progress(story)
    story.phone("urban-1").replies("4 摊位已清走")
    assert story.state(number) == "resolved"
    assert story.working(number).result == "solved"
    story.phone(CITIZEN).expects(code(number), "摊位已清走")
    story.phone(CITIZEN).expects(code(number), "1", "2", "3")


def test_a_result_other_than_solved_is_named_by_its_number_or_its_word(story: Story) -> None:
    first = in_progress(story)
    story.phone("urban-1").replies("4 不属实 现场没有摊位")
    assert story.working(first).result == "unfounded"


def test_replying_5_calls_for_help(story: Story) -> None:
    number = in_progress(story)
    story.phone("urban-1").replies("5 摊主不配合")
    assert "help_asked" in story.events(number)
    story.phone("operator-1").sees(code(number), "摊主不配合")
    story.phone("urban-lead").sees(code(number))


def test_replying_7_says_that_the_petitioner_was_spoken_to(story: Story) -> None:
    number = in_progress(story)
    story.phone("urban-1").replies("7 已通话")
    assert story.events(number).count("contacted") == 1
    story.phone("urban-1").expects(code(number), "诉求人")


def test_replying_6_brings_the_full_text_in_parts_and_leaves_a_line_in_the_journal(story: Story) -> None:
    content = "某某某反映，" + "路口每晚有摊位占道，行人无法通行。" * 20 + "电话19900009001。"
    number = in_progress(story, content=content, name="某某某", phone="19900009001")
    phone = story.phone("urban-1")
    phone.replies("6")
    parts = phone.unread[:]
    assert len(parts) > 1
    assert f"(1/{len(parts)})" in parts[0]
    whole = "".join(parts)
    assert whole.count("行人无法通行") == 20
    assert "某某某" not in whole
    assert "19900009001" not in whole
    shown = [(who, facts) for event, who, facts in story.journal(number) if event == "detail_shown"]
    assert shown == [("handler:urban-1", {"way": "sms"})]


def test_the_full_text_of_a_confidential_petition_is_not_sent(story: Story) -> None:
    number = story.petition(content="某处的秘密", confidential=True)
    story.phone("urban-1").replies("1")
    story.phone("urban-1").puts_away()
    story.phone("urban-1").replies("6")
    text = story.phone("urban-1").expects("057100000000")
    assert "秘密" not in text
    assert "detail_shown" not in story.events(number)


def test_with_several_petitions_a_bare_code_asks_which_is_meant(story: Story) -> None:
    numbers = [story.petition() for _ in range(2)]
    phone = story.phone("urban-1")
    phone.puts_away()
    phone.replies("1")
    assert [story.state(n) for n in numbers] == ["dispatched", "dispatched"]
    phone.expects(*(str(n)[-2:] for n in numbers))


def test_the_short_code_tells_several_petitions_apart(story: Story) -> None:
    first, second = (story.petition() for _ in range(2))
    story.phone("urban-1").replies(f"{code(second)} 1")
    assert [story.state(first), story.state(second)] == ["dispatched", "in_progress"]
    story.phone("urban-1").replies(f"1 {str(first)[-2:]}")
    assert story.state(first) == "in_progress"


def test_all_that_wait_are_accepted_with_one_reply(story: Story) -> None:
    numbers = [story.petition() for _ in range(3)]
    story.phone("urban-1").replies("全部1")
    assert {story.state(n) for n in numbers} == {"in_progress"}


def test_a_code_that_fits_nothing_is_answered_politely(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").puts_away()
    story.phone("urban-1").replies("987654 1")
    assert story.state(number) == "dispatched"
    story.phone("urban-1").expects()


def test_what_is_not_possible_any_more_is_refused_with_what_is(story: Story) -> None:
    number = in_progress(story)
    story.phone("urban-1").replies("4 摊位已清走")
    story.phone("urban-1").puts_away()
    story.phone("urban-1").replies(f"{code(number)} 3 再说一句")
    assert story.events(number).count("interim_reported") == 0
    story.phone("urban-1").expects()


def test_an_unreadable_reply_gets_one_polite_line_and_changes_nothing(story: Story) -> None:
    number = story.petition()
    before = story.events(number)
    story.phone("urban-1").puts_away()
    story.phone("urban-1").replies("？？？")
    assert story.events(number) == before
    assert len(story.phone("urban-1").unread) == 1


def test_a_handler_who_writes_stop_still_gets_petitions(story: Story) -> None:
    story.phone("urban-1").replies("TD")
    story.phone("urban-1").puts_away()
    number = story.petition()
    story.phone("urban-1").expects(code(number))


def test_an_assisting_team_accepts_and_finishes_by_telephone(story: Story) -> None:
    number = in_progress(story)
    story.does("handler", "urban-1", number, c.AskAssist("market", "请核查证照"))
    phone = story.phone("market-1")
    phone.expects(code(number), "请核查证照")
    phone.replies("1")
    phone.replies("4 证照齐全")
    assert [e for e in story.events(number) if e.startswith("assist")] == [
        "assist_asked", "assist_accepted", "assist_finished",
    ]  # fmt: skip
    story.phone("urban-1").sees(code(number), "证照齐全")


def test_a_reply_that_arrives_twice_is_carried_out_once(story: Story) -> None:
    number = story.petition()
    phone = story.phone("urban-1")
    phone.puts_away()
    for _ in range(2):
        story.letter(phone.number, "1", provider_id="the-same")
    assert story.events(number).count("accepted") == 1
    assert len(phone.unread) == 1
