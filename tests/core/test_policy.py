"""The compiled policy: what can happen under it, who is on duty, how it is stored, how its spans are written."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.spoilt import (
    CENTRE,
    GONE,
    POLICY,
    SHIPPED,
    ZH,
    changed,
)
from xixi_workflow.core.lifecycle import FINAL, TABLE
from xixi_workflow.core.policy import Policy, read_warning
from xixi_workflow.core.policy_build import PolicyError, build, load
from xixi_workflow.core.policy_reach import runs_after, runs_in
from xixi_workflow.core.policy_schema import read_hour, read_span

# --- what can happen ------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(SHIPPED.clocks)), st.lists(st.integers(0, 10**6), max_size=40))
def test_no_path_through_the_lifecycle_leaves_the_states_that_were_found(name: str, choices: list[int]) -> None:
    shape = SHIPPED.clocks[name].shape
    state, running = None, False
    for choice in choices:
        rows = [row for row in TABLE if row.state == state]
        if not rows:
            break
        row = rows[choice % len(rows)]
        was_running, state = running, row.to
        if row.event in {*shape.meets, *shape.ends} or row.to in FINAL or row.to == "closed":
            running = False
        running = running or row.event in shape.starts
        if running:
            assert state in runs_in(shape)
            assert runs_after(shape, row.event)
        assert was_running <= (row.state in runs_in(shape))


def test_a_clock_started_by_filing_can_run_in_every_state_in_which_an_answer_is_owed() -> None:
    assert runs_in(SHIPPED.clocks["closure"].shape) == {
        "received",
        "routed",
        "dispatched",
        "in_progress",
        "on_hold",
        "returned",
    }
    assert runs_in(SHIPPED.clocks["survey"].shape) == {"resolved"}


# --- the compiled policy --------------------------------------------------------------------------------------------


def test_a_stored_policy_is_read_even_if_todays_checks_would_refuse_it() -> None:
    documents = changed((ZH, "messages/citizen_survey", "【{signature}】请评价。"))
    with pytest.raises(PolicyError):
        build(documents)
    stored = load(json.dumps(documents), 4)
    assert (stored.version, stored.words["zh"].messages["citizen_survey"]) == (4, "【{signature}】请评价。")


def test_a_stored_policy_of_another_shape_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml: a required key is missing"):
        load(json.dumps(changed((POLICY, "zone", GONE))), 4)


def test_rules_are_kept_and_the_roster_is_todays() -> None:
    today = build(
        changed(
            (POLICY, "clocks/closure/limit", "48h"), (CENTRE, "rosters/chief_leader/shifts/0/people", ["commander-1"])
        )
    )
    judged = SHIPPED.with_people(today)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert judged.clocks["closure"].limit == 24 * 3600
    assert judged.on_duty("chief_leader", now) == ("commander-1",)
    assert judged.version == SHIPPED.version
    assert SHIPPED.with_people(SHIPPED) is SHIPPED


def test_a_role_that_todays_roster_has_dropped_falls_to_the_operators() -> None:
    rosters = SHIPPED.documents[CENTRE]["rosters"]
    fewer = {"rosters": {k: v for k, v in rosters.items() if k in ("operator", "supervisor")}}
    today = load(json.dumps(SHIPPED.documents | {CENTRE: fewer}), 2)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert SHIPPED.with_people(today).on_duty("commander", now) == SHIPPED.on_duty("operator", now) != ()


def test_only_those_on_shift_are_asked_and_a_team_without_shifts_as_a_whole() -> None:
    monday_noon = datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert SHIPPED.handlers_on_duty("police", monday_noon) == ("police-1", "police-2")
    assert SHIPPED.handlers_on_duty("market", monday_noon) == ("market-1", "market-2", "market-3")


def test_an_event_is_compiled_to_what_it_starts_meets_and_ends() -> None:
    plan = SHIPPED.event("resolve")
    assert [c.name for c in plan.starts] == ["survey"]
    assert plan.meets == {"interim", "closure", "urge", "supervision"}
    assert plan.ends == {"assistance"}
    assert SHIPPED.event("note") == ((), frozenset(), frozenset(), ())


#: People choose from these by number.
COUNTED = ("return_reasons", "hold_reasons", "reject_reasons", "results")


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    def turned(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            keys = value if name in COUNTED else reversed(value)
            return {key: turned(value[key], key) for key in keys}
        return [turned(entry) for entry in value] if isinstance(value, list) else value

    assert Policy(turned(SHIPPED.documents), SHIPPED._files).digest == SHIPPED.digest


@pytest.mark.parametrize("name", COUNTED)
def test_what_people_choose_by_number_is_stored_in_its_order(name: str) -> None:
    documents = deepcopy(SHIPPED.documents)
    main = documents["policy.yaml"]
    assert list(json.loads(SHIPPED.canonical)["policy.yaml"][name]) == list(main[name])
    main[name] = {key: main[name][key] for key in reversed(main[name])}
    assert Policy(documents, SHIPPED._files).digest != SHIPPED.digest


# --- how things are written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("3h", 10800), ("1d12h", 129600), ("0.5h", 1800), ("0s", 0), ("3653d", 3653 * 86400)],
)
def test_a_span_is_read_as_seconds(text: str, seconds: float) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "3 h", "3H", "-3h", "h", "1w", "3h ", "１h", 3, 1.5, None, True, "3654d"])
def test_anything_else_is_no_span(text: object) -> None:
    with pytest.raises(ValueError, match=r"not a span of time|longer than ten years"):
        read_span(text)


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("8:30", 510), ("08:30", 510), ("24:00", 1440)])
def test_a_time_of_day_is_read_as_minutes(text: str, minutes: int) -> None:
    assert read_hour(text) == minutes


@pytest.mark.parametrize("text", ["24:01", "8", "08:60", "8：30", "08:30:00", "", 510, None])
def test_anything_else_is_no_time_of_day(text: object) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        read_hour(text)


@pytest.mark.parametrize(("text", "warning"), [("80%", (0.8, 0)), ("12.5%", (0.125, 0)), ("-30m", (0, 1800))])
def test_a_warning_is_a_share_or_a_span_before_due(text: str, warning: tuple[float, float]) -> None:
    assert read_warning(text) == warning


@pytest.mark.parametrize("text", ["0%", "100%", "120%", "x%", "%", "30m", "", "-", "-30", "nan%"])
def test_anything_else_is_no_warning(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a warning|not a span"):
        read_warning(text)
