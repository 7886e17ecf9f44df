"""A month of petitions drawn by chance, counted as the store counts it and built into figures."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from tests.core.policies import small_policy
from xixi_workflow.core import figures_build, periods, tally
from xixi_workflow.core.figures import Figures
from xixi_workflow.core.kpi_causes import CAUSES

CATEGORIES = ("noise", "water", "parking", "")
COMMUNITIES = ("甲社区", "乙社区", "丙社区", "丁社区", "")
SOURCES = ("qr", "visit", "patrol")
VERDICTS = ("on_time",) * 14 + ("late", "breached", "unmet", "ended", "excluded")
CLOCKS = ("response", "interim", "closure")


def _cells(kind: Any, counted: Counter[Any]) -> list[Any]:
    return [kind(*key, n) for key, n in counted.items()]


def a_tally(n: int, dice: random.Random, start: datetime) -> tally.Tally:
    """`n` petitions, each with a life of its own."""
    verdicts: Counter[Any] = Counter()
    hours: Counter[Any] = Counter()
    spans: dict[tuple[str, str, str], list[int]] = {}
    events: Counter[Any] = Counter()
    endings: Counter[Any] = Counter()
    filed: Counter[Any] = Counter()
    slots: Counter[int] = Counter()
    repeats: Counter[Any] = Counter()
    people: Counter[Any] = Counter()
    placed: Counter[Any] = Counter()
    causes: Counter[Any] = Counter()
    first = int(start.timestamp()) // periods.SLOT
    open_now: Counter[str] = Counter()
    for _ in range(n):
        where = (
            dice.choice(TEAMS), dice.choice(CATEGORIES), dice.choice(COMMUNITIES), dice.choice(SOURCES)
        )  # fmt: skip
        slot = first + dice.randrange(28 * 96) // (1 if dice.random() < 0.3 else 8)
        slots[slot] += 1
        filed[where[3], dice.choice(("web", "phone")), dice.choice(("complaint", "help", "")), "normal"] += 1
        placed[where[1:3]] += 1
        people[where[1:3]] += dice.random() < 0.9
        repeats[where[1:3]] += dice.random() < 0.1
        for clock in CLOCKS:
            verdict = dice.choice(VERDICTS)
            verdicts[clock, *where, verdict] += 1
            hours[clock, slot, verdict] += 1
            if verdict in ("on_time", "late"):
                spans.setdefault((clock, where[0], where[1]), []).append(dice.randrange(9000))
            if verdict in ("late", "breached", "unmet"):
                causes[clock, where[0], where[1], dice.choice(list(CAUSES))] += 1
                events["breached", clock, dice.randrange(3), False, *where] += 1
        events["dispatched", "", 0, False, *where] += 1
        for event, detail, chance in (
            ("returned", "not_ours", 0.05),
            ("returned", "wrong_place", 0.03),
            ("return_refused", "", 0.02),
            ("extension_approved", "", 0.04),
            ("rated_dissatisfied", "", 0.04),
            ("reopened", "", 0.02),
        ):
            if dice.random() < chance:
                events[event, detail, 0, False, *where] += 1
        if dice.random() < 0.85:
            events["resolved", dice.choice(("solved",) * 6 + ("partly_solved", "unreachable")), 0, False, *where] += 1
            ending = dice.choice(("rated", "rated", "survey_lapsed", "withdrawn"))
            if ending == "rated":
                events["rated", dice.choice(("satisfied",) * 5 + ("fairly_satisfied",)), 0, False, *where] += 1
            state = "withdrawn" if ending == "withdrawn" else "closed"
            reworked, waited = dice.random() < 0.1, dice.random() < 0.9
            endings[ending, "resolved", state, waited, reworked, state == "withdrawn", *where] += 1
        else:
            open_now[dice.choice(("dispatched", "in_progress", "on_hold"))] += 1
    return tally.Tally(
        verdicts=_cells(tally.VerdictCell, verdicts),
        hours=_cells(tally.HourCell, hours),
        spans=[tally.SpanCell(*key, seconds) for key, seconds in spans.items()],
        events=_cells(tally.EventCell, events),
        endings=_cells(tally.EndingCell, endings),
        stages=[tally.StageCell(state, 60, 60, count) for state, count in open_now.items()],
        filed=_cells(tally.FiledCell, filed),
        filed_slots=list(slots.items()),
        repeats=[tally.RepeatCell(key[0], key[1], n, people[key], repeats[key]) for key, n in placed.items()],
        causes=_cells(tally.CauseCell, causes),
        open_at_end=dict(open_now),
    )


TEAMS = ("urban", "police", "water", "")


def a_month(n: int, seed: int = 0, before: int | None = None) -> Figures:
    """The figures of October 2026 with `n` petitions, beside a September of `before`."""
    dice, policy = random.Random(seed), small_policy()
    past: dict[str, Figures] = {}
    made: Figures | None = None
    for period, count in (("2026-09", n if before is None else before), ("2026-10", n)):
        span = periods.period_span(period, policy.zone)
        counted = a_tally(count, dice, span[0].astimezone(UTC))
        made = figures_build.build(counted, figures_build.Asked(period, span, span[1]), policy, past)
        past[period] = made
    assert made is not None
    return made
