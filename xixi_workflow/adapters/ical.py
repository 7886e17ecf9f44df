"""A roster from the iCalendar file of another program: its events as dated overrides.

Everybody whose events overlap is on duty together. Repetitions are spelled out, never
kept. What a roster never needs is refused, since a few bytes of it can cost hours: repetitions by the hour or finer,
rules over years, files beyond the limits below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import icalendar
from dateutil.rrule import rrulestr

from xixi_workflow.core.duty_schema import write_local
from xixi_workflow.core.policy_schema import Person

LARGEST_FILE: Final = 2_000_000
_MOST_EVENTS: Final = 5_000
_MOST_REPEATING: Final = 500
_MOST_OCCURRENCES: Final = 20_000
_LONGEST: Final = timedelta(days=366)
_MOST_PROBLEMS: Final = 50
_FREQUENCIES: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_RULE_PARTS: Final = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}
)
#: Days of each month at most.
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: Between the names of people in one summary.
_BETWEEN: Final = re.compile(r"[、,，;；/&+\n]|\band\b|和|与")
#: Of our own feed: the people of an event by their codes, since two may have one name.
PEOPLE: Final = "X-XIXI-PEOPLE"


class IcalError(Exception):
    """The file cannot be used; `problems` lists every reason, each naming its event."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Stretch(NamedTuple):
    """From `start` up to `end` (aware UTC) these `people` are on duty."""

    start: datetime
    end: datetime
    people: tuple[str, ...]


def read(
    data: bytes, people: Mapping[str, Person], zone: ZoneInfo, *, since: datetime, until: datetime
) -> list[Stretch]:
    """Who is on duty by the events of `data` between two instants, in order and without overlaps.

    `people` are those who may be meant. Floating times and whole days are on the clock of `zone`. Raises `IcalError`
    with every problem found.
    """
    events = _events(data)
    names = _Names(people)
    problems: list[str] = []
    replaced = {(_uid(e), _instant(e["RECURRENCE-ID"], zone)) for e in events if _plain_instance(e)}
    found: list[Stretch] = []
    for event in events:
        try:
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            who = names.of(event)
            for start, end in _occurrences(event, zone, since, until, replaced):
                if start < until and end > since:
                    found.append(Stretch(max(start, since), min(end, until), who))
            if len(found) > _MOST_OCCURRENCES:
                raise _Unusable(f"more than {_MOST_OCCURRENCES} turns of duty in the file: import a shorter time")
        except _Unusable as problem:
            problems.append(f"{_named(event)}: {problem}")
        except (ValueError, TypeError, OverflowError, AttributeError, KeyError) as error:
            problems.append(f"{_named(event)}: cannot be read ({type(error).__name__})")
        if len(problems) >= _MOST_PROBLEMS:
            problems.append("… and perhaps more")
            break
    if problems:
        raise IcalError(problems)
    return [*_flat(found)]


def as_yaml(roster: str, stretches: Iterable[Stretch], zone: ZoneInfo) -> str:
    """A file for `config/duty/` that puts these people on duty."""
    lines = ["rosters:", f'  "{roster}":', "    overrides:"]
    for start, end, people in stretches:
        who = ", ".join(f'"{person}"' for person in people)
        span = f'from: "{write_local(start, zone)}", to: "{write_local(end, zone)}"'
        lines.append(f"      - {{{span}, people: [{who}]}}")
    if len(lines) == 3:
        lines[-1] += " []"
    return "\n".join(lines) + "\n"


class _Unusable(Exception):  # noqa: N818 - it never leaves this module
    """One event cannot be used."""


def _events(data: bytes) -> list[Any]:
    if len(data) > LARGEST_FILE:
        raise IcalError([f"larger than {LARGEST_FILE // 1_000_000} MB: import a shorter time"])
    if data.upper().count(b"BEGIN:VEVENT") > _MOST_EVENTS:
        raise IcalError([f"more than {_MOST_EVENTS} events: import a shorter time"])
    if data.upper().count(b"\nRRULE") > _MOST_REPEATING:
        raise IcalError([f"more than {_MOST_REPEATING} repeating events: import a shorter time"])
    if b"BEGIN:VCALENDAR" not in data[:4096].upper():
        raise IcalError(["not an iCalendar file: it does not begin with BEGIN:VCALENDAR"])
    if b"END:VCALENDAR" not in data[-4096:].upper():
        raise IcalError(["the file is cut off: it does not end with END:VCALENDAR"])
    try:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
        return [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise IcalError([f"not an iCalendar file: {str(error)[:200] or type(error).__name__}"]) from None


def _named(event: Any) -> str:
    """The event as a person finds it again."""
    try:
        begins = str(event["DTSTART"].dt)[:16]
    except (KeyError, AttributeError, ValueError):
        begins = "?"
    summary = re.sub(r"\s+", " ", str(event.get("SUMMARY", "")))[:60]
    return f"“{summary or _uid(event)[:60]}” ({begins})"


def _uid(event: Any) -> str:
    return str(event.get("UID", ""))


def _plain_instance(event: Any) -> bool:
    return "RECURRENCE-ID" in event and hasattr(event["RECURRENCE-ID"], "dt")


def _zoned(prop: Any) -> None:
    """Refuse a zone by a name that nobody knows: its times would silently be read on another clock."""
    tzid = prop.params.get("TZID") if hasattr(prop, "params") else None
    value = getattr(prop, "dt", None)
    if tzid and isinstance(value, datetime) and value.tzinfo is None:
        raise _Unusable(f"unknown time zone {str(tzid)[:60]!r}")


def _instant(prop: Any, zone: ZoneInfo) -> datetime:
    _zoned(prop)
    return _utc(prop.dt, zone)


def _utc(value: date, zone: ZoneInfo) -> datetime:
    """A date is its first instant on the city's clock."""
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _occurrences(
    event: Any, zone: ZoneInfo, since: datetime, until: datetime, replaced: set[tuple[str, datetime]]
) -> Iterator[tuple[datetime, datetime]]:
    """Starts and ends in UTC, those before `since` included."""
    if "DTSTART" not in event:
        raise _Unusable("it has no beginning")
    _zoned(event["DTSTART"])
    begins = event["DTSTART"].dt
    own = begins.tzinfo if isinstance(begins, datetime) and begins.tzinfo else zone
    first = begins.replace(tzinfo=None) if isinstance(begins, datetime) else datetime.combine(begins, time())
    lasts = _lasts(event, begins, first, own)
    if "RECURRENCE-ID" in event:
        if event["RECURRENCE-ID"].params.get("RANGE"):
            raise _Unusable("changes this and all later turns at once; make two events of it")
        starts: Iterable[datetime] = [first]
    else:
        starts = _starts(event, first, own, since - lasts, until)
    for start in starts:
        at = start.replace(tzinfo=own).astimezone(UTC)
        if "RECURRENCE-ID" in event or (_uid(event), at) not in replaced:
            # Turns end by the wall clock as well: a night until 08:00 ends at 08:00 when the clocks change.
            yield at, (start + lasts).replace(tzinfo=own).astimezone(UTC)


def _lasts(event: Any, begins: date, first: datetime, own: Any) -> timedelta:
    if "DTEND" in event:
        _zoned(event["DTEND"])
        end = event["DTEND"].dt
        if isinstance(end, datetime) != isinstance(begins, datetime):
            raise _Unusable("begins with a time and ends with a date, or the other way round")
        if isinstance(end, datetime):
            end = end.astimezone(own).replace(tzinfo=None) if end.tzinfo else end
        else:
            end = datetime.combine(end, time())
        lasts: timedelta = end - first
    elif "DURATION" in event:
        lasts = event["DURATION"].dt
    else:
        lasts = timedelta() if isinstance(begins, datetime) else timedelta(days=1)
    if lasts <= timedelta():
        raise _Unusable("it ends before it begins, or lasts no time")
    if lasts > _LONGEST:
        raise _Unusable("it lasts longer than a year")
    return lasts


def _starts(event: Any, first: datetime, own: Any, since: datetime, until: datetime) -> Iterator[datetime]:
    """Starts on the clock of `own`, in no order, each once."""
    last = until.astimezone(own).replace(tzinfo=None)
    rules = event.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    without = {at.replace(tzinfo=None) for at in _listed(event, "EXDATE", own)}
    starts = {first} | {at.replace(tzinfo=None) for at in _listed(event, "RDATE", own)}
    if event.get("EXRULE"):
        raise _Unusable("EXRULE is not supported; list the days that are left out")
    earliest = since.astimezone(own).replace(tzinfo=None)
    for rule in rules:
        _check_rule(rule)
        text = _rule_text(rule, own, last)
        counted = 0
        for start in islice(rrulestr(text, dtstart=first), _MOST_OCCURRENCES + 1):
            counted += 1
            if start > last:
                break
            if start >= earliest:
                starts.add(start)
        if counted > _MOST_OCCURRENCES:
            raise _Unusable("it repeats more often than any roster does")
    yield from starts - without


def _listed(event: Any, key: str, own: Any) -> Iterator[datetime]:
    values = event.get(key, [])
    for dates in values if isinstance(values, list) else [values]:
        for entry in dates.dts:
            _zoned(entry)
            at = entry.dt[0] if isinstance(entry.dt, tuple) else entry.dt
            if isinstance(at, datetime):
                yield at.astimezone(own) if at.tzinfo else at.replace(tzinfo=own)
            else:
                yield datetime.combine(at, time(), own)


def _check_rule(rule: Any) -> None:
    frequency = str((rule.get("FREQ") or ["?"])[0]).upper()
    if frequency not in _FREQUENCIES:
        raise _Unusable(f"repeats {frequency}: only DAILY, WEEKLY, MONTHLY and YEARLY are read")
    strange = {str(part).upper() for part in rule} - _RULE_PARTS
    if strange:
        raise _Unusable(f"repeats by {', '.join(sorted(strange))}, which is not read")
    if any(int(n) < 1 for n in _many(rule.get("INTERVAL"))):
        raise _Unusable("repeats at no distance")
    months = [int(m) for m in _many(rule.get("BYMONTH"))] or [*range(1, 13)]
    days = [abs(int(d)) for d in _many(rule.get("BYMONTHDAY"))] or [1]
    if not any(1 <= m <= 12 and d <= _MONTH_DAYS[m - 1] for m in months for d in days):
        raise _Unusable("repeats on a day that no month has")
    if any(not 1 <= abs(int(n)) <= 31 for n in _many(rule.get("BYSETPOS"))):
        raise _Unusable("repeats on a day that no month has")


def _many(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _rule_text(rule: Any, own: Any, last: datetime) -> str:
    """The rule on the wall clock of `own`, ending no later than `last`."""
    ends = last
    for until in _many(rule.get("UNTIL")):
        if isinstance(until, datetime):
            at = until.astimezone(own).replace(tzinfo=None) if until.tzinfo else until
        else:
            at = datetime.combine(until, time(23, 59, 59))
        ends = min(ends, at)
    parts = [f"{key}={','.join(str(v) for v in _many(value))}" for key, value in rule.items() if key != "UNTIL"]
    if "COUNT" not in rule:
        # Both at once are not allowed; a counted rule ends by itself.
        parts.append(f"UNTIL={ends:%Y%m%dT%H%M%S}")
    return ";".join(parts)


class _Names:
    """Finds people by code, name, or the part of a mail address before the @."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        self._known: dict[str, set[str]] = {}
        for code, person in people.items():
            for key in (code, person.name):
                self._known.setdefault(key.strip().casefold(), set()).add(code)

    def of(self, event: Any) -> tuple[str, ...]:
        """Everybody an event puts on duty. Raises `_Unusable` naming whoever is not known."""
        if event.get(PEOPLE):
            written = [str(event[PEOPLE]).replace("\\,", ",").split(",")]
            return tuple(dict.fromkeys(self._one([code]) for code in written[0]))
        attendees = _many(event.get("ATTENDEE"))
        if attendees:
            return tuple(dict.fromkeys(self._one(_called(attendee)) for attendee in attendees))
        summary = str(event.get("SUMMARY", "")).strip()
        if not summary:
            raise _Unusable("nobody is named: neither an attendee nor a summary")
        if summary.casefold() in self._known:
            return (self._one([summary]),)
        # `On call: Ann, Bob`
        listed = re.split(r"[:：]", summary)[-1]
        return tuple(dict.fromkeys(self._one([name]) for name in _BETWEEN.split(listed) if name.strip()))

    def _one(self, called: list[str]) -> str:
        for name in called:
            found = self._known.get(name.strip().casefold(), set())
            if len(found) == 1:
                return next(iter(found))
            if found:
                raise _Unusable(f"{name.strip()!r} may be {' or '.join(sorted(found))}")
        raise _Unusable(f"nobody is called {' or '.join(repr(n.strip()[:60]) for n in called)}")


def _called(attendee: Any) -> list[str]:
    address = str(attendee)
    mail = address[7:] if address.lower().startswith("mailto:") else address
    name = str(attendee.params.get("CN", "")) if hasattr(attendee, "params") else ""
    return [called for called in (name, mail.split("@")[0]) if called]


def _flat(found: list[Stretch]) -> Iterator[Stretch]:
    """The same duties without overlaps: whoever is on duty together stands together."""
    edges: dict[datetime, tuple[list[Stretch], list[Stretch]]] = {}
    for stretch in found:
        edges.setdefault(stretch.start, ([], []))[0].append(stretch)
        edges.setdefault(stretch.end, ([], []))[1].append(stretch)
    open_now: list[Stretch] = []
    held: Stretch | None = None
    since: datetime | None = None
    for at in sorted(edges):
        if since is not None and open_now:
            people = tuple(dict.fromkeys(who for stretch in open_now for who in stretch.people))
            if held is not None and held.end == since and held.people == people:
                held = held._replace(end=at)
            else:
                if held is not None:
                    yield held
                held = Stretch(since, at, people)
        starting, ending = edges[at]
        for stretch in ending:
            open_now.remove(stretch)
        open_now += starting
        since = at
    if held is not None:
        yield held
