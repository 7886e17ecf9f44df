"""Rosters from iCalendar files, what is refused in them, and our own calendars read back."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.policies import small_policy
from xixi_workflow.adapters.ical import LARGEST_FILE, IcalError, Stretch, as_yaml, read
from xixi_workflow.adapters.ical_feed import AHEAD, feed
from xixi_workflow.core.duty_turns import spans_of
from xixi_workflow.core.policy_schema import Person

HANGZHOU, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
PEOPLE = {
    "police-1": Person(name="民警甲"),
    "police-2": Person(name="民警乙"),
    "ann": Person(name="Ann Example"),
    "twin-1": Person(name="民警丙"),
    "twin-2": Person(name="民警丙"),
}
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)


def file(*events: str) -> bytes:
    body = "\r\n".join(f"BEGIN:VEVENT\r\nUID:u\r\n{event.strip()}\r\nEND:VEVENT" for event in events)
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x"
    return f"{head}\r\n{body}\r\nEND:VCALENDAR\r\n".replace("\r\n", "\n").replace("\n", "\r\n").encode()


def duties(*events: str, zone: ZoneInfo = HANGZHOU, until: datetime = UNTIL) -> list[str]:
    """Each stretch as `11-02 08:00 11-02 20:00 police-1`, on the clock of `zone`."""
    found = read(file(*events), PEOPLE, zone, since=SINCE, until=until)
    return [
        f"{s.start.astimezone(zone):%m-%d %H:%M} {s.end.astimezone(zone):%m-%d %H:%M} {' '.join(s.people)}"
        for s in found
    ]


DAY = "DTSTART;TZID=Asia/Shanghai:20261102T080000\nDTEND;TZID=Asia/Shanghai:20261102T200000\n"

# --- who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "people"),
    [
        ("SUMMARY:police-1", "police-1"),
        ("SUMMARY:民警甲", "police-1"),
        ("SUMMARY:民警甲、民警乙", "police-1 police-2"),
        ("SUMMARY:ANN EXAMPLE", "ann"),
        ("SUMMARY:On call: ann\\, police-2", "ann police-2"),
        ("SUMMARY:Night\nATTENDEE;CN=Ann Example:mailto:x@example.org", "ann"),
        ("SUMMARY:Night\nATTENDEE:mailto:police-1@example.org\nATTENDEE:MAILTO:ann@example.org", "police-1 ann"),
        ("SUMMARY:民警丙\nX-XIXI-PEOPLE:twin-2", "twin-2"),
    ],
)
def test_people_are_found_by_code_name_or_mail(said: str, people: str) -> None:
    assert duties(DAY + said) == [f"11-02 08:00 11-02 20:00 {people}"]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (DAY + "SUMMARY:Bob", "“Bob” (2026-11-02 08:00): nobody is called 'Bob'"),
        (DAY + "SUMMARY:ann\\, Bob", "“ann, Bob” (2026-11-02 08:00): nobody is called 'Bob'"),
        (DAY + "SUMMARY:民警丙", "“民警丙” (2026-11-02 08:00): '民警丙' may be twin-1 or twin-2"),
        (DAY, "“u” (2026-11-02 08:00): nobody is named: neither an attendee nor a summary"),
        (DAY + "SUMMARY:x\nATTENDEE:mailto:room@example.org", "“x” (2026-11-02 08:00): nobody is called 'room'"),
        ("SUMMARY:ann", "“ann” (?): it has no beginning"),
        (
            "DTSTART:20261102T080000Z\nDTEND:20261102T080000Z\nSUMMARY:ann",
            "“ann” (2026-11-02 08:00): it ends before it begins, or lasts no time",
        ),
        (
            "DTSTART;TZID=Mars/Olympus:20261102T080000\nDTEND;TZID=Mars/Olympus:20261102T090000\nSUMMARY:ann",
            "“ann” (2026-11-02 08:00): unknown time zone 'Mars/Olympus'",
        ),
        (
            DAY + "SUMMARY:ann\nRRULE:FREQ=SECONDLY",
            "“ann” (2026-11-02 08:00): repeats SECONDLY: only DAILY, WEEKLY, MONTHLY and YEARLY are read",
        ),
        (
            DAY + "SUMMARY:ann\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "“ann” (2026-11-02 08:00): repeats on a day that no month has",
        ),
        (
            DAY + "SUMMARY:ann\nRRULE:FREQ=DAILY;INTERVAL=0;BYDAY=TU",
            "“ann” (2026-11-02 08:00): repeats at no distance",
        ),
        (
            DAY + "SUMMARY:ann\nRRULE:FREQ=DAILY;BYSECOND=1,2,3",
            "“ann” (2026-11-02 08:00): repeats by BYSECOND, which is not read",
        ),
        (
            "DTSTART:10000101T000000Z\nDURATION:PT1H\nSUMMARY:ann\nRRULE:FREQ=DAILY",
            "“ann” (1000-01-01 00:00): it repeats more often than any roster does",
        ),
        (
            DAY + "SUMMARY:ann\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261102T000000Z",
            "“ann” (2026-11-02 08:00): changes this and all later turns at once; make two events of it",
        ),
    ],
)
def test_what_cannot_be_used_is_named_by_its_event(event: str, problem: str) -> None:
    with pytest.raises(IcalError) as caught:
        duties(event)
    assert caught.value.problems == [problem]


# --- when -----------------------------------------------------------------------------------------------------------


def test_a_weekly_rule_with_exceptions_additions_and_a_moved_turn() -> None:
    rule = (
        "RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Asia/Shanghai:20261109T080000\nRDATE;TZID=Asia/Shanghai:20261110T080000"
    )
    moved = (
        "DTSTART;TZID=Asia/Shanghai:20261117T090000\nDTEND;TZID=Asia/Shanghai:20261117T100000\nSUMMARY:ann\n"
        "RECURRENCE-ID;TZID=Asia/Shanghai:20261116T080000"
    )
    assert duties(DAY + "SUMMARY:police-1\n" + rule, moved) == [
        "11-02 08:00 11-02 20:00 police-1",
        "11-10 08:00 11-10 20:00 police-1",
        "11-17 09:00 11-17 10:00 ann",
        "11-23 08:00 11-23 20:00 police-1",
    ]


def test_a_cancelled_turn_is_no_turn() -> None:
    cancelled = DAY + "SUMMARY:ann\nSTATUS:CANCELLED\nRECURRENCE-ID;TZID=Asia/Shanghai:20261102T080000"
    assert duties(DAY + "SUMMARY:ann\nRRULE:FREQ=DAILY;COUNT=2", cancelled) == ["11-03 08:00 11-03 20:00 ann"]


def test_whole_days_are_days_of_the_city() -> None:
    event = "DTSTART;VALUE=DATE:20261102\nDTEND;VALUE=DATE:20261104\nSUMMARY:ann"
    assert duties(event) == ["11-02 00:00 11-04 00:00 ann"]
    assert duties("DTSTART;VALUE=DATE:20261102\nSUMMARY:ann") == ["11-02 00:00 11-03 00:00 ann"]


def test_a_rule_keeps_its_hour_when_the_clocks_of_its_zone_change() -> None:
    event = "DTSTART;TZID=America/New_York:20261031T080000\nDURATION:PT1H\nSUMMARY:ann\nRRULE:FREQ=DAILY;COUNT=3"
    # New York goes back on 1 November: 08:00 there is 20:00 in Hangzhou before, 21:00 after.
    assert duties(event) == ["11-01 21:00 11-01 22:00 ann", "11-02 21:00 11-02 22:00 ann"]


def test_an_endless_rule_ends_with_the_time_that_is_read() -> None:
    told = duties(DAY + "SUMMARY:ann\nRRULE:FREQ=DAILY", until=SINCE + timedelta(days=5))
    assert told == [f"11-0{n} 08:00 11-0{n} 20:00 ann" for n in (2, 3, 4, 5)]


def test_those_on_duty_together_stand_together() -> None:
    other = "DTSTART;TZID=Asia/Shanghai:20261102T120000\nDURATION:PT12H\nSUMMARY:police-2"
    assert duties(DAY + "SUMMARY:police-1", other) == [
        "11-02 08:00 11-02 12:00 police-1",
        "11-02 12:00 11-02 20:00 police-1 police-2",
        "11-02 20:00 11-03 00:00 police-2",
    ]


# --- hostile and broken files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not an iCalendar file"),
        (b"\x00\xff\xfe", "not an iCalendar file"),
        (b"<html>BEGIN</html>", "not an iCalendar file"),
        (b"x" * (LARGEST_FILE + 1), "larger than 2 MB"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 5001, "more than 5000 events"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:never\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", ""),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 2000, ""),
    ],
)
def test_a_file_that_is_no_calendar_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(IcalError) as caught:
        read(data, PEOPLE, HANGZHOU, since=SINCE, until=UNTIL)
    assert problem in caught.value.problems[0]


def test_many_turns_are_refused_before_they_fill_the_memory() -> None:
    events = [DAY + "SUMMARY:ann\nRRULE:FREQ=DAILY;COUNT=19999"] * 400
    with pytest.raises(IcalError) as caught:
        read(file(*events), PEOPLE, HANGZHOU, since=SINCE, until=UNTIL + timedelta(days=3650))
    assert "more than 20000 turns of duty" in caught.value.problems[0]


PARTS = st.sampled_from(
    ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:X/Y", "DTSTART:20261102T080000Z",
     "DTSTART;TZID=X/Y:20261102T080000", "DTEND;VALUE=DATE:20261103", "DURATION:-PT1H", "DURATION:P1000000W",
     "RRULE:FREQ=YEARLY;INTERVAL=0", "RRULE:FREQ=MONTHLY;BYDAY=9MO", "RRULE:FREQ=DAILY;COUNT=x", "RRULE:",
     "SUMMARY:ann", "RDATE;VALUE=PERIOD:20261102T080000Z/PT1H", "EXDATE:x", "RECURRENCE-ID:20261102T080000Z",
     "ATTENDEE;CN=:x", ":", ";=", "DTSTART;TZID=Europe/Berlin:20261025T023000", "STATUS:CANCELLED",
     "UID:u", "X-XIXI-PEOPLE:ann"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PARTS, max_size=14))
def test_whatever_a_file_holds_it_is_read_or_refused(lines: list[str]) -> None:
    data = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()
    with contextlib.suppress(IcalError):
        found = read(data, PEOPLE, HANGZHOU, since=SINCE, until=UNTIL)
        assert all(SINCE <= s.start < s.end <= UNTIL for s in found)


# --- there and back -------------------------------------------------------------------------------------------------

NOW = datetime(2026, 10, 12, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York"])
def test_our_own_calendar_read_back_puts_the_same_people_on_duty(zone: str) -> None:
    plan = {
        "shifts": [
            {"people": ["police-1", "police-2"], "days": ["workday"], "times": ["08:30-12:00", "14:00-17:30"]},
            {"rotate": {"people": ["police-1", "police-2"], "every": "12h", "since": "2026-10-01 02:30"}},
        ],
        "calendar": "office",
    }
    policy = small_policy(zone=zone, rosters={"police": plan})
    until = NOW + AHEAD
    data = feed(policy, "police", language="zh", now=NOW)
    members = {code: policy.people[code] for code in ("police-lead", "police-1", "police-2")}
    stretches = read(data, members, policy.zone, since=NOW, until=until)
    written = yaml.safe_load(as_yaml("police", stretches, policy.zone))["rosters"]["police"]
    # The pattern below it would answer otherwise at every instant.
    back = small_policy(zone=zone, rosters={"police": {"shifts": [{"people": ["police-lead"]}], **written}})
    assert [*spans_of(back, "police", NOW, until)] == [*spans_of(policy, "police", NOW, until)]


def test_a_calendar_holds_names_and_no_telephone_number() -> None:
    policy = small_policy(rosters={"police": {"shifts": [{"people": ["police-1"]}]}})
    for name in ("police", "police-1", "commander"):
        text = feed(policy, name, language="en", now=NOW).decode()
        assert "BEGIN:VEVENT" in text
        assert "1990000" not in text


def test_a_calendar_fetched_again_on_the_same_day_has_the_same_events() -> None:
    policy = small_policy(rosters={"police": {"shifts": [{"people": ["police-1"], "times": ["08:00-20:00"]}]}})

    def identities(now: datetime) -> list[str]:
        lines = feed(policy, "police", language="en", now=now).decode().splitlines()
        return [line for line in lines if line.startswith("UID:")]

    assert identities(NOW) == identities(NOW + timedelta(hours=2))


def test_a_name_that_nobody_has_is_refused() -> None:
    with pytest.raises(LookupError):
        feed(small_policy(), "nobody", language="en", now=NOW)


def test_nothing_to_import_is_an_empty_list() -> None:
    written = yaml.safe_load(as_yaml("police", [], HANGZHOU))
    assert written == {"rosters": {"police": {"overrides": []}}}
    night = Stretch(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), ("ann",))
    assert 'from: "2026-10-25 02:30", to: "2026-10-25 02:30+01:00"' in as_yaml("police", [night], BERLIN)
