"""What the petitioner is told and asked, and what becomes of the answer."""

from __future__ import annotations

import pytest

from tests.stories.story import ANOTHER_CITIZEN, CITIZEN, Story, code
from xixi_workflow.core import commands as c


def resolved(story: Story, phone: str = CITIZEN) -> int:
    """A petition that was answered; its petitioner has just been asked for a rating and has read it."""
    number = story.petition(phone=phone)
    story.does("operator", "operator-1", number, c.AcceptPetition("urban-1"))
    story.does("operator", "operator-1", number, c.ResolvePetition("solved", "摊位已清走"))
    story.phone(phone).puts_away()
    return number


def test_the_petitioner_hears_at_once_that_it_was_received(story: Story) -> None:
    number = story.petition()
    story.phone(CITIZEN).expects(code(number), "受理")


def test_the_petitioner_is_told_no_address_and_no_accusation(story: Story) -> None:
    story.petition("夜市占道经营", address="某某路1号", content="隔壁摊主天天占道")
    story.forward(hours=30)
    for text in story.texts_to(CITIZEN):
        for detail in ("某某路", "摊主", "占道经营"):
            assert detail not in text


@pytest.mark.parametrize(
    ("body", "rating"),
    [
        ("1", "satisfied"),
        ("１", "satisfied"),
        ("1。", "satisfied"),
        ("满意", "satisfied"),
        ("非常满意，谢谢", "satisfied"),
        ("2", "fairly_satisfied"),
        ("基本满意", "fairly_satisfied"),
    ],
)
def test_a_rating_is_understood_as_people_write_it_and_closes_the_petition(
    story: Story, body: str, rating: str
) -> None:
    number = resolved(story)
    story.phone(CITIZEN).replies(body)
    assert (story.state(number), story.working(number).rating) == ("closed", rating)
    story.phone(CITIZEN).expects()


def test_dissatisfied_with_a_reason_opens_a_round_of_rework(story: Story) -> None:
    number = resolved(story)
    story.phone("urban-1").puts_away()
    story.phone(CITIZEN).replies("3 摊位又回来了")
    assert (story.state(number), story.working(number).round) == ("dispatched", 2)
    story.phone("urban-1").sees(code(number), "重新办理")
    story.phone("supervisor-1").sees(code(number))
    story.phone(CITIZEN).sees(code(number), "重新办理")


def test_a_bare_3_is_never_lost_and_the_reason_may_follow(story: Story) -> None:
    number = resolved(story)
    story.phone(CITIZEN).replies("3")
    assert story.working(number).round == 2
    assert any("原因" in text for text in story.phone(CITIZEN).unread)
    story.phone(CITIZEN).replies("摊位又回来了")
    notes = [facts for event, who, facts in story.journal(number) if event == "noted" and who.startswith("petitioner")]
    assert [note["text"] for note in notes] == ["摊位又回来了"]


def test_the_last_rating_within_three_days_counts_and_all_are_kept(story: Story) -> None:
    number = resolved(story)
    story.phone(CITIZEN).replies("2")
    story.forward(hours=20)
    story.phone(CITIZEN).replies("1")
    assert story.working(number).rating == "satisfied"
    assert story.events(number).count("rated") == 2


def test_no_answer_is_not_rated_and_never_satisfied(story: Story) -> None:
    number = resolved(story)
    story.forward(days=4)
    assert (story.state(number), story.working(number).rating) == ("closed", "")


def test_a_rating_belongs_to_the_survey_that_was_sent_last(story: Story) -> None:
    first, second = resolved(story), resolved(story)
    story.phone(CITIZEN).replies("1")
    assert [story.state(first), story.state(second)] == ["resolved", "closed"]


def test_another_persons_rating_touches_only_their_own_petition(story: Story) -> None:
    mine, theirs = resolved(story), resolved(story, ANOTHER_CITIZEN)
    story.phone(CITIZEN).replies("1")
    assert [story.state(mine), story.state(theirs)] == ["closed", "resolved"]


@pytest.mark.parametrize("word", ["TD", "退订", "td", "ＴＤ", "stop"])
def test_opting_out_stops_surveys_and_nothing_else(story: Story, word: str) -> None:
    resolved(story)
    story.phone(CITIZEN).replies(word)
    story.phone(CITIZEN).puts_away()
    number = story.petition()
    story.phone(CITIZEN).expects(code(number), "受理")
    story.does("operator", "operator-1", number, c.AcceptPetition("urban-1"))
    story.does("operator", "operator-1", number, c.ResolvePetition("solved", "摊位已清走"))
    story.phone(CITIZEN).expects(code(number), "摊位已清走")
    story.phone(CITIZEN).expects_nothing()


def test_an_opt_out_word_inside_a_sentence_is_no_opt_out(story: Story) -> None:
    resolved(story)
    story.phone(CITIZEN).replies("请不要退订我的短信")
    story.phone(CITIZEN).puts_away()
    resolved_again = story.petition()
    story.does("operator", "operator-1", resolved_again, c.AcceptPetition("urban-1"))
    story.does("operator", "operator-1", resolved_again, c.ResolvePetition("solved", "已办"))
    story.phone(CITIZEN).sees(code(resolved_again), "1满意")


def test_who_opted_out_can_opt_in_again(story: Story) -> None:
    resolved(story)
    story.phone(CITIZEN).replies("TD")
    story.phone(CITIZEN).replies("订阅")
    story.phone(CITIZEN).puts_away()
    number = story.petition()
    story.does("operator", "operator-1", number, c.AcceptPetition("urban-1"))
    story.does("operator", "operator-1", number, c.ResolvePetition("solved", "已办"))
    story.phone(CITIZEN).sees(code(number), "1满意")


def test_a_survey_does_not_wake_anybody_at_night(story: Story) -> None:
    story.forward(hours=14)  # 23:00
    number = resolved(story)
    story.phone(CITIZEN).expects_nothing()
    story.forward(hours=9, minutes=29)  # 08:29
    assert not any("1满意" in text for text in story.texts_to(CITIZEN))
    story.forward(minutes=2)
    story.phone(CITIZEN).sees(code(number), "1满意")


def test_the_answer_itself_is_told_at_once_even_at_night(story: Story) -> None:
    story.forward(hours=14)
    number = story.petition()
    story.does("operator", "operator-1", number, c.AcceptPetition("urban-3"))
    story.does("operator", "operator-1", number, c.ResolvePetition("solved", "摊位已清走"))
    story.phone(CITIZEN).sees(code(number), "摊位已清走")


def test_nobody_is_asked_for_more_than_three_ratings_a_day(story: Story) -> None:
    for _ in range(5):
        resolved(story)
    asked = [text for text in story.texts_to(CITIZEN) if "1满意" in text]
    assert len(asked) == 3


def test_a_petitioner_who_writes_something_else_is_heard_by_a_person(story: Story) -> None:
    number = story.petition()
    story.phone(CITIZEN).puts_away()
    story.phone(CITIZEN).replies("摊位今天搬到对面去了")
    notes = [facts["text"] for event, _, facts in story.journal(number) if event == "noted"]
    assert notes == ["摊位今天搬到对面去了"]
    assert len(story.phone(CITIZEN).unread) == 1


def test_an_unknown_number_gets_one_polite_line(story: Story) -> None:
    stranger = story.phone("19900009999")
    stranger.replies("你好")
    stranger.expects("057100000000")
    stranger.expects_nothing()


def test_two_machines_that_answer_each_other_fall_silent(story: Story) -> None:
    stranger = story.phone("19900009999")
    for _ in range(40):
        stranger.replies("自动回复：稍后联系您")
    assert len(stranger.unread) <= 10


def test_a_petitioner_who_reads_english_is_written_to_in_english(story: Story) -> None:
    number = story.petition(language="en")
    story.phone(CITIZEN).expects("Received", code(number))
