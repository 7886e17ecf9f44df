"""The shape of the files in `config/duty/`: rosters, their shifts, rotations and dated overrides.

Local times are written `2026-11-02 08:00`, on the city's clock. Where a clock is put back and shows a time twice, the
first is meant; an offset behind the time (`2026-10-25 02:30+01:00`) says otherwise.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from xixi_workflow.core.policy_schema import DAYS, Code, Day, Shape, read_hour

#: What only the service writes: take-overs, covers and swaps that somebody asked for.
CHANGES: Final = "duty/changes.yaml"
#: Among the files that could be read: one of `duty/` could not, so a name that is missing may be in there.
UNREAD: Final = "duty/"
_LOCAL: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[+-][0-9]{2}:[0-9]{2})?")
_EVERY: Final = re.compile(r"([1-9][0-9]{0,2})(h|d|w|mo)")
_PERIOD: Final = re.compile(r"([0-9]{1,2}:[0-9]{2})-([0-9]{1,2}:[0-9]{2})")


def read_local(text: object) -> datetime:
    """A local time, naive unless it was written with an offset. Raises `ValueError` on anything else."""
    if isinstance(text, str) and _LOCAL.fullmatch(text):
        with suppress(ValueError):
            at = datetime.fromisoformat(text)
            if 1990 <= at.year < 2200:
                return at
    raise ValueError(f'{text!r} is not a time; write "YYYY-MM-DD HH:MM", for example "2026-11-02 08:00"')


def write_local(at: datetime, zone: ZoneInfo) -> str:
    """An instant (aware) as `read_local` reads it; seconds and the offset only where they are needed."""
    local = at.astimezone(zone)
    written = local.isoformat(" ", "seconds" if local.second else "minutes")
    # A time that is shown twice means the first of them: the second must say so.
    return written if local.fold else written[: len(written) - 6]


class Period(NamedTuple):
    """A part of a day in minutes since midnight; `to` is after `from_` and runs past 1440 over midnight."""

    from_: int
    to: int


def read_period(text: object) -> Period:
    """`08:00-12:00`; an end that is not after its start is on the next day. Raises `ValueError` on anything else."""
    if isinstance(text, str) and (m := _PERIOD.fullmatch(text)):
        begins, ends = read_hour(m[1]), read_hour(m[2])
        if begins < 1440:
            return Period(begins, ends if ends > begins else ends + 1440)
    raise ValueError(f'{text!r} is not a part of a day; write "HH:MM-HH:MM", for example "20:00-08:00" for a night')


class Every(NamedTuple):
    """How long a turn lasts: `number` hours, days, weeks or months."""

    number: int
    unit: Literal["h", "d", "w", "mo"]


def read_every(text: object) -> Every:
    """`12h`, `1d`, `2w`, `1mo`. Raises `ValueError` on anything else."""
    if isinstance(text, str) and (m := _EVERY.fullmatch(text)):
        return Every(int(m[1]), m[2])  # type: ignore[arg-type]
    raise ValueError(f"{text!r} is not the length of a turn; write for example 12h, 1d, 1w, 2w or 1mo")


def _groups(people: object) -> object:
    """`[a, [b, c]]` as `[[a], [b, c]]`."""
    return [[one] if isinstance(one, str) else one for one in people] if isinstance(people, list) else people


Local = Annotated[datetime, BeforeValidator(read_local)]
People = Annotated[list[Code], Field(min_length=1)]


class Rotation(Shape):
    """Groups that take turns, each for `every`; one of them has its turn at `since`, the others follow in order.

    Days, weeks and months are steps on the city's wall clock: a hand-over at 08:00 stays at 08:00 when the clocks
    change, and the 31st is the last day of a shorter month. Hours are hours that have passed, so a rotation of 12h
    hands over at another time of day after the clocks have changed. Turns are counted backwards from `since` as well.
    """

    people: Annotated[list[People], BeforeValidator(_groups), Field(min_length=1)]
    every: Annotated[Every, BeforeValidator(read_every)]
    since: Local


class Dates(Shape):
    """From the first day to the last, both included, each may be left open."""

    from_: date | None = Field(alias="from", default=None)
    to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Dates:
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError("the last day is before the first")
        return self


class Shift(Shape):
    """When and who. A period over midnight belongs to the day on which it begins.

    A day counts if any entry of `days` names it: a weekday, `workday` (a day on which the calendar is open at all) or
    `holiday` (one on which it is not, week-ends included).
    """

    days: Annotated[list[Day | Literal["workday", "holiday"]], Field(min_length=1)] = Field(list(DAYS))
    times: Annotated[list[Annotated[Period, BeforeValidator(read_period)]], Field(min_length=1)] = Field(
        [Period(0, 1440)]
    )
    dates: Dates = Dates()
    #: Name in calendars.yaml that decides `workday` and `holiday`, instead of the roster's.
    calendar: Code | None = None
    people: People | None = None
    rotate: Rotation | None = None

    @model_validator(mode="after")
    def _who(self) -> Shift:
        if (self.people is None) == (self.rotate is None):
            raise ValueError("write either people or rotate")
        return self

    @property
    def named(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Everybody who is named, with the place."""
        if self.rotate is None:
            return [(("people", n), person) for n, person in enumerate(self.people or ())]
        return [(("rotate", "people", n), who) for n, group in enumerate(self.rotate.people) for who in group]


class Override(Shape):
    """A dated exception: other `people` whatever the pattern says, `by` for `cover`, or two who `swap`."""

    from_: Local = Field(alias="from")
    to: Local
    people: People | None = None
    cover: Code | None = None
    by: Code | None = None
    swap: Annotated[list[Code], Field(min_length=2, max_length=2)] | None = None
    reason: Annotated[str, Field(max_length=200)] = ""
    #: Who wanted it, where it was asked of the running service.
    asked_by: Annotated[str, Field(max_length=60)] = ""

    @model_validator(mode="after")
    def _what(self) -> Override:
        if (self.people is not None) + (self.cover is not None) + (self.swap is not None) != 1:
            raise ValueError("write one of people, cover (with by) and swap")
        if (self.cover is None) != (self.by is None):
            raise ValueError("cover and by go together: `by` stands in for `cover`")
        if (self.swap or ("a", "b"))[0] == (self.swap or ("a", "b"))[1] or (self.cover and self.cover == self.by):
            raise ValueError("two different people are wanted")
        naive = [t.replace(tzinfo=None) for t in (self.from_, self.to)]
        if naive[0] >= naive[1] and not (self.from_.tzinfo and self.to.tzinfo and self.from_ < self.to):
            raise ValueError("it ends before it begins")
        return self

    @property
    def named(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Everybody who is named, with the place."""
        found: list[tuple[tuple[str | int, ...], str]] = [
            ((key, n), who) for key in ("people", "swap") for n, who in enumerate(getattr(self, key) or ())
        ]
        return found + [((key,), getattr(self, key)) for key in ("cover", "by") if getattr(self, key)]


class RosterShape(Shape):
    """The duty of one team, or of one role of the centre."""

    calendar: Code | None = None
    shifts: list[Shift] = Field([])
    overrides: list[Override] = Field([])

    @property
    def members(self) -> frozenset[str]:
        """Everybody who may ever be on duty."""
        always = {who for shift in self.shifts for _, who in shift.named}
        return frozenset(always | {who for override in self.overrides for _, who in override.named})


class DutyFile(Shape):
    """A file of `duty/`. A roster's shifts stand in one file; other files may add overrides to it."""

    rosters: dict[Code, RosterShape]


class Changed(Shape):
    """What was asked of the running service about one roster."""

    overrides: list[Override]


class ChangesFile(Shape):
    """`duty/changes.yaml`, which only the service writes."""

    rosters: dict[Code, Changed]


def is_duty(file: str) -> bool:
    """Is this the name of a document of rosters?"""
    return file.startswith("duty/") and file.endswith(".yaml") and file.count("/") == 1


def gathered(files: dict[str, Any]) -> dict[str, RosterShape]:
    """Every roster of the files that could be read: its shifts, then all overrides, those asked for last."""
    rosters: dict[str, RosterShape] = {}
    for file in sorted((f for f in files if is_duty(f)), key=lambda f: (f == CHANGES, f)):
        for name, shape in files[file].rosters.items():
            known = rosters.get(name)
            if known is None:
                rosters[name] = RosterShape(overrides=shape.overrides) if file == CHANGES else shape
                continue
            add: dict[str, Any] = {"overrides": [*known.overrides, *shape.overrides]}
            if file != CHANGES and shape.shifts and not known.shifts:
                add |= {"shifts": shape.shifts, "calendar": shape.calendar or known.calendar}
            rosters[name] = known.model_copy(update=add)
    return rosters


def place_of(files: dict[str, Any], name: str) -> str:
    """The file with the shifts of this roster, or any that mentions it; empty when none does."""
    mentioned = [f for f in sorted(files) if is_duty(f) and f != CHANGES and name in files[f].rosters]
    return next((f for f in mentioned if files[f].rosters[name].shifts), mentioned[0] if mentioned else "")
