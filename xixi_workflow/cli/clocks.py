"""`xixi clocks calc`: the deadlines of a scenario, reckoned by the very functions of the engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from xixi_workflow.cli.failures import USAGE, Stop
from xixi_workflow.cli.screen import tell_json
from xixi_workflow.cli.session import language, takes_settings
from xixi_workflow.core import calculator, scenario

clocks = typer.Typer(no_args_is_help=True, add_completion=False)


@clocks.callback()
def deadlines() -> None:
    """时限 A calculator of deadlines for authors and judges of a policy."""


@clocks.command()
@takes_settings
def calc(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="场景 The scenario; - reads standard input.")],
) -> None:
    """计算 Calendars, clocks, a start and timed events in; due instants, warnings, pauses and outcomes out, as JSON.

    The format is described in docs/clocks-calc.md. A mistake in it ends with exit code 2 and the name of the field.
    """
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    try:
        asked = scenario.read(json.loads(text))
        answer = calculator.run(asked, language())
    except json.JSONDecodeError as error:
        raise Stop(f"{file}: not JSON: {error.msg} in line {error.lineno}, column {error.colno}", USAGE) from None
    except UnicodeDecodeError:
        raise Stop(f"{file}: not UTF-8", USAGE) from None
    except scenario.ScenarioError as error:
        raise Stop("\n".join(f"{file}: {problem}" for problem in error.problems), USAGE) from None
    tell_json(answer)
