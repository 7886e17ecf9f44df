"""The tables. SQLModel defines them, migrations create them; `sqlite.py` and `postgresql.py` move rows in sets.

`petition` is small and changes with every event; what the petitioner wrote is in `intake` and never changes. `wake_at`
and `next_at` are the two alarms of the house: each has a partial index over the rows that still wait for something,
so an idle look costs the same with ten petitions or ten million.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from xixi_workflow.store.columns import Instant, Number, given_key, instant


class PetitionRow(SQLModel, table=True):
    """The working state of a petition (`live`, see `core.petition.Petition`) and what the house searches it by."""

    __tablename__ = "petition"
    __table_args__ = (
        sa.UniqueConstraint("source", "source_id", name="petition_source"),
        # For the sweep: only petitions that time can still change.
        sa.Index(
            "petition_wake",
            "wake_at",
            sqlite_where=sa.text("wake_at IS NOT NULL"),
            postgresql_where=sa.text("wake_at IS NOT NULL"),
        ),
        # For boards and auditor: the open ones that no time can change, which are few.
        sa.Index(
            "petition_still",
            "id",
            sqlite_where=sa.text("wake_at IS NULL AND closed_at IS NULL"),
            postgresql_where=sa.text("wake_at IS NULL AND closed_at IS NULL"),
        ),
        # For the month's figures: what was over before the month is never read.
        sa.Index(
            "petition_closed",
            "closed_at",
            sqlite_where=sa.text("closed_at IS NOT NULL"),
            postgresql_where=sa.text("closed_at IS NOT NULL"),
        ),
    )

    #: Date of filing and serial: 20261123000042. Also the public number.
    id: int = given_key()
    source: str
    source_id: str
    #: Version of the policy under which it is judged for life.
    policy: int = Field(sa_type=sa.SmallInteger)
    state: str
    category: str
    lead: str
    urgency: str
    round: int = Field(sa_type=sa.SmallInteger)
    result: str | None = None
    rating: str | None = None
    received_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
    wake_at: datetime | None = instant(nullable=True)
    #: See `rows.decode_petition`.
    live: bytes = Field(sa_type=sa.LargeBinary)


class IntakeRow(SQLModel, table=True):
    """What was said at intake, written once. Personal data is here and nowhere else."""

    __tablename__ = "intake"

    petition_id: int = given_key()
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


class JournalRow(SQLModel, table=True):
    """One line of a petition's history, append-only. `seal` is the transaction that wrote it."""

    __tablename__ = "journal"
    __table_args__ = {"sqlite_with_rowid": False}

    petition_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    seq: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    seal: int = Field(sa_type=sa.BigInteger)
    event: str
    state: str
    at: datetime = instant()
    #: When it was decided, if that is later than it happened.
    noticed_at: datetime | None = instant(nullable=True)
    actor: str
    data: str | None = None


class SealRow(SQLModel, table=True):
    """One transaction's seal: the hash of its journal lines and of the seal before it."""

    __tablename__ = "seal"

    number: int = given_key()
    at: datetime = instant()
    #: The policy in force, whose roster chose the recipients.
    policy: int
    entries: int
    hash: bytes = Field(sa_type=sa.LargeBinary)


class ChainRow(SQLModel, table=True):
    """The head of the chain of seals: one row, locked by whoever writes."""

    __tablename__ = "chain"

    id: int = given_key(sa.SmallInteger)
    number: int = Field(sa_type=sa.BigInteger)
    hash: bytes = Field(sa_type=sa.LargeBinary)


class OutcomeRow(SQLModel, table=True):
    """The verdict on one run of a clock, see `core.petition.Outcome`."""

    __tablename__ = "outcome"
    __table_args__ = (
        # For the month's figures: the few clocks that were due long after their petition was over.
        sa.Index(
            "outcome_far_due",
            "due_at",
            sqlite_where=sa.text("due_at - settled_at > 1296000000000"),
            postgresql_where=sa.text("due_at - settled_at > interval '15 days'"),
        ),
        {"sqlite_with_rowid": False},
    )

    petition_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    clock: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Instant, primary_key=True)
    round: int = Field(sa_type=sa.SmallInteger)
    team: str
    result: str
    due_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)
    paused_for: float | None = None
    extended_for: float | None = None


#: Messages that an operator should know of. A look must say it in these words to find its index.
IN_TROUBLE = "state IN ('failed', 'uncertain', 'withheld')"


class OutboxRow(SQLModel, table=True):
    """A message to one person. `next_at` is when somebody must act on it; empty once its fate is known.

    `state`: `waiting` to be sent (again), `sending` claimed until `next_at`, `sent` (taken over by a provider; with a
    `next_at` a receipt must have come by then), `delivered`, `undelivered` (says the receipt; the next way is to be
    tried), `uncertain` (asked the provider and do not know), `failed` for good, `withheld` (the person wants none, or
    has had enough for the day), `overtaken` (no longer true when its turn came).

    A reply to a letter has minus the letter's number as `petition_id`.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # For `deliver`: only messages that still wait for something.
        sa.Index(
            "outbox_next",
            "next_at",
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        ),
        # For the operators: what went wrong lately.
        sa.Index(
            "outbox_trouble",
            "tried_at",
            sqlite_where=sa.text(IN_TROUBLE),
            postgresql_where=sa.text(IN_TROUBLE),
        ),
        {"sqlite_with_rowid": False},
    )

    petition_id: int = Field(primary_key=True, sa_type=sa.BigInteger)
    #: The journal line that caused it, and its place among that line's messages.
    seq: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    n: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    kind: str
    recipient: str
    #: What completes the wording, see `core.petition.Vars`.
    vars: str
    state: str
    next_at: datetime | None = instant(nullable=True)
    attempts: int = Field(default=0, sa_type=sa.SmallInteger)
    #: When a provider last took it over.
    sent_at: datetime | None = instant(nullable=True)
    #: The provider's id of the message, or why it failed.
    remark: str | None = None
    #: Which of the recipient's ways is being tried. Given by the database, so that no old row had to be rewritten.
    way: int = Field(default=0, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": sa.text("0")})
    #: The first attempt.
    tried_at: datetime | None = instant(nullable=True)
    #: A reply's number and text; other messages are made from what was decided.
    address: str | None = None
    text: str | None = None


class DeliveryRow(SQLModel, table=True):
    """A text that a provider took over, see `rows.Handed`, and what became of it."""

    __tablename__ = "delivery"
    __table_args__ = (
        # Who was told what lately: for replies, and for not telling too much.
        sa.Index("delivery_address", "address", "at"),
        {"sqlite_with_rowid": False},
    )

    provider: str = Field(primary_key=True)
    provider_id: str = Field(primary_key=True)
    at: datetime = instant()
    channel: str
    address: str
    recipient: str
    kind: str
    #: JSON: [[petition_id, seq, n], …]
    parts: str
    text: str | None = None
    #: `sent`, `undelivered`, `delivered`; a receipt only moves it forward in this order.
    state: str
    code: str | None = None
    receipt_at: datetime | None = instant(nullable=True)


class LetterRow(SQLModel, table=True):
    """A message that somebody sent to us, once, and what became of it (see `rows.Answered`).

    `next_at` is set until it has been read. `state` `new` comes before those of `Answered`; `closed` is an open one
    that an operator has seen to.
    """

    __tablename__ = "letter"
    __table_args__ = (
        sa.UniqueConstraint("provider", "provider_id", name="letter_provider_id"),
        sa.Index(
            "letter_next",
            "next_at",
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        ),
        sa.Index(
            "letter_open",
            "id",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        # A number is never given twice, even when letters are deleted: it names the replies.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    provider: str
    provider_id: str
    at: datetime = instant()
    address: str
    to: str
    body: str
    state: str
    next_at: datetime | None = instant(nullable=True)
    outcome: str | None = None
    person: str | None = None
    petition_id: int | None = Field(default=None, sa_type=sa.BigInteger)
    #: The operator who has seen to it.
    closed_by: str | None = None


class OptOutRow(SQLModel, table=True):
    """A number that wants no `surveys`, or nothing at `all`; `by` is `reply` or the provider that told us."""

    __tablename__ = "opt_out"

    address: str = Field(primary_key=True)
    scope: str
    at: datetime = instant()
    by: str


class PolicyRow(SQLModel, table=True):
    """Every policy that was ever in force; the highest version is."""

    __tablename__ = "policy"

    version: int = given_key(sa.Integer)
    #: Not unique: a policy that comes back into force gets a new version.
    digest: str
    at: datetime = instant()
    canonical: str


class CounterRow(SQLModel, table=True):
    """The last serial number given on a day of the city (yyyymmdd)."""

    __tablename__ = "counter"

    day: int = given_key(sa.Integer)
    last: int


class TroubleRow(SQLModel, table=True):
    """A petition whose decision failed: put off, shown to people, never in its neighbours' way."""

    __tablename__ = "trouble"

    petition_id: int = given_key()
    at: datetime = instant()
    error: str


class ServiceRow(SQLModel, table=True):
    """What a running part of the service last said of itself; `data` is JSON."""

    __tablename__ = "service"

    name: str = Field(primary_key=True)
    at: datetime = instant()
    data: str


class FrozenRow(SQLModel, table=True):
    """A period's figures as they were frozen, see `core.frozen.Frozen`; `past`, `changes`, `reasons` are JSON."""

    __tablename__ = "frozen"

    period: str = Field(primary_key=True)
    #: 1 is the freeze itself, every later one a correction (更正).
    version: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    cut_off: datetime = instant()
    at: datetime = instant()
    by: str
    policy: int
    past: str
    figures: bytes = Field(sa_type=sa.LargeBinary)
    digest: str
    seal: int = Field(sa_type=sa.BigInteger)
    root: str
    changes: str
    reasons: str
    report: str


class SentenceEditRow(SQLModel, table=True):
    """What somebody wrote in the place of a drafted sentence; append-only, the highest `n` counts."""

    __tablename__ = "sentence_edit"

    period: str = Field(primary_key=True)
    form: str = Field(primary_key=True)
    team: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    n: int = Field(primary_key=True, sa_type=sa.SmallInteger)
    #: What stood there before.
    was: str
    #: Empty: the draft again.
    text: str
    by: str
    at: datetime = instant()


class IssuedRow(SQLModel, table=True):
    """A file of a report that left the house."""

    __tablename__ = "issued"
    __table_args__ = (
        sa.Index("issued_digest", "sha256"),
        sa.Index("issued_period", "period"),
        # A number is never given twice.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    sha256: str
    name: str
    period: str
    #: Of the frozen period; 0 is a draft.
    version: int = Field(sa_type=sa.SmallInteger)
    form: str
    team: str
    language: str
    audience: str
    format: str
    by: str
    at: datetime = instant()
    bytes: int = Field(sa_type=sa.BigInteger)


metadata = SQLModel.metadata
