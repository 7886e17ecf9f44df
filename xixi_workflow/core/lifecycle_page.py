"""`docs/lifecycle.md`, made from the table by `make docs`; a test compares."""

from __future__ import annotations

import sys

from xixi_workflow.core.lifecycle import EVENTS, FINAL, OPEN, ROLES, STATES, TABLE, State


def page() -> str:
    """The whole page: states, a diagram of the moves between them, and every row of the table."""
    return "\n".join(
        [
            "# Lifecycle 工单状态流转",
            "",
            "Made from `xixi_workflow/core/lifecycle.py` by `make docs`; do not edit by hand.",
            "由 `xixi_workflow/core/lifecycle.py` 生成，请勿手工修改。",
            "",
            "## States 状态",
            "",
            "| state | 中文 | English | |",
            "|---|---|---|---|",
            *(f"| `{name}` | {zh} | {en} | {_kind(name)} |" for name, (zh, en) in STATES.items()),
            "",
            "## Moves 流转图",
            "",
            "Events that keep the state (notes, reports, reminders, warnings, breaches) are in the table only.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *(f'    state "{zh} {en}" as {name}' for name, (zh, en) in STATES.items()),
            *_arrows(),
            "```",
            "",
            "## Table 流转表",
            "",
            "What is not in this table does not happen. 表中没有的操作一律不能发生。",
            "",
            "| from | event | 操作 | to | who 谁可以 |",
            "|---|---|---|---|---|",
            *(
                f"| {_state(row.state)} | `{row.event}` | {EVENTS[row.event].zh} | "
                f"{'same 不变' if row.state == row.to else _state(row.to)} | {_who(row.who)} |"
                for row in TABLE
            ),
            "",
        ]
    )


def _kind(name: State) -> str:
    if name in OPEN:
        return "open 未结"
    return "final 终结" if name in FINAL else ""


def _state(name: State | None) -> str:
    return "—" if name is None else f"`{name}` {STATES[name][0]}"


def _who(roles: tuple[str, ...]) -> str:
    if len(roles) == len(ROLES):
        return "anybody 任何人"
    return ", ".join(f"{role} {ROLES[role][0]}" for role in ROLES if role in roles)


def _arrows() -> list[str]:
    arrows: dict[tuple[str, str], list[str]] = {}
    endings: dict[str, list[str]] = {}
    for row in TABLE:
        if row.to in FINAL and row.state in OPEN:
            # Four endings from six states each would bury the picture: they leave from one box.
            endings.setdefault(row.to, []).append(EVENTS[row.event].zh)
        elif row.state != row.to:
            arrows.setdefault((row.state or "[*]", row.to), []).append(EVENTS[row.event].zh)
    lines = [f"    {start} --> {end}: {'、'.join(names)}" for (start, end), names in arrows.items()]
    lines.append('    state "任一未结状态 any open state" as open')
    lines += [f"    open --> {end}: {names[0]}" for end, names in endings.items()]
    return lines


if __name__ == "__main__":
    sys.stdout.write(page())
