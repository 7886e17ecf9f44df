"""`xixi intake FILE`: the petitions of a file, filed in batches. Doing it twice files nothing twice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from xixi_workflow import clock
from xixi_workflow.adapters.intake_files import read_file, sentence
from xixi_workflow.adapters.intake_rows import BadRow, IntakeFileError
from xixi_workflow.cli.failures import PROBLEM, UNUSABLE, USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language
from xixi_workflow.engine.bulk import FiledAll, file_all
from xixi_workflow.engine.handle import Engine


class Bad(msgspec.Struct, frozen=True):
    """A row that was not filed. `line` is 0 where the engine refused it; `field` then holds its source and number."""

    line: int
    field: str
    #: The reason's name in the words catalogue, and its sentence.
    reason: str
    message: str


class Counts(msgspec.Struct):
    """What became of a file's rows."""

    filed: int = 0
    repeated: int = 0
    bad: list[Bad] = []


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
        known = policy.sources
        natures = policy.routing_words.natures
        try:
            rows = read_file(
                file, known.columns, source=source, mapping=columns, zone=policy.zone, sources=known.sources,
                natures=natures,
            )  # fmt: skip
            counts = _file(engine, rows, tongue)
        except IntakeFileError as error:
            mistaken = error.reason in ("file_no_field", "file_no_column")
            raise Stop(_sentence(error, policy, tongue), USAGE if mistaken else UNUSABLE) from None
    screen = Screen(tongue, policy.zone)
    if as_json:
        tell_json(counts)
    else:
        _tell(screen, counts)
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


def _sentence(bad: BadRow | IntakeFileError, policy: Policy, tongue: Language) -> str:
    try:
        return sentence(bad, policy, tongue)
    except KeyError:
        # The policy in force is older than this release and has no words for it yet.
        return " ".join((bad.reason, *bad.facts.values()))


def _tell(screen: Screen, counts: Counts) -> None:
    for row in counts.bad:
        place = screen.pick(f"第 {row.line} 行", f"line {row.line}") if row.line else row.field
        screen.line(place, row.message)
    filed = screen.pick(f"受理 {counts.filed}", f"filed {counts.filed}")
    repeated = screen.pick(f"重复 {counts.repeated}", f"repeated {counts.repeated}")
    bad = screen.pick(f"有误 {len(counts.bad)}", f"bad {len(counts.bad)}")
    screen.line(filed, repeated, bad, style="bold")


def _file(engine: Engine, rows: Iterator[FilePetition | BadRow], tongue: Language) -> Counts:
    """Everything in `rows`, to its end; what the engine refuses is a bad row too."""
    policy = engine.policies.in_force
    first = next(rows, None)
    if isinstance(first, BadRow) and first.reason == "row_no_source":
        # A file without sources would fill the screen with one mistake.
        known = ", ".join(policy.sources.sources)
        raise Stop(f"the rows name no source; add --source with one of {known}", USAGE)
    with _progress() as show:
        filed = file_all(engine, chain([first] if first else [], rows), Actor("operator"), clock.now, told=show)
    bad = [Bad(row.line, row.field, row.reason, _sentence(row, policy, tongue)) for row in filed.bad]
    for command, refused in filed.refused:
        said = words.refusal(refused, policy, role="operator", language=tongue)
        bad.append(Bad(0, f"{command.source} {command.source_id}", refused.code, said))
    return Counts(filed.filed, filed.repeated, bad)


@contextmanager
def _progress() -> Iterator[Callable[[FiledAll[BadRow]], None]]:
    """A line on the terminal that counts; nothing where standard error is no terminal."""
    console = Console(file=sys.stderr)
    columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("…", total=None)
        yield lambda c: progress.update(task, description=f"✓ {c.filed}  = {c.repeated}  ✗ {len(c.bad)}")
