"""What the engine asks of whoever carries messages to people: an SMS provider, a chat robot, a terminal.

One adapter speaks to one outside party and knows nothing of petitions, clocks or the database. It gets a finished
text and answers in one of three ways: a receipt, a known failure (`Undeliverable`), or any other exception, which
means that nobody can tell whether the message went out. The engine keeps these three apart because only the second
may be repeated at once without a person being told twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec


class Outgoing(msgspec.Struct, frozen=True):
    """A message ready to be sent. `text` is final: an adapter neither signs, shortens nor translates it."""

    #: `petition/seq/n`, the same at every attempt: the idempotency key where a provider takes one.
    id: str
    #: The kind of message in `config/words/`, for providers that want an approved template per kind.
    kind: str
    to_name: str
    #: Where it goes: a number as dialled (`core.phones`), or the name of a chat; empty for somebody who left none.
    address: str
    text: str
    #: The petition's number.
    petition: str
    #: When the first attempt began, for `find`; None before there was one.
    tried_at: datetime | None = None


class Receipt(msgspec.Struct, frozen=True):
    """The provider has taken the message over. `provider_id` is its own name for it, never empty."""

    provider_id: str
    #: Which of the configured senders took it.
    provider: str
    #: A receipt will tell later whether it arrived.
    awaited: bool = False


class Unknown(msgspec.Struct, frozen=True):
    """The provider cannot tell whether it has the message."""


Because = Literal["message", "opted_out", "ours", "busy"]


class Undeliverable(Exception):  # noqa: N818 - it says what the message is
    """A known failure: the message certainly did not go out.

    `permanent` says that another attempt would fail as well (a number that does not exist); otherwise the engine
    tries again later. `reason` is kept with the message and shown to operators, so it must not hold the phone number
    or the text. It is the only exception a sender raises for a failure that it understands.

    `because`: `message` this message or number; `opted_out` the person wants none from us; `ours` our account or
    settings, so that every other message fails too; `busy` the provider takes nothing now, `retry_after` seconds tell
    when it may. The last two say nothing about the message and cost it no attempt, unless `permanent`: `ours` and
    permanent is a setting that stands against this message alone (a country that was never switched on).
    """

    def __init__(
        self,
        permanent: bool,
        reason: str,
        *,
        because: Because = "message",
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.reason = reason
        self.because = because
        self.code = code
        self.retry_after = retry_after


class Unsure(Exception):  # noqa: N818 - it says what we are
    """Nobody can tell whether the message went out; holds neither its number nor its text, so it may be logged.

    Senders raise it for what they understand; any other exception means the same.
    """


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


class Incoming(msgspec.Struct, frozen=True):
    """A message that somebody sent to us."""

    provider_id: str
    #: The sender's number as dialled, and ours.
    address: str
    to: str
    body: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of a text that the provider took over before. `message` is our `Outgoing.id`, empty if not told."""

    provider_id: str
    message: str
    state: Literal["sent", "delivered", "undelivered"]
    #: The provider's code, and what it means for the next step when the text was not delivered.
    code: str = ""
    passing: bool = False
    opted_out: bool = False


class Forged(Exception):  # noqa: N818 - it says what the call is
    """A call to us that does not come from the provider, or whose signature does not fit our public address."""


class Caller(Protocol):
    """A provider that calls us back over HTTP. `target` is the path with its query as it was asked for."""

    def incoming(self, target: str, body: bytes, headers: Mapping[str, str]) -> Incoming:
        """The message in a call. Raises `Forged`; `ValueError` names a field that is missing or wrong."""
        ...

    def outcome(self, target: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """The receipt in a call. Raises as `incoming` does."""
        ...
