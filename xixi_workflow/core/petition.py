"""What is known of a petition while it lives, and what a decision adds to the record.

`Petition` is the working state: everything `decide` needs to judge the next event, and no more. It is stored as one
compact array, so a field may be appended (with a default) but never moved or removed. The petitioner's words and
personal data are not in it: they are written once at intake and never travel with the state.

All instants are aware UTC datetimes; all spans are seconds.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from xixi_workflow.core.ladder import Climb
from xixi_workflow.core.lifecycle import Role, State


class Clock(msgspec.Struct, array_like=True, gc=False):
    """A running clock. It leaves the petition, as an `Outcome`, once nothing can change its verdict.

    `used` is the time already counted when the clock last began to run at `ran_from`; together with `total` (limit
    plus extensions) it gives the due instant, so that pauses and calendars need no list of intervals.
    """

    name: str
    #: The team of an assisting sub-task; empty for the petition's own clocks.
    key: str
    #: The round of handling in which it started; 1 is the first.
    round: int
    started_at: datetime
    due_at: datetime
    #: When time alone next changes this clock; None while it is paused or has nothing left to do.
    next_at: datetime | None
    total: float
    ran_from: datetime
    used: float = 0.0
    paused_at: datetime | None = None
    #: Seconds of wall time spent paused, over all finished pauses.
    paused_for: float = 0.0
    extended_for: float = 0.0
    #: How many of the configured warnings have been given.
    warned: int = 0
    #: None while on time; then the missed due instant, put off by later pauses: the ladder counts from it.
    breached_at: datetime | None = None
    #: How many rings of the ladder are done.
    rung: int = 0
    #: Highest level whose escalation somebody acknowledged; repeats up to it stay silent.
    acknowledged: int = 0
    #: Where it stands on its ladder; None until it is breached.
    climb: Climb | None = None
    #: The team that had the petition when it was breached, empty for nobody; None until then. Whoever gets the petition
    #: afterwards does not answer for it, and the verdict of a month that is over stays with whom it was signed for.
    missed_by: str | None = None


class Assist(msgspec.Struct, array_like=True, gc=False):
    """An assisting team's sub-task (协办)."""

    team: str
    asked: bool = False
    accepted: bool = False
    finished: bool = False


class Petition(msgspec.Struct, array_like=True):
    """The working state of one petition. `id` is also its public number: date of filing and serial."""

    id: int
    state: State
    #: Number of journal entries so far.
    seq: int
    #: Version of the policy under which it is judged for life.
    policy: int
    source: str
    received_at: datetime
    filed_at: datetime
    category: str = ""
    lead: str = ""
    urgency: str = "normal"
    community: str = ""
    #: Person who accepted it; empty until then and after a return.
    handler: str = ""
    round: int = 1
    clocks: list[Clock] = []
    assists: list[Assist] = []
    #: The request that waits for approval: "", "hold" or "extension".
    pending: str = ""
    #: Seconds asked for by the pending request; 0 when open-ended.
    pending_for: float = 0.0
    #: When an approved hold ends by itself.
    hold_until: datetime | None = None
    extensions: int = 0
    returns: int = 0
    urges: int = 0
    supervised: bool = False
    confidential: bool = False
    #: The petitioner may be asked for a rating.
    surveyable: bool = True
    #: The petitioner left a number.
    reachable: bool = True
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    result: str = ""
    rating: str = ""
    parent: int = 0
    children: list[int] = []
    #: The team that sent it back, until it is dispatched again.
    returned_by: str = ""
    #: When the petitioner gave the rating that counts.
    rated_at: datetime | None = None
    #: Until when the team it was dispatched to has to speak to the petitioner; None once it has.
    contact_by: datetime | None = None

    def copy(self) -> Petition:
        """A copy that can be changed without changing this one."""
        # Structs copy themselves in C, which their stubs do not tell; `copy.copy` would cost twice as much.
        other: Petition = self.__copy__()  # type: ignore[attr-defined]
        other.clocks = [clock.__copy__() for clock in self.clocks]  # type: ignore[attr-defined]
        other.assists = [assist.__copy__() for assist in self.assists]  # type: ignore[attr-defined]
        other.children = self.children[:]
        return other

    @property
    def no(self) -> str:
        """The public number (年月日 + 流水), as text so that no spreadsheet rounds it."""
        return str(self.id)


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who causes an event: a role and, where known, an account or person id."""

    role: Role
    id: str = ""

    def __str__(self) -> str:
        return f"{self.role}:{self.id}" if self.id else self.role

    @classmethod
    def parse(cls, text: str) -> Actor:
        """The inverse of `str`; raises `ValueError` on an unknown role."""
        role, _, who = text.partition(":")
        try:
            return msgspec.convert({"role": role, "id": who}, cls)
        except msgspec.ValidationError:
            raise ValueError(f"unknown role {role!r}") from None


SYSTEM = Actor("system")


class Entry(msgspec.Struct, gc=False):
    """One line of the journal. `at` is when it happened, `noticed_at` when it was decided."""

    seq: int
    #: Past tense, `lifecycle.EVENTS[...].past`.
    event: str
    state: State
    at: datetime
    noticed_at: datetime
    actor: str
    #: JSON of the command's arguments or of the fact; empty when there is nothing to add.
    data: str = ""


class Outcome(msgspec.Struct, gc=False):
    """The verdict on one clock of one round, as the report counts it.

    `result`: `on_time` met at or before due; `late` met after due; `breached` due has passed and it is not met yet;
    `unmet` stopped after a breach without being met; `ended` stopped before due, not judged; `lapsed` ran out where
    running out is no fault (survey); `withdrawn` an event that we heard of late proved a breach wrong, and the clock
    goes on. A later verdict on the same clock, key and start takes the place of an earlier one.
    """

    clock: str
    key: str
    round: int
    #: The team that answered for the clock when it was judged: of a missed one, when it was missed.
    team: str
    result: str
    started_at: datetime
    due_at: datetime
    #: When it was met or stopped; None while the clock goes on.
    settled_at: datetime | None
    paused_for: float = 0.0
    extended_for: float = 0.0


class Vars(msgspec.Struct, omit_defaults=True, gc=False, rename={"category": "c", "team": "t"}):
    """What a message needs beyond the petition's own unchanging facts, so that its text can be reproduced exactly."""

    category: str = ""
    team: str = ""
    urgency: str = ""
    clock: str = ""
    due: datetime | None = None
    level: int = 0
    #: Seconds: left before due in a warning, late in a breach, granted in an extension.
    span: int = 0
    text: str = ""
    code: str = ""


class Message(msgspec.Struct, gc=False):
    """Something a person has to be told. `to` is a person id of the policy, or `petitioner`."""

    kind: str
    to: str
    vars: Vars
