"""The proof that everything that rings reaches somebody all year, and how its gaps are worded."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.core.policies import DOCUMENTS, small_policy
from tests.core.spoilt import SHIPPED
from xixi_workflow.core import duty_words
from xixi_workflow.core.duty_proof import YEAR, Affected, Gap, Target, findings, gaps
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build

#: Monday 1 June 2026, midnight in the city.
SINCE = datetime(2026, 5, 31, 16, tzinfo=UTC)


def local(written: str) -> datetime:
    return (datetime.fromisoformat(written) - timedelta(hours=8)).replace(tzinfo=UTC)


def found(policy: Policy, days: float = 7) -> list[Gap]:
    return gaps(policy, SINCE, SINCE + timedelta(days=days))


def with_police(*shifts: dict[str, Any], **overrides: Any) -> Policy:
    return small_policy(rosters={"police": {"shifts": list(shifts), **overrides}})


def test_the_shipped_year_has_no_gap_and_no_finding() -> None:
    assert gaps(SHIPPED, SINCE, SINCE + YEAR) == []
    assert findings(SHIPPED, SINCE, SINCE + YEAR) == []


def test_a_hole_in_a_teams_roster_is_named_with_all_that_it_silences() -> None:
    [gap] = found(with_police({"people": ["police-1"], "times": ["08:00-20:00"]}))
    assert gap.told == (Target("team", "police"),)
    assert gap.categories == ("NOISE", "OTHER")
    assert {Affected("closure", "warn"), Affected("interim", "warn"), Affected("", "dispatch")} <= {*gap.affects}
    # Its lead hears of a breach, so the steps that tell both reach somebody.
    assert not {a for a in gap.affects if a.step.isdigit()}
    assert gap.holes[:2] == (
        (local("2026-06-01 00:00"), local("2026-06-01 08:00")),
        (local("2026-06-01 20:00"), local("2026-06-02 08:00")),
    )
    assert gap.seconds == 7 * 12 * 3600
    assert (gap.file, gap.path) == ("duty/centre.yaml", ("rosters", "police"))


def test_a_hole_of_one_minute_in_one_night_of_the_year_is_found() -> None:
    hole = {"from": "2026-12-24 03:00", "to": "2026-12-24 03:01", "cover": "commander-1", "by": "police-1"}
    everyone = [{"people": ["commander-1"]}]
    assert found(small_policy(rosters={"commander": {"shifts": everyone, "overrides": [hole]}}), 365) == []
    until = [
        {"people": ["commander-1"], "dates": {"to": "2026-12-23"}},
        {"people": ["commander-1"], "times": ["03:01-00:00"], "dates": {"from": "2026-12-24", "to": "2026-12-24"}},
        {"people": ["commander-1"], "times": ["00:00-03:00"], "dates": {"from": "2026-12-24", "to": "2026-12-24"}},
        {"people": ["commander-1"], "dates": {"from": "2026-12-25"}},
    ]
    [gap] = found(small_policy(rosters={"commander": {"shifts": until}}), 365)
    assert gap.holes == ((local("2026-12-24 03:00"), local("2026-12-24 03:01")),)
    assert Affected("closure", "2") in gap.affects
    assert Affected("response", "2") in gap.affects


def test_before_a_petition_is_routed_the_operators_stand_for_its_handler() -> None:
    hole = {"shifts": [{"people": ["operator-1"], "times": ["00:00-23:00"]}]}
    [gap] = found(small_policy(rosters={"operator": hole}))
    assert gap.told == (Target("role", "operator"),)
    assert {Affected("closure", "warn"), Affected("response", "1")} <= {*gap.affects}


@pytest.mark.parametrize(
    ("people", "holes"),
    [
        ({"market-1": {"leaves": "2026-06-03"}}, [("2026-06-04 00:00", "2026-06-08 00:00")]),
        ({"market-1": {"joins": "2026-06-02"}}, [("2026-06-01 00:00", "2026-06-02 00:00")]),
        ({"market-1": {"phone": None, "backup": "urban-1"}}, []),
        (
            {"market-1": {"phone": None, "backup": "urban-1"}, "urban-1": {"leaves": "2026-06-03"}},
            [("2026-06-04 00:00", "2026-06-08 00:00")],
        ),
        ({"market-1": {"ways": ["chat"], "chat": "market"}}, []),
    ],
)
def test_somebody_counts_who_is_in_service_and_has_a_way_or_a_backup(
    people: dict[str, Any], holes: list[tuple[str, str]]
) -> None:
    policy = small_policy(teams={"people": people})
    told = [gap for gap in found(policy) if gap.told == (Target("team", "market"),)]
    assert [hole for gap in told for hole in gap.holes] == [(local(a), local(b)) for a, b in holes]


def test_a_ladder_that_only_some_petitions_climb_is_proved_for_them() -> None:
    documents = deepcopy(DOCUMENTS)
    documents["policy.yaml"]["ladders"]["high"] = [
        {"level": 1, "after": "0s", "to": ["watch"], "message": "leader_overdue"}
    ]
    documents["policy.yaml"]["clocks"]["closure"]["ladders"] = [{"ladder": "high", "categories": ["STALL"]}]
    documents["duty/centre.yaml"]["rosters"]["watch"] = {
        "shifts": [{"people": ["commander-1"], "days": ["mon", "tue", "wed", "thu", "fri", "sat"]}]
    }
    [gap] = found(build(documents))
    assert (gap.told, gap.affects, gap.categories) == (
        (Target("role", "watch"),),
        (Affected("closure", "1"),),
        ("STALL",),
    )
    assert gap.holes == ((local("2026-06-07 00:00"), local("2026-06-08 00:00")),)


def test_a_shift_that_never_counts_in_the_year_is_found_and_one_that_is_over_is_not() -> None:
    policy = small_policy(
        rosters={
            "commander": {
                "shifts": [
                    {"people": ["police-1"], "dates": {"to": "2026-01-01"}},
                    {"people": ["commander-1"]},
                    {"people": ["police-2"], "days": ["mon"]},
                ]
            }
        }
    )
    [problem] = findings(policy, SINCE, SINCE + YEAR)
    assert (problem.file, problem.path) == ("duty/centre.yaml", ("rosters", "commander", "shifts", 2))
    assert problem.message.startswith("this shift never counts")


@pytest.mark.parametrize(
    ("service", "when"), [({"leaves": "2027-01-31"}, "leaves on"), ({"joins": "2026-07-01"}, "joins")]
)
def test_a_lead_who_is_out_of_service_within_the_year_is_found(service: dict[str, str], when: str) -> None:
    policy = small_policy(teams={"people": {"police-lead": service}})
    [problem] = findings(policy, SINCE, SINCE + YEAR)
    assert problem.path == ("teams", "police", "lead")
    assert when in problem.message


def test_a_gap_can_be_read_at_three_in_the_morning() -> None:
    [gap] = found(with_police({"people": ["police-1"], "times": ["08:00-20:00"]}), days=0.5)
    policy = with_police({"people": ["police-1"], "times": ["08:00-20:00"]})
    assert duty_words.gap(gap, policy, "en").startswith(
        "Police on duty: nobody is on duty or can be reached from Mon 2026-06-01 00:00 to Mon 2026-06-01 08:00 (8h)."
    )
    assert duty_words.gap(gap, policy, "zh").startswith(
        "派出所值班人：2026-06-01 周一 00:00 到 2026-06-01 周一 08:00（8小时）无人在岗或联系不上"
    )


def test_while_a_hole_lasts_the_whole_team_or_the_operators_are_told() -> None:
    policy = small_policy(
        rosters={
            "police": {"shifts": [{"people": ["police-1"], "times": ["08:00-20:00"]}]},
            "commander": {"shifts": [{"people": ["commander-1"], "times": ["08:00-20:00"]}]},
        }
    )
    night = local("2026-06-01 03:00")
    assert policy.handlers_on_duty("police", night) == ("police-1", "police-2")
    assert policy.on_duty("commander", night) == ("operator-1",)
