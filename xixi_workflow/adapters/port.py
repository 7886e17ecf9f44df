"""What the engine asks of whoever carries messages to people: an SMS provider, a chat robot, a terminal.

One adapter speaks to one outside party and knows nothing of petitions, clocks or the database. It gets a finished
text and answers in one of three ways: a receipt, a known failure (`Undeliverable`), or any other exception, which
means that nobody can tell whether the message went out. The engine keeps these three apart because only the second
may be repeated at once without a person being told twice.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Outgoing(msgspec.Struct, frozen=True):
    """A message ready to be sent. `text` is final: an adapter neither signs, shortens nor translates it."""

    #: `petition/seq/n`, the same at every attempt: the idempotency key where a provider takes one.
    id: str
    #: The kind of message in `config/words/`, for providers that want an approved template per kind.
    kind: str
    to_name: str
    #: Digits, with a leading + where it holds a country code; empty for somebody who left no number.
    phone: str
    text: str
    #: The petition's number.
    petition: str


class Receipt(msgspec.Struct, frozen=True):
    """The provider has taken the message over. `provider_id` is its own name for it, empty where it has none."""

    provider_id: str


class Unknown(msgspec.Struct, frozen=True):
    """The provider cannot tell whether it has the message."""


class Undeliverable(Exception):  # noqa: N818 - it says what the message is
    """A known failure: the message certainly did not go out.

    `permanent` says that another attempt would fail as well (a number that does not exist); otherwise the engine
    tries again later. `reason` is kept with the message and shown to operators, so it must not hold the phone number
    or the text. It is the only exception a sender raises for a failure that it understands.
    """

    def __init__(self, permanent: bool, reason: str) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.reason = reason


class Sender(Protocol):
    """One way to reach people. Called from several threads at once."""

    #: Short name for the record, for example `console`.
    name: str

    def send(self, message: Outgoing) -> Receipt:
        """Hand the message over. Raises `Undeliverable` when it certainly did not go out.

        Any other exception leaves the outcome unknown; `find` is asked before the next attempt.
        """
        ...

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        """Whether an attempt whose outcome was lost did go out: its receipt, None for no, or `Unknown`."""
        ...
