"""Who is told when a promise is about to be broken, or is."""

from __future__ import annotations

from tests.stories.story import CITIZEN, Story, code
from xixi_workflow.core import commands as c


def quiet(story: Story, *who: str) -> None:
    for name in who:
        story.phone(name).puts_away()


def test_a_petition_that_nobody_accepts_reaches_the_lead_then_the_commander_then_the_leader(story: Story) -> None:
    number = story.petition()
    story.forward(minutes=14, seconds=59)
    story.phone("urban-lead").expects_nothing()
    story.forward(seconds=2)
    story.phone("urban-lead").expects(code(number))
    story.phone("commander-1").expects_nothing()
    story.forward(minutes=30)
    story.phone("commander-1").sees(code(number))
    story.phone("deputy-leader-1").expects_nothing()
    story.forward(minutes=90)
    story.phone("deputy-leader-1").sees(code(number))


def test_accepting_by_telephone_stops_the_ladder(story: Story) -> None:
    number = story.petition()
    story.forward(minutes=16)
    story.phone("urban-1").replies(f"{code(number)} 签收")
    quiet(story, "commander-1", "deputy-leader-1")
    story.forward(hours=2)
    story.phone("commander-1").expects_nothing()


def test_interim_feedback_is_asked_for_before_three_hours_are_over(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    quiet(story, "urban-1", "urban-2")
    story.forward(hours=2, minutes=25)
    story.phone("urban-1").sees(code(number), "反馈")
    story.phone("urban-2").expects_nothing()


def test_an_acknowledged_breach_stops_ringing_at_that_level_but_not_above(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    story.forward(hours=26, minutes=1)
    story.phone("commander-1").sees(code(number), "办结")
    story.phone("commander-1").replies(f"{code(number)} 1")
    assert "acknowledged" in story.events(number)
    quiet(story, "commander-1", "commander-2", "deputy-leader-1")
    story.forward(hours=5)
    assert not any("办结" in text and code(number) in text for text in story.phone("commander-1").unread)
    story.forward(hours=2)
    story.phone("deputy-leader-1").sees(code(number), "办结")


def test_a_breach_at_night_wakes_whoever_is_on_duty_then(story: Story) -> None:
    story.forward(hours=16)  # one in the morning
    number = story.petition()
    story.phone("urban-3").sees(code(number))
    story.phone("urban-1").expects_nothing()
    story.forward(minutes=46)
    story.phone("commander-2").sees(code(number))
    story.phone("commander-1").expects_nothing()


def test_leaders_read_neither_the_address_nor_what_was_said(story: Story) -> None:
    story.petition("夜市占道经营", address="某某路1号", content="隔壁摊主天天占道")
    story.forward(hours=50)
    for leader in ("commander-1", "deputy-leader-1", "chief-leader-1"):
        assert story.texts_to(leader)
        for text in story.texts_to(leader):
            assert "某某路" not in text
            assert "摊主" not in text


def test_an_emergency_climbs_faster(story: Story) -> None:
    normal = story.petition()
    urgent = story.petition("夜市占道经营", urgency="emergency")
    story.forward(minutes=20)
    commander = story.phone("commander-1").unread
    assert any(code(urgent) in text for text in commander)
    assert not any(code(normal) in text for text in commander)


def test_a_level_can_be_skipped_to_by_hand(story: Story) -> None:
    number = story.petition()
    story.forward(minutes=16)
    quiet(story, "commander-1", "deputy-leader-1")
    story.does("operator", "operator-1", number, c.EscalateTo(3, reason="现场冲突升级"))
    story.phone("deputy-leader-1").sees(code(number))
    story.forward(minutes=40)
    story.phone("commander-1").expects_nothing()


def test_who_is_urged_and_stays_silent_is_passed_on_to_the_lead(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    quiet(story, "urban-1", "urban-lead")
    story.does("operator", "operator-1", number, c.UrgePetition("请尽快到场"))
    story.phone("urban-1").sees(code(number), "请尽快到场")
    story.forward(minutes=31)
    story.phone("urban-lead").sees(code(number), "催办")


def test_supervision_has_a_deadline_of_its_own_and_interim_feedback_meets_it(story: Story) -> None:
    for answers in (True, False):
        number = story.petition()
        story.phone("urban-1").replies(f"{code(number)} 1")
        quiet(story, "urban-1", "urban-lead", "commander-1")
        story.does("supervisor", "supervisor-1", number, c.SupervisePetition("领导批示", seconds=1800))
        story.phone("urban-lead").sees(code(number), "领导批示")
        if answers:
            story.phone("urban-1").replies(f"{code(number)} 3 正在处理")
        story.forward(minutes=31)
        told = any(code(number) in text and "督办" in text for text in story.phone("urban-lead").unread)
        assert told is not answers


def test_a_supervisor_approves_a_hold_by_telephone(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    quiet(story, "urban-1")
    story.does("handler", "urban-1", number, c.RequestHold("waiting_citizen", seconds=7200.0))
    story.phone("supervisor-1").sees(code(number), "挂起")
    story.phone("supervisor-1").replies("1")
    assert story.state(number) == "on_hold"
    story.phone("urban-1").sees(code(number), "已批准")


def test_a_supervisor_refuses_an_extension_by_telephone_with_a_reason(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    story.does("handler", "urban-1", number, c.RequestExtension(7200.0, "等待配件"))
    story.phone("supervisor-1").puts_away()
    quiet(story, "urban-1")
    story.phone("supervisor-1").replies("2 不同意，今天办完")
    assert "extension_refused" in story.events(number)
    story.phone("urban-1").sees(code(number), "今天办完")


def test_nothing_rings_any_more_for_a_petition_that_was_answered(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("1")
    story.phone("urban-1").replies("4 摊位已清走")
    everybody = [*story.engine.policies.in_force.people]
    quiet(story, *everybody, CITIZEN)
    story.forward(days=5)
    for who in everybody:
        assert not any(code(number) in text for text in story.phone(who).unread), who
