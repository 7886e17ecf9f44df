"""What each command asks for beyond its row in the lifecycle table, and what it changes besides the state."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.core.lives import (
    ACCEPT,
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    DISSATISFIED,
    EXTEND,
    HANDLER,
    HOLD,
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
)
from tests.core.policies import MONDAY, small_policy
from tests.core.ways import COMMAND, NOW, POLICY, WAYS
from xixi_workflow.core import commands as c
from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import STATES
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.work import Decision, Refused

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
    ("nothing to escalate", WAYS["in_progress"], COMMAND["escalate_to"], LEADER, "nothing_to_escalate"),
    ("no such level", WAYS["received"], c.EscalateTo(7, "影响面大"), LEADER, "no_such_level"),
    ("the leader knows", WAYS["received"], c.EscalateTo(2, "影响面大"), LEADER, "level_rung_already"),
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


def test_a_call_for_help_reaches_the_centre_and_the_teams_lead() -> None:
    asks = [{"message": "operator_help_asked", "to": ["operator", "team_lead"]}]
    life = Life(small_policy(notices={"ask_help": asks})).in_progress()
    life.does(c.AskHelp("请派人支援"), HANDLER, after("1h"))
    assert [(m.to, m.vars.text) for m in life.last.messages] == [
        ("operator-1", "请派人支援"),
        ("police-lead", "请派人支援"),
    ]
    assert life.petition.state == "in_progress"


def test_who_was_shown_the_full_text_is_a_line_of_the_journal_and_nothing_else() -> None:
    for state in STATES:
        life = WAYS[state]()
        before = life.petition
        life.does(c.ShowDetail("sms"), HANDLER, after("2h 1m"))
        (entry,) = (e for e in life.last.entries if e.actor != "system")
        assert (entry.event, entry.actor, entry.data) == ("detail_shown", "handler:police-1", '{"way":"sms"}')
        assert life.petition.state == before.state
        assert [m for m in life.last.messages if not m.vars.clock] == []


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
    life = Life(POLICY).in_progress()
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
    assert Life(POLICY).does(c.RoutePetition("STALL"), SYSTEM, NOW).petition.urgency == "urgent"
    assert Life(POLICY).does(c.RoutePetition("STALL", urgency="normal"), SYSTEM, NOW).petition.urgency == "normal"


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
