"""Whose turns of duty there are, and how evenly they are shared."""

from datetime import UTC, datetime, timedelta

from tests.core.policies import small_policy
from xixi_workflow.core.duty_turns import Share, month, shares, turns_of

POLICY = small_policy(
    rosters={
        "commander": {
            "calendar": "office",
            "shifts": [
                {"people": ["commander-1"], "days": ["workday"], "times": ["08:00-20:00"]},
                {"people": ["police-1"], "days": ["holiday"], "times": ["08:00-20:00"]},
                {"rotate": {"people": ["commander-1", "police-1"], "every": "1w", "since": "2026-06-01 20:00"}},
            ],
        }
    }
)


def test_a_month_begins_and_ends_on_the_citys_clock() -> None:
    since, until = month(POLICY, 2026, 12)
    assert (since, until) == (datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC))


def test_hours_nights_and_week_ends_are_counted_for_each() -> None:
    monday = datetime(2026, 6, 1, 12, tzinfo=UTC)  # 20:00
    told = [s for s in shares(POLICY, monday, monday + timedelta(days=7)) if s.roster == "commander"]
    # Nights are all commander-1's this week; police-1 has the days of Saturday and Sunday.
    assert told == [
        Share("commander", "commander-1", 7 * 12.0 + 5 * 12, 7, 2, 0),
        Share("commander", "police-1", 2 * 12.0, 0, 2, 0),
    ]


def test_the_hours_of_all_add_up_to_the_month() -> None:
    since, until = month(POLICY, 2026, 6)
    for roster in ("commander", "supervisor", "operator"):
        assert sum(s.hours for s in shares(POLICY, since, until) if s.roster == roster) == 30 * 24


def test_a_persons_turns_join_what_touches() -> None:
    monday = datetime(2026, 6, 1, 12, tzinfo=UTC)
    turns = [*turns_of(POLICY, "commander-1", monday, monday + timedelta(days=7))]
    assert [name for name, _ in turns] == ["commander"] * 3
    first = turns[0][1]
    # Night, day, night … from Monday evening up to Saturday morning.
    assert (first.start, first.end) == (monday, datetime(2026, 6, 6, 0, tzinfo=UTC))
