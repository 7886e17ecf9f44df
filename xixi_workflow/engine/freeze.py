"""Closing a period: its figures are kept with all that they were counted from, and counted again on demand.

A recount takes the same policy version and the same frozen past. Other bytes are a correction (更正): kept as the next
version, never in the place of the one that was signed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog

from xixi_workflow.core import correction, since_frozen
from xixi_workflow.core.figures import Figures, canonical
from xixi_workflow.core.figures_build import TREND
from xixi_workflow.core.frozen import Change, Frozen, Listed, Reason, is_sound, sealed
from xixi_workflow.core.periods import earlier, period_span, year_before
from xixi_workflow.engine import figures
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import frozen as store
from xixi_workflow.store import late

log = structlog.get_logger()


class FreezeError(ValueError):
    """Nothing was frozen, recounted or changed; why, in both languages (`str` is English)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class Recounted(msgspec.Struct, frozen=True):
    """A frozen period counted again. `same`: to the byte.

    `reasons` are the petitions' lines that changed it; where there are `changes` and no reasons, rows were changed
    past the journal. `kept`: the correction.
    """

    of: Frozen
    same: bool
    figures: Figures
    changes: list[Change] = []
    reasons: list[Reason] = []
    kept: Frozen | None = None


def freeze(engine: Engine, period: str, *, by: str, now: datetime) -> Frozen:
    """Count `period` under the policy in force and keep it as version 1.

    Where earlier periods are frozen it is compared with what they say, else with what they count today. Any number of
    processes may freeze at once: one of them does. Raises `FreezeError` for a period that is not over, whose clocks
    are not all judged yet, or that is frozen already; `ValueError` for anything else than a period.
    """
    policy = engine.policies.refresh()
    _, cut_off = period_span(period, policy.zone)
    if now < cut_off:
        until = cut_off.astimezone(policy.zone)
        raise FreezeError(
            f"{period} 尚未结束，{until:%Y-%m-%d %H:%M} 以后才能封存",
            f"{period} is not over; it can be frozen from {until:%Y-%m-%d %H:%M} on",
        )
    if (there := store.get(engine.store, period, 1)) is not None:
        raise _already(engine, there)
    if waiting := store.unswept(engine.store, cut_off):
        raise FreezeError(
            f"还有 {waiting} 件诉求的时限尚未判定，请确认服务（xixi up）正在运行，稍后再试",
            f"the clocks of {waiting} petition(s) are not judged yet; is the service running (xixi up)? try again soon",
        )
    past = past_of(engine, period)
    frozen = _counted(engine, Frozen(period, 1, cut_off, now, by, policy.version, past, b"", "", 0, ""))
    try:
        store.keep(engine.store, frozen)
    except store.TakenError:
        there = store.get(engine.store, period, 1)
        assert there is not None
        raise _already(engine, there) from None
    log.info("period_frozen", period=period, version=1, report=frozen.report)
    return frozen


def recount(engine: Engine, period: str, *, by: str, now: datetime, keep: bool = False) -> Recounted:
    """Count a frozen period again from the same inputs and compare with its last version.

    With `keep`, other bytes become the next version, with what changed and why. Raises `FreezeError` for a period that
    is not frozen, whose stored row was tampered with, or that somebody else corrected meanwhile.
    """
    last = store.get(engine.store, period)
    if last is None:
        zh, en = f"{period} 尚未封存", f"{period} is not frozen"
        raise FreezeError(f"{zh}，先封存：xixi month freeze {period}", f"{en}; first: xixi month freeze {period}")
    if not is_sound(last):
        raise FreezeError(
            f"{period} 第 {last.version} 版的存档被改动过，与其校验值不符",
            f"the stored version {last.version} of {period} was changed: it does not fit its hash",
        )
    again = _counted(
        engine, msgspec.structs.replace(last, version=last.version + 1, at=now, by=by, changes=[], reasons=[])
    )
    if again.text == last.text:
        return Recounted(last, True, last.figures)
    changes = correction.changes(last.figures, again.figures)
    reasons = why(engine, last)
    kept = None
    if keep:
        kept = sealed(msgspec.structs.replace(again, changes=changes, reasons=reasons))
        try:
            store.keep(engine.store, kept)
        except store.TakenError:
            raise FreezeError(
                f"{period} 刚刚由他人更正，请重新核算", f"somebody else has just corrected {period}; recount it again"
            ) from None
        log.info("period_corrected", period=period, version=kept.version, changes=len(changes), reasons=len(reasons))
    return Recounted(last, False, again.figures, changes, reasons, kept)


def why(engine: Engine, last: Frozen) -> list[Reason]:
    """The lines of the journal that make figures counted today others than those of `last`."""
    start, _ = period_span(last.period, engine.policies.version(last.policy).zone)
    # What was compared with is counted again too, unless it was frozen.
    counted = [period for period, version in last.past.items() if not version]
    first = min([start, *(period_span(period, engine.policies.version(last.policy).zone)[0] for period in counted)])

    def lead_of(version: int, category: str) -> str:
        found = engine.policies.version(version).categories.get(category)
        return found.team if found else ""

    lives = late.lives(engine.store, last.seal, last.cut_off)
    return since_frozen.reasons(lives, lead_of, start=first, cut_off=last.cut_off)


def frozen(engine: Engine, period: str, version: int | None = None) -> Frozen | None:
    """A version of a frozen period, the last one unless another is named; None when there is none. Counts nothing."""
    return store.get(engine.store, period, version)


def listed(engine: Engine) -> list[Listed]:
    """Every version of every frozen period, the latest period first."""
    return store.every(engine.store)


def count_again(engine: Engine, of: Frozen) -> Figures:
    """The figures of `of` counted from the same inputs: its policy version, and the past that was frozen then.

    Raises `FreezeError` when a past version that it was compared with is gone.
    """
    return figures.with_past(engine, of.period, known_past(engine, of.past), policy=of.policy)


def known_past(engine: Engine, past: Mapping[str, int]) -> dict[str, Figures]:
    """The figures of the periods of `past` that are frozen. Raises `FreezeError` when one is gone."""
    known = {}
    for period, version in past.items():
        if version:
            then = store.get(engine.store, period, version)
            if then is None:
                raise FreezeError(
                    f"对比所用的 {period} 第 {version} 版存档不见了",
                    f"version {version} of {period}, which it was compared with, is gone",
                )
            known[period] = then.figures
    return known


def _counted(engine: Engine, asked: Frozen) -> Frozen:
    """`asked` with its figures and the journal's head.

    The head is read before anything is counted, in a transaction of its own. A line that is written in between is then
    counted and yet numbered after the head: the worst that follows is that a later correction names one petition too
    many. Read afterwards, a line about the time before the cut-off could be numbered before the head and not be
    counted: a recount would differ and nothing would explain it. One snapshot for both would be exact, but the twelve
    periods of the past are counted in twelve snapshots.
    """
    began = time.monotonic()
    seal, root = store.head(engine.store)
    text = canonical(count_again(engine, asked))
    log.info("period_counted", period=asked.period, seconds=round(time.monotonic() - began, 3))
    return sealed(msgspec.structs.replace(asked, seal=seal, root=root, text=text))


def past_of(engine: Engine, period: str) -> dict[str, int]:
    """The periods that `period` is compared with, and the version of each that is frozen; 0: it has to be counted."""
    before = [earlier(period, by) for by in range(1, TREND)]
    found = store.versions(engine.store, [*before, year_before(period)])
    return dict.fromkeys(before, 0) | found


def _already(engine: Engine, there: Frozen) -> FreezeError:
    at = there.at.astimezone(engine.policies.in_force.zone)
    return FreezeError(
        f"{there.period} 已于 {at:%Y-%m-%d %H:%M} 由 {there.by} 封存",
        f"{there.period} was frozen already, on {at:%Y-%m-%d %H:%M} by {there.by}",
    )
