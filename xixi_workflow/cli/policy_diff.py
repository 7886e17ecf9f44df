"""`xixi config diff`: what changes between two configurations, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xixi_workflow import clock
from xixi_workflow.adapters.policy_folder import read_policy
from xixi_workflow.cli.failures import UNUSABLE, USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_changes.lines import TOPICS
from xixi_workflow.core.policy_changes.lines import diff as compare

_WHERE = "a folder, or the number of a version that was published"


@takes_settings
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"原配置 {_WHERE}; the new one, with --in-force.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help=f"新配置 {_WHERE}.", show_default=False)] = "",
    in_force: Annotated[
        bool, typer.Option("--in-force", help="与现行的比较 Compare what is in force with the one that is named.")
    ] = False,
    as_json: Json = False,
) -> None:
    """比较 What changes between two configurations, in words, promises to petitioners first.

    Each is a folder, or the number of a version in the database; --in-force stands for the old one. Who would be on
    duty differently in the coming 28 days is told in hours.
    """
    if bool(new) == in_force:
        zh, en = "请写两套配置，或用 --in-force 只写一套", "name two configurations, or one with --in-force"
        raise Stop(zh if language() == "zh" else en, USAGE)
    sides = ["", old] if in_force else [old, new]
    policies = [_policy(side) for side in sides]
    lines = compare(policies[0], policies[1], now=clock.now())
    if as_json:
        tell_json({"same": not lines, "changes": lines})
        return
    screen = Screen(language())
    if not lines:
        screen.line(screen.pick("没有变化", "nothing changes"))
        return
    topic = ""
    for line in lines:
        if line.topic != topic:
            topic = line.topic
            screen.line(screen.pick(*TOPICS[topic]), style="bold")
        screen.line(f"  {screen.pick(line.zh, line.en)}")
    count = len(lines)
    screen.line(screen.pick(f"共 {count} 处", f"{count} change{'s' if count > 1 else ''}"))


def _policy(side: str) -> Policy:
    """The policy that is named: in force (empty), a stored version, a folder."""
    if side and not (side.isdecimal() and not Path(side).is_dir()):
        return read_policy(Path(side))
    with open_engine() as engine:
        if not side:
            return engine.policies.in_force
        try:
            return engine.policies.version(int(side))
        except LookupError:
            last = engine.policies.in_force.version
            zh = f"没有第 {side} 版配置；现行的是第 {last} 版"
            en = f"there is no policy version {side}; version {last} is in force"
            raise Stop(zh if language() == "zh" else en, UNUSABLE) from None
