"""A story told by telephones: somebody files a petition, telephones ring, people write back, the clock goes on.

The engine, the database and the wording are the real ones. The only double is the telephone network: it hands every
text to the telephone with that number, and every reply to the engine as a letter. Time passes by leaps from one
alarm to the next, so nothing that falls due in between is left out and no test waits.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from xixi_workflow.adapters.port import Incoming, Outgoing, Receipt, Undeliverable
from xixi_workflow.core import commands as c
from xixi_workflow.core.lifecycle import Role
from xixi_workflow.core.petition import Actor, Petition
from xixi_workflow.core.phones import dialled
from xixi_workflow.engine import letters
from xixi_workflow.engine.deliver import deliver
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.rows import Receipted, decode_petition
from xixi_workflow.store.tables import JournalRow, LetterRow, OutboxRow, PetitionRow

#: A Monday, nine in the morning in Hangzhou.
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CITIZEN = "19900009001"
ANOTHER_CITIZEN = "19900009002"
CENTRE = "10690000"


class Network:
    """The telephone network: it carries texts, and can be told to fail."""

    name = "network"

    def __init__(self) -> None:
        self.inboxes: dict[str, list[str]] = defaultdict(list)
        #: Every text in the order in which it went out: (number, text).
        self.carried: list[tuple[str, str]] = []
        self.down = False
        #: Numbers that no longer exist.
        self.dead: set[str] = set()
        #: Receipts are promised, and come when a story says so.
        self.awaited = False
        self.ids: dict[str, list[str]] = defaultdict(list)

    def send(self, message: Outgoing) -> Receipt:
        if self.down:
            raise Undeliverable(False, "the network is down", because="busy")
        if message.address in self.dead:
            raise Undeliverable(True, "no such number", code="21211")
        self.inboxes[message.address].append(message.text)
        self.carried.append((message.address, message.text))
        name = f"text-{len(self.carried)}"
        self.ids[message.address].append(name)
        return Receipt(name, self.name, self.awaited)

    def find(self, message: Outgoing) -> None:
        del message


class Phone:
    """Somebody's telephone: what it has been sent and not yet read."""

    def __init__(self, story: Story, number: str) -> None:
        self._story = story
        self.number = dialled(number)

    @property
    def unread(self) -> list[str]:
        return self._story.network.inboxes[self.number]

    def expects(self, *fragments: str) -> str:
        """The oldest unread text holds all of these; it is read now."""
        assert self.unread, f"no unread text, expected {fragments}"
        text = self.unread.pop(0)
        for fragment in fragments:
            assert fragment in text, f"{fragment!r} is not in {text!r}"
        return text

    def expects_nothing(self) -> None:
        assert self.unread == []

    def sees(self, *fragments: str) -> str:
        """Some unread text holds all of these; it and those before it are read now."""
        for n, text in enumerate(self.unread):
            if all(fragment in text for fragment in fragments):
                del self.unread[: n + 1]
                return text
        raise AssertionError(f"no unread text holds {fragments}: {self.unread}")

    def puts_away(self) -> None:
        """Everything there is has been read."""
        self.unread.clear()

    def replies(self, body: str) -> None:
        """Write to the centre and wait for what comes of it."""
        self._story.letter(self.number, body)

    def receipt(self, state: str, code: str = "") -> None:
        """The network tells what became of the last text to this telephone."""
        story = self._story
        told = Receipted("network", story.network.ids[self.number][-1], "", state, code, story.now)
        letters.note_receipts(story.engine, [told])
        story.settle()


class Story:
    """One engine, one network, one clock."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.network = Network()
        self.chat = Network()
        self.now = MONDAY
        self._letters = 0
        self._filed = 0

    # --- what people do ---------------------------------------------------------------------------------------------

    def petition(
        self,
        title: str = "夜市占道经营",
        *,
        phone: str = CITIZEN,
        name: str = "某某某",
        content: str = "",
        address: str = "某某路1号",
        community: str = "",
        urgency: c.Urgency = "normal",
        confidential: bool = False,
        language: str = "zh",
    ) -> int:
        """Somebody files a petition; its number. Urban management's, by its words."""
        self._filed += 1
        who = c.Petitioner(name, phone, "en" if language == "en" else "zh")
        filing = c.FilePetition(
            "demo",
            f"story-{self._filed}",
            title,
            content or f"内容{self._filed}",
            community=community,
            address=address,
            urgency=urgency,
            petitioner=who,
            confidential=confidential,
        )
        done = self.engine.handle([Request(0, filing)], now=self.now)[0]
        assert done.petition is not None, done.refused
        self.settle()
        return done.number

    def does(self, role: Role, who: str, number: int, command: c.Command) -> Done:
        """Somebody at the centre does something on the screen."""
        done = self.engine.handle([Request(number, command, Actor(role, who))], now=self.now)[0]
        assert done.refused is None, done.refused
        self.settle()
        return done

    def phone(self, whose: str) -> Phone:
        """The telephone of a person of the roster, or with a number."""
        person = self.engine.policies.in_force.people.get(whose)
        return Phone(self, person.phone if person else whose)

    def letter(self, number: str, body: str, provider_id: str = "") -> None:
        """A text reaches the centre."""
        self._letters += 1
        incoming = Incoming(provider_id or f"letter-{self._letters}", number, CENTRE, body)
        letters.receive(self.engine, "network", incoming, now=self.now)
        self.settle()

    # --- time -------------------------------------------------------------------------------------------------------

    def forward(self, **span: float) -> None:
        """Let time pass, alarm by alarm: `forward(hours=3)`."""
        until = self.now + timedelta(**span)
        while (alarm := self._next_alarm()) is not None and alarm <= until:
            # An alarm that has been rung and stays would be a clock that stands still.
            self.now = max(alarm, self.now + timedelta(milliseconds=1))
            self.settle()
        self.now = max(self.now, until)
        self.settle()

    def settle(self) -> None:
        """Everything that can happen at this instant happens."""
        while True:
            quiet = sweep(self.engine, now=self.now).looked == 0
            quiet &= letters.read_letters(self.engine, now=self.now).read == 0
            channels = {"sms": self.network, "chat": self.chat}
            quiet &= deliver(self.engine, channels, now=self.now, in_flight=1).claimed == 0
            if quiet:
                return

    def _next_alarm(self) -> datetime | None:
        alarms = (col(PetitionRow.wake_at), col(OutboxRow.next_at), col(LetterRow.next_at))
        with self.engine.store.reading() as connection:
            firsts = [connection.scalar(select(sa.func.min(alarm))) for alarm in alarms]
        return min((first for first in firsts if first is not None), default=None)

    # --- what is found afterwards -----------------------------------------------------------------------------------

    def state(self, number: int) -> str:
        return self.working(number).state

    def working(self, number: int) -> Petition:
        """The working state of a petition."""
        with self.engine.store.reading() as connection:
            live = connection.scalar(select(PetitionRow.live).where(col(PetitionRow.id) == number))
        assert live is not None
        return decode_petition(live)

    def events(self, number: int) -> list[str]:
        """What the journal says happened, in order."""
        return [event for event, _, _ in self.journal(number)]

    def journal(self, number: int) -> list[tuple[str, str, dict[str, object]]]:
        """Event, who, and facts of each line of a petition's journal."""
        asked = select(JournalRow.event, JournalRow.actor, JournalRow.data)
        mine = asked.where(col(JournalRow.petition_id) == number).order_by(col(JournalRow.seq))
        with self.engine.store.reading() as connection:
            return [(event, who, json.loads(data or "{}")) for event, who, data in connection.execute(mine)]

    def texts_to(self, whose: str) -> list[str]:
        """Every text that ever went to that telephone."""
        number = self.phone(whose).number
        return [text for to, text in self.network.carried if to == number]


def code(number: int) -> str:
    """The number as messages show it."""
    return str(number)[-6:]
