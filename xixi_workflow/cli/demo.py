"""`xixi demo`: a month of a sub-district in simulated time, on a database of its own, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from xixi_workflow.adapters.policy_folder import shipped_folder
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Database, Json, LanguageOption, language, overriding
from xixi_workflow.demo import samples
from xixi_workflow.demo.drive import demonstrate
from xixi_workflow.store import census

#: Petitions of a demonstration that names no number and no file.
USUAL = 3000
#: A service that has shown itself so lately is running.
_ALIVE = timedelta(minutes=1)
_FILE = "demo.db"
_REPORT = "report.json"
#: How many teams the summary names.
_WORST = 5


def demo(
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
    # The database of the settings is the centre's own: only one that is named here is ever touched.
    named = database or ctx.find_root().params.get("database")
    with overriding(None, tongue):
        screen = Screen(language())
        rows = samples.read(source or shipped_folder() / "samples" / "petitions.csv") if source else _own_samples()
        folder = _folder(out)
        _quiet_log()
        fresh = "" if named else _fresh_file(folder, screen)
        engine = _open(named or fresh)
        try:
            count = petitions or (len(rows) if source else USUAL)
            census.mark(engine.store, count) if fresh else None
            with _telling(screen, quiet=as_json) as told:
                done = demonstrate(engine, rows, count=count, days=days, seed=seed, report=folder / _REPORT, told=told)
            policy = engine.policies.in_force
        finally:
            engine.store.close()
        if as_json:
            tell_json(done.result)
        else:
            _summary(screen, policy, done, days)
