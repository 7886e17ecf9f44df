"""`xixi simulate`: a month's real events under another policy or roster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from xixi_workflow import clock
from xixi_workflow.adapters.policy_folder import read_policy
from xixi_workflow.cli.failures import USAGE, Stop, in_words
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.cli.what_if_page import Page
from xixi_workflow.engine.what_if import simulate


@takes_settings
def simulated(
    policy: Annotated[Path, typer.Option("--policy", metavar="DIR", help="另一套配置 Folder of the other policy.")],
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="月份 A month, or a week: 2026-W43.")],
    listed: Annotated[
        int, typer.Option("--list", min=0, max=1000, metavar="N", help="列出 Changed runs named for each clock.")
    ] = 10,
    as_json: Json = False,
) -> None:
    """推演 What a month would have been under another policy or roster: promises, people woken, texts.

    The month's real events are lived again at their own instants. Nothing is written.
    """
    screen = Screen(language())
    other = read_policy(policy)
    with open_engine() as engine, _told(screen, quiet=as_json) as told:
        try:
            found = simulate(engine, other, month, now=clock.now(), listed=listed, progress=told)
        except ValueError as error:
            raise Stop(in_words(error, language()), USAGE) from None
        before = engine.policies.version(found.versions[-1])
    if as_json:
        tell_json(found)
        return
    Page(Screen(language(), other.zone), found, other, before, str(policy)).show()


@contextmanager
def _told(screen: Screen, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Progress on standard error where that is a terminal."""
    console = Console(stderr=True, highlight=False)
    if quiet or not console.is_terminal:
        yield lambda done, of: None
        return
    columns = (TextColumn(screen.pick("推演", "Simulated")), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
