"""`xixi report PERIOD --out DIR`: the documents of a period, written into a folder."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

from xixi_workflow import clock
from xixi_workflow.adapters import report_files
from xixi_workflow.adapters.report_folder import ReportFolder
from xixi_workflow.cli.failures import REFUSED, UNUSABLE, USAGE, Stop, in_words
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import language, open_engine
from xixi_workflow.engine import report_issue
from xixi_workflow.engine.freeze import FreezeError
from xixi_workflow.engine.report_issue import Issue, Order
from xixi_workflow.reports.formats import WRITERS

#: Characters of a digest on the screen; --json has all 64.
_DIGEST = 12


class _Careful(ReportFolder):
    """A folder of somebody else's: a document takes the place of an earlier document there, and of nothing else."""

    def keep(self, name: str, data: bytes) -> Path:
        path = self.path / name
        if path.is_symlink() or (path.exists() and not _is_document(path)):
            zh, en = f"{path} 不是导出的报告，没有覆盖", f"{path} is no report of ours and was left as it is"
            raise Stop(zh if language() == "zh" else en, UNUSABLE)
        return super().keep(name, data)


def export(order: Order, out: Path, *, by: str, as_json: bool) -> None:
    """Write what `order` asks for into `out` and say what was written. Raises `Stop` with what cannot be done."""
    tongue = language()
    if unknown := [name for name in order.formats if name not in WRITERS]:
        known = ", ".join(WRITERS)
        zh, en = f"没有 {', '.join(unknown)} 这种格式", f"unknown format {', '.join(unknown)}"
        raise Stop(f"{zh}；可用：{known}" if tongue == "zh" else f"{en}; known: {known}", USAGE)
    with open_engine() as engine:
        known_teams = engine.policies.in_force.teams
        if unknown := [team for team in order.teams if team not in known_teams]:
            zh, en = f"没有单位 {', '.join(unknown)}", f"no such team: {', '.join(unknown)}"
            known = ", ".join(sorted(known_teams))
            raise Stop(f"{zh}；可用：{known}" if tongue == "zh" else f"{en}; known: {known}", USAGE)
        screen, now = Screen(tongue, engine.policies.in_force.zone), clock.now()
        try:
            issue = report_issue.issue(engine, order, WRITERS, _Careful(out), by=_account(by), now=now)
        except (FileExistsError, NotADirectoryError):
            zh, en = f"{out} 不是文件夹", f"{out} is no folder"
            raise Stop(zh if tongue == "zh" else en, UNUSABLE) from None
        except OSError as error:
            zh, en = f"无法写入 {out}", f"{out} cannot be written"
            raise Stop(f"{zh if tongue == 'zh' else en}: {error.strerror or error}", UNUSABLE) from None
        except FreezeError as error:
            raise Stop(in_words(error, tongue), REFUSED) from None
        except ValueError as error:
            raise Stop(in_words(error, tongue), USAGE) from None
    over = now >= issue.figures.end
    if as_json:
        tell_json(_as_data(issue, over=over))
    else:
        _tell(screen, issue, over=over)


def _account(by: str) -> str:
    try:
        return (by or getpass.getuser())[:60]
    except (OSError, KeyError):
        return "?"


def _as_data(issue: Issue, *, over: bool) -> dict[str, Any]:
    return {
        "period": issue.period,
        "version": issue.version,
        "state": issue.state[1],
        "over": over,
        "form": issue.order.form,
        "language": issue.order.language,
        "audience": issue.order.audience,
        "files": [
            {
                "name": file.name,
                "path": str(file.path.absolute()),
                "format": file.format,
                "team": file.team,
                "bytes": file.size,
                "sha256": file.sha256,
            }
            for file in issue.files
        ],
    }


def _tell(screen: Screen, issue: Issue, *, over: bool) -> None:
    say = screen.pick
    screen.line(issue.period, say(*issue.state), style="bold")
    if not over:
        running = f"{issue.period} 尚未结束：截至目前的草稿", f"{issue.period} is not over: a draft until now"
        screen.line(say(*running), style="yellow")
    headings = [say("文件", "File"), say("字节", "Bytes"), "SHA-256"]
    rows = [[file.path, f"{file.size:,}", f"{file.sha256[:_DIGEST]}…"] for file in issue.files]
    screen.table("", headings, rows, right=headings[1])
    if not issue.files:
        screen.line(say("没有可写的单位", "no team has figures to be written"))
    elif over and not issue.version:
        screen.line("→ " + say("封存后再出：", "to freeze it first: ") + f"xixi month freeze {issue.period}")


def _is_document(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size > report_files.LARGEST:
        return False
    try:
        report_files.provenance(path.read_bytes())
    except report_files.ReportFileError:
        return False
    return True
