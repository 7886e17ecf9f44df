"""From claimed messages to finished texts: whom each is for, by which way, alone or with others, or not at all.

What is decided here is `core.sending`'s; this file brings the facts together. A message whose last attempt ended in
the dark is not planned anew before the provider has been asked: its text is made exactly as it was then, and where it
went out in one text with others, the remark says with which (`with 20261123000042/3/0 7`, the first of seven).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec
import structlog

from xixi_workflow.adapters.port import Outgoing
from xixi_workflow.core import digests, sending, words
from xixi_workflow.core.lifecycle import ROLES
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.phones import dialled
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import SmsRules
from xixi_workflow.core.sending import PETITIONER, Before, Key, Sense, Turn, Way
from xixi_workflow.core.silence import PUT_OFF
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import contacts
from xixi_workflow.store.connect import blames_database
from xixi_workflow.store.rows import Claimed, Settled, decode_petition

log = structlog.get_logger()

#: After a passing receipt code the same way is tried once more, this much later.
SECOND_TRY = timedelta(minutes=1)
#: How `Claimed.remark` begins where the receipt's code is a passing one.
PASSING = "passing "
DIGEST = "digest"
_WITH = "with "
#: A text of several parts that have not all come back together is waited for so often, so long.
_GATHERINGS = 3
_GATHER = timedelta(seconds=5)
_NOBODY = Way("", "", "", "", "zh")
_decode_vars = msgspec.json.Decoder(Vars).decode


class Item(msgspec.Struct):
    """A claimed message, on one of its recipient's ways."""

    claimed: Claimed
    told: Vars
    ways: list[Way]
    #: Which way, and how many attempts it has had before.
    at: int
    attempts: int

    @property
    def key(self) -> Key:
        """The message's key."""
        return self.claimed.petition_id, self.claimed.seq, self.claimed.n

    @property
    def way(self) -> Way:
        """The way that is tried."""
        return self.ways[self.at]

    def next_way(self, channels: Collection[str]) -> int | None:
        """The next way that somebody carries; None when this is the last."""
        return next((n for n in range(self.at + 1, len(self.ways)) if self.ways[n].channel in channels), None)

    def fate(self, state: str, next_at: datetime | None, remark: str | None = None) -> Settled:
        """What becomes of it without an attempt on this way."""
        c = self.claimed
        return Settled(*self.key, state, next_at, self.attempts, c.attempts + 1, self.at, None, remark)

    def untouched(self, until: datetime) -> Settled:
        """Given back as it was claimed."""
        c = self.claimed
        return Settled(*self.key, c.state, until, c.attempts, c.attempts + 1, c.way, None, c.remark)


class Job(msgspec.Struct):
    """One text to send, or (`ask`) to ask the provider about before anything else."""

    outgoing: Outgoing
    items: list[Item]
    way: Way
    ask: bool = False
    #: To be kept, because its parts do not tell it.
    text: str | None = None

    @property
    def pressing(self) -> bool:
        """An emergency, or an answer that somebody waits for."""
        return any(item.key[0] < 0 or item.told.urgency == "emergency" for item in self.items)


class Composed(msgspec.Struct):
    """A batch made ready."""

    jobs: list[Job] = []
    #: Fates that need no provider.
    settled: list[Settled] = []
    #: To be written before anything is sent: which messages go out in one text.
    together: list[Settled] = []
    withheld: int = 0
    overtaken: int = 0
    undelivered: int = 0
    put_off: int = 0
    failed: int = 0
    more: bool = False


class Composer:
    """Makes one batch ready. `lease_until` is that of its claim."""

    def __init__(
        self, engine: Engine, channels: Collection[str], rules: SmsRules, *, now: datetime, lease_until: datetime
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._rules = rules
        self._now = now
        self._lease_until = lease_until
        self._today = engine.policies.in_force
        self._senses: dict[int, Sense] = {}
        self._ways: dict[tuple[str, str], list[Way]] = {}
        self._made = Composed()

    def compose(self, claimed: Iterable[Claimed]) -> Composed:
        """Every message is in a job, or settled. Raises only when the database cannot be used."""
        made = self._made
        asks: list[Item] = []
        items: dict[Key, Item] = {}
        turns: list[Turn] = []
        for c in claimed:
            try:
                item = self._placed(c)
                if item is None:
                    continue
                if c.state in ("sending", "uncertain"):
                    asks.append(item)
                elif c.petition_id < 0:
                    made.jobs.append(self._single(item))
                elif (turn := self._turn(item)) is not None:
                    items[item.key] = item
                    turns.append(turn)
            except Exception as error:
                self._not_composed(Item(c, Vars(), [_NOBODY], c.way, c.attempts), error)
        self._ask(asks)
        idle = sending.superseded(turns)
        for key in idle:
            self._overtaken(items[key])
        self._plan([turn for turn in turns if turn.key not in idle], items)
        made.jobs.sort(key=lambda job: (not job.pressing, job.items[0].claimed.decided_at or self._now, _order(job)))
        return made

    def _not_composed(self, item: Item, error: Exception) -> None:
        if blames_database(error):
            self._made.settled.append(item.untouched(self._now + sending.FIRST_RETRY))
            return
        log.error("message_not_composed", petition=item.key[0], kind=item.claimed.kind, error=type(error).__name__)
        self._fail(item, type(error).__name__)

    def _fail(self, item: Item, remark: str) -> None:
        self._made.failed += 1
        item.attempts = item.claimed.attempts + 1
        self._made.settled.append(item.fate("failed", None, remark))

    # --- whom it is for -------------------------------------------------------------------------------------------

    def _placed(self, c: Claimed) -> Item | None:
        """The message on the way that is to be tried now; None when there is none, and its fate is written."""
        told = _decode_vars(c.vars)
        ways = self._ways_of(c, told)
        item = Item(c, told, ways, c.way, c.attempts)
        if c.state == "undelivered":
            self._made.undelivered += 1
            if (c.remark or "").startswith(PASSING) and c.attempts < sending.MOST_ATTEMPTS:
                item.attempts = sending.MOST_ATTEMPTS - 1
                self._made.settled.append(item.fate("waiting", self._now + SECOND_TRY, c.remark))
                return None
        if c.state in ("undelivered", "sent"):
            on = item.next_way(self._channels)
            if on is None:
                # No receipt and no other way: what the provider said first stands.
                state = "failed" if c.state == "undelivered" else "sent"
                self._made.failed += state == "failed"
                self._made.settled.append(item.fate(state, None, c.remark))
                return None
            item.at, item.attempts = on, 0
            return item
        # The roster may have changed since, and with it the list of ways.
        item.at = max(min(item.at, len(ways) - 1), 0)
        if not ways or ways[item.at].channel not in self._channels:
            on = item.next_way(self._channels)
            if on is None:
                self._fail(item, "nobody can be reached" if ways else "no such person or no number")
                return None
            item.at = on
        return item

    def _ways_of(self, c: Claimed, told: Vars) -> list[Way]:
        if c.petition_id < 0:
            return [Way(c.recipient, c.recipient, "sms", c.address or "", "zh")] if c.address else []
        if c.recipient == PETITIONER:
            english = c.language == "en"
            number = dialled(c.phone, self._today.main.country_code)
            # A name would be personal data on a screen that shows what is sent.
            name = ROLES["petitioner"][english]
            return [Way(PETITIONER, name, "sms", number, "en" if english else "zh")] if number else []
        key = c.recipient, told.team
        if key not in self._ways:
            self._ways[key] = sending.ways(c.recipient, self._today, team=told.team, now=self._now)
        return self._ways[key]

    # --- when and with what ---------------------------------------------------------------------------------------

    def _turn(self, item: Item) -> Turn | None:
        """What the plan needs to know; None when the message is no longer true, and that is written."""
        c = item.claimed
        decided = c.decided_at or self._now
        late = self._now - decided > timedelta(seconds=self._rules.late_after)
        if late and c.live:
            sense = self._sense(c.policy)
            if sense.overtaken(c.kind, c.recipient, item.told, decode_petition(c.live)):
                self._overtaken(item)
                return None
        return Turn(item.key, c.kind, item.told, c.recipient, item.way, decided, late)

    def _overtaken(self, item: Item) -> None:
        if item.claimed.state == "sent":
            # It did go out; only another text about it would be too much.
            item.at, item.attempts = item.claimed.way, item.claimed.attempts
            self._made.settled.append(item.fate("sent", None, item.claimed.remark))
            return
        self._made.overtaken += 1
        self._made.settled.append(item.fate("overtaken", None))

    def _sense(self, version: int) -> Sense:
        if version not in self._senses:
            self._senses[version] = Sense(self._engine.policies.judging(version))
        return self._senses[version]

    def _plan(self, turns: list[Turn], items: dict[Key, Item]) -> None:
        if not turns:
            return
        made, rules, zone = self._made, self._rules, self._today.zone
        addresses = sorted({turn.way.address for turn in turns})
        plan = sending.plan(
            turns,
            rules=rules,
            zone=zone,
            before=self._before(turns),
            opted_out=contacts.opted_out(self._engine.store, addresses),
            now=self._now,
        )
        for turn, until in plan.waits:
            made.put_off += 1
            made.settled.append(items[turn.key].fate("waiting", until, PUT_OFF))
        for turn, why in plan.withheld:
            made.withheld += 1
            made.settled.append(items[turn.key].fate("withheld", None, why))
        for turn in plan.elsewhere:
            item = items[turn.key]
            on = item.next_way(self._channels)
            if on is None:
                made.withheld += 1
                made.settled.append(item.fate("withheld", None, "opted out of all"))
            else:
                item.at, item.attempts, made.more = on, 0, True
                made.settled.append(item.fate("waiting", self._now))
        for text in plan.texts:
            together = [items[turn.key] for turn in text]
            if len(text) > 1 and digests.can_tell(self._today, text[0].way.language):
                self._tell_together(together)
            else:
                self._tell_each(together)

    def _before(self, turns: list[Turn]) -> list[Before]:
        """What was sent lately to those whose number of texts is limited."""
        rules, now = self._rules, self._now
        since = now - timedelta(seconds=rules.throttle.within)
        limited = {t.way.address for t in turns if t.recipient != PETITIONER} if since < now else set()
        capped = {t.way.address for t in turns if t.recipient == PETITIONER and t.kind in rules.daily_cap.messages}
        if capped:
            since = min(since, sending.midnight(now, self._today.zone))
        if not limited | capped:
            return []
        spoken = contacts.spoken(self._engine.store, sorted(limited | capped), since)
        return [Before(s.address, s.recipient, s.at, s.kind) for s in spoken]

    def _tell_each(self, items: list[Item]) -> None:
        for item in items:
            try:
                self._made.jobs.append(self._single(item))
            except Exception as error:
                self._not_composed(item, error)

    def _tell_together(self, items: list[Item]) -> None:
        try:
            job = self._several(items)
        except Exception as error:
            for item in items:
                self._not_composed(item, error)
            return
        self._made.jobs.append(job)
        remark = f"{_WITH}{job.outgoing.id} {len(items)}"
        for item in items:
            made = item.fate("sending", self._lease_until, remark)
            made.attempts = item.claimed.attempts + 1
            self._made.together.append(made)

    # --- what was sent in the dark ----------------------------------------------------------------------------------

    def _ask(self, items: list[Item]) -> None:
        """Texts to ask the provider about, made as they were then."""
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            remark = item.claimed.remark or ""
            groups[remark if remark.startswith(_WITH) else ""].append(item)
        for item in groups.pop("", []):
            try:
                job = self._single(item)
            except Exception as error:
                self._not_composed(item, error)
                continue
            job.ask = True
            self._made.jobs.append(job)
        for remark, group in groups.items():
            if len(group) != int(remark.rpartition(" ")[2]) and group[0].attempts < _GATHERINGS:
                for item in group:
                    given_back = item.untouched(self._now + _GATHER)
                    given_back.attempts += 1
                    self._made.settled.append(given_back)
                continue
            group.sort(key=lambda item: (item.claimed.decided_at or self._now, item.key))
            job = self._several(group)
            job.ask = True
            self._made.jobs.append(job)

    # --- texts ------------------------------------------------------------------------------------------------------

    def _single(self, item: Item) -> Job:
        c, way = item.claimed, item.way
        if c.petition_id < 0:
            return Job(self._outgoing(item, c.kind, c.text or ""), [item], way)
        text = words.message(
            c.kind,
            item.told,
            self._policy(c),
            number=c.petition_id,
            community=c.community,
            confidential=c.confidential,
            language=way.language,
            matter=words.Matter(c.place, c.title, c.name),
        )
        return Job(self._outgoing(item, c.kind, text), [item], way)

    def _several(self, items: list[Item]) -> Job:
        parts = [
            digests.Part(
                c.petition_id,
                c.kind,
                item.told,
                self._sense(c.policy).asks_to_accept(c.kind, item.told),
                c.confidential,
                words.Matter(c.place, c.title, c.name),
            )
            for item in items
            for c in (item.claimed,)
        ]
        text = digests.digest(parts, self._today, items[0].way.language)
        return Job(self._outgoing(items[0], DIGEST, text), items, items[0].way, text=text)

    def _outgoing(self, item: Item, kind: str, text: str) -> Outgoing:
        c, way = item.claimed, item.way
        petition = str(c.petition_id) if c.petition_id > 0 else ""
        identity = "/".join(map(str, item.key))
        return Outgoing(identity, kind, way.name, way.address, text, petition, c.tried_at)

    def _policy(self, c: Claimed) -> Policy:
        return self._engine.policies.judging(c.policy)


def _order(job: Job) -> tuple[int, int, int]:
    """Replies by letter and part, messages by key: one person reads in the order in which things were said."""
    petition, seq, n = job.items[0].key
    return abs(petition), seq, n
