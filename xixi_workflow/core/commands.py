"""What can be asked of a petition. Each command is one event of the lifecycle table with its arguments.

The class says what is asked (imperative); `event` is its name in the lifecycle table, in configuration and on the
command line. A command is stored in the journal as the JSON of its arguments, so a field may be added (with a
default) but never renamed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

#: A reason or answer that a person has written: not blank, at most 4,000 characters.
Text = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]
Code = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"\A[\w.:-]+\Z")]
#: No NUL character: PostgreSQL cannot store one in a text, and no petition needs one.
_STORABLE = r"\A[^\0]*\Z"
#: A span in seconds, more than zero and at most a year.
Span = Annotated[float, Meta(gt=0, le=366 * 86400)]
Urgency = Literal["normal", "urgent", "emergency"]
Rating = Literal["satisfied", "fairly_satisfied", "dissatisfied"]


class Command(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The root of all commands; `event` names the row of the lifecycle table."""

    event: ClassVar[str] = ""

    @property
    def happens(self) -> str:
        """The lifecycle event this command causes (a rating depends on its value)."""
        return self.event


def _exact(command: RequestHold | ApproveHold | RequestExtension | ApproveExtension | SupervisePetition) -> None:
    """7200 and 7200.0 seconds are one span and must be one journal line, or a replay would not be exact."""
    if command.seconds is not None:
        msgspec.structs.force_setattr(command, "seconds", float(command.seconds))


class Petitioner(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who filed the petition. Kept apart from the working state and never in the journal."""

    name: Annotated[str, Meta(max_length=100, pattern=_STORABLE)] = ""
    phone: Annotated[str, Meta(max_length=32, pattern=_STORABLE)] = ""
    language: Literal["zh", "en"] = "zh"


class FilePetition(Command, frozen=True, omit_defaults=True):
    """受理登记. `received_at` is when the source took it; the petitioner's clocks count from there."""

    event: ClassVar[str] = "file"
    source: Code
    source_id: Annotated[str, Meta(min_length=1, max_length=100, pattern=_STORABLE)]
    title: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\A[^\0]*[^\0\s][^\0]*\Z")]
    content: Annotated[str, Meta(max_length=20000, pattern=_STORABLE)] = ""
    received_at: Annotated[datetime, Meta(tz=True)] | None = None
    channel: Annotated[str, Meta(max_length=40, pattern=_STORABLE)] = ""
    nature: Annotated[str, Meta(max_length=40, pattern=_STORABLE)] = ""
    urgency: Urgency = "normal"
    community: Annotated[str, Meta(max_length=60, pattern=_STORABLE)] = ""
    address: Annotated[str, Meta(max_length=300, pattern=_STORABLE)] = ""
    petitioner: Petitioner = Petitioner()
    confidential: bool = False
    surveyable: bool = True


class RoutePetition(Command, frozen=True, omit_defaults=True):
    """研判: the category, and with it the lead team, the assisting teams and the urgency."""

    event: ClassVar[str] = "route"
    category: Code
    #: Empty: the category's own lead team.
    team: str = ""
    #: Assisting teams, asked when the petition is dispatched.
    assisting: tuple[Code, ...] = ()
    #: Why this category was chosen, for people: the words that matched, or who said so.
    reason: Annotated[str, Meta(max_length=500)] = ""
    urgency: Urgency | None = None


class DispatchPetition(Command, frozen=True, omit_defaults=True):
    """派单 to the lead team; empty `team` means the routed one."""

    event: ClassVar[str] = "dispatch"
    team: str = ""
    note: Annotated[str, Meta(max_length=1000)] = ""


class AcceptPetition(Command, frozen=True, omit_defaults=True):
    """签收 by a handler of the lead team."""

    event: ClassVar[str] = "accept"
    handler: Annotated[str, Meta(max_length=60)] = ""


class ContactPetitioner(Command, frozen=True, omit_defaults=True):
    """先行联系: the team has spoken to the petitioner.

    `judged` is the judge's, whatever a door says: the first contact after a dispatch is in time or late, `again` any
    further one, see `report.contact_within`.
    """

    event: ClassVar[str] = "contact"
    text: Annotated[str, Meta(max_length=1000)] = ""
    judged: Literal["", "in_time", "late", "again"] = ""


class ReturnPetition(Command, frozen=True, omit_defaults=True):
    """退单 with a reason code of the policy."""

    event: ClassVar[str] = "return"
    reason: Code
    text: Annotated[str, Meta(max_length=1000)] = ""


class RefuseReturn(Command, frozen=True, omit_defaults=True):
    """驳回退单: the same team keeps the petition."""

    event: ClassVar[str] = "refuse_return"
    reason: Text


class ReportInterim(Command, frozen=True, omit_defaults=True):
    """阶段性反馈: a real text to the petitioner, not a status click."""

    event: ClassVar[str] = "report_interim"
    text: Text


class RequestHold(Command, frozen=True, omit_defaults=True):
    """申请挂起 with a reason code; `seconds` empty asks for a hold without a fixed end."""

    event: ClassVar[str] = "request_hold"
    reason: Code
    text: Annotated[str, Meta(max_length=1000)] = ""
    seconds: Span | None = None

    def __post_init__(self) -> None:
        _exact(self)


class ApproveHold(Command, frozen=True, omit_defaults=True):
    """批准挂起: the clocks that the policy names stop; `seconds` overrules the span asked for."""

    event: ClassVar[str] = "approve_hold"
    seconds: Span | None = None

    def __post_init__(self) -> None:
        _exact(self)


class RefuseHold(Command, frozen=True, omit_defaults=True):
    """驳回挂起."""

    event: ClassVar[str] = "refuse_hold"
    reason: Text


class Resume(Command, frozen=True, omit_defaults=True):
    """恢复办理 before the hold's end."""

    event: ClassVar[str] = "resume"
    text: Annotated[str, Meta(max_length=1000)] = ""


class RequestExtension(Command, frozen=True, omit_defaults=True):
    """申请延期 by `seconds`, before the clock is due, once (by default)."""

    event: ClassVar[str] = "request_extension"
    seconds: Span
    reason: Text

    def __post_init__(self) -> None:
        _exact(self)


class ApproveExtension(Command, frozen=True, omit_defaults=True):
    """批准延期; `seconds` overrules the span asked for."""

    event: ClassVar[str] = "approve_extension"
    seconds: Span | None = None

    def __post_init__(self) -> None:
        _exact(self)


class RefuseExtension(Command, frozen=True, omit_defaults=True):
    """驳回延期."""

    event: ClassVar[str] = "refuse_extension"
    reason: Text


class ResolvePetition(Command, frozen=True, omit_defaults=True):
    """办结 with a result class of the policy and the answer for the petitioner."""

    event: ClassVar[str] = "resolve"
    result: Code
    answer: Text


class RatePetition(Command, frozen=True, omit_defaults=True):
    """评价 by the petitioner. Dissatisfied starts another round; a later one takes the place of an earlier one."""

    event: ClassVar[str] = "rate"
    rating: Rating
    reason: Annotated[str, Meta(max_length=2000)] = ""

    @property
    def happens(self) -> str:
        """A dissatisfied rating is an event of its own: it leads elsewhere."""
        return "rate_dissatisfied" if self.rating == "dissatisfied" else "rate"


class ReopenPetition(Command, frozen=True, omit_defaults=True):
    """重办 ordered by the centre."""

    event: ClassVar[str] = "reopen"
    reason: Text


class UrgePetition(Command, frozen=True, omit_defaults=True):
    """催办: whoever holds the petition is reminded."""

    event: ClassVar[str] = "urge"
    text: Annotated[str, Meta(max_length=1000)] = ""


class SupervisePetition(Command, frozen=True, omit_defaults=True):
    """督办: the team's lead is told that leaders are watching, and wants an answer within `seconds`.

    Empty: within the limit of the clocks that this starts.
    """

    event: ClassVar[str] = "supervise"
    text: Text
    seconds: Span | None = None

    def __post_init__(self) -> None:
        _exact(self)


class AskHelp(Command, frozen=True, omit_defaults=True):
    """求助: who is in the field needs the centre and the team's lead."""

    event: ClassVar[str] = "ask_help"
    text: Annotated[str, Meta(max_length=4000)] = ""


class ShowDetail(Command, frozen=True, omit_defaults=True):
    """调阅全文: whoever gave this was shown the whole petition, by way of `way` (`sms`, `web`)."""

    event: ClassVar[str] = "show_detail"
    way: Code


class AddNote(Command, frozen=True, omit_defaults=True):
    """备注, allowed for ever."""

    event: ClassVar[str] = "note"
    text: Text


class AddPhoto(Command, frozen=True, omit_defaults=True):
    """A photograph kept elsewhere: its name and the SHA-256 of its bytes (hex)."""

    event: ClassVar[str] = "add_photo"
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class ChangePriority(Command, frozen=True, omit_defaults=True):
    """调整紧急程度; running clocks keep their due instants."""

    event: ClassVar[str] = "change_priority"
    urgency: Urgency
    reason: Text


class AskAssist(Command, frozen=True, omit_defaults=True):
    """请求协办 of another team."""

    event: ClassVar[str] = "ask_assist"
    team: Code
    text: Annotated[str, Meta(max_length=1000)] = ""


class AcceptAssist(Command, frozen=True, omit_defaults=True):
    """协办签收."""

    event: ClassVar[str] = "accept_assist"
    team: Code


class FinishAssist(Command, frozen=True, omit_defaults=True):
    """协办完成 with what was done."""

    event: ClassVar[str] = "finish_assist"
    team: Code
    text: Annotated[str, Meta(max_length=4000)] = ""


class Acknowledge(Command, frozen=True, omit_defaults=True):
    """确认知悉: the ladder's repeats up to the level already reached fall silent."""

    event: ClassVar[str] = "acknowledge"
    clock: Annotated[str, Meta(max_length=40)] = ""


class EscalateTo(Command, frozen=True, omit_defaults=True):
    """越级升级: `level` of the ladder rings now; empty `clock` means every overdue clock that can still climb to it."""

    event: ClassVar[str] = "escalate_to"
    level: Annotated[int, Meta(ge=1, le=9)]
    reason: Text
    clock: Annotated[str, Meta(max_length=40)] = ""


class MergePetition(Command, frozen=True, omit_defaults=True):
    """并单 into an open petition, `into` being its number."""

    event: ClassVar[str] = "merge"
    into: int
    reason: Annotated[str, Meta(max_length=1000)] = ""


class AdoptChild(Command, frozen=True, omit_defaults=True):
    """The main petition's half of a merge; given by the engine, never by a door."""

    event: ClassVar[str] = "adopt"
    child: int


class FollowParent(Command, frozen=True, omit_defaults=True):
    """The main petition was answered: its merged petitioner gets the same answer. Given by the engine."""

    event: ClassVar[str] = "follow"
    result: Code
    answer: Text


class WithdrawPetition(Command, frozen=True, omit_defaults=True):
    """撤诉."""

    event: ClassVar[str] = "withdraw"
    reason: Annotated[str, Meta(max_length=1000)] = ""


class RejectPetition(Command, frozen=True, omit_defaults=True):
    """不予受理 with a reason code of the policy and an explanation to the petitioner."""

    event: ClassVar[str] = "reject"
    reason: Code
    text: Text


class TransferOut(Command, frozen=True, omit_defaults=True):
    """转外部: to 110 or a district department, named in `to`."""

    event: ClassVar[str] = "transfer_out"
    to: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]
    text: Annotated[str, Meta(max_length=1000)] = ""


class TimePassed(Command, frozen=True, omit_defaults=True):
    """Nobody did anything; it is merely later. Warnings, breaches, escalations and lapses follow from it."""

    event: ClassVar[str] = "time_passed"


#: Every command by its event.
COMMANDS: dict[str, type[Command]] = {kind.event: kind for kind in Command.__subclasses__()}


def parse(event: str, arguments: dict[str, object]) -> Command:
    """The command `event` with `arguments` (JSON types, text numbers allowed).

    Raises `KeyError` for an unknown event and `msgspec.ValidationError` naming the wrong field.
    """
    return msgspec.convert(arguments, COMMANDS[event], strict=False)
