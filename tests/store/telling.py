"""Messages on their way: claimed, settled, taken over by a provider, and what receipts say of them."""

from datetime import datetime, timedelta
from typing import Any

from tests.store.journals import NOW, NUMBER, filing, progress, rows, save
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Claimed, Handed, Key, Receipted, Settled

LEASE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
#: The two messages of petition 1, see `with_message`.
FIRST, SECOND = (NUMBER + 1, 1, 0), (NUMBER + 1, 1, 1)
NUMBER_CALLED = "+8619900000001"


def with_messages(store: Store, *serials: int) -> None:
    """Petitions of these serial numbers, each with two messages that are due at `NOW`."""
    save(store, *(filing(serial) for serial in serials))
    save(store, *(progress(serial) for serial in serials), at=NOW)


def claim(store: Store, now: datetime = NOW, limit: int = 10) -> list[Claimed]:
    with store.transaction() as tx:
        return tx.claim(now, now + LEASE, limit)


def keys(claimed: list[Claimed]) -> list[tuple[int, int, int]]:
    return [(c.petition_id - NUMBER, c.seq, c.n) for c in claimed]


def settled(c: Claimed, state: str, next_at: datetime | None = None, **more: Any) -> Settled:
    """What its owner writes of `c`."""
    given: dict[str, Any] = {"attempts": c.attempts + 1, "claim": c.attempts + 1, "way": c.way, **more}
    return Settled(c.petition_id, c.seq, c.n, state, next_at, **given)


def sent(c: Claimed, provider_id: str, *, at: datetime = NOW, next_at: datetime | None = None) -> Settled:
    return settled(c, "sent", next_at, sent_at=at, remark=provider_id)


def handed(provider_id: str, *parts: Key, at: datetime = NOW, **more: Any) -> Handed:
    given = {"channel": "sms", "address": NUMBER_CALLED, "recipient": "wang", "kind": "breach", **more}
    return Handed("network", provider_id, at, parts=list(parts), **given)


def receipt(provider_id: str, state: str, part: Key | None = None, *, at: datetime = NOW, code: str = "") -> Receipted:
    return Receipted("network", provider_id, "" if part is None else "/".join(map(str, part)), state, code, at)


def settle(store: Store, fates: list[Settled], texts: list[Handed] | None = None) -> None:
    with store.transaction() as tx:
        tx.settle(fates, texts or [])


def receive(store: Store, *receipts: Receipted) -> None:
    with store.transaction() as tx:
        tx.receipts(list(receipts))


def message(store: Store, key: Key = FIRST) -> dict[str, Any]:
    """The message as it stands in the outbox."""
    (found,) = [m for m in rows(store, "outbox") if (m["petition_id"], m["seq"], m["n"]) == key]
    return found


def fate(store: Store, key: Key = FIRST) -> tuple[str, datetime | None, str | None]:
    """State, next moment and remark."""
    found = message(store, key)
    return found["state"], found["next_at"], found["remark"]


def texts(store: Store) -> dict[str, tuple[str, str | None, datetime | None]]:
    """State, code and instant of the receipt by the provider's id."""
    return {d["provider_id"]: (d["state"], d["code"], d["receipt_at"]) for d in rows(store, "delivery")}
