"""What should have rung and stayed silent: judged from what is found in the tables, by whoever finds it.

The alarm, the sweep, the delivery and the letters each mend themselves, and each could fail in a way of its own that
nobody notices, because a thing that does not happen makes no noise. So the promise is checked from its other end: every
open breach has told somebody, every message has an outcome, every open petition has an alarm set, and those who should
be at work show signs of life.

A finding that alarms means that somebody who had to hear of something did not. One that does not alarm is for people to
look at (a petitioner whose number takes no messages) and is no fault of the house.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from xixi_workflow.core import canary
from xixi_workflow.core.petition import Petition, Vars
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.work import wake_at

#: A message may be without an outcome for this long; about an emergency, for the shorter span.
MESSAGE_WITHIN: Final = timedelta(minutes=10)
EMERGENCY_WITHIN: Final = timedelta(minutes=2)
#: Delivery looks every second, so a receipt that was due this long ago is looked after by nobody.
RECEIPT_GRACE: Final = timedelta(minutes=1)
#: Messages that never arrived are shown for this long: then the matter has gone its way or its clocks have rung.
LOST_FOR: Final = timedelta(hours=24)
#: A canary's: an hour later the next one tells how things are.
CANARY_FOR: Final = timedelta(minutes=70)
#: The alarm wakes within milliseconds; after this long nobody sweeps.
SWEPT_WITHIN: Final = timedelta(minutes=1)
READ_WITHIN: Final = timedelta(minutes=1)
#: A letter that needs a person.
SEEN_WITHIN: Final = timedelta(hours=1)
#: A clock process beats every two seconds.
BEAT_WITHIN: Final = timedelta(seconds=10)
#: The remark of a message that delivery has put off by plan: until the morning, or until its reader had fewer texts.
PUT_OFF: Final = "put off"
#: How far ahead the roster is looked at.
ROSTER_AHEAD: Final = timedelta(hours=24)


class Finding(msgspec.Struct, frozen=True):
    """Something that stayed silent. `kind` is a key of `screens` in the words catalogue without `silent_`."""

    kind: str
    #: Number of the petition, `letter 7`, or whatever else it is about; empty for the house itself.
    key: str
    #: Since when it should have rung.
    since: datetime
    #: What completes the sentence.
    facts: dict[str, str] = {}
    #: Whether somebody who had to hear of something did not.
    alarming: bool = True


class Told(msgspec.Struct, frozen=True):
    """A message of a ladder. `made_at` is when it was decided."""

    petition: int
    about: Vars
    made_at: datetime


class Pending(msgspec.Struct, frozen=True):
    """A message and its fate so far, see `tables.OutboxRow`. A reply has minus its letter's number as `petition`."""

    petition: int
    kind: str
    recipient: str
    state: str
    #: When it was decided that the person is told.
    made_at: datetime
    next_at: datetime | None
    #: The first attempt.
    tried_at: datetime | None = None
    urgency: str = "normal"
    source: str = ""
    put_off: bool = False


class Since(msgspec.Struct, frozen=True):
    """Something that waits, since when, and why as far as is known."""

    key: int
    at: datetime
    why: str = ""


class Gap(msgspec.Struct, frozen=True):
    """Nobody is on duty for `whom` (roles, teams) from `start` on."""

    whom: str
    start: datetime


class Facts(msgspec.Struct):
    """What was found in the tables."""

    #: Last sign of life of any clock process; None when there was none lately.
    beat: datetime | None
    #: Every petition that is not closed.
    open: Sequence[Petition] = ()
    #: Open petitions for which no alarm is set.
    still: Sequence[Petition] = ()
    #: Petitions that should have been swept, by their alarm.
    asleep: Sequence[Since] = ()
    #: Numbers of open petitions whose state cannot be read.
    unreadable: Sequence[int] = ()
    #: Petitions whose decision failed.
    troubled: Sequence[Since] = ()
    #: Ladder messages about petitions with an open breach.
    told: Sequence[Told] = ()
    #: Messages that still wait for something, and those that never arrived.
    pending: Sequence[Pending] = ()
    lost: Sequence[Pending] = ()
    unread: Sequence[Since] = ()
    #: Letters in the operators' list.
    letters: Sequence[Since] = ()
    gaps: Sequence[Gap] = ()


def overdue(petitions: Iterable[Petition]) -> list[int]:
    """Numbers of the petitions with an open breach that a ladder has rung for: somebody must have been told."""
    return [p.id for p in petitions if any(c.breached_at is not None and c.rung for c in p.clocks)]


def judge(facts: Facts, policy: Policy, *, now: datetime) -> list[Finding]:
    """Everything that stayed silent: what alarms first, before all a dead clock, which explains the rest; then the
    longest silent. `policy` is the one in force.
    """
    found = [
        *_clock(facts, now),
        *_breaches(facts),
        *_asleep(facts, now),
        *(Finding("trouble", str(t.key), t.at, {"error": t.why}) for t in facts.troubled),
        *_still(facts),
        *_unreadable(facts, now),
        *_pending(facts.pending, policy, now),
        *_lost(facts.lost, policy, now),
        *_letters(facts, now),
        *(Finding("duty_gap", "", gap.start, {"whom": gap.whom}) for gap in facts.gaps),
    ]
    return sorted(found, key=lambda one: (not one.alarming, one.kind != "clock", one.since, one.kind, one.key))


def _clock(facts: Facts, now: datetime) -> Iterator[Finding]:
    if facts.beat is None or now - facts.beat > BEAT_WITHIN:
        yield Finding("clock", "", facts.beat or now)


def _breaches(facts: Facts) -> Iterator[Finding]:
    told: dict[tuple[int, str], list[Told]] = defaultdict(list)
    for one in facts.told:
        told[one.petition, one.about.clock].append(one)
    for petition in facts.open:
        for clock in petition.clocks:
            if clock.breached_at is None or not clock.rung:
                continue
            # From the due instant that was missed: `breached_at` is put off by pauses that came after the message.
            if not any(
                one.made_at >= clock.due_at and clock.key in ("", one.about.team)
                for one in told[petition.id, clock.name]
            ):
                yield Finding("breach", petition.no, clock.due_at, {"clock": clock.name})


def _asleep(facts: Facts, now: datetime) -> Iterator[Finding]:
    for one in facts.asleep:
        if now - one.at > SWEPT_WITHIN:
            yield Finding("asleep", str(one.key), one.at)


def _still(facts: Facts) -> Iterator[Finding]:
    """No alarm is set although one is due, or no clock runs that somebody was told of and owes an answer to."""
    for petition in facts.still:
        if wake_at(petition) is not None or all(clock.paused_at is not None for clock in petition.clocks):
            yield Finding("still", petition.no, petition.filed_at)


def _unreadable(facts: Facts, now: datetime) -> Iterator[Finding]:
    known = {one.key for one in facts.troubled}
    for number in facts.unreadable:
        if number not in known:
            yield Finding("trouble", str(number), now, {"error": "unreadable"})


def _pending(pending: Sequence[Pending], policy: Policy, now: datetime) -> Iterator[Finding]:
    sms = policy.main.sms
    for one in pending:
        limit = EMERGENCY_WITHIN if one.urgency == "emergency" else MESSAGE_WITHIN
        kind, since, due = one.state, one.made_at, one.next_at or one.made_at
        if one.state == "sent":
            # Out, and only the receipt is missing: the provider has its own time.
            kind, since, limit = "receipt", due, RECEIPT_GRACE
        elif one.kind in sms.quiet.messages:
            # For as long as the quiet hours last.
            since = due if one.put_off or one.tried_at is None else one.tried_at
        elif one.put_off:
            limit += timedelta(seconds=sms.throttle.within)
        if now - since > limit:
            yield _about(one, kind, since)


def _lost(lost: Sequence[Pending], policy: Policy, now: datetime) -> Iterator[Finding]:
    optional = {
        notice.message for notices in policy.main.notices.values() for notice in notices if "surveyed" in notice.to
    }
    optional |= set(policy.main.sms.daily_cap.messages)
    for one in lost:
        of_canary = one.source == canary.SOURCE
        withheld_by_rule = one.state == "withheld" and one.kind in optional and not of_canary
        if not withheld_by_rule and now - one.made_at <= (CANARY_FOR if of_canary else LOST_FOR):
            # A petitioner's number may be a landline, and a reply answers whoever wrote; all others we count on.
            counted_on = of_canary or (one.recipient != "petitioner" and one.petition > 0)
            kind = "lost" if one.state in ("uncertain", "undelivered") else one.state
            yield _about(one, kind, one.made_at, counted_on)


def _about(one: Pending, kind: str, since: datetime, alarming: bool = True) -> Finding:
    key = str(one.petition) if one.petition > 0 else f"letter {-one.petition}"
    return Finding(kind, key, since, {"who": one.recipient, "message": one.kind}, alarming)


def _letters(facts: Facts, now: datetime) -> Iterator[Finding]:
    for one in facts.unread:
        if now - one.at > READ_WITHIN:
            yield Finding("unread", f"letter {one.key}", one.at)
    for one in facts.letters:
        if now - one.at > SEEN_WITHIN:
            yield Finding("letter", f"letter {one.key}", one.at)
