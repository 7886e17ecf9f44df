"""When a message may go, by which way, with what, and whether it is still true."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.lives import HANDLER, HOLD, INTERIM, OPERATOR, RESOLVE, SUPERVISOR, Life, after
from tests.core.policies import MONDAY, small_policy
from tests.core.ways import COMMAND, WAYS
from xixi_workflow.core import sending
from xixi_workflow.core.petition import Message, Vars
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import Cap, Quiet, SmsRules, Throttle
from xixi_workflow.core.sending import Before, Plan, Sense, Turn, Way, plan, quiet_until, superseded, ways

ZONE = ZoneInfo("Asia/Shanghai")
RULES = SmsRules.model_construct(
    quiet=Quiet.model_construct(messages=["citizen_survey"], from_=22 * 60, to=8 * 60 + 30),
    daily_cap=Cap(messages=["citizen_survey"], most=3),
    throttle=Throttle.model_construct(most=4, within=600.0),
    bundle_from=3,
    late_after=600.0,
    receipt_within=300.0,
)
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 6, 1, 15, 0, tzinfo=UTC)


def with_people(**people: dict[str, Any]) -> Policy:
    return small_policy(teams={"people": {name.replace("_", "-"): changes for name, changes in people.items()}})


# --- ways -------------------------------------------------------------------------------------------------------------


def reached(policy: Policy, who: str, team: str = "") -> list[tuple[str, str]]:
    return [(way.person, way.channel) for way in ways(who, policy, team=team, now=MONDAY)]


WAYS_OF: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a number alone": ({}, [("police-1", "sms")]),
    "both, in the order given": ({"ways": ["chat", "sms"], "chat": "p"}, [("police-1", "chat"), ("police-1", "sms")]),
    "a chat that was not named": ({"ways": ["chat", "sms"]}, [("police-1", "sms")]),
    "with a backup": ({"backup": "police-2"}, [("police-1", "sms"), ("police-2", "sms")]),
    "last day today": ({"leaves": "2026-06-01"}, [("police-1", "sms")]),
    "last day yesterday": ({"leaves": "2026-05-31", "backup": "police-2"}, [("police-2", "sms")]),
    "first day tomorrow": ({"joins": "2026-06-02", "backup": "police-2"}, [("police-2", "sms")]),
}


@pytest.mark.parametrize("case", WAYS_OF)
def test_a_persons_ways_come_before_those_of_the_backup(case: str) -> None:
    changes, wanted = WAYS_OF[case]
    assert reached(with_people(police_1=changes), "police-1") == wanted


def test_a_number_is_written_as_it_is_dialled() -> None:
    [way] = ways("police-1", small_policy(), now=MONDAY)
    assert way.address == "+8619900000005"


def test_who_has_left_is_answered_for_by_the_teams_lead_or_the_operator() -> None:
    policy = small_policy()
    assert reached(policy, "nobody", "urban") == [("urban-lead", "sms")]
    assert reached(policy, "nobody", "no-such-team") == [("operator-1", "sms")]


def test_backups_in_a_circle_end() -> None:
    policy = small_policy()
    people = policy.people
    policy.people = people | {
        "police-1": people["police-1"].model_copy(update={"backup": "police-2"}),
        "police-2": people["police-2"].model_copy(update={"backup": "police-1"}),
    }
    assert reached(policy, "police-1") == [("police-1", "sms"), ("police-2", "sms")]


# --- pauses -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.tuples(st.integers(1, 10**14), st.integers(0, 99), st.integers(0, 9)))
def test_a_pause_is_the_same_every_time_and_a_quarter_off_at_most(attempts: int, key: tuple[int, int, int]) -> None:
    plain = min(sending.FIRST_RETRY * 2 ** min(attempts - 1, 16), sending.LONGEST_RETRY)
    assert 0.75 * plain <= sending.pause(attempts, key) <= 1.25 * plain
    assert sending.pause(attempts, key) == sending.pause(attempts, key)


# --- quiet hours ------------------------------------------------------------------------------------------------------


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}").replace(tzinfo=ZONE).astimezone(UTC)


QUIETS = [
    ("22:00", "08:30", "01T21:59", None),
    ("22:00", "08:30", "01T22:00", "02T08:30"),
    ("22:00", "08:30", "02T00:00", "02T08:30"),
    ("22:00", "08:30", "02T08:29", "02T08:30"),
    ("22:00", "08:30", "02T08:30", None),
    ("12:00", "14:00", "01T13:00", "01T14:00"),
    ("12:00", "14:00", "01T14:00", None),
    ("12:00", "12:00", "01T12:00", None),
    ("22:00", "24:00", "01T23:59", "02T00:00"),
]


@pytest.mark.parametrize(("begins", "ends", "now", "until"), QUIETS)
def test_quiet_hours_are_the_citys_and_may_run_over_midnight(
    begins: str, ends: str, now: str, until: str | None
) -> None:
    quiet = Quiet.model_validate({"from": begins, "to": ends})
    assert quiet_until(quiet, ZONE, local(now)) == (local(until) if until else None)


def test_quiet_hours_end_on_the_wall_clock_where_the_clock_is_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 28, 23, 0, tzinfo=berlin).astimezone(UTC)
    until = quiet_until(Quiet(), berlin, now)
    assert until is not None
    assert until.astimezone(berlin).strftime("%d %H:%M") == "29 08:30"
    assert until - now == timedelta(hours=8.5)  # an hour was skipped


# --- the plan ---------------------------------------------------------------------------------------------------------


def way(person: str, channel: str = "sms", address: str = "") -> Way:
    return Way(person, person, channel, address or f"+{person}", "zh")


def turn(number: int, kind: str = "handler_dispatched", to: str = "police-1", **more: Any) -> Turn:
    told = Vars(urgency=more.pop("urgency", ""), **more.pop("told", {}))
    return Turn((number, 1, 0), kind, told, to, more.pop("way", way(to)), more.pop("decided", NOON), **more)


def survey(number: int, **more: Any) -> Turn:
    return turn(number, "citizen_survey", "petitioner", **more)


def planned(turns: Iterable[Turn], *, now: datetime = NOON, **facts: Any) -> Plan:
    facts = {"before": [], "opted_out": {}, "rules": RULES, **facts}
    return plan(turns, zone=ZONE, now=now, **facts)


def texts(made: Plan) -> list[list[int]]:
    return [[t.key[0] for t in text] for text in made.texts]


def test_two_messages_for_one_person_are_two_texts_and_three_are_one() -> None:
    assert texts(planned([turn(1), turn(2)])) == [[1], [2]]
    assert texts(planned([turn(3), turn(1), turn(2)])) == [[1, 2, 3]]
    assert sorted(texts(planned([turn(1), turn(2), turn(3, to="police-2")]))) == [[1], [2], [3]]


def test_two_matters_of_one_petitioner_stay_two_matters() -> None:
    many = [turn(n, "citizen_received", "petitioner") for n in range(1, 9)]
    assert texts(planned(many)) == [[n] for n in range(1, 9)]


def test_after_the_limit_the_rest_waits_until_one_fewer_was_sent_lately() -> None:
    before = [Before("+police-1", "police-1", NOON - timedelta(minutes=9 - n), "x") for n in range(4)]
    made = planned([turn(1), turn(2)], before=before)
    assert made.texts == []
    assert {until for _, until in made.waits} == {NOON + timedelta(minutes=1)}
    # What others were sent on the same telephone is not this person's.
    others = [b._replace(person="somebody") for b in before]
    assert texts(planned([turn(1), turn(2)], before=others)) == [[1], [2]]


def test_where_room_is_left_for_one_text_two_messages_share_it() -> None:
    before = [Before("+police-1", "police-1", NOON - timedelta(minutes=n), "x") for n in range(3)]
    assert texts(planned([turn(1), turn(2)], before=before)) == [[1, 2]]


def test_an_emergency_never_waits_and_is_told_by_itself_while_it_is_fresh() -> None:
    before = [Before("+police-1", "police-1", NOON, "x")] * 9
    made = planned([turn(1), turn(2, urgency="emergency"), turn(3)], before=before)
    assert texts(made) == [[2]]
    assert len(made.waits) == 2
    late = [turn(n, urgency="emergency", late=True) for n in (1, 2, 3)]
    assert texts(planned(late, before=before)) == [[1, 2, 3]]


def test_quiet_hours_hold_back_surveys_and_nothing_else() -> None:
    made = planned([survey(1), turn(2, "citizen_result", "petitioner"), turn(3)], now=NIGHT)
    assert sorted(texts(made)) == [[2], [3]]
    assert [until for _, until in made.waits] == [datetime(2026, 6, 2, 0, 30, tzinfo=UTC)]


def test_the_daily_cap_counts_what_was_sent_today_and_what_is_about_to_be() -> None:
    before = [
        Before("+petitioner", "petitioner", NOON - timedelta(hours=1), "citizen_survey"),
        Before("+petitioner", "petitioner", NOON - timedelta(hours=2), "citizen_result"),
        Before("+petitioner", "petitioner", NOON - timedelta(hours=13), "citizen_survey"),  # yesterday
    ]
    made = planned([survey(n) for n in (1, 2, 3, 4)], before=before)
    assert texts(made) == [[1], [2]]
    assert [(t.key[0], why) for t, why in made.withheld] == [(3, "daily cap"), (4, "daily cap")]


OPTED = {
    "a petitioner's survey": (survey(1), "surveys", "withheld"),
    "a petitioner's answer": (turn(1, "citizen_result", "petitioner"), "surveys", "texts"),
    "a petitioner's answer, wants nothing": (turn(1, "citizen_result", "petitioner"), "all", "withheld"),
    "staff that wants no surveys": (turn(1), "surveys", "texts"),
    "staff that wants nothing": (turn(1), "all", "elsewhere"),
    "staff that wants nothing, by chat": (turn(1, way=way("police-1", "chat")), "all", "texts"),
}


@pytest.mark.parametrize("case", OPTED)
def test_who_wants_nothing_is_left_alone(case: str) -> None:
    one, scope, where = OPTED[case]
    made = planned([one], opted_out={one.way.address: scope})
    assert [name for name in ("texts", "waits", "withheld", "elsewhere") if getattr(made, name)] == [where]


TURNS = st.builds(
    turn,
    st.integers(1, 10**6),
    st.sampled_from(["handler_dispatched", "team_overdue", "citizen_survey", "citizen_result"]),
    st.sampled_from(["police-1", "police-2", "petitioner"]),
    urgency=st.sampled_from(["", "urgent", "emergency"]),
    late=st.booleans(),
    decided=st.integers(0, 5000).map(lambda s: NOON - timedelta(seconds=s)),
)


@given(
    st.lists(TURNS, max_size=30, unique_by=lambda t: t.key),
    st.dictionaries(st.sampled_from(["+police-1", "+petitioner"]), st.sampled_from(["all", "surveys"])),
    st.lists(st.integers(0, 1200), max_size=8),
    st.sampled_from([NOON, NIGHT]),
)
def test_every_message_has_one_place_and_nothing_to_staff_is_lost_or_waits_for_the_morning(
    turns: list[Turn], opted_out: dict[str, str], lately: list[int], now: datetime
) -> None:
    before = [Before("+police-1", "police-1", now - timedelta(seconds=s), "x") for s in lately]
    made = planned(turns, opted_out=opted_out, before=sorted(before, key=lambda b: b.at), now=now)
    places = [t.key for text in made.texts for t in text]
    places += [t.key for t, _ in made.waits] + [t.key for t, _ in made.withheld] + [t.key for t in made.elsewhere]
    assert sorted(places) == sorted(t.key for t in turns)
    for held, until in made.waits:
        assert until > now
        assert not held.emergency or held.recipient == "petitioner"
        assert held.recipient == "petitioner" or until <= now + timedelta(seconds=RULES.throttle.within)
    assert all(held.recipient == "petitioner" for held, _ in made.withheld)
    for text in made.texts:
        assert len({t.way for t in text}) == 1
        assert len(text) == 1 or text[0].recipient != "petitioner"


# --- what is no longer true -------------------------------------------------------------------------------------------


def said(life: Life, kind: str) -> Message:
    return next(m for m in reversed(life.messages) if m.kind == kind)


def over(life: Life, message: Message) -> bool:
    return Sense(small_policy()).overtaken(message.kind, message.to, message.vars, life.petition)


def test_a_dispatch_is_over_when_the_order_was_accepted_or_went_back() -> None:
    life = WAYS["dispatched"]()
    order = said(life, "handler_dispatched")
    assert not over(life, order)
    assert over(WAYS["in_progress"](), order)
    assert over(WAYS["returned"](), order)


def test_a_warning_is_over_when_its_clock_was_met_paused_or_put_off() -> None:
    life = WAYS["in_progress"]().sweeps(after("2h 30m"))
    warning = said(life, "handler_interim_due")
    assert not over(life, warning)
    assert over(life.does(INTERIM, HANDLER, after("2h 40m")), warning)
    closure = said(WAYS["in_progress"]().sweeps(after("13h")), "handler_closure_due")
    held = WAYS["in_progress"]().sweeps(after("13h")).does(HOLD, HANDLER, after("13h 1m"))
    assert not over(held, closure)
    assert over(held.does(COMMAND["approve_hold"], SUPERVISOR, after("13h 2m")), closure)


def test_a_breach_is_over_when_its_clock_was_met() -> None:
    life = WAYS["in_progress"]().sweeps(after("3h 1m"))
    breach = said(life, "team_overdue")
    assert not over(life, breach)
    assert over(life.does(INTERIM, HANDLER, after("3h 2m")), breach)


def test_a_survey_is_over_once_there_is_nothing_to_rate_and_an_answer_never() -> None:
    life = WAYS["in_progress"]().does(RESOLVE, HANDLER, after("2h"))
    survey_, answer, received = (said(life, k) for k in ("citizen_survey", "citizen_result", "citizen_received"))
    assert not over(life, survey_)
    assert not over(life, answer)
    # "We will answer within a day" is no news beside the answer.
    assert over(life, received)
    reopened = life.does(COMMAND["reopen"], OPERATOR, after("3h"))
    assert over(reopened, survey_)
    assert not over(reopened, answer)


def test_of_several_late_messages_about_one_clock_only_the_last_counts() -> None:
    first, second = (
        Turn((1, n, 0), "x", Vars(clock="closure", team="police"), "police-1", way("police-1"), NOON, late=True)
        for n in (3, 7)
    )
    other = turn(2, told={"clock": "closure", "team": "police"}, late=True)
    fresh = Turn((1, 2, 0), "x", Vars(clock="closure", team="police"), "police-1", way("police-1"), NOON)
    assert superseded([second, other, first, fresh]) == {first.key}
