"""The command line: one door for the people who run the service. It holds no rule; the engine decides.

This table is the whole map. Each line names a command, says what it is for, and where it is written.
"""

from __future__ import annotations

from typing import Annotated

import typer

from xixi_workflow.cli.doors import Door, Doors, mount
from xixi_workflow.cli.session import Database, LanguageOption, overriding

_HERE = "xixi_workflow.cli"
SERVICE = [
    Door("up", "启动服务 Start the whole service.", f"{_HERE}.up:up"),
    Door("demo", "演示 Drive petitions through their whole life in simulated time.", f"{_HERE}.demo:demo"),
    Door("flows", "流程 Serve the Prefect flows, here or on another machine.", f"{_HERE}.flow_group:flows"),
    Door("senders", "发送渠道 Who carries messages: check the settings, or send a test.", f"{_HERE}.senders:senders"),
    Door("db", "数据库 Bring the database up to date, or check it.", f"{_HERE}.database:db"),
]
PETITIONS = [
    Door("intake", "导入 File the petitions of a csv, xlsx or json file.", f"{_HERE}.intake:intake"),
    Door("list", "清单 Open petitions, the nearest due first.", f"{_HERE}.listing:list_petitions"),
    Door("show", "查看 Everything about one petition.", f"{_HERE}.petitions:show"),
    Door("explain", "解释 Where each deadline of a petition comes from.", f"{_HERE}.petitions:explain"),
    Door("act", "办理 Give a petition any command of the lifecycle.", f"{_HERE}.act:act"),
    Door("letters", "来信 Letters that wait for an operator: read, close.", f"{_HERE}.letters:letters"),
    Door("messages", "消息 Messages that did not reach anybody.", f"{_HERE}.letters:messages"),
    Door("route", "研判 What the category rules make of a text.", f"{_HERE}.petitions:route"),
]
OVERSIGHT = [
    Door("duty", "值班 Who is on duty; take over, cover, swap; gaps and fairness.", f"{_HERE}.duty:duty"),
    Door("report", "月报 The figures of a month or week, or their documents.", f"{_HERE}.report:report"),
    Door("month", "月结 Freeze a period, correct it; its sentences; files issued.", f"{_HERE}.month:month"),
    Door("verify", "核验 The journal's chain of hashes, or one report file.", f"{_HERE}.database:verify"),
    Door("config", "配置 Check the configuration folder, or put it in force.", f"{_HERE}.config:config"),
    Door("simulate", "推演 A month under another policy or roster.", f"{_HERE}.what_if:simulated"),
    Door("audit", "审计 What should have rung and stayed silent.", f"{_HERE}.audit:audit"),
    Door("canary", "演练 File a canary petition and watch how far it comes.", f"{_HERE}.audit:canary"),
    Door("clocks", "时限 A calculator of deadlines.", f"{_HERE}.clocks:clocks"),
]

app = typer.Typer(
    name="xixi",
    cls=Doors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
mount(app, SERVICE, "服务 Service")
mount(app, PETITIONS, "诉求 Petitions")
mount(app, OVERSIGHT, "监督 Oversight")

_EPILOG = """退出码 Exit codes

0 成功 fine · 1 发现问题 problem found · 2 用法错误 wrong usage

3 被拒绝 refused · 4 数据库或配置不可用 database or configuration unusable"""


def _tell_version(asked: bool) -> None:
    if asked:
        from xixi_workflow import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback(epilog=_EPILOG)
def xixi(
    ctx: typer.Context,
    database: Database = None,
    language: LanguageOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="版本 Show the version and exit.")
    ] = False,
) -> None:
    """西溪民情处置 Petitions of a sub-district: every clock kept to the second.

    --database and --language may stand before a command or behind it. Their defaults are XIXI_DATABASE_URL and
    XIXI_LANGUAGE, from the environment or from a file .env in the working folder.
    """
    del version
    laid = overriding(database, language)
    laid.__enter__()
    ctx.call_on_close(lambda: laid.__exit__(None, None, None))


__all__ = ["app"]
