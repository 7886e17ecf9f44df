"""`xixi up`: the whole service in one command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from xixi_workflow.cli.failures import UNUSABLE, Stop
from xixi_workflow.cli.session import ConfigFolder, Database, LanguageOption, overriding


def up(
    *,
    database: Database = None,
    config: ConfigFolder = None,
    host: Annotated[str | None, typer.Option(help="监听地址 Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="端口，0 为任选 Port; 0 picks a free one.")] = None,
    prefect: Annotated[
        bool | None, typer.Option("--prefect/--no-prefect", help="启动并看护 Prefect Start and watch a Prefect server.")
    ] = None,
    prefect_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Prefect 端口 Port of the Prefect server.")
    ] = None,
    language: LanguageOption = None,
) -> None:
    """启动服务：建库或升级、计时、发消息、网页与接口、Prefect。Ctrl-C 停止。

    Start the service: migrate, keep the clocks, send messages, answer HTTP, supervise Prefect. Ctrl-C stops it.
    """
    from xixi_workflow.processes.listener import CannotStart
    from xixi_workflow.processes.supervisor import Supervisor
    from xixi_workflow.settings import Settings

    given: dict[str, Any] = {
        "config": config,
        "host": host,
        "port": port,
        "prefect": prefect,
        "prefect_port": prefect_port,
    }
    with overriding(database, language):
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    try:
        Supervisor(settings, typer.echo, lambda line: typer.echo(line, err=True)).run()
    except CannotStart as error:
        raise Stop(str(error), UNUSABLE) from None
