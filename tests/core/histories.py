"""Random lives of petitions, for the property tests.

A step is a few small numbers; what they mean is decided when the step is taken, from what is allowed at that moment.
So histories reach deep into the lifecycle, and hypothesis can shrink them.

`DEEP_EXAMPLES=2000` in the environment makes every property test of this folder try that many histories.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from tests.core.climbing import COUNCIL
from tests.core.lives import ACCEPT, ACTORS, APPROVE_EXTENSION, APPROVE_HOLD, DISSATISFIED, INTERIM, RESOLVE, SATISFIED
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import ROW_OF, State
from xixi_workflow.core.petition import Actor

_DEEP = int(os.environ.get("DEEP_EXAMPLES", "0"))


def deep(examples: int, steps: int = 30) -> settings:
    """`examples` by default, as many as `DEEP_EXAMPLES` says in a deep run."""
    return settings(max_examples=_DEEP or examples, stateful_step_count=steps)


class Step(NamedTuple):
    """Wait, then do something. `late` is how long ago it happened."""

    wait: int
    choice: int
    variant: int
    late: int


_small = st.integers(0, 11)
steps = st.builds(Step, st.integers(0, 15), st.integers(0, 40), _small, _small)

_MICROSECOND: Final = timedelta(microseconds=1)
_WAITS: Final = tuple(
    timedelta(seconds=s) for s in (0, 0.000001, 1, 7, 48, 60, 600, 900, 3600, 10_000, 28_800, 86_400, 300_000)
)


def later(now: datetime, wait: int, wake_at: datetime | None) -> datetime:
    """The moment of a step: some time on, or right at, before or after the next alarm."""
    if wait < len(_WAITS) or wake_at is None:
        return now + _WAITS[wait % len(_WAITS)]
    return max(now, wake_at + (wait - len(_WAITS) - 1) * _MICROSECOND)


def happened(now: datetime, late: int, earliest: datetime) -> datetime | None:
    """When a step's event happened: mostly now, sometimes up to a day ago but not before `earliest`."""
    if late < 8:
        return None
    ago = (60, 3600, 20_000, 86_400)[late - 8]
    return max(earliest, now - timedelta(seconds=ago))


_TEAMS = ("police", "urban", "market")
#: What makes each event; `n` picks a variant. Events that move a petition on come up more often.
MAKERS: Final[dict[str, tuple[int, Callable[[int], Command]]]] = {
    "route": (3, lambda n: c.RoutePetition(("NOISE", "STALL")[n % 2], assisting=_TEAMS[n % 4 : n % 4 + n % 3])),
    "dispatch": (5, lambda n: c.DispatchPetition(("", *_TEAMS)[n % 4])),
    "accept": (5, lambda n: ACCEPT),
    "contact": (2, lambda n: c.ContactPetitioner(("", "已通话")[n % 2])),
    "return": (2, lambda n: c.ReturnPetition("not_my_duty")),
    "refuse_return": (1, lambda n: c.RefuseReturn("应由贵单位办理")),
    "report_interim": (2, lambda n: INTERIM),
    "request_hold": (3, lambda n: c.RequestHold("third_party", seconds=(None, 600.0, 90_000.0)[n % 3])),
    "approve_hold": (3, lambda n: APPROVE_HOLD if n % 2 else c.ApproveHold(7200.0)),
    "refuse_hold": (1, lambda n: c.RefuseHold("理由不足")),
    "resume": (2, lambda n: c.Resume()),
    "request_extension": (3, lambda n: c.RequestExtension((3600.0, 100_000.0)[n % 2], "需要时间")),
    "approve_extension": (3, lambda n: APPROVE_EXTENSION if n % 2 else c.ApproveExtension(1800.0)),
    "refuse_extension": (1, lambda n: c.RefuseExtension("理由不足")),
    "resolve": (3, lambda n: RESOLVE),
    "rate": (2, lambda n: SATISFIED),
    "rate_dissatisfied": (2, lambda n: DISSATISFIED),
    "reopen": (1, lambda n: c.ReopenPetition("抽查发现未解决")),
    "urge": (1, lambda n: c.UrgePetition()),
    "supervise": (2, lambda n: c.SupervisePetition("请尽快办理", (None, 3600.0, 90_000.0)[n % 3])),
    "ask_help": (1, lambda n: c.AskHelp(("", "请派人支援")[n % 2])),
    "show_detail": (1, lambda n: c.ShowDetail("sms")),
    "note": (1, lambda n: c.AddNote("已电话联系")),
    "add_photo": (1, lambda n: c.AddPhoto("现场.jpg", "0" * 64)),
    "change_priority": (2, lambda n: c.ChangePriority(("urgent", "normal")[n % 2], "天气转坏")),
    "ask_assist": (2, lambda n: c.AskAssist(_TEAMS[n % 3])),
    "accept_assist": (1, lambda n: c.AcceptAssist(_TEAMS[n % 3])),
    "finish_assist": (2, lambda n: c.FinishAssist(_TEAMS[n % 3])),
    "acknowledge": (3, lambda n: c.Acknowledge(("", "closure")[n % 2])),
    "escalate_to": (2, lambda n: c.EscalateTo(n % 4 + 1, "影响面大", ("", "closure")[n % 2])),
    "withdraw": (1, lambda n: c.WithdrawPetition()),
    "reject": (1, lambda n: c.RejectPetition("out_of_area", "不在辖区")),
    "transfer_out": (1, lambda n: c.TransferOut("区级平台")),
}


def choose(state: State, choice: int, variant: int) -> tuple[Command, Actor]:
    """A command that the table allows in `state`, and somebody who may give it."""
    events = [event for event, (weight, _) in MAKERS.items() if (state, event) in ROW_OF for _ in range(weight)]
    event = events[choice % len(events)]
    who = ROW_OF[state, event].who
    role = who[variant % len(who)]
    if event == "acknowledge":
        return MAKERS[event][1](variant), Actor("leader", (*COUNCIL, "commander-1")[variant % 3])
    # A handler's id would have to fit the team; an operator enters it for them.
    actor = Actor("handler") if role == "handler" else ACTORS[role]
    return MAKERS[event][1](variant), actor
