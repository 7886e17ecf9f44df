"""`xixi intake FILE`: the petitions of a file, filed in batches. Doing it twice files nothing twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from xixi_workflow import clock
from xixi_workflow.adapters.intake_files import BadRow, read_file
from xixi_workflow.cli.failures import PROBLEM, USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import Engine, Request

#: Petitions in one transaction: large enough to be quick, small enough to show progress and to let others write.
BATCH = 500
_OPERATOR = Actor("operator")


class Counts(msgspec.Struct):
    """What became of a file's rows."""

    filed: int = 0
    repeated: int = 0
    bad: list[BadRow] = []


@takes_settings
def intake(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="文件 A csv, xlsx or json file.")],
    source: Annotated[str, typer.Option(help="来源 Source of the rows that name none.")] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="列对应 Which column holds a field, e.g. title=标题."),
    ] = None,
    as_json: Json = False,
) -> None:
    """导入 File the petitions of a csv, xlsx or json file.

    Good rows are filed, bad ones are listed with their line and the reason; then the exit code is 1. A row that was
    filed before, by its source and number, is not filed again: a file may be mended and given again.
    """
    columns = _columns(mapping or [])
    tongue = language()
    with open_engine() as engine:
        policy = engine.policies.in_force
        if source and source not in policy.sources.sources:
            raise Stop(f"--source {source}: choose one of {', '.join(policy.sources.sources)}", USAGE)
        rows = read_file(file, policy.sources.columns, source=source, mapping=columns, zone=policy.zone)
        counts = file_all(engine, rows, tongue)
    screen = Screen(tongue, policy.zone)
    if as_json:
        tell_json(counts)
    else:
        for row in counts.bad:
            place = screen.pick(f"第 {row.line} 行", f"line {row.line}") if row.line else ""
            screen.line(place, row.field, row.reason)
        filed = screen.pick(f"受理 {counts.filed}", f"filed {counts.filed}")
        repeated = screen.pick(f"重复 {counts.repeated}", f"repeated {counts.repeated}")
        bad = screen.pick(f"有误 {len(counts.bad)}", f"bad {len(counts.bad)}")
        screen.line(filed, repeated, bad, style="bold")
    if counts.bad:
        raise typer.Exit(PROBLEM)


def _columns(given: list[str]) -> dict[str, str]:
    columns = {}
    for text in given:
        field, equals, column = text.partition("=")
        if not equals or not field or not column:
            raise Stop(f"--map {text}: write field=column", USAGE)
        columns[field] = column
    return columns


def file_all(engine: Engine, rows: Iterator[FilePetition | BadRow], tongue: Language) -> Counts:
    """File every good row, `BATCH` at a time; what the engine refuses is a bad row too."""
    counts = Counts()
    batch: list[FilePetition] = []
    with _progress() as show:
        for row in rows:
            if isinstance(row, BadRow):
                counts.bad.append(row)
                continue
            batch.append(row)
            if len(batch) == BATCH:
                _file(engine, batch, counts, tongue)
                batch = []
                show.update(show.task_ids[0], filed=counts.filed, repeated=counts.repeated, bad=len(counts.bad))
        _file(engine, batch, counts, tongue)
    return counts


def _file(engine: Engine, batch: list[FilePetition], counts: Counts, tongue: Language) -> None:
    requests = [Request(0, command, _OPERATOR) for command in batch]
    for command, done in zip(batch, engine.handle(requests, now=clock.now()), strict=True):
        if done.refused is not None:
            said = words.refusal(done.refused, engine.policies.in_force, role="operator", language=tongue)
            counts.bad.append(BadRow(0, f"{command.source} {command.source_id}".strip(), said))
        elif done.repeated:
            counts.repeated += 1
        else:
            counts.filed += 1


@contextmanager
def _progress() -> Iterator[Progress]:
    """A line on the terminal that counts; nothing where standard error is no terminal."""
    console = Console(file=sys.stderr)
    told = TextColumn("受理 {task.fields[filed]}  重复 {task.fields[repeated]}  有误 {task.fields[bad]}")
    with Progress(
        SpinnerColumn(), told, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        progress.add_task("", total=None, filed=0, repeated=0, bad=0)
        yield progress
