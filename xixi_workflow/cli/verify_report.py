"""`xixi verify --report FILE`: is a report what it says it is, for whoever holds it in hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer

from xixi_workflow.adapters import report_files
from xixi_workflow.adapters.report_files import ReportFileError
from xixi_workflow.cli.failures import PROBLEM, UNUSABLE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import language, open_engine
from xixi_workflow.core.document import Provenance
from xixi_workflow.engine import check_report
from xixi_workflow.engine.check_report import Finding, Verdict
from xixi_workflow.reports.formats import WRITERS

_MARKS: Final[Mapping[Verdict, tuple[str, str]]] = {"ok": ("✓", ""), "wrong": ("✗", "bold red"), "note": ("·", "dim")}


def verify_report(path: Path, *, as_json: bool) -> None:
    """Print the answer to every question about the file. Exit code 1 if something is wrong, 4 if it cannot be read."""
    tongue = language()
    data = _read(path)
    try:
        says = report_files.provenance(data)
    except ReportFileError as error:
        raise Stop(f"{path}: {error.zh if tongue == 'zh' else error.en}", PROBLEM) from None
    with open_engine() as engine:
        findings = check_report.check(engine, data, says, WRITERS)
        screen = Screen(tongue, engine.policies.in_force.zone)
    sound = check_report.sound(findings)
    if as_json:
        tell_json({"sound": sound, "provenance": says, "findings": findings})
    else:
        _tell(screen, path, says, findings, sound=sound)
    if not sound:
        raise typer.Exit(PROBLEM)


def _read(path: Path) -> bytes:
    """The file's bytes. Raises `Stop` that names what is in the way."""
    say = 0 if language() == "zh" else 1
    if path.is_dir():
        raise Stop(f"{path}{('是文件夹，请指明一份报告', ' is a folder; name one report')[say]}", UNUSABLE)
    try:
        if path.stat().st_size > report_files.LARGEST:
            raise Stop(f"{path}{('太大，不是报告', ' is too large for a report')[say]}", UNUSABLE)
        return path.read_bytes()
    except FileNotFoundError:
        raise Stop(f"{path}{('不存在', ' is not there')[say]}", UNUSABLE) from None
    except OSError as error:
        raise Stop(f"{path}{('无法读取', ' cannot be read')[say]}: {error.strerror}", UNUSABLE) from None


def _tell(screen: Screen, path: Path, says: Provenance, findings: list[Finding], *, sound: bool) -> None:
    say = screen.pick
    version = say(f"第 {says.version} 版", f"version {says.version}") if says.version else say("草稿", "draft")
    fine = say("报告属实", "the report is what it says it is")
    wrong = say("报告不可采信，原因见下", "the report cannot be relied on, see below")
    screen.line(fine if sound else wrong, style="bold green" if sound else "bold red")
    screen.line(path.name, says.period, says.form, says.team, version, style="bold")
    for one in findings:
        mark, style = _MARKS[one.verdict]
        screen.line(f"{mark} {screen.name(one, one.en)}", style=style)
