"""Who is on duty: shifts, rotations and overrides by example, and against a model that looks at every shift."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xixi_workflow.core.calendars import Calendar
from xixi_workflow.core.city_time import CityTime
from xixi_workflow.core.duty import Roster, Span, service_of
from xixi_workflow.core.duty_schema import RosterShape, read_local, write_local

HANGZHOU = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks change by half an hour
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]
#: New Year's Day 2026, a Thursday, is a holiday; Saturday the third is made up for.
OFFICE = {
    "week": {n: [(time(9), time(17))] for n in range(5)},
    "holidays": [date(2026, 1, 1)],
    "special_days": {date(2026, 1, 3): [(time(9), time(17))]},
}


def roster(
    *shifts: dict[str, Any], overrides: tuple[dict[str, Any], ...] = (), zone: ZoneInfo = HANGZHOU, **service: Any
) -> Roster:
    """A roster; `service` gives a person's first and last day."""
    city = CityTime(zone, {"office": Calendar(zone=zone, **OFFICE)})  # type: ignore[arg-type]
    written = {"calendar": "office", "shifts": list(shifts), "overrides": list(overrides)}
    return Roster(
        RosterShape.model_validate(written),
        city,
        {who: service_of(first, last, city) for who, (first, last) in service.items()},
    )


def shift(people: str, times: str = "00:00-24:00", days: str = "", **more: Any) -> dict[str, Any]:
    written: dict[str, Any] = {"people": people.split(), "times": times.split()}
    return written | ({"days": days.split()} if days else {}) | more


def rotate(people: list[Any], every: str, since: str, times: str = "00:00-24:00") -> dict[str, Any]:
    return {"rotate": {"people": people, "every": every, "since": since}, "times": times.split()}


def local(written: str, zone: ZoneInfo = HANGZHOU) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone).astimezone(UTC)


def at(asked: Roster, written: str, zone: ZoneInfo = HANGZHOU) -> str:
    return " ".join(asked.at(local(written, zone)))


TEAM = [
    shift("ann bob", "08:00-20:00", "mon tue wed thu fri"),
    shift("cat", "08:00-20:00", "sat sun"),
    shift("dan", "20:00-08:00"),
]

# --- shifts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "people"),
    [
        ("2026-06-01 08:00", "ann bob"),  # a Monday; the first minute of a shift is in it,
        ("2026-06-01 19:59:59.999999", "ann bob"),
        ("2026-06-01 20:00", "dan"),  # its end is not
        ("2026-06-02 00:00", "dan"),
        ("2026-06-02 07:59", "dan"),
        ("2026-06-06 12:00", "cat"),
        ("2026-06-07 23:00", "dan"),
        ("2026-06-08 03:00", "dan"),  # Sunday's night runs into Monday
    ],
)
def test_the_local_minute_decides(when: str, people: str) -> None:
    assert at(roster(*TEAM), when) == people


def test_the_first_shift_that_covers_the_minute_answers() -> None:
    asked = roster(shift("ann", "09:00-17:00", "mon"), shift("bob"))
    assert at(asked, "2026-06-01 10:00") == "ann"
    assert at(asked, "2026-06-02 10:00") == "bob"


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    asked = roster(shift("ann", "22:00-06:00", "fri"))
    assert at(asked, "2026-06-05 21:59") == ""
    assert at(asked, "2026-06-05 22:00") == "ann"  # Friday
    assert at(asked, "2026-06-06 05:59") == "ann"
    assert at(asked, "2026-06-06 22:00") == ""  # Saturday


@pytest.mark.parametrize("times", ["08:00-08:00", "00:00-24:00", "00:00-00:00"])
def test_a_shift_that_ends_when_it_starts_lasts_a_day(times: str) -> None:
    week = [*roster(shift("ann", times)).spans(local("2026-06-01 00:00"), local("2026-06-08 00:00"))]
    assert [span.people for span in week] == [("ann",)]


def test_a_split_day_leaves_its_pause_to_the_next_shift() -> None:
    asked = roster(shift("ann", "08:00-12:00 14:00-18:00"), shift("bob"))
    told = [at(asked, f"2026-06-01 {hour}") for hour in ("07:59", "08:00", "11:59", "12:00", "14:00", "18:00")]
    assert told == ["bob", "ann", "ann", "bob", "ann", "bob"]


@pytest.mark.parametrize(
    ("day", "people"),
    [
        ("2025-12-31", "work"),  # a Wednesday
        ("2026-01-01", "free"),  # a holiday
        ("2026-01-02", "work"),
        ("2026-01-03", "work"),  # a Saturday that is worked
        ("2026-01-04", "free"),  # a Sunday
    ],
)
def test_the_calendar_decides_what_is_a_workday_and_what_a_holiday(day: str, people: str) -> None:
    asked = roster(shift("work", days="workday"), shift("free", days="holiday"))
    assert at(asked, f"{day} 00:00") == at(asked, f"{day} 23:59") == people


def test_the_night_of_a_holiday_lasts_into_the_workday() -> None:
    asked = roster(shift("free", "20:00-08:00", "holiday"), shift("work"))
    assert at(asked, "2026-01-02 07:59") == "free"
    assert at(asked, "2026-01-02 20:00") == "work"


def test_dates_are_included_and_count_for_the_day_on_which_a_night_begins() -> None:
    asked = roster(shift("ann", "20:00-08:00", dates={"from": "2026-06-02", "to": "2026-06-03"}), shift("bob"))
    told = [at(asked, f"2026-06-0{when}") for when in ("2 07:00", "2 20:00", "3 21:00", "4 07:59", "4 20:00")]
    assert told == ["bob", "ann", "ann", "ann", "bob"]


# --- who is in service ----------------------------------------------------------------------------------------------


def test_the_first_shift_with_somebody_in_service_answers() -> None:
    asked = roster(shift("ann bob"), shift("cat"), ann=(None, date(2026, 6, 10)), bob=(None, date(2026, 6, 20)))
    assert at(asked, "2026-06-10 23:59") == "ann bob"
    assert at(asked, "2026-06-11 00:00") == "bob"
    assert at(asked, "2026-06-21 00:00") == "cat"


def test_somebody_who_joins_is_on_duty_from_the_first_instant_of_the_day() -> None:
    asked = roster(shift("ann"), ann=(date(2026, 6, 10), None))
    assert at(asked, "2026-06-09 23:59:59") == ""
    assert at(asked, "2026-06-10 00:00") == "ann"


# --- rotations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "turns"),
    [
        ("1h", {"06-01 08:59": "a", "06-01 09:00": "b", "06-01 10:30": "c", "06-01 11:00": "a", "06-01 07:00": "c"}),
        ("12h", {"06-01 08:00": "a", "06-01 20:00": "b", "06-02 08:00": "c"}),
        ("1d", {"06-01 08:00": "a", "06-02 07:59": "a", "06-02 08:00": "b", "06-04 08:00": "a"}),
        ("1w", {"06-08 07:59": "a", "06-08 08:00": "b", "05-25 08:00": "c", "06-01 07:59": "c"}),
        ("2w", {"06-15 07:59": "a", "06-15 08:00": "b"}),
        ("1mo", {"07-01 07:59": "a", "07-01 08:00": "b", "08-01 08:00": "c", "05-01 08:00": "c", "05-01 07:00": "b"}),
    ],
)
def test_groups_take_turns_counted_from_since_in_both_directions(every: str, turns: dict[str, str]) -> None:
    asked = roster(rotate(["a", "b", "c"], every, "2026-06-01 08:00"))
    assert {when: at(asked, f"2026-{when}") for when in turns} == turns


def test_a_group_may_be_several() -> None:
    asked = roster(rotate([["a", "b"], "c"], "1d", "2026-06-01 08:00"))
    assert [at(asked, f"2026-06-0{n} 12:00") for n in (1, 2, 3)] == ["a b", "c", "a b"]


def test_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    asked = roster(rotate(["a", "b"], "1mo", "2026-01-31 08:00"))
    told = [at(asked, f"2026-{when}") for when in ("02-28 07:59", "02-28 08:00", "03-31 07:59", "03-31 08:00")]
    assert told == ["a", "b", "b", "a"]


@pytest.mark.parametrize("every", ["1d", "1w"])
def test_a_hand_over_stays_at_its_hour_when_the_clocks_change(every: str) -> None:
    asked = roster(rotate(["a", "b"], every, "2026-03-23 08:00"), zone=BERLIN)  # the clocks change on the 29th
    handed = [s.start.astimezone(BERLIN) for s in asked.spans(local("2026-03-23 08:00", BERLIN), local("2026-04-27"))]
    assert {at.hour for at in handed} == {8}


def test_hours_are_hours_that_have_passed() -> None:
    asked = roster(rotate(["a", "b"], "12h", "2026-03-28 08:00"), zone=BERLIN)
    handed = [s.start for s in asked.spans(local("2026-03-28 08:00", BERLIN), local("2026-03-30 12:00", BERLIN))]
    assert {(then - at).total_seconds() for at, then in pairwise(handed)} == {12 * 3600}
    assert handed[-1].astimezone(BERLIN).hour == 9  # an hour was skipped


# --- overrides ------------------------------------------------------------------------------------------------------

DAY = {"from": "2026-06-01 08:00", "to": "2026-06-02 08:00"}
EVENING = {"from": "2026-06-01 18:00", "to": "2026-06-01 22:00"}


@pytest.mark.parametrize(
    ("overrides", "noon", "evening"),
    [
        ([DAY | {"people": ["eve"]}], "eve", "eve"),
        ([DAY | {"cover": "ann", "by": "eve"}], "eve bob", "dan"),
        ([DAY | {"swap": ["ann", "dan"]}], "dan bob", "ann"),
        ([DAY | {"cover": "ann", "by": "bob"}], "bob", "dan"),
        ([DAY | {"cover": "cat", "by": "eve"}], "ann bob", "dan"),  # cat is not on duty
        ([DAY | {"people": ["eve"]}, EVENING | {"people": ["fay"]}], "eve", "fay"),
        ([EVENING | {"people": ["fay"]}, DAY | {"people": ["eve"]}], "eve", "eve"),  # the later one wins
        ([DAY | {"people": ["eve"]}, DAY | {"cover": "eve", "by": "fay"}], "fay", "fay"),
        ([DAY | {"people": ["old"]}], "ann bob", "dan"),  # out of service
        ([DAY | {"cover": "ann", "by": "old"}], "ann bob", "dan"),
    ],
)
def test_overrides_have_the_last_word_and_later_ones_over_earlier(
    overrides: list[dict[str, Any]], noon: str, evening: str
) -> None:
    asked = roster(*TEAM, overrides=tuple(overrides), old=(None, date(2026, 1, 1)))
    assert at(asked, "2026-06-01 12:00") == noon
    assert at(asked, "2026-06-01 21:00") == evening
    assert at(asked, "2026-06-01 07:59") == "dan"
    assert at(asked, "2026-06-02 08:00") == "ann bob"


def test_the_second_of_two_equal_times_is_written_with_its_offset() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    city = CityTime(BERLIN, {})
    assert write_local(first, BERLIN) == "2026-10-25 02:30"
    assert write_local(second, BERLIN) == "2026-10-25 02:30+01:00"
    for instant in (first, second):
        assert city.of(read_local(write_local(instant, BERLIN))) == instant.timestamp()


# --- when the clocks change -----------------------------------------------------------------------------------------


def test_duty_follows_the_wall_clock_when_the_clocks_change() -> None:
    asked = roster(shift("ann", "08:00-20:00"), shift("bob", "20:00-08:00"), zone=BERLIN)
    # The same wall time is another instant after 29 March 2026.
    assert asked.at(datetime(2026, 3, 28, 6, 59, tzinfo=UTC)) == ("bob",)
    assert asked.at(datetime(2026, 3, 28, 7, 0, tzinfo=UTC)) == ("ann",)
    assert asked.at(datetime(2026, 3, 30, 5, 59, tzinfo=UTC)) == ("bob",)
    assert asked.at(datetime(2026, 3, 30, 6, 0, tzinfo=UTC)) == ("ann",)


def test_a_hand_over_at_a_time_shown_twice_happens_once_and_a_skipped_one_at_the_jump() -> None:
    asked = roster(shift("ann", "02:30-14:30"), shift("bob", "14:30-02:30"), zone=BERLIN)
    autumn = [*asked.spans(datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 10, tzinfo=UTC))]
    assert [s.start for s in autumn[1:]] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]  # 02:30 when first shown
    spring = [*asked.spans(datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC))]
    assert [s.start for s in spring[1:]] == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]  # 02:00 becomes 03:00


def test_a_constant_roster_is_one_span() -> None:
    since, until = local("2026-06-01 00:00"), local("2027-06-01 00:00")
    assert [*roster(shift("ann"), shift("bob")).spans(since, until)] == [Span(since, until, ("ann",))]
