"""`xixi db` and `xixi verify`: the schema of the petition database, and the honesty of its journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from xixi_workflow import wiring
from xixi_workflow.cli.failures import PROBLEM
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, settings, takes_settings
from xixi_workflow.store import migrate
from xixi_workflow.store.connect import StoreError
from xixi_workflow.store.verify import Broken
from xixi_workflow.store.verify import verify as recompute

db = typer.Typer(no_args_is_help=True, add_completion=False)


@db.callback()
def database() -> None:
    """数据库 Bring the petition database up to date, or check it."""


@db.command()
@takes_settings
def upgrade() -> None:
    """升级 Create the tables, or bring them to this release. Nothing is lost, and doing it twice does nothing."""
    screen = Screen(language())
    try:
        store = wiring.open_store(settings())
        done = screen.pick("已是最新", "up to date already")
    except StoreError:
        store = wiring.open_store(settings(), upgrade=True)
        done = screen.pick("已升级", "upgraded")
    screen.line(store.shown, done, f"({migrate.head()})")
    store.close()


@db.command()
@takes_settings
def check() -> None:
    """检查 Is this the schema that this release needs? Exit code 4 if not; nothing is changed."""
    screen = Screen(language())
    store = wiring.open_store(settings())
    screen.line(store.shown, screen.pick("可以使用", "ready"), f"({migrate.head()})")
    store.close()


@takes_settings
def verify(
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="报告文件 A report that was issued, of any format.")
    ] = None,
    as_json: Json = False,
) -> None:
    """核验 Recompute the journal's chain of hashes, and what the petitions say of it.

    Prints the root: written down elsewhere, it vouches for every line up to it. Exit code 1 if the journal was
    changed after the fact.

    With --report: is this file as it was issued, is the journal that it quotes sound, are its figures those that are
    frozen, and the same when they are counted again. Exit code 1 if not.
    """
    if report is not None:
        from xixi_workflow.cli.verify_report import verify_report

        verify_report(report, as_json=as_json)
        return
    screen = Screen(language())
    store = wiring.open_store(settings())
    found = recompute(store)
    store.close()
    broken = isinstance(found, Broken)
    if as_json:
        tell_json({"sound": not broken, **msgspec.structs.asdict(found)})
    elif isinstance(found, Broken):
        where = screen.pick(f"日志被改动：第 {found.seal} 个封印", f"the journal was changed: seal {found.seal}")
        screen.line(f"{where}: {found.why}", style="bold red")
    else:
        counts = screen.pick(
            f"{found.seals} 个封印，{found.entries} 条记录", f"{found.seals} seals, {found.entries} entries"
        )
        screen.line(screen.pick("日志完好", "the journal is sound"), counts)
        screen.line(screen.pick("根", "root"), found.root)
    if broken:
        raise typer.Exit(PROBLEM)
