"""`xixi flows`: the group alone; what it serves is loaded only when it is called for."""

from __future__ import annotations

import typer

from xixi_workflow.cli.doors import Door, Doors, mount

flows = typer.Typer(cls=Doors, no_args_is_help=True, add_completion=False)


@flows.callback()
def prefect() -> None:
    """流程 The Prefect flows, served here or on another machine."""


mount(flows, [Door("serve", "运行 Serve the deployments until stopped.", "xixi_workflow.cli.flows:flows_serve")])
