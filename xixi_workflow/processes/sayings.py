"""What `xixi up` says to the operator. In the code and not in `config/words/`, because it has to be said before there
is a policy, and when there is none.
"""

from __future__ import annotations

from typing import Any, Final, Literal

_SAYINGS: Final[dict[str, tuple[str, str]]] = {
    "running": ("西溪诉求流程已启动，按 Ctrl-C 停止。", "Xixi Workflow is running; Ctrl-C stops it."),
    "page": ("  页面     {what}", "  page      {what}"),
    "token": ("  口令     {what}", "  token     {what}"),
    "database": ("  数据库   {what}", "  database  {what}"),
    "policy": ("  策略     第 {what} 版", "  policy    version {what}"),
    "prefect": ("  Prefect  {what}", "  Prefect   {what}"),
    "token_given": ("XIXI_TOKEN 设置的口令", "as set by XIXI_TOKEN"),
    "no_prefect": ("未使用", "not used"),
    "prefect_answers": ("Prefect 已就绪，正在登记流程。", "Prefect answers; the flows are being served."),
    "not_published": (
        "配置目录未能生效，仍按第 {version} 版策略运行：",
        "the configuration folder was not put in force; version {version} of the policy stays:",
    ),
    "gaps": (
        "值班安排有空档（已照常生效），请补上：",
        "the duty has gaps; the configuration is in force all the same, fill them in time:",
    ),
    "died": (
        "进程 {part} 已退出（{how}），{pause} 秒后重新启动。",
        "the {part} process ended ({how}); it is started again in {pause} s.",
    ),
    "see_log": ("日志：{file}", " Its log: {file}"),
    "ending": ("正在停止……", "stopping …"),
}


def say(what: str, language: Literal["zh", "en"], /, **facts: Any) -> str:
    """The saying `what` with its facts filled in."""
    return _SAYINGS[what][language == "en"].format_map(facts)
