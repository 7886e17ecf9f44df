"""`xixi demo`: a month of a sub-district in simulated time, on a database of its own, and what became of it."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.policy_folder import shipped_folder
from xixi_workflow.cli.demo_summary import Summary
from xixi_workflow.cli.failures import UNUSABLE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Database, Json, LanguageOption, language, overriding, settings
from xixi_workflow.demo import samples
from xixi_workflow.demo.drive import Progress, Wanted, demonstrate, first_midnight
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings
from xixi_workflow.store import board, census
from xixi_workflow.store.connect import Store

#: Petitions of a demonstration that names no number and no file.
USUAL = 3000
#: A service that has shown itself so lately is running.
_ALIVE = timedelta(minutes=1)
_FILE = "demo.db"
#: The folder of the month's documents, in the output folder.
_REPORT = "report"
#: Simulated days between two lines of progress where there is no terminal.
_LINE_EVERY = 5


def demo(  # noqa: PLR0913, PLR0917 - one argument for each option
    ctx: typer.Context,
    petitions: Annotated[
        int | None,
        typer.Option(
            "--petitions",
            min=1,
            metavar="N",
            help="诉求件数 Number of petitions: 3000, or the file's.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, metavar="D", help="天数 Days of arrivals.")] = 30,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="随机种子 The same seed gives the same numbers.")
    ] = 1,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="诉求样本 CSV · Petitions: a CSV with columns title and detail."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="输出目录 Folder of the report and the database.")
    ] = Path("out/demo"),
    as_json: Json = False,
    database: Database = None,
    tongue: LanguageOption = None,
) -> None:
    """演示 Drive petitions through their whole life in simulated time.

    Residents, operators, teams and leaders are simulated; every deed goes through the engine of the live service.
    Without --database a fresh SQLite file is made in DIR. A database that is named must be empty.
    """
    # The settings' database is the centre's own: only one that the command line names is ever touched.
    named: str | None = database or ctx.find_root().params.get("database")
    with overriding(None, tongue):
        screen = Screen(language())
        rows = _samples(source)
        folder = _writable(out)
        _quiet_log()
        url = named or _fresh_file(folder / _FILE)
        count = petitions or (len(rows) if source else USUAL)
        engine = _open(url)
        try:
            if not named:
                census.mark(engine.store, count)
            report = Wanted(folder / _REPORT, language())
            with _told(screen, quiet=as_json) as told:
                done = demonstrate(engine, rows, count=count, days=days, seed=seed, report=report, told=told)
            policy = engine.policies.in_force
        finally:
            engine.store.close()
        if as_json:
            tell_json(done.result)
        else:
            Summary(Screen(language(), policy.zone), policy, done).show(days)


def _samples(source: Path | None) -> list[samples.Sample]:
    try:
        return samples.read(source or shipped_folder() / "samples" / "petitions.csv")
    except samples.BadSamples as error:
        raise Stop(str(error), UNUSABLE) from None


def _writable(out: Path) -> Path:
    """The folder, made if need be. Ends the command when nothing can be written there."""
    folder = out.resolve()
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Stop(f"cannot write to {out}: {error.strerror}", UNUSABLE) from None
    return folder


def _fresh_file(path: Path) -> str:
    """The URL of a file that does not exist yet; a former demonstration's makes room, nobody else's does."""
    url = f"sqlite:///{path}"
    if path.exists():
        if not census.is_demonstration(path):
            raise Stop(
                f"{path} is not a demonstration's file, or petitions were added to it: name another folder with --out",
                UNUSABLE,
            )
        store = wiring.open_store(_on(url), upgrade=True)
        _refuse_running(store)
        store.close()
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-bell"):
            path.with_name(name).unlink(missing_ok=True)
        typer.echo(f"xixi: replaced the former demonstration in {path}", err=True)
    return url


def _open(url: str) -> Engine:
    """The engine on an empty database. Ends the command when it is not empty or a service runs on it."""
    engine = wiring.open_engine(_on(url), now=first_midnight(wiring.read_config(settings()).zone), upgrade=True)
    if filed := census.petitions(engine.store):
        engine.store.close()
        raise Stop(f"{engine.store.shown} holds {filed} petitions; a demonstration needs an empty database", UNUSABLE)
    _refuse_running(engine.store)
    return engine


def _refuse_running(store: Store) -> None:
    now = clock.now()
    if any(beat.at > now - _ALIVE for beat in board.beats(store, now=now)):
        store.close()
        raise Stop(f"a service is running on {store.shown}; stop it, or name another database", UNUSABLE)


def _on(url: str) -> Settings:
    return settings().model_copy(update={"database_url": url})


def _quiet_log() -> None:
    """Standard output is the answer's: only what went wrong is logged, and elsewhere."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


@contextlib.contextmanager
def _told(screen: Screen, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Progress on standard error: a bar on a terminal, now and then a line elsewhere."""
    if quiet:
        yield lambda progress: None
        return
    console = Console(stderr=True, highlight=False)
    say = screen.pick

    def sentence(p: Progress) -> str:
        day, late = say(f"第 {p.day} 天", f"day {p.day}"), say(f"超时 {p.breaches}", f"{p.breaches} breaches")
        return f"{day}/{p.days} · {say(f'诉求 {p.petitions} 件', f'{p.petitions} petitions')} · {late}"

    if not console.is_terminal:
        yield lambda p: console.print(sentence(p)) if p.day % _LINE_EVERY == 0 else None
        return
    columns = (TextColumn(say("模拟", "Simulated")), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        yield lambda p: bar.update(task, description=sentence(p), completed=p.day, total=p.days)
