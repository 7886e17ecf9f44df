"""The second migration: what waited before it is sent after it, and going back sends nobody anything twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from tests.store.journals import NOW, NUMBER, filing, progress, save
from tests.store.telling import claim
from xixi_workflow.store import migrate
from xixi_workflow.store.columns import to_micros
from xixi_workflow.store.connect import Store


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Store]:
    store = Store(empty_database_url)
    yield store
    store.close()


def go(store: Store, number: str, *, down: bool = False) -> None:
    with store.engine.connect() as connection:
        (command.downgrade if down else command.upgrade)(migrate.configured(connection), number)
        connection.commit()


def outbox(store: Store) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM outbox ORDER BY petition_id, seq, n")
        return [dict(row._mapping) for row in rows]


def test_messages_of_the_first_schema_survive_whole_and_those_that_waited_are_sent(empty: Store) -> None:
    go(empty, "0001")
    # A petition's rows are the same in both schemas.
    save(empty, filing(1), filing(2))
    save(empty, progress(1), progress(2))
    with empty.writing() as db:
        db.execute(
            sa.text(
                "UPDATE outbox SET state = 'sent', next_at = NULL, attempts = 3, sent_at = :at, remark = 'SM1'"
                " WHERE petition_id = :id"
            ),
            {"id": NUMBER + 1, "at": to_micros(NOW) if empty.is_sqlite else NOW},
        )
    before = outbox(empty)
    migrate.upgrade(empty)
    added = {"way": 0, "tried_at": None, "address": None, "text": None}
    assert outbox(empty) == [message | added for message in before]
    claimed = claim(empty, NOW)
    assert [(c.petition_id - NUMBER, c.n, c.state, c.way, c.tried_at) for c in claimed] == [
        (2, 0, "waiting", 0, None),
        (2, 1, "waiting", 0, None),
    ]


@pytest.mark.parametrize(
    ("state", "waits", "state_before", "waited"),
    [
        ("waiting", True, "waiting", True),
        ("uncertain", True, "uncertain", True),
        ("sending", True, "sending", True),
        ("failed", False, "failed", False),
        ("sent", True, "sent", False),
        ("delivered", False, "sent", False),
        ("undelivered", True, "waiting", True),
        ("withheld", False, "uncertain", False),
        ("overtaken", False, "uncertain", False),
    ],
)
def test_going_back_leaves_no_state_that_the_release_before_would_send_again(
    empty: Store, state: str, waits: bool, state_before: str, waited: bool
) -> None:
    migrate.upgrade(empty)
    save(empty, filing(1))
    save(empty, progress(1))
    due = NOW + timedelta(minutes=1)
    with empty.writing() as db:
        db.execute(
            sa.text("UPDATE outbox SET state = :state, next_at = :at"),
            {"state": state, "at": None if not waits else to_micros(due) if empty.is_sqlite else due},
        )
        db.execute(
            sa.text(
                "INSERT INTO outbox (petition_id, seq, n, kind, recipient, vars, state, attempts)"
                " VALUES (-1, 0, 0, 'reply', '', '{}', 'waiting', 0)"
            )
        )
    go(empty, "0001", down=True)
    assert [(m["petition_id"], m["state"], m["next_at"] is not None) for m in outbox(empty)] == [
        (NUMBER + 1, state_before, waited)
    ] * 2
    with pytest.raises(sa.exc.DBAPIError), empty.engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM letter")
