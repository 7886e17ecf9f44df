"""The lifecycle table, row by row, and everything that is not in it."""

from __future__ import annotations

import pytest

from tests.core.lives import (
    ACCEPT,
    ACTORS,
    APPROVE_HOLD,
    EXTEND,
    HANDLER,
    HOLD,
    NUMBER,
    OPERATOR,
    RESOLVE,
    RETURN,
    SUPERVISOR,
    Life,
    after,
    encoded,
)
from tests.core.policies import MONDAY
from tests.core.ways import BY_TIME, COMMAND, POLICY, WAYS
from xixi_workflow.core import commands as c
from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import COMMANDS
from xixi_workflow.core.lifecycle import (
    ENDED,
    EVENT_OF,
    EVENTS,
    FINAL,
    OPEN,
    ROLES,
    ROW_OF,
    STATES,
    TABLE,
    Role,
    Row,
    State,
    allowed,
)
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.work import Decision, Refused

CAUSED = [row for row in TABLE if row.event not in BY_TIME and row.state is not None]


def _ready(state: State, event: str) -> Life:
    """A petition in `state` of which nothing but the table could refuse `event`."""
    if event in ("accept_assist", "finish_assist") and state in OPEN:
        asked = Life(POLICY).dispatched().does(c.AskAssist("urban"), OPERATOR, after("20s"))
        if state == "returned":
            return asked.does(RETURN, OPERATOR, after("5m"))
        if state in ("in_progress", "on_hold"):
            asked.does(ACCEPT, HANDLER, after("1m"))
        if state == "on_hold":
            asked.does(HOLD, HANDLER, after("1h")).does(APPROVE_HOLD, SUPERVISOR, after("1h"))
        return asked
    life = WAYS[state]()
    if event in ("approve_hold", "refuse_hold"):
        life.does(HOLD, HANDLER, after("1h"))
    elif event in ("approve_extension", "refuse_extension"):
        life.does(EXTEND, HANDLER, after("1h"))
    elif event == "rate" and state == "closed":
        # Only a petition that closed without a rating can still be rated.
        return Life(POLICY).in_progress().does(RESOLVE, HANDLER, after("1h")).sweeps(after("4d"))
    elif event == "rate_dissatisfied" and state == "closed":
        return Life(POLICY).in_progress().does(RESOLVE, HANDLER, after("1h")).sweeps(after("4d"))
    return life


def _when(life: Life, event: str) -> str:
    # Late enough for every open petition to have something overdue that can be acknowledged.
    late = event in ("acknowledge", "escalate_to")
    return "4d 1h" if life.petition.state == "closed" else "3h 30m" if late else "2h 1m"


def test_commands_and_rows_speak_of_the_same_events() -> None:
    events = {row.event for row in TABLE}
    assert events == set(EVENTS)
    assert set(COMMAND) == events - set(BY_TIME)
    assert {*COMMANDS, "rate_dissatisfied"} == {*COMMAND, "time_passed"}
    assert all(command.happens == event for event, command in COMMAND.items())


def test_no_two_rows_answer_the_same_question() -> None:
    assert len(ROW_OF) == len(TABLE)


def test_every_journal_name_leads_back_to_its_event() -> None:
    assert {EVENT_OF[event.past] for event in EVENTS.values()} == set(EVENTS)


def test_states_are_open_or_resolved_or_over() -> None:
    assert {*OPEN, "resolved", *ENDED} == set(STATES)
    assert {*FINAL, "closed"} == ENDED


@pytest.mark.parametrize(
    ("events", "roles"),
    [
        (("approve_hold", "refuse_hold", "approve_extension", "refuse_extension"), {"supervisor", "leader"}),
        (
            ("accept", "contact", "return", "report_interim", "request_hold", "request_extension"),
            {"handler", "operator"},
        ),
        (("resolve", "accept_assist", "finish_assist"), {"handler", "operator"}),
        (("rate", "rate_dissatisfied", "withdraw"), {"petitioner", "operator"}),
        (("reopen", "refuse_return", "merge", "reject", "transfer_out"), {"operator", "supervisor", "leader"}),
        (("escalate_to", "supervise"), {"operator", "supervisor", "leader"}),
        (("ask_help",), {"handler", "operator"}),
        (("show_detail",), {"handler", "operator", "supervisor", "leader"}),
        (("dispatch",), {"operator", "supervisor", "system"}),
        ((*BY_TIME, "adopt", "follow"), {"system"}),
    ],
)
def test_nobody_else_may(events: tuple[str, ...], roles: set[str]) -> None:
    for event in events:
        assert {role for row in TABLE if row.event == event for role in row.who} == roles


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_reached(state: State) -> None:
    assert WAYS[state]().petition.state == state


@pytest.mark.parametrize("row", CAUSED, ids=lambda row: f"{row.state}-{row.event}")
def test_every_row_that_people_cause_happens_for_every_role_it_names(row: Row) -> None:
    assert row.state is not None
    for role in row.who:
        life = _ready(row.state, row.event)
        actor = Actor(role) if role == "handler" and row.event == "accept" else ACTORS[role]
        made = life.tries(COMMAND[row.event], actor, after(_when(life, row.event)))
        assert isinstance(made, Decision), made
        done = next(e for e in made.entries if e.event == EVENTS[row.event].past)
        assert (done.state, made.petition.state, done.actor) == (row.to, row.to, str(actor))


@pytest.mark.parametrize("role", ROLES)
def test_anybody_may_file(role: Role) -> None:
    made = judge.file(judge.Filed("code", "1", ""), Actor(role), POLICY, number=NUMBER, now=MONDAY)
    assert isinstance(made, Decision)
    assert (made.petition.state, made.entries[0].event, made.entries[0].seq) == ("received", "filed", 0)


@pytest.mark.parametrize("state", STATES)
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(state: State) -> None:
    life = WAYS[state]()
    before = encoded(life.petition)
    missing = [event for event in COMMAND if (state, event) not in ROW_OF]
    assert missing
    for event in missing:
        for role, actor in ACTORS.items():
            refused = life.tries(COMMAND[event], actor, after("2h 1m"))
            assert isinstance(refused, Refused)
            assert (refused.code, refused.state, refused.event) == ("not_in_state", state, event)
            assert refused.allowed == tuple(allowed(state, role))
    assert encoded(life.petition) == before


@pytest.mark.parametrize("state", STATES)
def test_every_role_that_a_row_does_not_name_is_refused(state: State) -> None:
    for row in (row for row in CAUSED if row.state == state):
        life = _ready(state, row.event)
        before = encoded(life.petition)
        for role in ROLES.keys() - set(row.who):
            refused = life.tries(COMMAND[row.event], ACTORS[role], after(_when(life, row.event)))
            assert isinstance(refused, Refused)
            assert (refused.code, refused.state, refused.event) == ("not_permitted", state, row.event)
            assert refused.allowed == tuple(allowed(state, role))
            assert row.event not in refused.allowed
        assert encoded(life.petition) == before


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("event", ["warn", "breach", "escalate"])
def test_time_warns_breaches_and_escalates_in_every_open_state(state: State, event: str) -> None:
    life = WAYS[state]().sweeps(after("2d"))
    assert (state, EVENTS[event].past) in {(e.state, e.event) for e in life.entries if e.actor == "system"}


@pytest.mark.parametrize("event", ["warn", "breach", "escalate"])
def test_time_warns_breaches_and_escalates_while_the_petitioner_is_asked(event: str) -> None:
    life = WAYS["resolved"]().sweeps(after("1d"))
    assert life.happened(EVENTS[event].past)


def test_a_hold_ends_by_itself() -> None:
    life = Life(POLICY).on_hold("1h", seconds=3600).sweeps(after("2h"))
    assert life.petition.state == "in_progress"
    assert life.happened("hold_ended") == [("hold_ended", after("2h"))]


def test_a_survey_that_nobody_answers_lapses() -> None:
    assert WAYS["resolved"]().sweeps(after("3d 1h")).petition.state == "resolved"
    life = WAYS["resolved"]().sweeps(after("3d 1h 1u"))
    assert life.petition.state == "closed"
    assert life.happened("survey_lapsed") == [("survey_lapsed", after("3d 1h"))]
    assert life.petition.rating == ""


@pytest.mark.parametrize("state", [s for s in STATES if s in ENDED])
def test_no_clock_runs_once_a_petition_is_over(state: State) -> None:
    life = WAYS[state]()
    assert life.petition.clocks == []
    assert life.last.wake_at is None
    assert judge.let_time_pass(life.petition, POLICY, now=after("400d")).entries == []


def test_a_note_is_welcome_for_ever() -> None:
    for state in STATES:
        assert "note" in allowed(state, "operator")
