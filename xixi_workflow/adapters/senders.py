"""Which of the configured senders carries a message, and who comes next when one of them cannot.

Another sender is tried only where the message certainly did not go out. After an unknown outcome nobody else is
asked: the person would be told twice, by two providers that know nothing of each other.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Final

import msgspec

from xixi_workflow.adapters.breaker import Breaker
from xixi_workflow.adapters.port import Outgoing, Receipt, Sender, Undeliverable, Unknown, Unsure

#: Messages of unknown outcome of which it is remembered who had them.
REMEMBERED: Final = 20_000


class Route(msgspec.Struct, frozen=True):
    """Addresses that begin with one of `prefixes` (none: all) go through these senders, in this order."""

    through: tuple[Sender, ...]
    prefixes: tuple[str, ...] = ()


class Senders:
    """The senders of one channel as one. The longest prefix that fits wins, and the earlier of two equal routes.

    The next sender of the route is tried when one is busy, has trouble of its own (`ours`) or fails in passing; one
    that keeps failing is left alone for a while (`breaker`). When all of them rest, `send` says so at once.
    """

    def __init__(
        self, channel: str, routes: Sequence[Route], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = channel
        self._routes = [(prefix, route.through) for route in routes for prefix in route.prefixes or ("",)]
        # Sorting keeps the order of the file among prefixes of one length.
        self._routes.sort(key=lambda one: -len(one[0]))
        self._breakers = {sender.name: Breaker() for _, through in self._routes for sender in through}
        self._monotonic = monotonic
        self._unsure: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def send(self, message: Outgoing) -> Receipt:
        """Through the first sender of the route that takes it. See `port.Sender`."""
        failure: Undeliverable | None = None
        rest: float | None = None
        for sender in self._through(message.address):
            breaker = self._breakers[sender.name]
            wait = breaker.wait(self._monotonic())
            if wait:
                rest = wait if rest is None else min(rest, wait)
                continue
            try:
                receipt = sender.send(message)
            except Undeliverable as refusal:
                self._note(breaker, refusal)
                if refusal.permanent and refusal.because != "ours":
                    raise
                # What may succeed later tells more than what this sender never does.
                if failure is None or not refusal.permanent:
                    failure = refusal
            except Exception:
                breaker.failed(self._monotonic())
                self._remember(message.id, sender.name)
                raise
            else:
                breaker.succeeded()
                return receipt
        if rest is not None and (failure is None or failure.permanent):
            raise Undeliverable(False, f"{self.name}: every sender rests", because="busy", retry_after=rest)
        if failure is None:
            raise Undeliverable(True, f"{self.name}: no sender for this address", because="ours")
        raise failure

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        """Whether one of those that may have it does; after a restart that is every sender of the route.

        One that cannot tell leaves it open, unless another has it. Raises `Unsure` when one rests or cannot be asked.
        """
        with self._lock:
            had = self._unsure.get(message.id)
        through = [sender for sender in self._through(message.address) if had in (None, sender.name)]
        open_question = False
        for sender in through:
            found = self._found(sender, message)
            if isinstance(found, Receipt):
                return found
            open_question = open_question or found is not None
        return Unknown() if open_question else None

    def _found(self, sender: Sender, message: Outgoing) -> Receipt | Unknown | None:
        breaker = self._breakers[sender.name]
        if breaker.wait(self._monotonic()):
            raise Unsure(f"{sender.name}: rests")
        try:
            found = sender.find(message)
        except Exception:
            breaker.failed(self._monotonic())
            raise
        if isinstance(found, Unknown):
            breaker.untried()
        else:
            breaker.succeeded()
        return found

    def _through(self, address: str) -> Iterable[Sender]:
        return next((through for prefix, through in self._routes if address.startswith(prefix)), ())

    def _note(self, breaker: Breaker, refusal: Undeliverable) -> None:
        if refusal.because == "busy" or (refusal.because == "ours" and not refusal.permanent):
            breaker.failed(self._monotonic(), refusal.retry_after)
        else:
            breaker.succeeded()

    def _remember(self, message: str, sender: str) -> None:
        with self._lock:
            self._unsure[message] = sender
            if len(self._unsure) > REMEMBERED:
                self._unsure.popitem(last=False)


class NoSender:
    """A channel that nobody has set up: every message goes the recipient's next way."""

    def __init__(self, channel: str) -> None:
        self.name = channel

    def send(self, message: Outgoing) -> Receipt:
        """Always refuses, for good."""
        del message
        raise Undeliverable(True, f"{self.name}: not set up", because="ours")

    def find(self, message: Outgoing) -> None:
        """Always None: nothing ever went out."""
        del message
