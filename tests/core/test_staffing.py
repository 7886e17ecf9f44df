"""Staffing: what is to be expected, what one person manages, and which hours will be short."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core import staffing
from xixi_workflow.core.duty import Span
from xixi_workflow.core.periods import SLOT
from xixi_workflow.core.staffing import HOURS, KEPT, Days, Outlook, Runs

CITY = ZoneInfo("Asia/Shanghai")
#: A Monday, midnight in the city.
MONDAY = datetime(2026, 8, 31, 16, tzinfo=UTC) + timedelta(days=6)
FIRST = (MONDAY + timedelta(hours=8)).date().toordinal()


def weekday(day: int) -> int:
    return date.fromordinal(day).weekday()


def slot(days: int, hour: int) -> int:
    return int((MONDAY + timedelta(days=days, hours=hour)).timestamp()) // SLOT


def on_duty(weeks: int, *people: str) -> list[Span]:
    return [Span(MONDAY, MONDAY + timedelta(weeks=weeks), people)]


def look(runs: list[Runs], *, weeks: int = 8, now: tuple[str, ...] = ("a",), past: tuple[str, ...] = ("a",)) -> Outlook:
    """The outlook of the day after so many weeks of history, with these people on duty then and now."""
    after = MONDAY + timedelta(weeks=weeks)
    coming = [Span(after, after + timedelta(days=1), now)]
    days = Days(FIRST, FIRST + 7 * weeks)
    return staffing.outlook("police", runs, on_duty(weeks, *past), coming, days, zone=CITY, alike=weekday, roster=True)


def mondays(hour: int, counts: list[int], result: str = "on_time") -> list[Runs]:
    """So many arrivals at this hour of each Monday."""
    return [Runs(slot(7 * week, hour), result, n) for week, n in enumerate(counts) if n]


# --- what one person manages ----------------------------------------------------------------------------------------


def hours(*described: tuple[int, int, int, int]) -> list[tuple[Fraction, int, int]]:
    """`times` hours of `load`, each with `kept` of `judged` cases."""
    return [(Fraction(load), kept, judged) for load, kept, judged, times in described for _ in range(times)]


@pytest.mark.parametrize(
    ("seen", "managed"),
    [
        # Kept up to 3, not at 4.
        (hours((1, 1, 1, 40), (2, 2, 2, 20), (3, 3, 3, 10), (4, 1, 4, 10)), (3, True)),
        # Never too much.
        (hours((1, 1, 1, 40), (2, 2, 2, 20)), (2, False)),
        # The highest loads were borne too seldom to be said to be managed.
        (hours((1, 1, 1, 40), (2, 2, 2, HOURS), (9, 9, 9, HOURS - 1)), (2, False)),
        # One lucky hour at 9 is pooled with the bad ones at 4.
        (hours((1, 1, 1, 40), (4, 0, 4, 10), (9, 9, 9, 1)), (1, True)),
        # One bad quiet hour is pooled with the many good ones of a higher load.
        (hours((1, 0, 1, 1), (2, 2, 2, 40)), (2, False)),
        # Late even when quiet: nobody knows what they could do.
        (hours((1, 0, 1, 40), (2, 0, 2, 40)), (None, True)),
        # Nothing was seen, or too little of it.
        ([], (None, False)),
        (hours((1, 1, 1, HOURS - 1)), (None, False)),
        # Exactly the share asked for is enough.
        (hours((10, KEPT // 10, 10, HOURS)), (10, False)),
        (hours((10, KEPT // 10 - 1, 10, HOURS)), (None, True)),
    ],
)
def test_what_is_managed_is_the_highest_load_that_was_borne_often_enough(
    seen: list[tuple[Fraction, int, int]], managed: tuple[int | None, bool]
) -> None:
    assert staffing.managed_load(seen) == managed


cases = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 8)).flatmap(
        lambda drawn: st.tuples(st.just(Fraction(drawn[0])), st.integers(0, drawn[1]), st.just(drawn[1]))
    ),
    max_size=40,
)


@given(cases)
def test_the_fit_is_the_isotonic_regression_of_the_textbook(seen: list[tuple[Fraction, int, int]]) -> None:
    # The fit of a share that never rises, by its min-max formula instead of by pooling.
    loads = sorted({load for load, _, _ in seen})
    kept = [sum(k for at, k, _ in seen if at == load) for load in loads]
    judged = [sum(j for at, _, j in seen if at == load) for load in loads]

    def fitted(n: int) -> Fraction:
        return min(
            max(Fraction(sum(kept[a : b + 1]), sum(judged[a : b + 1])) for b in range(n, len(loads)))
            for a in range(n + 1)
        )

    borne = [load for n, load in enumerate(loads) if fitted(n) * 100 >= KEPT]
    managed = [load for load in borne if sum(load <= at <= borne[-1] for at, _, _ in seen) >= HOURS]
    expected = (managed[-1], len(borne) < len(loads)) if managed else (None, bool(loads) and not borne)
    assert staffing.managed_load(seen) == expected


@given(cases, st.randoms(use_true_random=False))
def test_the_order_in_which_hours_are_told_is_nothing(seen: list[tuple[Fraction, int, int]], chance: object) -> None:
    mixed = list(seen)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert staffing.managed_load(mixed) == staffing.managed_load(seen)


# --- what is expected -----------------------------------------------------------------------------------------------


def test_an_hour_is_expected_to_be_like_the_same_hour_of_the_weeks_before() -> None:
    found = look(mondays(9, [1, 2, 3, 4, 5, 0, 0, 9]))
    nine = found.hours[9]
    # Seven of eight weeks brought no more than 5; six of eight would be less than four of five.
    assert (nine.mean, nine.high, nine.load) == (3.0, 5, 3.0)
    assert [(hour.mean, hour.high) for hour in found.hours[:9]] == [(0.0, 0)] * 9
    assert nine.at == MONDAY + timedelta(weeks=8, hours=9)
    assert (found.arrivals, len(found.hours)) == (24, 24)


def test_hours_are_those_of_the_citys_clock() -> None:
    assert look([Runs(slot(0, 0) - 1, "on_time", 8)]).hours[0].mean == 0
    assert look([Runs(slot(0, 0), "on_time", 8)]).hours[0].mean == 1
    assert look([Runs(slot(0, 0) + 3, "on_time", 8)]).hours[0].mean == 1
    assert look([Runs(slot(0, 0) + 4, "on_time", 8)]).hours[1].mean == 1


def test_every_run_is_an_arrival_but_only_verdicts_are_judged() -> None:
    results = ("on_time", "late", "breached", "unmet", "ended", "withdrawn")
    found = look([one for result in results for one in mondays(9, [1] * 8, result)])
    assert (found.arrivals, found.managed.judged, found.managed.kept) == (48, 32, 8)


# --- who will be short ----------------------------------------------------------------------------------------------


def borne(load: int) -> list[Runs]:
    """Every day at noon so much arrived and was kept, and once as much again and a good deal more was not."""
    good = [Runs(slot(day, 12), "on_time", load) for day in range(56)]
    return good + [Runs(slot(day, 3), "late", 2 * load + 1) for day in range(2, 9)]


def test_an_hour_is_short_when_it_brings_more_than_its_people_manage() -> None:
    found = look([*borne(3), *mondays(9, [7] * 8, "ended")])
    assert (found.managed.verdict, found.managed.load) == ("measured", 3.0)
    [short] = found.short
    assert (short.at.astimezone(CITY).hour, short.high, short.people, short.needed, short.more) == (9, 7, 1, 3, 2)
    enough = look([*borne(3), *mondays(9, [7] * 8, "ended")], now=("a", "b", "c"))
    assert enough.short == []
    assert enough.hours[9].needed == 3


def test_the_load_is_per_person_on_duty_at_the_time() -> None:
    runs = [*borne(4), *mondays(9, [7] * 8, "ended")]
    assert look(runs).managed.load == 4
    assert look(runs, past=("a", "b")).managed.load == 2


def test_three_who_manage_four_together_are_enough_for_four() -> None:
    # A third of four is no number that could be rounded and multiplied again.
    crew = ("a", "b", "c")
    found = look([*borne(4), *mondays(9, [4] * 8, "ended")], past=crew, now=crew)
    assert found.managed.load == 1.33
    assert (found.hours[9].high, found.hours[9].needed, found.hours[9].more) == (4, 3, 0)


def test_where_nobody_is_on_duty_somebody_is_missing_whatever_is_known() -> None:
    found = look(mondays(9, [1] * 8), now=())
    assert found.managed.verdict == "too_little"
    [short] = found.short
    assert (short.people, short.load, short.needed, short.more) == (0, None, 1, 1)


@pytest.mark.parametrize("weeks", [0, 1, 3])
def test_from_little_history_no_number_is_given(weeks: int) -> None:
    found = look([one for one in borne(3) if one.slot < slot(7 * weeks, 0)], weeks=weeks)
    assert (found.managed.verdict, found.managed.load) == ("too_little", None)
    assert found.short == []


def test_the_same_history_over_enough_weeks_gives_one() -> None:
    assert look(borne(3), weeks=4).managed.load == 3


def test_late_at_every_load_is_not_for_want_of_people() -> None:
    found = look([Runs(slot(day, 12), "late", 1) for day in range(56)] + mondays(9, [50] * 8))
    assert (found.managed.verdict, found.managed.load) == ("not_kept", None)
    assert found.short == []


@given(st.integers(1, 5), st.lists(st.integers(0, 12), min_size=8, max_size=8), st.integers(0, 5))
def test_as_many_people_as_are_needed_are_enough(load: int, counts: list[int], people: int) -> None:
    runs = [*borne(load), *mondays(9, counts, "ended")]
    crew = tuple(f"p{n}" for n in range(people))
    nine = look(runs, now=crew).hours[9]
    assert nine.more == max(0, nine.needed - people)
    if nine.more:
        assert nine.high > load * people
        assert look(runs, now=tuple(f"p{n}" for n in range(people + nine.more))).hours[9].more == 0
        assert look(runs, now=tuple(f"p{n}" for n in range(people + nine.more - 1))).hours[9].more > 0
    else:
        assert nine.high <= load * people


# --- duty, days, holidays -------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 3)), min_size=1, max_size=20),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.integers(0, 4000),
)
def test_no_second_of_duty_is_lost_or_counted_twice(pieces: list[tuple[int, int]], zone: str, start: int) -> None:
    at = datetime(2026, 3, 28, 12, tzinfo=UTC) + timedelta(minutes=start)
    spans = []
    for minutes, people in pieces:
        spans.append(Span(at, at + timedelta(minutes=minutes), tuple("abc"[:people])))
        at = spans[-1].end
    city = ZoneInfo(zone)
    expected: dict[tuple[int, int], int] = {}
    for span in spans:
        minute = span.start
        while minute < span.end:
            local = minute.astimezone(city)
            hour = local.toordinal(), local.hour
            expected[hour] = expected.get(hour, 0) + 60 * len(span.people)
            minute += timedelta(minutes=1)
    assert staffing.seconds_on_duty(spans, city) == expected


def test_an_hour_that_the_clock_shows_twice_is_two_hours_ahead() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    coming = [Span(start, start + timedelta(hours=25), ("a",))]
    found = staffing.outlook("x", [], [], coming, Days(1, 1), zone=berlin, alike=weekday, roster=True)
    assert [hour.people for hour in found.hours] == [1] * 25
    assert [hour.at.astimezone(berlin).hour for hour in found.hours] == [0, 1, 2, 2, *range(3, 24)]


@pytest.mark.parametrize(
    ("asked", "first", "weeks"), [(8, 1000, 8), (8, 1000 - 20, 8), (8, 1070, 4), (8, 1100, 0), (8, None, 0), (1, 1, 1)]
)
def test_only_whole_weeks_are_looked_at_and_none_from_before_the_first_petition(
    asked: int, first: int | None, weeks: int
) -> None:
    found = staffing.looked_at(asked, first, 1100)
    assert (found.weeks, found.after) == (weeks, 1100)
    assert found.after - found.first == 7 * weeks


def test_holidays_are_compared_with_sundays() -> None:
    policy = read_policy(shipped_folder())
    alike = staffing.holidays_as_sundays(policy)
    # 1 October 2026 is a Thursday, 3 October a Saturday.
    assert [alike(date(2026, 10, day).toordinal()) for day in (1, 2, 3, 4, 5, 8)] == [6, 6, 5, 6, 0, 3]
