"""A provider of the tests: what it took, and what it says of a message or does on the way."""

from __future__ import annotations

from collections.abc import Callable

from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unknown
from xixi_workflow.core.policy_schema import Cap, Quiet, SmsRules, Throttle


class Killed(BaseException):
    """The process ends here."""


class Post:
    """An outside party that carries messages. As `channels` it carries both ways."""

    def __init__(
        self,
        send: Callable[[Outgoing], None] = lambda message: None,
        find: Callable[[Outgoing], Receipt | Unknown | None] = lambda message: None,
        *,
        name: str = "post",
        awaited: bool = False,
    ) -> None:
        self.name = name
        self._send = send
        self._find = find
        self.awaited = awaited
        self.took: list[Outgoing] = []
        self.calls = 0
        self.asked: list[str] = []

    @property
    def channels(self) -> dict[str, Post]:
        return {"sms": self, "chat": self}

    def send(self, message: Outgoing) -> Receipt:
        self.calls += 1
        self._send(message)
        self.took.append(message)
        return Receipt(f"p-{len(self.took)}-{message.id}", self.name, self.awaited)

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        self.asked.append(message.id)
        return self._find(message)

    def to(self, phone: str) -> list[str]:
        """The texts that went to a number of the roster."""
        return [message.text for message in self.took if message.address == f"+86{phone}"]


def fail(error: BaseException) -> Callable[[Outgoing], None]:
    """A provider that always fails so."""

    def send(message: Outgoing) -> None:
        del message
        raise error

    return send


BUSY = Undeliverable(False, "too many requests", because="busy", code="20429")
PASSING = Undeliverable(False, "queue full", code="30001")
GONE = Undeliverable(True, "no such number", code="21211")
OPTED_OUT = Undeliverable(True, "wants none", because="opted_out", code="21610")

#: Every message told by itself and at once, however late.
ONE_BY_ONE = SmsRules.model_construct(
    quiet=Quiet(),
    daily_cap=Cap(),
    throttle=Throttle.model_construct(most=1000, within=0.0),
    bundle_from=1000,
    late_after=1e9,
    receipt_within=300.0,
)
