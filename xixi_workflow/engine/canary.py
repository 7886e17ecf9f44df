"""Flies a canary (`core/canary.py`): files a petition of nobody's on the real path and watches how far it comes.

The running service does everything: its alarm clock notices and routes the petition, its delivery sends the message,
the provider's receipt comes back through the web. Here it is only filed and watched: what stands still really does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from xixi_workflow.core import canary
from xixi_workflow.core.lifecycle import ENDED
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Refused
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.store import boards, views

#: Seconds for which a canary is watched.
PATIENCE: Final = 120.0
#: Seconds between two looks.
LOOK_EVERY: Final = 0.25
#: A receipt is looked for as long as this: it takes some seconds where there is one.
RECEIPT_WITHIN: Final = timedelta(seconds=30)
#: Nobody has routed it by then: it is withdrawn by hand, before its first clock warns an operator (48 s as shipped).
ROUTED_WITHIN: Final = timedelta(seconds=30)

Step = Literal["filed", "routed", "sent", "delivered"]
STEPS: Final[tuple[Step, ...]] = ("filed", "routed", "sent", "delivered")
_SAID: Final[dict[Step, str]] = {
    "filed": "登记 Filed",
    "routed": "研判 Routed",
    "sent": "短信已发 Message sent",
    "delivered": "短信已达 Message delivered",
}


class Flight(msgspec.Struct):
    """How far a canary came. `steps` are seconds from the filing, each as it was done or seen."""

    number: int = 0
    steps: dict[Step, float] = {}
    #: What became of its message, see `tables.OutboxRow`; empty when none was made.
    message: str = ""
    #: The provider, or delivery, on a message that failed.
    remark: str = ""
    #: It could not even be filed.
    refused: Refused | None = None

    @property
    def well(self) -> bool:
        """Whether it was noticed and its message went out; a receipt may still be on its way."""
        return "routed" in self.steps and "sent" in self.steps and self.message in ("sent", "delivered")


def table(flight: Flight) -> list[dict[str, str]]:
    """One row per step, for people."""
    return [
        {"步骤 Step": _SAID[step], "秒 Seconds": f"{flight.steps[step]:.3f}" if step in flight.steps else "—"}
        for step in STEPS
    ]


def fly(
    engine: Engine,
    phone: str,
    clock: Callable[[], datetime],
    *,
    language: Language,
    patience: float = PATIENCE,
    wait: Callable[[float], object] = time.sleep,
) -> Flight:
    """One canary for the telephone `phone`, watched for at most `patience` seconds. Nothing of it stays open.

    `wait` is called with the seconds between two looks. Raises only when the database cannot be used.
    """
    began = clock()
    _fetch_back(engine, began - 2 * timedelta(seconds=patience), clock)
    command = canary.filing(began.isoformat(), phone, language)
    (done,) = engine.handle([Request(0, command, canary.FILED_BY)], now=clock())
    if done.refused is not None:
        return Flight(refused=done.refused)
    flight = Flight(done.number, {"filed": _since(began, clock())})
    try:
        while not _look(engine, flight, began, clock) and clock() - began < timedelta(seconds=patience):
            if "routed" not in flight.steps and clock() - began > ROUTED_WITHIN:
                _withdraw(engine, [flight.number], clock)
            wait(LOOK_EVERY)
    finally:
        _withdraw(engine, [flight.number], clock)
    return flight


def _look(engine: Engine, flight: Flight, began: datetime, clock: Callable[[], datetime]) -> bool:
    """Note what has happened since. Whether there is nothing left to wait for."""
    page = views.page(engine.store, flight.number)
    if page is None:
        return True
    steps = flight.steps
    for entry in page.journal:
        if entry.event == "routed":
            steps["routed"] = _since(began, entry.noticed_at)
    first = next(iter(page.messages), None)
    if first is None:
        # Nobody is told when a petition is filed: the policy says so.
        return page.petition.state in ENDED
    flight.message, flight.remark = first.state, first.remark if first.state in _LOST else ""
    if first.sent_at is not None:
        steps["sent"] = _since(began, first.sent_at)
    if first.state == "delivered":
        steps.setdefault("delivered", _since(began, clock()))
    if page.petition.state not in ENDED or first.next_at is not None:
        return False
    # Not every provider promises a receipt, and nobody has written down whether this one does.
    return first.state != "sent" or first.sent_at is None or clock() - first.sent_at >= RECEIPT_WITHIN


_LOST: Final = frozenset({"failed", "withheld", "uncertain", "undelivered", "overtaken"})


def _since(began: datetime, at: datetime) -> float:
    return round((at - began).total_seconds(), 3)


def _withdraw(engine: Engine, numbers: list[int], clock: Callable[[], datetime]) -> None:
    # Refused where it has been withdrawn already, as it should have been.
    engine.handle([Request(n, canary.WITHDRAW, canary.WITHDRAWN_BY) for n in numbers], now=clock())


def _fetch_back(engine: Engine, before: datetime, clock: Callable[[], datetime]) -> None:
    """Withdraw canaries whose watcher died, and which nobody has routed."""
    left = [p.id for p in boards.open_petitions(engine.store) if p.source == canary.SOURCE and p.filed_at < before]
    _withdraw(engine, left, clock)
