"""When a message may go, to whom and by which way, what is told together, and what is no longer true: pure.

The rules, in the order in which they are asked (values in `policy.yaml`, section `sms`):

1. A person has ways (`Person.ways`), then those of the person's backup; who has left the roster is answered for by the
   team's lead, or by the operator on duty. The ways are one list, and a message tries them one after the other.
2. A message that is late is looked at again: what is no longer true is `overtaken` and told to nobody.
3. A number that wants nothing gets nothing by SMS; the staff's next way is tried. A number that wants no surveys gets
   none of the messages listed under `quiet` and `daily_cap`.
4. Quiet hours and the daily cap hold back the listed messages to petitioners. Nothing to staff ever waits for the
   morning.
5. A member of staff gets a limited number of texts within a span; what is more waits, and goes together when its turn
   comes. An emergency never waits.
6. Several messages that wait for one person become one text. Petitioners' messages are never told together: two
   matters of one person stay two matters.

Nothing here knows the clock, the database or a provider: facts come in, a plan goes out.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.core.lifecycle import ENDED, TABLE
from xixi_workflow.core.petition import Petition, Vars
from xixi_workflow.core.phones import dialled
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import Quiet, SmsRules
from xixi_workflow.core.words import Language

#: petition, journal line, place: the key of a message.
Key = tuple[int, int, int]

#: After a passing failure: 30 s, 1 min, 2 min … up to an hour.
FIRST_RETRY: Final = timedelta(seconds=30)
LONGEST_RETRY: Final = timedelta(hours=1)
#: Attempts on one way; fewer where another way waits, since a breach must reach somebody within minutes.
MOST_ATTEMPTS: Final = 10
ATTEMPTS_BEFORE_NEXT_WAY: Final = 4
PETITIONER: Final = "petitioner"


class Way(NamedTuple):
    """One way to reach somebody. `address` is a number as dialled or the name of a chat."""

    person: str
    name: str
    channel: str
    address: str
    language: Language


def ways(recipient: str, policy: Policy, *, team: str = "", now: datetime) -> list[Way]:
    """Every way that leads to `recipient` of the roster, in the order in which they are tried; empty when none does.

    A person who is not in service today, or whom the roster no longer knows, has no way of their own: without anybody
    who stands in, the team's lead is told, or else the operator on duty.
    """
    found = _ways_of(recipient, policy, now)
    if not found and not policy.serves(recipient, now):
        known = policy.teams.get(team)
        found = _ways_of(known.lead, policy, now) if known else []
        found = found or _ways_of(next(iter(policy.on_duty("operator", now)), ""), policy, now)
    return found


def _ways_of(recipient: str, policy: Policy, now: datetime) -> list[Way]:
    """The ways of a person and of those who stand in for them."""
    found: list[Way] = []
    seen: set[str] = set()
    while recipient and recipient not in seen:
        seen.add(recipient)
        person = policy.people.get(recipient)
        if person is None:
            break
        if policy.serves(recipient, now):
            for channel in person.ways:
                address = dialled(person.phone, policy.main.country_code) if channel == "sms" else person.chat
                if address:
                    found.append(Way(recipient, person.name, channel, address, person.language))
        recipient = person.backup or ""
    return found


def pause(attempts: int, key: Key) -> timedelta:
    """How long to wait after the `attempts`-th passing failure.

    A quarter more or less, by the key: what failed together does not come back together, and the same message waits
    equally long wherever it is reckoned.
    """
    spread = 0.75 + zlib.crc32(f"{key}/{attempts}".encode()) % 1000 / 2000
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LONGEST_RETRY) * spread


# --- what is no longer true -------------------------------------------------------------------------------------------

#: Events whose message answers the petitioner: told however late.
_ANSWERS: Final = frozenset(row.event for row in TABLE if row.to in ENDED or row.to == "resolved")
#: Events that put a work order before a team.
_ORDERS: Final = frozenset(row.event for row in TABLE if row.to == "dispatched" != row.state)
#: Who reads these has nothing to accept: they are told that somebody else has not.
_ONLY_TOLD: Final = ("leader_", "operator_", "supervisor_")
_ANSWERED: Final = ENDED | {"resolved"}
_OF_THE_TEAM: Final = frozenset({"handler", "team_lead", "assisting"})
_PENDING: Final = {"request_hold": "hold", "request_extension": "extension"}


class Sense:
    """What the messages of a policy are about, by the places where it sends them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._places: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for event, notices in policy.main.notices.items():
            for notice in notices:
                self._places[notice.message] |= {(event, to) for to in notice.to}

    def asks_to_accept(self, kind: str, told: Vars) -> bool:
        """Whether the reader is to accept a work order."""
        if told.clock:
            plan = self._policy.clocks.get(told.clock)
            return plan is not None and "accept" in plan.shape.meets and not kind.startswith(_ONLY_TOLD)
        return any(event in _ORDERS and to in _OF_THE_TEAM for event, to in self._places[kind])

    def overtaken(self, kind: str, recipient: str, told: Vars, petition: Petition) -> bool:
        """Whether what the message says is no longer so. What cannot be judged is still true."""
        if told.clock:
            return _clock_is_over(told, petition)
        places = self._places[kind]
        if recipient == PETITIONER:
            if any(to == "surveyed" for _, to in places):
                return petition.state != "resolved"
            return petition.state in _ANSWERED and not any(event in _ANSWERS for event, _ in places)
        if petition.state in ENDED:
            return bool(places)
        return bool(places) and all(_has_passed(event, to, told, petition) for event, to in places)


def _clock_is_over(told: Vars, petition: Petition) -> bool:
    """A warning or a breach: over once the clock is met, runs for another team, or is due at another time."""
    for clock in petition.clocks:
        if clock.name == told.clock and (clock.key or petition.lead) == told.team:
            if told.level:
                return clock.breached_at is None or clock.due_at != told.due
            return clock.due_at != told.due or clock.paused_at is not None or clock.breached_at is not None
    return True


def _has_passed(event: str, to: str, told: Vars, petition: Petition) -> bool:
    """Whether the notice of `event`, addressed to `to`, asks for nothing any more."""
    if event in _PENDING:
        return petition.pending != _PENDING[event]
    if event == "return":
        return petition.state != "returned"
    if event == "ask_assist":
        # A team that has finished may be asked again.
        return not any(a.team == told.team and not (a.accepted or a.finished) for a in petition.assists)
    if to not in _OF_THE_TEAM:
        return False
    if event in _ORDERS:
        return petition.state != "dispatched" or petition.lead != told.team
    return petition.state in _ANSWERED or (to != "assisting" and bool(told.team) and petition.lead != told.team)


# --- the plan of one delivery -----------------------------------------------------------------------------------------


class Turn(msgspec.Struct, frozen=True, gc=False):
    """A message whose turn has come, with the way by which it would go."""

    key: Key
    kind: str
    told: Vars
    recipient: str
    way: Way
    decided_at: datetime
    late: bool = False

    @property
    def emergency(self) -> bool:
        """Never waits for anything."""
        return self.told.urgency == "emergency"


class Before(NamedTuple):
    """A text that somebody was sent before, and what it told (the kind of its message)."""

    address: str
    person: str
    at: datetime
    kind: str


class Plan(msgspec.Struct):
    """What to do with each message of a batch; each stands in exactly one of these."""

    #: One message, or several for one person to be told in one text, in the order in which they were decided.
    texts: list[list[Turn]] = []
    waits: list[tuple[Turn, datetime]] = []
    #: With the reason.
    withheld: list[tuple[Turn, str]] = []
    #: By the person's next way.
    elsewhere: list[Turn] = []


def surveys(rules: SmsRules) -> frozenset[str]:
    """The messages that a citizen may do without: those that quiet hours or the daily cap hold back."""
    return frozenset(rules.quiet.messages) | frozenset(rules.daily_cap.messages)


def plan(
    turns: Iterable[Turn],
    *,
    rules: SmsRules,
    zone: ZoneInfo,
    before: Sequence[Before],
    opted_out: Mapping[str, str],
    now: datetime,
) -> Plan:
    """Spread `turns` over time and texts. `opted_out` is by number: `surveys` or `all`."""
    made = Plan()
    groups: dict[Way, list[Turn]] = defaultdict(list)
    capped = Counter(b.address for b in before if b.kind in rules.daily_cap.messages and b.at >= midnight(now, zone))
    optional = surveys(rules)
    morning = quiet_until(rules.quiet, zone, now)
    for turn in sorted(turns, key=lambda t: (t.decided_at, t.key)):
        way = turn.way
        staff = turn.recipient != PETITIONER
        scope = opted_out.get(way.address, "") if way.channel == "sms" else ""
        if scope == "all" and staff:
            made.elsewhere.append(turn)
        elif scope == "all" or (scope == "surveys" and turn.kind in optional and not staff):
            made.withheld.append((turn, f"opted out of {scope}"))
        elif staff:
            groups[way].append(turn)
        elif turn.kind in rules.daily_cap.messages and capped[way.address] >= rules.daily_cap.most:
            made.withheld.append((turn, "daily cap"))
        elif morning is not None and turn.kind in rules.quiet.messages:
            made.waits.append((turn, morning))
        else:
            capped[way.address] += turn.kind in rules.daily_cap.messages
            made.texts.append([turn])
    lately: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for text in before:
        if text.at > now - timedelta(seconds=rules.throttle.within):
            lately[text.address, text.person].append(text.at)
    for way, group in groups.items():
        _throttled(made, group, rules, sorted(lately[way.address, way.person]), now)
    return made


def _throttled(made: Plan, group: list[Turn], rules: SmsRules, lately: list[datetime], now: datetime) -> None:
    """The messages for one person by one way: at once, together, or when fewer texts have gone lately."""
    # A fresh emergency is told by itself; a backlog of them is told together like any other.
    alone = [turn for turn in group if turn.emergency and not turn.late]
    rest = [turn for turn in group if not turn.emergency or turn.late]
    if len(alone) >= rules.bundle_from:
        alone, rest = [], group
    made.texts += [[turn] for turn in alone]
    if not rest:
        return
    most = rules.throttle.most
    room = most - len(lately)
    if room < 1 and not any(turn.emergency for turn in rest):
        until = lately[-most] + timedelta(seconds=rules.throttle.within)
        made.waits += [(turn, max(until, now + timedelta(seconds=1))) for turn in rest]
    elif len(rest) >= rules.bundle_from or len(rest) > max(room, 1):
        made.texts.append(rest)
    else:
        made.texts += [[turn] for turn in rest]


def superseded(turns: Iterable[Turn]) -> set[Key]:
    """The late messages that a later one about the same clock makes idle: of a whole ladder only the last is told."""
    last: dict[tuple[str, int, str, str], Turn] = {}
    idle: set[Key] = set()
    for turn in sorted(turns, key=lambda t: (t.decided_at, t.key)):
        if turn.late and turn.told.clock:
            about = (turn.recipient, turn.key[0], turn.told.clock, turn.told.team)
            if about in last:
                idle.add(last[about].key)
            last[about] = turn
    return idle


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the city's day of `now` began."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def quiet_until(quiet: Quiet, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours that `now` falls into are over; None outside them."""
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    begins, ends = quiet.from_ % 1440, quiet.to % 1440
    if begins <= ends:
        inside, tomorrow = begins <= minute < ends, False
    else:
        inside, tomorrow = minute >= begins or minute < ends, minute >= begins
    if not inside:
        return None
    day = local.date() + timedelta(days=tomorrow)
    return datetime(day.year, day.month, day.day, *divmod(ends, 60), tzinfo=zone).astimezone(now.tzinfo)
