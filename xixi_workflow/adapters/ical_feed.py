"""Duties as iCalendar, for the calendars of those on duty: names and times, no telephone numbers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import icalendar

from xixi_workflow.adapters.ical import PEOPLE
from xixi_workflow.core import duty_turns, duty_words
from xixi_workflow.core.duty import Span
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language

#: What a feed shows of the past and of the time to come.
BEHIND: Final = timedelta(weeks=4)
AHEAD: Final = timedelta(weeks=26)


def feed(policy: Policy, name: str, *, language: Language, now: datetime) -> bytes:
    """The calendar of a team, a role of the centre or a person, around `now`. Raises `LookupError` for anything else.

    A person's turns are called after the roster, a roster's after the people on duty.
    """
    # From a midnight on: an event that began before would get another identity with every call.
    since, until = (now - BEHIND).replace(hour=0, minute=0, second=0, microsecond=0), now + AHEAD
    if name in policy.teams or name in policy.rosters:
        turns = [(name, span) for span in duty_turns.spans_of(policy, name, since, until) if span.people]
        title, named = duty_words.roster(name, policy, language), True
    elif name in policy.people:
        turns = [*duty_turns.turns_of(policy, name, since, until)]
        title, named = policy.people[name].name, False
    else:
        raise LookupError(name)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Xixi Workflow//Duty//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for roster, span in turns:
        heading = duty_words.roster(roster, policy, language)
        names = duty_words.people(span.people, policy, language)
        calendar.add_component(_event(roster, span, names if named else heading, f"{heading}: {names}", now))
    data: bytes = calendar.to_ical()
    return data


def _event(roster: str, span: Span, summary: str, description: str, now: datetime) -> icalendar.Event:
    event = icalendar.Event()
    what = f"{roster} {span.start.isoformat()} {' '.join(span.people)}"
    event.add("uid", f"{hashlib.sha256(what.encode()).hexdigest()[:32]}@duty")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", span.start.astimezone(UTC))
    event.add("dtend", span.end.astimezone(UTC))
    event.add("summary", summary)
    event.add("description", description)
    event.add(PEOPLE, ",".join(span.people))
    event.add("transp", "TRANSPARENT")
    return event
