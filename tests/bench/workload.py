"""What one petition costs in rows, the same for every contestant.

Eight transitions, eight audit rows, three clocks with a warning and a breach each (six timer rows
armed at intake and stopped two by two), five outbox rows. All texts and addresses are invented.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of the floor's petition.

    ``number`` is the state reached and the audit row's sequence, from 0. ``notice`` names the
    outbox row's template, ``stops`` the clock whose two timers end here, ``stamp`` the petition
    column that takes the moment; each may be absent.
    """

    number: int
    notice: str | None = None
    stops: int | None = None
    stamp: str | None = None


STEPS: Final = (
    Step(0, notice="received"),
    Step(1),
    Step(2, notice="work_order"),
    Step(3, notice="accepted", stops=0, stamp="accepted_at"),
    Step(4, notice="interim", stops=1),
    Step(5, notice="survey", stamp="resolved_at"),
    Step(6),
    Step(7, stops=2, stamp="closed_at"),
)
"""Received, routed, dispatched, accepted, interim, resolved, surveyed, closed."""

CLOSED: Final = 7
OPEN_TIMER: Final = 0
FIRED_TIMER: Final = 1
STOPPED_TIMER: Final = 2

LIMITS: Final = (
    (0, 0, 48.0),
    (0, 1, 60.0),
    (1, 0, 9_000.0),
    (1, 1, 10_800.0),
    (2, 0, 72_000.0),
    (2, 1, 86_400.0),
)
"""Clock, stage (0 warning, 1 breach), seconds after receipt."""

TITLE: Final = "楼道照明不亮"
DETAIL: Final = (
    "本人住在示范路9999号甲幢,楼道三层到五层的照明灯已经坏了两个星期,老人孩子晚上上下楼很不安全,"
    "向物业反映过两次都没有人来修,请有关部门尽快派人到现场查看并给一个修好的时间,谢谢。"
)
PETITIONER: Final = "测试居民"

FINDING: Final = json.dumps({"by": "rule:lighting", "why": "title matches a category word", "team": "urban"})
"""What the audit row carries beside its moment, as JSON."""

NOTICE: Final = json.dumps({"to": "19900000000", "language": "zh", "values": {"no": "P-0000000", "hours": 3}})
"""What the outbox row carries for its template, as JSON."""

FIRED_NOTICE: Final = "clock_warning"
"""Template of the message a fired timer leaves."""


def reference(petition: int) -> str:
    """The petition's public number."""
    return f"P-{petition:07d}"


def own_text_bytes() -> int:
    """UTF-8 bytes of one petition that are the citizen's words and not the engine's."""
    return len((TITLE + DETAIL + PETITIONER).encode()) + len(reference(0))
