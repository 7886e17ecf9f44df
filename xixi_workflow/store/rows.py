"""What travels between the engine and the database: loaded petitions, and the units of work to save."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Protocol

import msgspec

from xixi_workflow.core.petition import Entry, Message, Outcome, Petition

#: The working state is stored as MessagePack: half the bytes of JSON, and it is rewritten with every event.
decode_petition = msgspec.msgpack.Decoder(Petition).decode
encode_petition = msgspec.msgpack.Encoder().encode
encode = msgspec.json.Encoder().encode


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
    """A message that this process may now send, with what its text needs."""

    petition_id: int
    seq: int
    n: int
    kind: str
    recipient: str
    vars: str
    state: str
    attempts: int
    #: Policy version that fixes the wording.
    policy: int
    community: str
    confidential: bool
    phone: str
    language: str


class Settled(msgspec.Struct):
    """The fate of a claimed message. `next_at` None: nothing more to do."""

    petition_id: int
    seq: int
    n: int
    state: str
    next_at: datetime | None
    attempts: int
    sent_at: datetime | None = None
    remark: str | None = None


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

    def settle(self, settled: list[Settled]) -> None:
        """Write the fate of claimed messages."""
