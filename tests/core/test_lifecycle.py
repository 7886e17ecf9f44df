"""The lifecycle table, row by row, and everything that is not in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.core.lives import (
    ACCEPT,
    ACTORS,
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    DISSATISFIED,
    EXTEND,
    HANDLER,
    HOLD,
    INTERIM,
    LEADER,
    NUMBER,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    RETURN,
    SATISFIED,
    SUPERVISOR,
    SYSTEM,
    Life,
    after,
    encoded,
)
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import COMMANDS, Command
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

POLICY = small_policy()
#: A command of every event that somebody, not time, causes; valid by itself.
COMMAND: dict[str, Command] = {
    "file": c.FilePetition("code", "1", "标题"),
    "route": c.RoutePetition("NOISE"),
    "dispatch": c.DispatchPetition("police"),
    "accept": ACCEPT,
    "return": RETURN,
    "refuse_return": c.RefuseReturn("属于贵单位职责"),
    "report_interim": INTERIM,
    "request_hold": HOLD,
    "approve_hold": APPROVE_HOLD,
    "refuse_hold": c.RefuseHold("理由不足"),
    "resume": c.Resume(),
    "request_extension": EXTEND,
    "approve_extension": APPROVE_EXTENSION,
    "refuse_extension": c.RefuseExtension("理由不足"),
    "resolve": RESOLVE,
    "rate": SATISFIED,
    "rate_dissatisfied": DISSATISFIED,
    "reopen": c.ReopenPetition("抽查发现未解决"),
    "urge": c.UrgePetition(),
    "supervise": c.SupervisePetition("请尽快办理"),
    "note": c.AddNote("已电话联系"),
    "add_photo": c.AddPhoto("现场.jpg", "0" * 64),
    "change_priority": c.ChangePriority("urgent", "天气转坏"),
    "ask_assist": c.AskAssist("market"),
    "accept_assist": c.AcceptAssist("urban"),
    "finish_assist": c.FinishAssist("urban"),
    "acknowledge": c.Acknowledge(),
    "merge": c.MergePetition(NUMBER + 1),
    "adopt": c.AdoptChild(NUMBER + 2),
    "follow": c.FollowParent("solved", "已处理完毕"),
    "withdraw": c.WithdrawPetition(),
    "reject": c.RejectPetition("out_of_area", "不在辖区"),
    "transfer_out": c.TransferOut("区级平台"),
}
BY_TIME = ("hold_ends", "survey_lapses", "warn", "breach", "escalate")
NOW = after("2h")


def _life() -> Life:
    return Life(POLICY)


#: A way to each state, reached well before `NOW`.
WAYS: dict[State, Callable[[], Life]] = {
    "received": _life,
    "routed": lambda: _life().does(COMMAND["route"], SYSTEM, after("5s")),
    "dispatched": lambda: _life().dispatched(),
    "in_progress": lambda: _life().in_progress(),
    "on_hold": lambda: _life().on_hold(),
    "returned": lambda: _life().dispatched(team="urban").does(RETURN, OPERATOR, after("5m")),
    "resolved": lambda: _life().in_progress().does(RESOLVE, HANDLER, after("1h")),
    "closed": lambda: _life().in_progress().does(RESOLVE, HANDLER, after("1h")).does(SATISFIED, PETITIONER, NOW),
    "merged": lambda: _life().does(COMMAND["merge"], OPERATOR, after("5m")),
    "withdrawn": lambda: _life().does(COMMAND["withdraw"], PETITIONER, after("5m")),
    "rejected": lambda: _life().does(COMMAND["reject"], OPERATOR, after("5m")),
    "transferred": lambda: _life().does(COMMAND["transfer_out"], OPERATOR, after("5m")),
}
CAUSED = [row for row in TABLE if row.event not in BY_TIME and row.state is not None]


def _ready(state: State, event: str) -> Life:
    """A petition in `state` of which nothing but the table could refuse `event`."""
    if event in ("accept_assist", "finish_assist") and state in OPEN:
        asked = _life().dispatched().does(c.AskAssist("urban"), OPERATOR, after("20s"))
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
        return _life().in_progress().does(RESOLVE, HANDLER, after("1h")).sweeps(after("4d"))
    elif event == "rate_dissatisfied" and state == "closed":
        return _life().in_progress().does(RESOLVE, HANDLER, after("1h")).sweeps(after("4d"))
    return life


def _when(life: Life, event: str) -> str:
    # Late enough for every open petition to have something overdue that can be acknowledged.
    return "4d 1h" if life.petition.state == "closed" else "5h" if event == "acknowledge" else "2h 1m"


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
        (("accept", "return", "report_interim", "request_hold", "request_extension"), {"handler", "operator"}),
        (("resolve", "accept_assist", "finish_assist"), {"handler", "operator"}),
        (("rate", "rate_dissatisfied", "withdraw"), {"petitioner", "operator"}),
        (("reopen", "refuse_return", "merge", "reject", "transfer_out"), {"operator", "supervisor", "leader"}),
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
    life = _life().on_hold("1h", seconds=3600).sweeps(after("2h"))
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


CONDITIONS: list[tuple[str, Callable[[], Life], Command, Actor, str]] = [
    ("category", WAYS["received"], c.RoutePetition("NOPE"), OPERATOR, "unknown_category"),
    ("team", WAYS["received"], c.RoutePetition("NOISE", team="nope"), OPERATOR, "unknown_team"),
    ("assisting team", WAYS["received"], c.RoutePetition("NOISE", assisting=("nope",)), OPERATOR, "unknown_team"),
    ("held team", WAYS["dispatched"], c.RoutePetition("NOISE", team="urban"), OPERATOR, "team_has_it"),
    ("no team", WAYS["received"], c.DispatchPetition(), OPERATOR, "no_team"),
    ("dispatch to nobody", WAYS["received"], c.DispatchPetition("nope"), OPERATOR, "unknown_team"),
    ("back to the same", WAYS["returned"], c.DispatchPetition("urban"), OPERATOR, "same_team"),
    ("stranger", WAYS["dispatched"], ACCEPT, Actor("handler", "nobody"), "unknown_person"),
    ("other team", WAYS["dispatched"], ACCEPT, Actor("handler", "urban-1"), "not_of_this_team"),
    ("return reason", WAYS["dispatched"], c.ReturnPetition("nope"), HANDLER, "unknown_reason"),
    ("hold reason", WAYS["in_progress"], c.RequestHold("nope"), HANDLER, "unknown_reason"),
    ("long hold", WAYS["in_progress"], c.RequestHold("third_party", seconds=31 * 86400), HANDLER, "too_long"),
    ("hold unasked", WAYS["in_progress"], APPROVE_HOLD, SUPERVISOR, "nothing_pending"),
    ("no hold asked", WAYS["in_progress"], COMMAND["refuse_hold"], SUPERVISOR, "nothing_pending"),
    ("extension unasked", WAYS["in_progress"], APPROVE_EXTENSION, SUPERVISOR, "nothing_pending"),
    ("no extension asked", WAYS["in_progress"], COMMAND["refuse_extension"], SUPERVISOR, "nothing_pending"),
    ("long extension", WAYS["in_progress"], c.RequestExtension(6 * 86400, "x"), HANDLER, "too_long"),
    (
        "two requests",
        lambda: WAYS["in_progress"]().does(HOLD, HANDLER, after("1h")),
        EXTEND,
        HANDLER,
        "already_pending",
    ),
    (
        "long hold approved",
        lambda: WAYS["in_progress"]().does(HOLD, HANDLER, after("1h")),
        c.ApproveHold(31 * 86400),
        LEADER,
        "too_long",
    ),
    (
        "long extension approved",
        lambda: WAYS["in_progress"]().does(EXTEND, HANDLER, after("1h")),
        c.ApproveExtension(6 * 86400),
        LEADER,
        "too_long",
    ),
    ("result", WAYS["in_progress"], c.ResolvePetition("nope", "x"), HANDLER, "unknown_result"),
    ("second rating", WAYS["closed"], SATISFIED, PETITIONER, "already_rated"),
    ("second thoughts", WAYS["closed"], DISSATISFIED, PETITIONER, "already_rated"),
    ("assisting itself", WAYS["in_progress"], c.AskAssist("police"), HANDLER, "leads_already"),
    ("assisting nobody", WAYS["in_progress"], c.AskAssist("nope"), HANDLER, "unknown_team"),
    (
        "assisting twice",
        lambda: WAYS["in_progress"]().does(c.AskAssist("urban"), HANDLER, after("1h")),
        c.AskAssist("urban"),
        HANDLER,
        "assists_already",
    ),
    ("uninvited", WAYS["in_progress"], c.AcceptAssist("urban"), HANDLER, "does_not_assist"),
    ("finished uninvited", WAYS["in_progress"], c.FinishAssist("urban"), HANDLER, "does_not_assist"),
    ("nothing late", WAYS["in_progress"], c.Acknowledge(), HANDLER, "nothing_to_acknowledge"),
    ("merged into itself", WAYS["in_progress"], c.MergePetition(NUMBER), OPERATOR, "merge_into_itself"),
    (
        "others wait",
        lambda: WAYS["in_progress"]().does(COMMAND["adopt"], SYSTEM, after("1h")),
        COMMAND["withdraw"],
        PETITIONER,
        "others_wait_for_it",
    ),
    ("reject reason", WAYS["received"], c.RejectPetition("nope", "x"), OPERATOR, "unknown_reason"),
]


@pytest.mark.parametrize(
    ("way", "command", "actor", "code"), [x[1:] for x in CONDITIONS], ids=[x[0] for x in CONDITIONS]
)
def test_a_command_is_refused_for_its_own_reasons(
    way: Callable[[], Life], command: Command, actor: Actor, code: str
) -> None:
    refused = way().tries(command, actor, after("2h 1m"))
    assert isinstance(refused, Refused)
    assert refused.code == code


def test_an_unknown_source_is_refused() -> None:
    refused = judge.file(judge.Filed("nope", "1", ""), SYSTEM, POLICY, number=NUMBER, now=MONDAY)
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_source"


def test_a_petitioner_may_not_change_a_rating_after_the_reopening_window() -> None:
    life = WAYS["resolved"]().sweeps(after("4d"))
    closed_at = life.petition.closed_at
    assert closed_at == after("3d 1h")
    assert isinstance(life.tries(DISSATISFIED, PETITIONER, after("18d 1h")), Decision)
    for command, actor in ((DISSATISFIED, PETITIONER), (SATISFIED, PETITIONER), (COMMAND["reopen"], OPERATOR)):
        refused = life.tries(command, actor, after("18d 1h 1u"))
        assert isinstance(refused, Refused)
        assert refused.code == "window_closed"


def test_rework_has_an_end() -> None:
    life = _life().in_progress()
    for n in range(2):
        life.does(RESOLVE, HANDLER, after(f"{n + 1}h")).does(DISSATISFIED, PETITIONER, after(f"{n + 1}h"))
        life.does(ACCEPT, HANDLER, after(f"{n + 1}h"))
    life.does(RESOLVE, HANDLER, after("5h"))
    refused = life.tries(DISSATISFIED, PETITIONER, after("5h"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["most"]) == ("too_many_rounds", "3")


def test_a_returned_petition_can_be_routed_to_another_team_and_go_out() -> None:
    life = WAYS["returned"]().does(c.RoutePetition("NOISE"), OPERATOR, after("10m"))
    life.does(c.DispatchPetition(), OPERATOR, after("11m"))
    assert (life.petition.state, life.petition.lead) == ("dispatched", "police")


def test_a_refused_return_goes_back_to_the_team_that_returned_it() -> None:
    life = WAYS["returned"]().does(c.RoutePetition("NOISE"), OPERATOR, after("10m"))
    life.does(COMMAND["refuse_return"], OPERATOR, after("11m"))
    assert (life.petition.state, life.petition.lead) == ("dispatched", "urban")


def test_who_accepts_is_the_handler_until_the_petition_goes_back() -> None:
    life = WAYS["in_progress"]()
    assert life.petition.handler == "police-1"
    assert life.does(RETURN, HANDLER, NOW).petition.handler == ""


def test_a_request_that_waited_is_gone_once_the_state_changes() -> None:
    life = WAYS["in_progress"]().does(EXTEND, HANDLER, after("1h")).does(RETURN, HANDLER, after("2h"))
    assert life.petition.pending == ""


def test_a_category_can_raise_the_urgency_and_a_person_can_set_it() -> None:
    assert _life().does(c.RoutePetition("STALL"), SYSTEM, NOW).petition.urgency == "urgent"
    assert _life().does(c.RoutePetition("STALL", urgency="normal"), SYSTEM, NOW).petition.urgency == "normal"


def test_what_has_not_happened_yet_and_what_happened_before_receipt_are_refused() -> None:
    life = WAYS["in_progress"]()
    skew = judge.CLOCK_SKEW
    for happened, code in ((NOW + skew * 2, "from_the_future"), (after("-1u"), "before_receipt")):
        refused = life.tries(RESOLVE, HANDLER, NOW, happened=happened)
        assert isinstance(refused, Refused)
        assert refused.code == code
    made = life.tries(RESOLVE, HANDLER, NOW, happened=NOW + skew)
    assert isinstance(made, Decision)
    assert made.entries[-1].at == NOW


def test_a_source_whose_clock_runs_ahead_a_little_is_believed_and_a_lot_is_not() -> None:
    ahead = judge.Filed("code", "1", "", received_at=MONDAY + judge.CLOCK_SKEW)
    made = judge.file(ahead, SYSTEM, POLICY, number=NUMBER, now=MONDAY)
    assert isinstance(made, Decision)
    assert made.petition.received_at == MONDAY
    far = judge.Filed("code", "1", "", received_at=MONDAY + 2 * judge.CLOCK_SKEW)
    refused = judge.file(far, SYSTEM, POLICY, number=NUMBER, now=MONDAY)
    assert isinstance(refused, Refused)
    assert refused.code == "from_the_future"


def test_the_journal_of_an_intake_names_nobody() -> None:
    command = c.FilePetition(
        "code", "7", "标题", "内容", address="某路1号", petitioner=c.Petitioner("某人", "19900000000")
    )
    filed = judge.filed(command)
    made = judge.file(filed, SYSTEM, POLICY, number=NUMBER, now=MONDAY)
    assert isinstance(made, Decision)
    for secret in ("某人", "19900000000", "某路1号", "标题", "内容"):
        assert secret not in made.entries[0].data
    assert filed.reachable
    assert filed.surveyable
    assert filed.text != judge.filed(c.FilePetition("code", "7", "标题改", "内容")).text
    silent = judge.filed(c.FilePetition("code", "7", "标题"))
    assert not silent.reachable
    assert not silent.surveyable
