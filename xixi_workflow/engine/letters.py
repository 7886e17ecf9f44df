"""Letters: what people write to us is kept, read once, carried out and answered.

1. A letter is kept durably before its provider gets an answer (`receive`); the same letter again changes nothing.
2. One transaction reads letters, finds out what their writers were told lately, gives the commands that they ask for,
   writes what became of them and puts the replies in the outbox. So a letter is carried out exactly once, whoever dies.
3. A reply goes out like any message (`deliver.py`).

A letter is judged by when it reached us: an acceptance that came in time was in time, however late it is read. A letter
that cannot be read is put aside and shown; it never stops its neighbours. Two machines that answer each other fall
silent after a few replies; what a person asks for is carried out all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from xixi_workflow.adapters.port import Incoming, Outcome
from xixi_workflow.core import replies
from xixi_workflow.core.phones import dialled
from xixi_workflow.core.replies import TOLD_WITHIN, Carried, Case, Meant
from xixi_workflow.core.reply_citizens import as_staff, read_citizen, surveys
from xixi_workflow.core.reply_staff import read_staff
from xixi_workflow.core.reply_text import is_english
from xixi_workflow.core.words import Language
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.handle import Batch, Engine, Request
from xixi_workflow.store import contacts, writers
from xixi_workflow.store.connect import blames_database
from xixi_workflow.store.rows import Answered, Letter, Receipted, Reply, Spoken, Tx

log = structlog.get_logger()

#: Letters in one transaction.
BATCH = 50
#: How long a letter that could not be read is left alone.
PUT_ASIDE_FOR = timedelta(hours=1)
#: Characters of a letter that are read; it is kept whole.
LONGEST = 4000
_HOUR = timedelta(hours=1)
_PETITIONER = "petitioner"


class Read(msgspec.Struct):
    """What one reading did."""

    read: int = 0
    done: int = 0
    asked: int = 0
    open: int = 0
    put_aside: int = 0
    #: There may be more that wait.
    more: bool = False


def receive(engine: Engine, provider: str, incoming: Incoming, now: datetime) -> bool:
    """Keep a letter; True when it is new. Durable when this returns."""
    letter = Letter(0, provider, incoming.provider_id, now, incoming.address, incoming.to, incoming.body)
    return bool(attempted(engine.store, lambda tx: tx.receive([letter])))


def receipt(engine: Engine, provider: str, outcome: Outcome, now: datetime) -> None:
    """Keep what a provider says of a text that it took over. Durable when this returns."""
    # What a passing code means is known to the adapter alone; delivery reads it off the message's remark.
    code = f"passing {outcome.code}" if outcome.passing else outcome.code
    note_receipts(engine, [Receipted(provider, outcome.provider_id, outcome.message, outcome.state, code, now)])
    if outcome.opted_out and (address := writers.address_of(engine.store, provider, outcome.provider_id)):
        attempted(engine.store, lambda tx: tx.opt(address, "all", now, provider))


def note_receipts(engine: Engine, receipted: Sequence[Receipted]) -> None:
    """Move texts, and what they tell, forward."""
    attempted(engine.store, lambda tx: tx.receipts(list(receipted)))


def read_letters(engine: Engine, *, now: datetime, limit: int = BATCH, left_for: timedelta = timedelta()) -> Read:
    """Read up to `limit` letters that have waited for `left_for`. Raises only when the database cannot be used."""
    claimed: list[int] = []
    try:
        batches, read = attempted(engine.store, lambda tx: _run(engine, tx, now, limit, left_for, claimed))
    except Exception as error:
        if blames_database(error) or not claimed:
            raise
        if len(claimed) == 1:
            log.exception("letter_put_aside", letter=claimed[0])
            attempted(engine.store, lambda tx: tx.put_aside(claimed, now + PUT_ASIDE_FOR))
            return Read(read=1, put_aside=1, more=True)
        # What was decided could not be saved. One letter at a time, so that only the culprit is put aside.
        log.warning("letters_taken_apart", size=len(claimed), error=type(error).__name__)
        return _together([read_letters(engine, now=now, limit=1, left_for=left_for) for _ in claimed])
    for batch in batches:
        batch.ring()
    if read.read:
        # Whoever delivers hears it too: a person waits for the reply.
        engine.store.bell.ring()
    return read


def _together(single: list[Read]) -> Read:
    whole = Read(more=True)
    for one in single:
        whole.read += one.read
        whole.done += one.done
        whole.asked += one.asked
        whole.open += one.open
        whole.put_aside += one.put_aside
    return whole


def _run(
    engine: Engine, tx: Tx, now: datetime, limit: int, left_for: timedelta, claimed: list[int]
) -> tuple[list[Batch], Read]:
    waiting = tx.letters(now - left_for, limit)
    read = Read(more=len(waiting) == limit)
    # What somebody writes second may be about what the first did, so it has to see it: one letter of each number.
    letters = list({letter.address: letter for letter in reversed(waiting)}.values())[::-1]
    read.more |= len(letters) < len(waiting)
    claimed[:] = [letter.id for letter in letters]
    read.read = len(letters)
    batches: list[Batch] = []
    if not letters:
        return batches, read
    desk = _Desk(engine, tx, letters, now)
    aside: list[int] = []
    answered: list[Answered] = []
    replied: list[Reply] = []
    understood: list[tuple[Letter, Meant, Language]] = []
    for letter in letters:
        try:
            understood.append((letter, *desk.understand(letter)))
        except Exception as error:
            if blames_database(error):
                raise
            log.exception("letter_put_aside", letter=letter.id)
            aside.append(letter.id)
    # All of them before the first is written: whoever waits for one of these holds nothing that we wait for.
    numbers = {ask.number for _, meant, _ in understood for ask in meant.asks}
    if len(numbers) > 1:
        tx.load(sorted(numbers))
    for letter, meant, language in understood:
        made, became, reply = desk.carry_out(letter, meant, language)
        batches += made
        answered.append(became)
        replied += [reply] if reply is not None else []
        setattr(read, became.state, getattr(read, became.state) + 1)
    tx.answer(answered, replied, now)
    if aside:
        tx.put_aside(aside, now + PUT_ASIDE_FOR)
        read.put_aside = len(aside)
    return batches, read


class _Desk:
    """One transaction's letters, and what is known of their writers."""

    def __init__(self, engine: Engine, tx: Tx, letters: Sequence[Letter], now: datetime) -> None:
        self.engine = engine
        self.tx = tx
        self.now = now
        self.policy = engine.policies.in_force
        country = self.policy.main.country_code
        self.country = country
        self.people: dict[str, list[str]] = defaultdict(list)
        for name, person in self.policy.people.items():
            # Who has left is a stranger like any other.
            if self.policy.serves(name, now) and (number := dialled(person.phone, country)):
                self.people[number].append(name)
        addresses = {self._address(letter) for letter in letters}
        #: Whoever reads a team's chat may write an SMS about it.
        self.chats = {
            chat: address
            for address in addresses
            for name in self.people.get(address, ())
            if (chat := (self.policy.people[name].chat, name))[0]
        }
        self.spoken: dict[str, list[Spoken]] = defaultdict(list)
        for text in contacts.spoken(engine.store, {*addresses, *(c for c, _ in self.chats)}, now - TOLD_WITHIN):
            if (address := self.chats.get((text.address, text.recipient), text.address)) in addresses:
                self.spoken[address].append(text)
        self._add_in_flight(addresses)
        about = {key[0] for texts in self.spoken.values() for text in texts for key in text.parts if key[0] > 0}
        self.petitions = writers.working(engine.store, about)
        self.queued = writers.queued_replies(engine.store, addresses)

    def _add_in_flight(self, addresses: set[str]) -> None:
        """What was sent and is not written down yet counts as told."""
        of = {name: address for address in addresses for name in self.people.get(address, ())}
        for told in writers.in_flight(self.engine.store, of):
            petitioner = told.recipient == _PETITIONER
            address = dialled(told.phone, self.country) if petitioner else of[told.recipient]
            if address in addresses:
                self.spoken[address].append(Spoken(address, told.at, told.recipient, told.kind, [(told.number, 0, 0)]))
        for texts in self.spoken.values():
            texts.sort(key=lambda text: text.at, reverse=True)

    def _address(self, letter: Letter) -> str:
        return dialled(letter.address, self.country) or letter.address

    def understand(self, letter: Letter) -> tuple[Meant, Language]:
        """What a letter comes to, and in which language it is answered."""
        address, body = self._address(letter), letter.body[:LONGEST]
        # Nobody writes about what they are told afterwards, however late the letter is read.
        texts = [text for text in self.spoken[address] if text.at <= letter.at]
        as_petitioner = self._cases([t for t in texts if t.recipient == _PETITIONER])
        people = self.people.get(address, [])
        if people:
            person = self.policy.people[people[0]]
            meant = read_staff(
                body,
                people=people,
                cases=self._cases([t for t in texts if t.recipient in self.policy.people]),
                policy=self.policy,
                language=person.language,
                now=self.now,
            )
            surveyed = surveys(as_petitioner, self.policy)
            if (of_staff := as_staff(body, meant, surveyed, self.policy, person.language)) is not None:
                return of_staff, person.language
        replied = {t.kind: t.at for t in reversed(texts) if t.parts and t.parts[0][0] < 0}
        meant = read_citizen(body, cases=as_petitioner, replied=replied, policy=self.policy, now=self.now)
        known = self.petitions.get(meant.number)
        english = known[1] == "en" if known else is_english(body)
        return meant, "en" if english else "zh"

    def _cases(self, texts: Sequence[Spoken]) -> list[Case]:
        told: dict[int, dict[str, datetime]] = defaultdict(dict)
        for text in reversed(texts):
            for number, _, _ in text.parts:
                if number in self.petitions:
                    told[number][text.kind] = text.at
        return [Case(self.petitions[number][0], kinds) for number, kinds in told.items()]

    def carry_out(self, letter: Letter, meant: Meant, language: Language) -> tuple[list[Batch], Answered, Reply | None]:
        """Give the commands, and say what became of it."""
        batches, carried = self._give(letter, meant)
        address = self._address(letter)
        if meant.opt:
            self.tx.opt(address, "surveys" if meant.opt == "surveys" else None, self.now, "reply")
        state, outcome, key, text = replies.answer(meant, carried, self.policy, language)
        texts = [text] if text else []
        if key == "detail":
            texts = self._detail(meant.number, language)
        silent = bool(key) and (not texts or self._too_many(letter, address))
        if silent and not meant.opt and (not carried or key == "detail"):
            # Nobody is asked, so nobody will answer: a person has to look.
            state = "open"
        became = Answered(letter.id, state, outcome, meant.person, meant.number)
        if silent or not texts:
            return batches, became, None
        recipient = meant.person or (_PETITIONER if meant.number else "")
        return batches, became, Reply(letter.id, address, recipient, key, texts)

    def _give(self, letter: Letter, meant: Meant) -> tuple[list[Batch], list[Carried]]:
        if not meant.asks:
            return [], []
        at = letter.at if letter.at < self.now else None
        requests = [Request(ask.number, ask.command, ask.actor, at) for ask in meant.asks]
        first = Batch(self.engine, self.now)
        done = first.run(self.tx, requests if meant.everything else requests[:1])
        batches = [first]
        if not meant.everything and done[0].refused is None and requests[1:]:
            # A note beside a command that was refused would make no sense without it.
            second = Batch(self.engine, self.now)
            second.run(self.tx, requests[1:])
            batches.append(second)
        return batches, [Carried(d.number, d.petition, d.refused) for d in done]

    def _detail(self, number: int, language: Language) -> list[str]:
        said = writers.filed(self.engine.store, number)
        if said is None:
            return []
        where = " ".join(part for part in (said.community, said.address) if part)
        return replies.detail_texts(
            [said.title, where, said.content], said.name, said.phone, number, self.policy, language
        )

    def _too_many(self, letter: Letter, address: str) -> bool:
        """Whether another reply would keep a machine talking, or talk to ourselves."""
        if address == dialled(letter.to, self.country):
            return True
        since = self.now - _HOUR
        answered = {t.parts[0][0] for t in self.spoken[address] if t.parts and t.parts[0][0] < 0 and t.at > since}
        waiting = self.queued.get(address, set())
        return len(answered | {-number for number in waiting}) >= self.policy.main.sms.replies_per_hour
