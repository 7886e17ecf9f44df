"""`xixi flows serve`: serve the Prefect flows, on this machine or beside a Prefect server on another one."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from xixi_workflow.cli.session import takes_settings


@takes_settings
def flows_serve(
    prefect: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Prefect 接口 The Prefect API, such as http://prefect.example:4200/api."),
    ] = None,
) -> None:
    """登记并执行流程，直到 Ctrl-C；Prefect 不在时等待。

    Register the deployments with Prefect and run what it asks for, until Ctrl-C. Waits while Prefect is away.
    """
    if prefect is not None:
        os.environ["XIXI_PREFECT_API_URL"] = prefect
    # Becomes the other program: signals reach it, its exit code is ours, and nothing here loads Prefect.
    os.execv(sys.executable, [sys.executable, "-m", "flows.serve"])
