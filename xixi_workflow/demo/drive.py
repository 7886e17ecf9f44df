"""One demonstration: petitions made, the world let run, everything counted and the month's documents written."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.adapters.report_folder import ReportFolder
from xixi_workflow.core.periods import containing
from xixi_workflow.core.words import Language
from xixi_workflow.demo.arrivals import arrivals
from xixi_workflow.demo.samples import Sample, filings
from xixi_workflow.demo.texting import TEXTED
from xixi_workflow.demo.world import World
from xixi_workflow.engine.exports import FORMATS
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.report_issue import Issue, Order, issue
from xixi_workflow.reports.formats import WRITERS
from xixi_workflow.store.census import Census, Happened, Kept, Texts, census, missed, texts
from xixi_workflow.store.verify import Verified, verify

#: The first simulated day, a Monday. Not today: the same seed must give the same numbers tomorrow.
FIRST_DAY: Final = (2026, 6, 1)
#: How long the world goes on after the last day of arrivals: a survey lapses after three days.
AFTERWARDS: Final = timedelta(days=4)
_NEVER = Happened(0, 0)


class Progress(msgspec.Struct, frozen=True):
    """How far it has come. `now` is simulated."""

    now: datetime
    #: Whole simulated days that are over, and how many there will be.
    day: int
    days: int
    petitions: int
    breaches: int


class Result(msgspec.Struct):
    """What `xixi demo --json` prints. Counts are petitions, except `reopened` and `returned`, which count events."""

    received: int
    routed: int
    dispatched: int
    accepted: int
    resolved: int
    #: Petitions that are closed at the end; the other counts are of those that ever were.
    closed: int
    rated: int
    reopened: int
    merged: int
    returned: int
    states: dict[str, int]
    on_time: dict[str, Kept]
    escalations: dict[int, int]
    messages: dict[str, int]
    undelivered: int
    #: SMS sent, bundled, received and answered.
    texts: Texts
    #: Commands that people gave too late or in vain, by event and reason of the refusal.
    refused: dict[str, int]
    journal_verified: bool
    seed: int
    seconds: float
    petitions_per_second: float
    database: str
    #: The month that was reported on, its version (0: a draft), and each of its documents.
    month: str
    version: int
    documents: list[str]


class Demonstration:
    """A finished demonstration and what its summary needs beyond the result."""

    def __init__(self, result: Result, counted: Census, start: datetime, end: datetime) -> None:
        self.result = result
        self.counted = counted
        self.start = start
        self.end = end


class Wanted(msgspec.Struct, frozen=True):
    """The documents at the end: where, in which language, and in which formats."""

    folder: Path
    language: Language = "zh"
    formats: tuple[str, ...] = FORMATS


def first_midnight(zone: ZoneInfo) -> datetime:
    """When the simulated world begins (UTC)."""
    return datetime(*FIRST_DAY, tzinfo=zone).astimezone(UTC)


def demonstrate(
    engine: Engine,
    samples: Sequence[Sample],
    *,
    count: int,
    days: int,
    seed: int,
    report: Wanted,
    told: Callable[[Progress], None],
    texted: Mapping[str, float] = TEXTED,
) -> Demonstration:
    """Drive `count` petitions that arrive over `days` days through their life, on an empty database.

    `texted` is the share of what could be an SMS that is one, by role. `told` hears of every simulated day. At the end
    the first month is frozen, if it is over, and its documents are written; raises `OSError` when they cannot be.
    """
    policy = engine.policies.in_force
    rng = random.Random(seed)
    start = first_midnight(policy.zone)
    coming = arrivals(filings(samples, count, policy, rng), days, start, policy.zone, rng)
    last = coming[-1].at if coming else start
    end = max(start + timedelta(days=days), last) + AFTERWARDS
    world = World(engine, policy, coming, seed, texted)
    of = (end - start).days
    day = -1

    def stepped(now: datetime) -> None:
        nonlocal day
        if (now - start).days > day:
            day = (now - start).days
            told(Progress(now, day, of, world.filed, missed(engine.store)))

    began = time.perf_counter()
    world.run(start, end, stepped)
    seconds = time.perf_counter() - began
    counted = census(engine.store)
    issues = _reported(engine, containing(start.astimezone(policy.zone), "month"), report, end)
    result = _result(counted, isinstance(verify(engine.store), Verified))
    result.refused = dict(sorted(world.refused.items()))
    result.texts = texts(engine.store)
    result.seed = seed
    result.seconds = round(seconds, 3)
    result.petitions_per_second = round(result.received / seconds, 1) if seconds else 0.0
    result.database = engine.store.shown
    result.month, result.version = issues[0].period, issues[0].version
    result.documents = [str(file.path) for one in issues for file in one.files]
    return Demonstration(result, counted, start, end)


def _reported(engine: Engine, month: str, wanted: Wanted, now: datetime) -> list[Issue]:
    """What leaders, clerks and programs get, and what the public gets."""
    internal = Order(month, formats=wanted.formats, language=wanted.language, freeze=True)
    public = msgspec.structs.replace(internal, formats=tuple({"pdf"} & {*wanted.formats}), audience="public")
    folder = ReportFolder(wanted.folder)
    return [issue(engine, order, WRITERS, folder, by="demo", now=now) for order in (internal, public) if order.formats]


def _result(counted: Census, journal_verified: bool) -> Result:
    def happened(event: str) -> Happened:
        return counted.events.get(event, _NEVER)

    return Result(
        received=sum(counted.states.values()),
        routed=happened("routed").petitions,
        dispatched=happened("dispatched").petitions,
        accepted=happened("accepted").petitions,
        resolved=happened("resolved").petitions,
        closed=counted.states.get("closed", 0),
        rated=counted.rated,
        reopened=happened("rated_dissatisfied").times + happened("reopened").times,
        merged=counted.states.get("merged", 0),
        returned=happened("returned").times,
        states=counted.states,
        on_time=counted.clocks,
        escalations=counted.escalations,
        messages=counted.messages,
        undelivered=counted.undelivered,
        texts=Texts(),
        refused={},
        journal_verified=journal_verified,
        seed=0,
        seconds=0.0,
        petitions_per_second=0.0,
        database="",
        month="",
        version=0,
        documents=[],
    )
