"""Who is on duty: shifts by example, and against a model that looks at every minute."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.core.duty import Roster, never_on_duty
from xixi_workflow.core.policy_schema import DAYS, Shift

HANGZHOU = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
WEEK_MINUTES = 7 * 24 * 60


def shift(people: str, start: str = "00:00", end: str = "24:00", days: str = "") -> Shift:
    written: dict[str, Any] = {"people": people.split(), "from": start, "to": end}
    return Shift.model_validate(written | ({"days": days.split()} if days else {}))


def local(written: str, zone: ZoneInfo = HANGZHOU) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone).astimezone(UTC)


WEEKDAYS = "mon tue wed thu fri"
TEAM = [
    shift("ann bob", "08:00", "20:00", WEEKDAYS),
    shift("cat", "08:00", "20:00", "sat sun"),
    shift("dan", "20:00", "08:00"),
]


@pytest.mark.parametrize(
    ("at", "people"),
    [
        ("2026-06-01 08:00", ("ann", "bob")),  # a Monday; the first minute of a shift is in it,
        ("2026-06-01 19:59:59.999999", ("ann", "bob")),
        ("2026-06-01 20:00", ("dan",)),  # its end is not
        ("2026-06-02 00:00", ("dan",)),
        ("2026-06-02 07:59", ("dan",)),
        ("2026-06-06 12:00", ("cat",)),
        ("2026-06-07 23:00", ("dan",)),
        ("2026-06-08 03:00", ("dan",)),  # Sunday's night runs into Monday
    ],
)
def test_the_local_minute_decides(at: str, people: tuple[str, ...]) -> None:
    assert Roster(TEAM, HANGZHOU).at(local(at)) == people


def test_the_first_shift_that_covers_the_minute_answers() -> None:
    roster = Roster([shift("ann", "09:00", "17:00", "mon"), shift("bob")], HANGZHOU)
    assert roster.at(local("2026-06-01 10:00")) == ("ann",)
    assert roster.at(local("2026-06-02 10:00")) == ("bob",)


def test_a_night_shift_belongs_to_the_day_on_which_it_starts() -> None:
    roster = Roster([shift("ann", "22:00", "06:00", "fri")], HANGZHOU)
    assert roster.at(local("2026-06-05 21:59")) == ()
    assert roster.at(local("2026-06-05 22:00")) == ("ann",)  # Friday
    assert roster.at(local("2026-06-06 05:59")) == ("ann",)
    assert roster.at(local("2026-06-06 22:00")) == ()  # Saturday


@pytest.mark.parametrize("end", ["08:00", "24:00"])
def test_a_shift_that_ends_when_it_starts_lasts_a_day(end: str) -> None:
    start = "08:00" if end == "08:00" else "00:00"
    assert Roster([shift("ann", start, end)], HANGZHOU).gap() is None


def test_duty_follows_the_wall_clock_when_the_clocks_change() -> None:
    roster = Roster([shift("ann", "08:00", "20:00"), shift("bob", "20:00", "08:00")], BERLIN)
    # The same wall time is another instant after 29 March 2026.
    assert roster.at(datetime(2026, 3, 28, 6, 59, tzinfo=UTC)) == ("bob",)
    assert roster.at(datetime(2026, 3, 28, 7, 0, tzinfo=UTC)) == ("ann",)
    assert roster.at(datetime(2026, 3, 30, 5, 59, tzinfo=UTC)) == ("bob",)
    assert roster.at(datetime(2026, 3, 30, 6, 0, tzinfo=UTC)) == ("ann",)


@pytest.mark.parametrize(
    ("shifts", "gap"),
    [
        ([], "mon 00:00"),
        ([shift("ann", days=WEEKDAYS)], "sat 00:00"),
        ([shift("ann", "08:00", "20:00")], "mon 00:00"),
        ([shift("ann", "08:00", "20:00"), shift("bob", "20:00", "07:59")], "mon 07:59"),
        ([shift("ann", "20:00", "08:00"), shift("bob", "08:00", "20:00", "mon tue wed thu sat sun")], "fri 08:00"),
        (TEAM, None),
    ],
)
def test_the_first_minute_without_anybody_is_named(shifts: list[Shift], gap: str | None) -> None:
    assert Roster(shifts, HANGZHOU).gap() == gap


@pytest.mark.parametrize(
    ("shifts", "hidden"),
    [
        ([shift("ann"), shift("bob", "08:00", "20:00", WEEKDAYS)], [1]),
        ([shift("bob", "08:00", "20:00", WEEKDAYS), shift("ann")], []),
        ([shift("ann", "00:00", "12:00"), shift("bob", "12:00", "24:00"), shift("cat")], [2]),
        ([shift("ann", "22:00", "06:00"), shift("bob", "23:00", "05:00", "sun")], [1]),
        (TEAM, []),
    ],
)
def test_a_shift_that_never_counts_is_found(shifts: list[Shift], hidden: list[int]) -> None:
    assert never_on_duty(shifts) == hidden


TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
SHIFTS = st.lists(
    st.builds(
        lambda people, start, end, days: shift(people, start, end, " ".join(days)),
        st.sampled_from(["ann", "bob", "ann bob"]),
        TIMES,
        TIMES,
        st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    ),
    max_size=4,
)


@given(SHIFTS, st.integers(0, WEEK_MINUTES - 1))
def test_a_roster_agrees_with_looking_through_the_shifts(shifts: list[Shift], minute: int) -> None:
    def covers(s: Shift) -> bool:
        length = (s.to - s.from_) % 1440 or 1440
        starts = [DAYS.index(day) * 1440 + s.from_ for day in s.days]
        return any((minute - start) % WEEK_MINUTES < length for start in starts)

    expected: tuple[str, ...] = next((tuple(s.people) for s in shifts if covers(s)), ())
    monday = local("2026-06-01 00:00")
    assert Roster(shifts, HANGZHOU).at(monday + timedelta(minutes=minute)) == expected


@given(SHIFTS)
def test_dropping_the_shifts_that_never_count_changes_nothing(shifts: list[Shift]) -> None:
    hidden = never_on_duty(shifts)
    fewer = [s for n, s in enumerate(shifts) if n not in hidden]
    monday = local("2026-06-01 00:00")
    hours = [monday + timedelta(minutes=30 * n) for n in range(2 * 7 * 24)]
    full, short = Roster(shifts, HANGZHOU), Roster(fewer, HANGZHOU)
    assert [full.at(hour) for hour in hours] == [short.at(hour) for hour in hours]
