"""A way to every state of the lifecycle, and a valid command of every event."""

from __future__ import annotations

from collections.abc import Callable

from tests.core.lives import (
    ACCEPT,
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    DISSATISFIED,
    EXTEND,
    HANDLER,
    HOLD,
    INTERIM,
    NUMBER,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    RETURN,
    SATISFIED,
    SYSTEM,
    Life,
    after,
)
from tests.core.policies import small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import State

POLICY = small_policy()
#: A command of every event that somebody, not time, causes; valid by itself.
COMMAND: dict[str, Command] = {
    "file": c.FilePetition("code", "1", "标题"),
    "route": c.RoutePetition("NOISE"),
    "dispatch": c.DispatchPetition("police"),
    "accept": ACCEPT,
    "contact": c.ContactPetitioner("已通话"),
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
    "ask_help": c.AskHelp("请派人支援"),
    "show_detail": c.ShowDetail("sms"),
    "note": c.AddNote("已电话联系"),
    "add_photo": c.AddPhoto("现场.jpg", "0" * 64),
    "change_priority": c.ChangePriority("urgent", "天气转坏"),
    "ask_assist": c.AskAssist("market"),
    "accept_assist": c.AcceptAssist("urban"),
    "finish_assist": c.FinishAssist("urban"),
    "acknowledge": c.Acknowledge(),
    "escalate_to": c.EscalateTo(2, "影响面大"),
    "merge": c.MergePetition(NUMBER + 1),
    "adopt": c.AdoptChild(NUMBER + 2),
    "follow": c.FollowParent("solved", "已处理完毕"),
    "withdraw": c.WithdrawPetition(),
    "reject": c.RejectPetition("out_of_area", "不在辖区"),
    "transfer_out": c.TransferOut("区级平台"),
}
BY_TIME = ("hold_ends", "survey_lapses", "warn", "breach", "escalate")
NOW = after("2h")


#: A way to each state, reached well before `NOW`.
WAYS: dict[State, Callable[[], Life]] = {
    "received": lambda: Life(POLICY),
    "routed": lambda: Life(POLICY).does(COMMAND["route"], SYSTEM, after("5s")),
    "dispatched": lambda: Life(POLICY).dispatched(),
    "in_progress": lambda: Life(POLICY).in_progress(),
    "on_hold": lambda: Life(POLICY).on_hold(),
    "returned": lambda: Life(POLICY).dispatched(team="urban").does(RETURN, OPERATOR, after("5m")),
    "resolved": lambda: Life(POLICY).in_progress().does(RESOLVE, HANDLER, after("1h")),
    "closed": lambda: Life(POLICY).in_progress().does(RESOLVE, HANDLER, after("1h")).does(SATISFIED, PETITIONER, NOW),
    "merged": lambda: Life(POLICY).does(COMMAND["merge"], OPERATOR, after("5m")),
    "withdrawn": lambda: Life(POLICY).does(COMMAND["withdraw"], PETITIONER, after("5m")),
    "rejected": lambda: Life(POLICY).does(COMMAND["reject"], OPERATOR, after("5m")),
    "transferred": lambda: Life(POLICY).does(COMMAND["transfer_out"], OPERATOR, after("5m")),
}
