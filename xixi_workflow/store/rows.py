"""What travels between the engine and the database: loaded petitions, and the units of work to save."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar

import msgspec

from xixi_workflow.core.petition import Entry, Message, Outcome, Petition

#: The working state is stored as MessagePack: half the bytes of JSON, and it is rewritten with every event.
decode_petition = msgspec.msgpack.Decoder(Petition).decode
encode_petition = msgspec.msgpack.Encoder().encode
encode = msgspec.json.Encoder().encode
#: Values in one statement.
_TOGETHER: Final = 500
_Value = TypeVar("_Value")


class Intake(msgspec.Struct, gc=False):
    """What was said at intake."""

    title: str
    content: str
    address: str
    community: str
    channel: str
    nature: str
    name: str
    phone: str
    language: str
    confidential: bool


class Unit(msgspec.Struct):
    """Everything one transaction writes for one petition."""

    petition: Petition
    wake_at: datetime | None
    entries: list[Entry]
    outcomes: list[Outcome]
    #: (seq of the causing journal line, place, message)
    messages: list[tuple[int, int, Message]]
    #: Set for a petition that is new: (source_id, what was said).
    intake: tuple[str, Intake] | None = None


class Seal(msgspec.Struct):
    """What seals a transaction."""

    at: datetime
    #: Version of the policy in force.
    policy: int


class Claimed(msgspec.Struct):
    """A message that this process may now act on, with what its text needs.

    What is read from a petition is empty for a reply: a reply's `petition_id` is minus the number of the letter that
    it answers, and its `text` and `address` are given.
    """

    petition_id: int
    seq: int
    n: int
    kind: str
    recipient: str
    vars: str
    #: Before the claim, see `tables.OutboxRow`.
    state: str
    #: Before the claim, which adds one.
    attempts: int
    #: Which of the recipient's ways is being tried, from 0.
    way: int
    remark: str | None
    #: The first attempt; None before there was one.
    tried_at: datetime | None
    address: str | None
    text: str | None
    #: When it was decided that the person is told; None for a reply.
    decided_at: datetime | None
    #: Policy version that fixes the wording; 0 for a reply.
    policy: int
    #: The petition's working state, see `decode_petition`; empty for a reply.
    live: bytes
    community: str
    confidential: bool
    #: The petitioner's name, number and language.
    name: str
    phone: str
    language: str
    #: What the petition is about and where, as it was filed.
    title: str
    place: str


class Settled(msgspec.Struct):
    """The fate of a claimed message. `next_at` None: nothing more to do.

    `claim` is `Claimed.attempts + 1`: who has lost the message to another process meanwhile changes nothing.
    """

    petition_id: int
    seq: int
    n: int
    state: str
    next_at: datetime | None
    attempts: int
    claim: int
    way: int = 0
    sent_at: datetime | None = None
    remark: str | None = None


#: petition_id, seq, n of a message in the outbox.
Key = tuple[int, int, int]


class Handed(msgspec.Struct):
    """A text that a provider has taken over; it may tell several messages together."""

    provider: str
    provider_id: str
    at: datetime
    channel: str
    #: The number as dialled, or the chat's name.
    address: str
    recipient: str
    kind: str
    parts: list[Key]
    #: Where it cannot be made again from its one part.
    text: str | None = None


class Receipted(msgspec.Struct):
    """What a provider says later of a text that it took over.

    `state`: `sent` on its way, `delivered`, `undelivered`. `message` is our own name of the first message in it, as
    given to the provider, for a receipt that comes before we have written down the provider's.
    """

    provider: str
    provider_id: str
    message: str
    state: str
    code: str
    at: datetime


class Letter(msgspec.Struct):
    """A message that somebody sent to us. `id` is 0 before it is stored."""

    id: int
    provider: str
    provider_id: str
    at: datetime
    #: The sender's number as dialled, and ours.
    address: str
    to: str
    body: str


class Answered(msgspec.Struct):
    """What became of a letter.

    `state`: `done` as asked, `asked` answered with a question or a refusal, `open` for the operators' list. `outcome`
    is the event caused, or the key of the reply.
    """

    id: int
    state: str
    outcome: str
    person: str = ""
    petition_id: int = 0


class Reply(msgspec.Struct):
    """Our answer to a letter, in as many texts as it needs."""

    letter: int
    address: str
    recipient: str
    kind: str
    texts: list[str]


class Spoken(msgspec.Struct):
    """A text that went to a number before."""

    address: str
    at: datetime
    recipient: str
    kind: str
    parts: list[Key]


def seal_line(
    petition_id: int, seq: int, event: str, state: str, at: int, noticed_at: int, actor: str, data: str
) -> str:
    """The form of a journal line that is hashed; instants in microseconds, `noticed_at` 0 when equal to `at`."""
    return f"{petition_id}\x1f{seq}\x1f{event}\x1f{state}\x1f{at}\x1f{noticed_at}\x1f{actor}\x1f{data}\n"


def seal_text(at: int, policy: int, lines: list[str]) -> str:
    """What a seal covers besides its number: its instant (microseconds), the policy in force, and its lines in order of
    petition and seq.
    """
    return f"\x1f{at}\x1f{policy}\n{''.join(lines)}"


def seal_hash(previous: bytes, number: int, text: str) -> bytes:
    """SHA-256 of the previous seal's hash, this seal's number (decimal digits) and its `seal_text`."""
    return hashlib.sha256(previous + f"{number}{text}".encode()).digest()


def portions(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """`values` in runs short enough for one statement, whose parameters a database limits."""
    for first in range(0, len(values), _TOGETHER):
        yield values[first : first + _TOGETHER]


def printable(text: str) -> str:
    """`text` from outside, with what PostgreSQL cannot store (NUL, half a surrogate pair) shown as a replacement."""
    return text.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


class Tx(Protocol):
    """One open transaction on the hot path; `sqlite.py` and `postgresql.py` implement it alike."""

    def load(self, ids: list[int]) -> dict[int, bytes]:
        """Working states by id, locked for this transaction; unknown ids are left out."""

    def due(self, now: datetime, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` petitions with `wake_at` <= now, earliest first, locked; others' claims are skipped."""

    def find(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Petition ids by (source, source id), of those that exist."""

    def texts(self, ids: list[int]) -> dict[int, tuple[str, str]]:
        """(title, content) by petition id."""

    def reserve(self, day: int, count: int) -> int:
        """The first of `count` fresh serial numbers of `day` (yyyymmdd)."""

    def apply(self, units: list[Unit], seal: Seal) -> None:
        """Write state, journal, outcomes and outbox of every unit, sealed, in a few set-based statements."""

    def put_off(self, ids: list[int], until: datetime, at: datetime, errors: list[str]) -> None:
        """Nominate petitions whose decision failed again only at `until`, and note the trouble."""

    def claim(self, now: datetime, lease_until: datetime, limit: int) -> list[Claimed]:
        """Up to `limit` messages to send; they are this process's until `lease_until`."""

    def settle(self, settled: list[Settled], handed: list[Handed]) -> None:
        """Write the fate of claimed messages that are still ours, and what providers took over.

        A receipt that came first counts: its messages are `delivered` or `undelivered` at once.
        """

    def receive(self, letters: list[Letter]) -> list[int]:
        """Keep letters; the numbers of those that we did not have yet (by provider and its id)."""

    def letters(self, now: datetime, limit: int) -> list[Letter]:
        """Letters that nobody has read yet and whose time has come, oldest first, locked.

        Skipped are those that others read now, and what came from the same numbers after them.
        """

    def answer(self, answered: list[Answered], replies: list[Reply], now: datetime) -> None:
        """Write what became of letters, and put the replies in the outbox."""

    def put_aside(self, letters: list[int], until: datetime) -> None:
        """Leave letters that could not be read alone until then."""

    def receipts(self, receipted: list[Receipted]) -> None:
        """Move texts and the messages in them forward; a late, repeated or unknown receipt changes nothing.

        Messages that were not delivered become `undelivered`, due at once, with the code as remark.
        """

    def opt(self, address: str, scope: str | None, at: datetime, by: str) -> None:
        """Note that a number wants no `surveys`, or nothing at `all`; `scope` None takes it back."""
