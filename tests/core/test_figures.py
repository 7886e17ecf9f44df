"""The arithmetic of a month's figures."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.core.figures import (
    JUDGED,
    VERDICTS,
    EventCount,
    Figures,
    SpanCount,
    Tally,
    VerdictCount,
    figures,
    month_span,
    share,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
SPAN = month_span("2026-06", SHANGHAI)


def tallied(
    verdicts: list[VerdictCount] | None = None,
    events: list[EventCount] | None = None,
    spans: list[SpanCount] | None = None,
) -> Figures:
    """The figures of counts that are otherwise empty."""
    tally = Tally(verdicts or [], spans or [], events or [], {}, 0, {}, {}, {})
    return figures(tally, month="2026-06", span=SPAN, clocks=["response", "closure"], weight=0.6)


@pytest.mark.parametrize(
    ("numerator", "denominator", "percent"),
    [
        (663, 670, 98.96),
        (634.4, 670, 94.69),
        (22345, 24932, 89.62),
        (597, 601, 99.33),
        (1, 3, 33.33),
        (2, 3, 66.67),
        (1, 800, 0.13),  # 0.125: half up, not to the even digit
        (0, 5, 0.0),
        (5, 5, 100.0),
        (0, 0, None),
    ],
)
def test_rates_are_rounded_half_up_and_none_without_cases(
    numerator: float, denominator: int, percent: float | None
) -> None:
    rate = share(numerator, denominator)
    assert (rate.numerator, rate.denominator, rate.percent) == (numerator, denominator, percent)


def test_the_satisfaction_rate_is_the_printed_one() -> None:
    events = [
        EventCount("rated", "satisfied", 0, 614),
        EventCount("rated", "fairly_satisfied", 0, 34),
        EventCount("rated_dissatisfied", "", 0, 22),
        EventCount("survey_lapsed", "", 0, 9),
    ]
    verdicts = [VerdictCount("survey", "police", "PS01", "lapsed", 5)]
    told = tallied(verdicts, events).satisfaction
    assert (told.rate.numerator, told.rate.denominator, told.rate.percent) == (634.4, 670, 94.69)
    assert (told.not_rated, told.not_asked) == (5, 4)


def test_only_judged_clocks_are_in_the_on_time_rate() -> None:
    verdicts = [VerdictCount("closure", "police", "PS01", verdict, n) for n, verdict in enumerate(VERDICTS, start=1)]
    [clock] = tallied(verdicts).clocks
    assert clock.total.due == sum(range(1, 8))
    assert clock.total.on_time_rate == share(1, 1 + 2 + 3 + 4)
    assert (clock.total.unmet, clock.total.excluded) == (4, 7)


def test_a_clock_that_was_due_for_nobody_has_no_line_and_no_rate_is_zero_by_default() -> None:
    told = tallied([VerdictCount("closure", "police", "PS01", "ended", 2)])
    assert [clock.clock for clock in told.clocks] == ["closure"]
    assert told.clocks[0].total.on_time_rate.percent is None
    assert told.satisfaction.rate.percent is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["response", "closure", "own"]),
            st.sampled_from(["police", "market"]),
            st.sampled_from(["PS01", "MK01"]),
            st.sampled_from(VERDICTS),
            st.integers(1, 50),
        ),
        unique_by=lambda row: row[:4],
    )
)
def test_teams_and_categories_add_up_to_the_total(rows: list[tuple[str, str, str, str, int]]) -> None:
    told = tallied([VerdictCount(*row) for row in rows])
    for clock in told.clocks:
        for verdict in ("due", *VERDICTS):
            whole = getattr(clock.total, verdict)
            assert whole == sum(getattr(v, verdict) for v in clock.by_team.values())
            assert whole == sum(getattr(v, verdict) for v in clock.by_category.values())
        assert clock.total.on_time_rate.denominator == sum(getattr(clock.total, v) for v in JUDGED)
    assert sum(c.total.due for c in told.clocks) == sum(row[4] for row in rows)


def test_clocks_come_in_the_order_asked_for_and_unknown_ones_last() -> None:
    verdicts = [VerdictCount(name, "police", "PS01", "on_time", 1) for name in ("older", "closure", "response")]
    assert [clock.clock for clock in tallied(verdicts).clocks] == ["response", "closure", "older"]


def test_spans_find_their_group() -> None:
    verdicts = [VerdictCount("closure", team, "PS01", "on_time", 1) for team in ("police", "market")]
    spans = [
        SpanCount("closure", "all", "", 10.0, 20.0),
        SpanCount("closure", "team", "market", 1.5, 2.5),
        SpanCount("closure", "category", "PS01", 3.0, 4.0),
    ]
    [clock] = tallied(verdicts, [], spans).clocks
    assert (clock.total.median, clock.total.p90) == (10.0, 20.0)
    assert (clock.by_team["market"].median, clock.by_team["police"].median) == (1.5, None)
    assert clock.by_category["PS01"].p90 == 4.0


def test_escalations_count_breaches_that_rang_at_once() -> None:
    events = [
        EventCount("breached", "closure", 1, 4),
        EventCount("escalated", "closure", 2, 3),
        EventCount("breached", "own", 0, 2),
        EventCount("escalated", "response", 2, 1),
    ]
    told = tallied(events=events)
    assert told.escalations == {"0": 2, "1": 4, "2": 4}
    assert told.escalations_by_clock["closure"] == {"1": 4, "2": 3}


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("2026-06", datetime(2026, 5, 31, 16, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_the_citys_midnight(month: str, start: datetime, end: datetime) -> None:
    assert month_span(month, SHANGHAI) == (start, end)


def test_a_month_with_a_changed_clock_is_an_hour_shorter() -> None:
    start, end = month_span("2026-03", ZoneInfo("Europe/Berlin"))
    assert (end - start).total_seconds() == 31 * 86400 - 3600


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-6", "202606", "juni", "", "2026-06-01", "0000-01", "9999-12"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        month_span(text, SHANGHAI)
