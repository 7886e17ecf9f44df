"""`xixi config`: is the folder a policy, and what would change; and putting it in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.policy_folder import PolicyFolderError, read_folder, shipped_folder
from xixi_workflow.cli import policy_diff
from xixi_workflow.cli.failures import PROBLEM
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import ConfigFolder, Json, language, settings, takes_settings
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import ClockShape
from xixi_workflow.engine import duty
from xixi_workflow.engine.handle import Engine
from xixi_workflow.processes import preparation

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

    Proved as well: in every minute of the coming year each warning, notice and step of a ladder finds somebody.

    Nothing is changed and no database is needed.
    """
    screen = Screen(language())
    place = _folder(folder)
    try:
        found = read_folder(place)
    except PolicyFolderError as error:
        _refuse(screen, place, error, as_json=as_json)
        return
    policy = found.policy
    if gaps := preparation.unproved(found, screen.language, now=clock.now()):
        _refuse(screen, place, PolicyFolderError(gaps), as_json=as_json)
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
        [screen.name(c.shape, name), name, screen.span(c.limit), c.shape.calendar, _ladders(c.shape)]
        for name, c in policy.clocks.items()
    ]
    screen.table(
        "", [say("时限", "Clock"), "", limit, say("日历", "Calendar"), say("升级", "Ladder")], rows, right=limit
    )


def _ladders(clock: ClockShape) -> str:
    """The ladders that a clock's petitions may climb, the usual one first."""
    return ", ".join(dict.fromkeys([clock.ladder or "—", *(choice.ladder for choice in clock.ladders)]))


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
    despite_gaps: Annotated[
        bool, typer.Option("--despite-gaps", help="有空档也发布 Even if the duty of the coming year has gaps.")
    ] = False,
    as_json: Json = False,
) -> None:
    """发布 Put the folder in force for petitions filed from now on.

    Petitions that are under way keep the rules under which they were filed; people, teams and shifts are always
    today's. A folder with a mistake is refused with exit code 1, and what is in force stays in force. Take-overs,
    covers and swaps that were asked of the running service stay.
    """
    screen = Screen(language())
    place = _folder(folder)
    try:
        found = read_folder(place)
    except PolicyFolderError as error:
        _refuse(screen, place, error, as_json=as_json)
        return
    if not despite_gaps and (gaps := preparation.unproved(found, screen.language, now=clock.now())):
        if not as_json:
            screen.line(screen.pick("值班有空档，未发布；加 --despite-gaps 可照发", "not published because of gaps in "
                "the duty; --despite-gaps publishes all the same"))  # fmt: skip
        _refuse(screen, place, PolicyFolderError(gaps), as_json=as_json)
    store = wiring.open_store(settings())
    try:
        _publish(screen, Engine(store), found.policy, dry_run=dry_run, as_json=as_json)
    finally:
        store.close()


def _publish(screen: Screen, engine: Engine, policy: Policy, *, dry_run: bool, as_json: bool) -> None:
    try:
        before: Policy | None = engine.policies.refresh()
    except LookupError:
        before = None
    version = before.version if before else 0
    was = before.documents if before else {}
    then = duty.carried(policy, before, now=clock.now()).documents
    changed = [file for file in {**then, **was} if was.get(file) != then.get(file)]
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


config.command("diff")(policy_diff.diff)
