"""`xixi config`: is the folder a policy, and what would change; and putting it in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.policy_folder import PolicyFolderError, read_policy, shipped_folder
from xixi_workflow.cli.failures import PROBLEM
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import ConfigFolder, Json, language, settings, takes_settings
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine

config = typer.Typer(no_args_is_help=True, add_completion=False)


@config.callback()
def configuration() -> None:
    """配置 Check the configuration folder, or put it in force."""


def _folder(given: Path | None) -> Path:
    return given or settings().config or shipped_folder()


def _refuse(screen: Screen, folder: Path, error: PolicyFolderError, *, as_json: bool) -> None:
    if as_json:
        problems = [problem._asdict() for problem in error.problems]
        tell_json({"folder": str(folder), "usable": False, "problems": problems})
    else:
        for problem in error.problems:
            screen.line(str(problem))
        count = len(error.problems)
        screen.line(screen.pick(f"{folder}：{count} 处错误", f"{folder}: {count} problem(s)"), style="bold red")
    raise typer.Exit(PROBLEM)


@config.command()
@takes_settings
def check(folder: ConfigFolder = None, as_json: Json = False) -> None:
    """检查 Read the folder whole and list every mistake with its file and line. Exit code 1 if there is one.

    Nothing is changed and no database is needed.
    """
    screen = Screen(language())
    place = _folder(folder)
    try:
        policy = read_policy(place)
    except PolicyFolderError as error:
        _refuse(screen, place, error, as_json=as_json)
        return
    counts = _counts(policy)
    if as_json:
        tell_json({"folder": str(place), "usable": True, "problems": [], "digest": policy.digest, **counts})
        return
    say = screen.pick
    screen.line(say("没有错误", "no mistakes"), str(place), policy.digest[:12])
    names = say(
        "{clocks} 个时限，{calendars} 个日历，{categories} 个分类，{teams} 个部门，{people} 人，{sources} 个来源",
        "{clocks} clocks, {calendars} calendars, {categories} categories, {teams} teams, {people} people,"
        " {sources} sources",
    )
    screen.line(names.format(**counts))
    limit = say("时长", "Limit")
    rows = [
        [screen.name(c.shape, name), name, screen.span(c.limit), c.shape.calendar, c.shape.ladder or "—"]
        for name, c in policy.clocks.items()
    ]
    screen.table(
        "", [say("时限", "Clock"), "", limit, say("日历", "Calendar"), say("升级", "Ladder")], rows, right=limit
    )


def _counts(policy: Policy) -> dict[str, int]:
    parts: dict[str, Any] = {
        "clocks": policy.clocks,
        "calendars": policy.calendars,
        "categories": policy.categories,
        "teams": policy.teams,
        "people": policy.people,
        "sources": policy.sources.sources,
    }
    return {name: len(part) for name, part in parts.items()}


@config.command()
@takes_settings
def publish(
    folder: ConfigFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="试运行 Say what would change, and change nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """发布 Put the folder in force for petitions filed from now on.

    Petitions that are under way keep the rules under which they were filed; people, teams and shifts are always
    today's. A folder with a mistake is refused with exit code 1, and what is in force stays in force.
    """
    screen = Screen(language())
    place = _folder(folder)
    try:
        policy = read_policy(place)
    except PolicyFolderError as error:
        _refuse(screen, place, error, as_json=as_json)
        return
    store = wiring.open_store(settings())
    try:
        _publish(screen, Engine(store), policy, dry_run=dry_run, as_json=as_json)
    finally:
        store.close()


def _publish(screen: Screen, engine: Engine, policy: Policy, *, dry_run: bool, as_json: bool) -> None:
    try:
        before: Policy | None = engine.policies.refresh()
    except LookupError:
        before = None
    version = before.version if before else 0
    changed = [f for f, said in policy.documents.items() if before is None or before.documents.get(f) != said]
    if changed:
        version = version + 1 if dry_run else wiring.publish(engine, policy, now=clock.now())
    if as_json:
        done = {"version": version, "digest": policy.digest, "changed": changed}
        tell_json({**done, "published": bool(changed) and not dry_run})
        return
    if not changed:
        screen.line(screen.pick(f"无变化，仍为第 {version} 版", f"nothing changed; version {version} stays in force"))
        return
    if dry_run:
        screen.line(screen.pick(f"将成为第 {version} 版", f"would become version {version}"), ", ".join(changed))
    else:
        screen.line(screen.pick(f"已生效：第 {version} 版", f"in force: version {version}"), ", ".join(changed))
