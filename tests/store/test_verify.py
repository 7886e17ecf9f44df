"""Whatever is changed in the journal or its seals after the fact is found."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.journals import NOW, NUMBER, filing, petition, progress, save
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Unit, encode_petition
from xixi_workflow.store.tables import metadata
from xixi_workflow.store.verify import Broken, Verified, verify

JOURNAL, SEAL, CHAIN, PETITION = (metadata.tables[name] for name in ("journal", "seal", "chain", "petition"))


@pytest.fixture
def written(store: Store) -> Store:
    """Four seals: two petitions filed together, then a third; the first two go on."""
    save(store, filing(2), filing(1))
    save(store, filing(3), at=NOW + timedelta(seconds=1))
    save(store, progress(2), progress(1), at=NOW + timedelta(seconds=2), policy=4)
    save(store, Unit(petition(3, seq=1), None, [], [], []))
    save(store, progress(3), at=NOW + timedelta(seconds=3), policy=4)
    assert isinstance(verify(store), Verified)
    return store


def change(store: Store, *statements: sa.Executable) -> None:
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def line(serial: int, seq: int) -> sa.ColumnElement[bool]:
    return sa.and_(JOURNAL.c.petition_id == NUMBER + serial, JOURNAL.c.seq == seq)


def test_an_empty_journal_is_sound(store: Store) -> None:
    assert verify(store) == Verified(0, 0, "00" * 32)


def test_a_journal_as_it_was_written_is_sound_and_has_the_chains_root(written: Store) -> None:
    with written.reading() as connection:
        root = connection.scalar(sa.select(CHAIN.c.hash))
    assert root is not None
    assert verify(written) == Verified(4, 9, root.hex())


def test_verifying_changes_nothing_and_leaves_the_store_usable(written: Store) -> None:
    assert verify(written) == verify(written)
    save(written, filing(4))
    found = verify(written)
    assert isinstance(found, Verified)
    assert found.seals == 5


def other(value: Any) -> Any:
    """Another value of the same kind, as near as can be."""
    match value:
        case None:
            return NOW
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + " "
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])
        case datetime():
            return value + timedelta(microseconds=1)
    raise TypeError(type(value))


@pytest.mark.parametrize("column", [c for c in JOURNAL.columns if c.name != "noticed_at"], ids=lambda c: c.name)
@pytest.mark.parametrize(("serial", "seq"), [(1, 0), (2, 2), (3, 2)])
def test_a_change_of_any_column_of_a_line_is_found(
    written: Store, column: sa.Column[Any], serial: int, seq: int
) -> None:
    if column.name == "petition_id":
        # A number that nobody has.
        new: Any = NUMBER + 9
    elif column.name == "seq":
        new = 7
    else:
        with written.reading() as connection:
            new = other(connection.scalar(sa.select(column).where(line(serial, seq))))
    change(written, sa.update(JOURNAL).where(line(serial, seq)).values({column: new}))
    assert isinstance(verify(written), Broken)


@pytest.mark.parametrize("new", [NOW - timedelta(days=1), NOW, None])
def test_a_change_of_when_it_was_noticed_is_found(written: Store, new: datetime | None) -> None:
    change(written, sa.update(JOURNAL).where(line(1, 2 if new is None else 0)).values(noticed_at=new))
    found = verify(written)
    assert isinstance(found, Broken)
    assert found.seal == (3 if new is None else 1)
    assert "hash does not fit" in found.why


@pytest.mark.parametrize("column", SEAL.columns, ids=lambda c: c.name)
@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_change_of_any_column_of_a_seal_is_found(written: Store, column: sa.Column[Any], number: int) -> None:
    if column.name == "number":
        new: Any = 99
    else:
        with written.reading() as connection:
            new = other(connection.scalar(sa.select(column).where(SEAL.c.number == number)))
    change(written, sa.update(SEAL).where(SEAL.c.number == number).values({column: new}))
    found = verify(written)
    assert isinstance(found, Broken)
    assert found.seal == number


@pytest.mark.parametrize("column", CHAIN.columns, ids=lambda c: c.name)
def test_a_change_of_the_chains_head_is_found(written: Store, column: sa.Column[Any]) -> None:
    with written.reading() as connection:
        new = other(connection.scalar(sa.select(column)))
    change(written, sa.update(CHAIN).values({column: new}))
    found = verify(written)
    assert isinstance(found, Broken)
    assert "head" in found.why


def rewind(number: int) -> list[sa.Executable]:
    """What somebody does who cuts off the tail and hopes that nobody counts: seals from `number` on, and the head."""
    before = sa.select(SEAL.c.hash).where(SEAL.c.number == number - 1).scalar_subquery()
    return [
        sa.delete(SEAL).where(SEAL.c.number >= number),
        sa.update(CHAIN).values(number=number - 1, hash=before),
    ]


FORGED = sa.insert(JOURNAL).values(
    petition_id=NUMBER + 1, seq=3, seal=2, event="accepted", state="in_progress", at=NOW, actor="handler:甲"
)
#: name, what is done, the seal that is found broken, a part of the reason
TAMPERINGS: list[tuple[str, list[sa.Executable], int, str]] = [
    ("one line deleted", [sa.delete(JOURNAL).where(line(2, 0))], 1, "sealed 2 journal lines, and there are 1"),
    ("the last line deleted", [sa.delete(JOURNAL).where(line(3, 2))], 4, "sealed 2 journal lines, and there are 1"),
    ("all lines of a seal deleted", [sa.delete(JOURNAL).where(JOURNAL.c.seal == 2)], 2, "and there are 0"),
    ("every line deleted", [sa.delete(JOURNAL)], 1, "and there are 0"),
    ("a line inserted", [FORGED], 2, "sealed 1 journal lines, and there are 2"),
    (
        "a line inserted and counted",
        [FORGED, sa.update(SEAL).where(SEAL.c.number == 2).values(entries=2)],
        2,
        "hash does not fit",
    ),
    ("a line inserted before all seals", [FORGED.values(seal=0)], 0, "does not exist"),
    ("a line inserted after all seals", [FORGED.values(seal=77)], 77, "does not exist"),
    (
        "two lines of one seal swapped",
        [
            sa.update(JOURNAL).where(line(1, 1)).values(seq=100),
            sa.update(JOURNAL).where(line(2, 1)).values(petition_id=NUMBER + 1),
            sa.update(JOURNAL).where(line(1, 100)).values(petition_id=NUMBER + 2, seq=1),
        ],
        3,
        "hash does not fit",
    ),
    (
        "a line moved to another seal, both counts mended",
        [
            sa.update(JOURNAL).where(line(2, 0)).values(seal=2),
            sa.update(SEAL).where(SEAL.c.number == 1).values(entries=1),
            sa.update(SEAL).where(SEAL.c.number == 2).values(entries=2),
        ],
        1,
        "hash does not fit",
    ),
    ("a seal deleted", [sa.delete(SEAL).where(SEAL.c.number == 2)], 2, "has journal lines and does not exist"),
    (
        "a seal and its lines deleted",
        [sa.delete(SEAL).where(SEAL.c.number == 2), sa.delete(JOURNAL).where(JOURNAL.c.seal == 2)],
        2,
        "is missing: seal 3 follows seal 1",
    ),
    ("the first seal deleted", [sa.delete(SEAL).where(SEAL.c.number == 1)], 1, "has journal lines and does not exist"),
    ("the last seal deleted", [sa.delete(SEAL).where(SEAL.c.number == 4)], 4, "has journal lines and does not exist"),
    (
        "the last seal and its lines deleted",
        [sa.delete(SEAL).where(SEAL.c.number == 4), sa.delete(JOURNAL).where(JOURNAL.c.seal == 4)],
        3,
        "the chain's head says 4",
    ),
    ("the last seal deleted and the head set back", rewind(4), 4, "has journal lines and does not exist"),
    (
        "the last seal and its lines deleted and the head set back",
        [*rewind(4), sa.delete(JOURNAL).where(JOURNAL.c.seal == 4)],
        2,
        f"petition {NUMBER + 3} has 1 journal lines, and its state counts 3",
    ),
    (
        "everything deleted but the petitions",
        [sa.delete(JOURNAL), sa.delete(SEAL), sa.update(CHAIN).values(number=0, hash=bytes(32))],
        0,
        f"petition {NUMBER + 1} has 0 journal lines",
    ),
    ("all seals deleted", [sa.delete(SEAL)], 1, "has journal lines and does not exist"),
    ("a seal inserted", [sa.insert(SEAL).values(number=5, at=NOW, policy=3, entries=0, hash=bytes(32))], 5, "hash"),
    ("the chain's head deleted", [sa.delete(CHAIN)], 0, "has no head"),
    (
        "a petition deleted",
        [sa.delete(PETITION).where(PETITION.c.id == NUMBER + 2)],
        3,
        f"petition {NUMBER + 2} has journal lines and does not exist",
    ),
    (
        "the last petition deleted",
        [sa.delete(PETITION).where(PETITION.c.id == NUMBER + 3)],
        4,
        f"petition {NUMBER + 3} has journal lines and does not exist",
    ),
    (
        "a working state that forgets an event",
        [sa.update(PETITION).where(PETITION.c.id == NUMBER + 2).values(live=encode_petition(petition(2, seq=2)))],
        3,
        "has 3 journal lines, and its state counts 2",
    ),
    (
        "a working state that cannot be read",
        [sa.update(PETITION).where(PETITION.c.id == NUMBER + 2).values(live=b"nothing")],
        3,
        "cannot be read",
    ),
]


@pytest.mark.parametrize(
    ("statements", "seal", "why"), [row[1:] for row in TAMPERINGS], ids=[row[0].replace(" ", "_") for row in TAMPERINGS]
)
def test_tampering_is_found(written: Store, statements: list[sa.Executable], seal: int, why: str) -> None:
    change(written, *statements)
    found = verify(written)
    assert isinstance(found, Broken)
    assert found.seal == seal
    assert why in found.why


def test_what_is_written_meanwhile_does_not_disturb(written: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is read as of one moment, while the service goes on."""
    from xixi_workflow.store import verify as room

    read_head: Callable[[Any], Any] = room._Reader.head

    def head_and_then_somebody_writes(reader: Any) -> Any:
        head = read_head(reader)
        save(written, filing(50), filing(51))
        return head

    monkeypatch.setattr(room._Reader, "head", head_and_then_somebody_writes)
    found = verify(written)
    assert isinstance(found, Verified)
    assert (found.seals, found.entries) == (4, 9)
