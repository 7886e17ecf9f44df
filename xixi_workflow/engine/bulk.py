"""Many at once: sweep until nothing is due, one command to a list of petitions, a stream of petitions filed in batches.

Doors that are not a person's click (Prefect's flows, a file) come through here, so that no door holds a loop over
petitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, Generic, TypeVar

import msgspec

from xixi_workflow.core.commands import Command, FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.work import Refused
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.engine.sweep import Swept, sweep

Bad = TypeVar("Bad")

#: Petitions filed in one transaction.
BATCH: Final = 500


def sweep_all(engine: Engine, clock: Callable[[], datetime], *, most: int) -> Swept:
    """Sweep until nothing is due or `most` batches are done; what all of them noticed, added up."""
    total = sweep(engine, now=clock())
    for _ in range(most - 1):
        if not total.more:
            break
        swept = sweep(engine, now=clock())
        total.looked += swept.looked
        total.put_off += swept.put_off
        total.more = swept.more
        total.facts += swept.facts
        for event, n in swept.counts.items():
            total.counts[event] = total.counts.get(event, 0) + n
    return total


def command_all(engine: Engine, numbers: Sequence[int], command: Command, actor: Actor, *, now: datetime) -> list[Done]:
    """Give one command to every petition of `numbers`; each is done or refused by itself, all in one transaction."""
    return engine.handle([Request(number, command, actor) for number in dict.fromkeys(numbers)], now=now)


class FiledAll(msgspec.Struct, Generic[Bad]):
    """What became of a stream of petitions."""

    #: Rows in all, bad ones too.
    read: int = 0
    filed: int = 0
    #: The source had filed them before.
    repeated: int = 0
    refused: list[tuple[FilePetition, Refused]] = []
    #: Rows that are no petition, as they came.
    bad: list[Bad] = []


def file_all(
    engine: Engine,
    rows: Iterable[FilePetition | Bad],
    actor: Actor,
    clock: Callable[[], datetime],
    *,
    dry_run: bool = False,
    told: Callable[[FiledAll[Bad]], None] | None = None,
) -> FiledAll[Bad]:
    """File every petition among `rows`, each batch durable by itself; what was filed before is not filed again.

    A dry run reads everything and files nothing. `told` hears how it stands after each batch.
    """
    result: FiledAll[Bad] = FiledAll()
    stream = iter(rows)
    while batch := list(islice(stream, BATCH)):
        result.read += len(batch)
        filings = [row for row in batch if isinstance(row, FilePetition)]
        result.bad += [row for row in batch if not isinstance(row, FilePetition)]
        if dry_run:
            continue
        answers = engine.handle([Request(0, filing, actor) for filing in filings], now=clock())
        for filing, done in zip(filings, answers, strict=True):
            if done.refused is not None:
                result.refused.append((filing, done.refused))
            elif done.repeated:
                result.repeated += 1
            else:
                result.filed += 1
        if told is not None:
            told(result)
    return result
