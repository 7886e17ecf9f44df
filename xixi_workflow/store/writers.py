"""What is read to understand a letter: the petitions that its writer was told about, and what we answered lately.

The full text and the petitioner's name are read here for one purpose, a reply to who handles the petition, and go
nowhere else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from xixi_workflow.core.petition import Petition
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition, portions, printable
from xixi_workflow.store.tables import DeliveryRow, IntakeRow, LetterRow, OutboxRow, PetitionRow, metadata

_PETITION = metadata.tables[str(PetitionRow.__tablename__)]
_INTAKE = metadata.tables[str(IntakeRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]
_LETTER = metadata.tables[str(LetterRow.__tablename__)]
_DELIVERY = metadata.tables[str(DeliveryRow.__tablename__)]
#: Of an outage's backlog the latest are enough: what has waited for long was read by nobody.
_MOST_IN_FLIGHT = 5000


class Told(NamedTuple):
    """A message on its way: `phone` is the petitioner's, as filed."""

    recipient: str
    number: int
    kind: str
    at: datetime
    phone: str


class Filed(msgspec.Struct, frozen=True):
    """What was filed, and by whom."""

    title: str
    content: str
    address: str
    community: str
    name: str
    phone: str


def working(store: Store, numbers: Collection[int]) -> dict[int, tuple[Petition, str]]:
    """Working state and petitioner's language of those petitions that exist and can be read, as they are committed."""
    known = sorted(set(numbers))
    query = sa.select(_PETITION.c.id, _PETITION.c.live, _INTAKE.c.language).join(
        _INTAKE, _INTAKE.c.petition_id == _PETITION.c.id
    )
    found: dict[int, tuple[Petition, str]] = {}
    with store.reading() as db:
        for some in portions(known):
            for number, live, language in db.execute(query.where(_PETITION.c.id.in_(some))):
                # One that is damaged is shown elsewhere; whoever was told of it has others to write about.
                with contextlib.suppress(msgspec.DecodeError):
                    found[number] = (decode_petition(live), language)
    return found


def filed(store: Store, number: int) -> Filed | None:
    """What was filed as `number`; None when there is no such petition."""
    i = _INTAKE.c
    query = sa.select(i.title, i.content, i.address, i.community, i.name, i.phone).where(i.petition_id == number)
    with store.reading() as db:
        row = db.execute(query).first()
        return None if row is None else Filed(*row)


def in_flight(store: Store, people: Collection[str]) -> list[Told]:
    """Messages to `people`, and to petitioners, that were tried and not yet written down as taken over.

    Somebody may answer a text before the process that sent it has noted that it went out, or after it died.
    """
    o = _OUTBOX.c
    tried = (o.next_at.is_not(None), o.petition_id > 0, o.tried_at.is_not(None))
    query = (
        sa.select(o.recipient, o.petition_id, o.kind, o.tried_at, _INTAKE.c.phone)
        .join(_INTAKE, _INTAKE.c.petition_id == o.petition_id)
        .where(*tried, o.recipient.in_([*sorted(people), "petitioner"]))
        .order_by(o.tried_at.desc())
        .limit(_MOST_IN_FLIGHT)
    )
    with store.reading() as db:
        return [Told(*row) for row in db.execute(query)]


def queued_replies(store: Store, addresses: Iterable[str]) -> dict[str, set[int]]:
    """The letters by number whose replies have not gone out yet."""
    o = _OUTBOX.c
    query = sa.select(o.address, o.petition_id).where(
        o.next_at.is_not(None), o.petition_id < 0, o.state.in_(("waiting", "sending"))
    )
    found: dict[str, set[int]] = {}
    with store.reading() as db:
        for address, number in db.execute(query.where(o.address.in_(sorted({printable(a) for a in addresses})))):
            found.setdefault(address, set()).add(-number)
    return found


def unread(store: Store, until: datetime, limit: int) -> list[int]:
    """Up to `limit` letters that came before `until` and that nobody has been able to read, the oldest first."""
    n = _LETTER.c
    query = sa.select(n.id).where(n.next_at.is_not(None), n.at < until).order_by(n.id).limit(limit)
    with store.reading() as db:
        return [int(number) for number in db.execute(query).scalars()]


def address_of(store: Store, provider: str, provider_id: str) -> str:
    """The number to which a text went that a provider took over; empty when we do not know."""
    d = _DELIVERY.c
    query = sa.select(d.address).where(d.provider == provider, d.provider_id == provider_id)
    with store.reading() as db:
        return db.execute(query).scalar() or ""
