"""Finished documents: the list of them, and each for whoever may see the status page.

A document is found by its exact name in one folder and always saved, never shown within this site: an HTML document
brings a script of its own, which here could act with the reader's cookie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from io import BufferedReader
from os import fstat
from typing import Final

import structlog
from fastapi.responses import Response, StreamingResponse

from xixi_workflow.adapters.report_folder import Kept, ReportFolder
from xixi_workflow.core.frozen import Issued
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine
from xixi_workflow.reports.formats import MEDIA_TYPES
from xixi_workflow.store import frozen
from xixi_workflow.web.languages import Language
from xixi_workflow.web.style import document

log = structlog.get_logger()

PATH: Final = "/reports"
#: Issued files that are looked through for those of the folder.
_NOTED: Final = 10_000
_CHUNK: Final = 256 * 1024
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_ZH: Final[dict[str, str]] = {
    "title": "报表下载",
    "other": "English",
    "back": "返回状态页",
    "none": "还没有生成报表。每月 1 日和每周一自动生成，也可以在 Prefect 中运行 monthly-report，或用命令 xixi report。",
    "away": "数据库没有应答：暂时只列出文件名，哪一版、由谁导出暂不可知。",
    "file": "文件",
    "period": "期间",
    "form": "表式",
    "version": "版本",
    "draft": "草稿",
    "frozen": "封存",
    "corrected": "更正第 {n} 版",
    "language": "语言",
    "zh": "中文",
    "en": "英文",
    "audience": "范围",
    "internal": "内部",
    "public": "公开",
    "format": "格式",
    "size": "大小",
    "at": "导出时间",
    "by": "导出人",
    "sha": "SHA-256",
    "note": "内部报表列有工单编号，请勿外传。核对文件：xixi verify --report 文件",
}
_EN: Final[dict[str, str]] = {
    "title": "Reports",
    "other": "中文",
    "back": "Status page",
    "none": "No reports yet. They are made on the first of the month and on Mondays, by monthly-report in Prefect, or"
    " with xixi report.",
    "away": "The database does not answer: only names are listed for now, not which version or who exported it.",
    "file": "File",
    "period": "Period",
    "form": "Form",
    "version": "Version",
    "draft": "draft",
    "frozen": "frozen",
    "corrected": "correction v{n}",
    "language": "In",
    "zh": "Chinese",
    "en": "English",
    "audience": "For",
    "internal": "internal",
    "public": "public",
    "format": "Format",
    "size": "Size",
    "at": "Exported",
    "by": "By",
    "sha": "SHA-256",
    "note": "Internal reports list petition numbers; keep them inside. To check a file: xixi verify --report FILE",
}
_TEXT: Final[dict[Language, dict[str, str]]] = {"zh": _ZH, "en": _EN}
_COLUMNS: Final = (*("file", "period", "form", "version", "audience", "language", "format", "size", "at", "by", "sha"),)


class Reports:
    """The documents of one folder. Its methods block: call them in a thread."""

    def __init__(self, engine: Engine, folder: ReportFolder) -> None:
        self._engine = engine
        self._folder = folder

    def page(self, language: Language) -> str:
        """The list, the file exported last first; never raises because the database is away."""
        text = _TEXT[language]
        notice = ""
        noted: list[Issued] = []
        kept = self._folder.listed()
        try:
            noted = frozen.issued(self._engine.store, limit=_NOTED) if kept else []
        except Exception as error:
            log.warning("issued_not_read", error=type(error).__name__)
            notice = f'<section class="notice" role="alert">{text["away"]}</section><br>'
        policy = self._engine.policies.in_force
        body = _table(kept, noted, policy, language) if kept else f'<p class="soft">{text["none"]}</p>'
        city = escape(getattr(policy.main.city, language))
        other = "en" if language == "zh" else "zh"
        header = (
            f"<header><h1>{city} · {text['title']}</h1>"
            f'<nav><a href="/?lang={language}">{text["back"]}</a> · '
            f'<a href="{PATH}?lang={other}" lang="{other}">{text["other"]}</a></nav></header>'
        )
        foot = f'<p class="soft">{text["note"]}</p>' if kept else ""
        whole = f"<main>{header}{notice}<section>{body}</section><br>{foot}</main>"
        return document(f"{text['title']} · {city}", whole, language)

    def file(self, name: str) -> Response | None:
        """The document of that name; None where there is none."""
        found = self._folder.open(name)
        if found is None:
            return None
        size = fstat(found.fileno()).st_size
        log.info("report_handed_out", name=name)
        # A name that the folder knows is plain ASCII without quotes.
        headers = {
            **_HEADERS,
            "content-length": str(size),
            "content-disposition": f'attachment; filename="{name}"',
            "content-type": MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream"),
        }
        return StreamingResponse(_parts(found, size), headers=headers)


def _parts(file: BufferedReader, size: int) -> Iterator[bytes]:
    with file:
        while size > 0 and (part := file.read(min(_CHUNK, size))):
            size -= len(part)
            yield part


def _table(kept: list[Kept], noted: list[Issued], policy: Policy, language: Language) -> str:
    text = _TEXT[language]
    # The last note of the same bytes under the same name.
    of: dict[tuple[str, str], Issued] = {}
    order: dict[tuple[str, str], int] = {}
    for place, one in enumerate(noted):
        of.setdefault((one.name, one.sha256), one)
        order.setdefault((one.name, one.sha256), place)
    kept = sorted(kept, key=lambda one: (order.get((one.name, one.sha256), len(noted)), one.name))
    head = "".join(f"<th{_kind(c)}>{text[c]}</th>" for c in _COLUMNS)
    rows = "".join(_row(one, of.get((one.name, one.sha256)), policy, language) for one in kept)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(kept: Kept, noted: Issued | None, policy: Policy, language: Language) -> str:
    text = _TEXT[language]
    cells = dict.fromkeys(_COLUMNS, "—")
    cells["file"] = f'<a href="{PATH}/{escape(kept.name, quote=True)}">{escape(kept.name)}</a>'
    cells["format"] = escape(kept.name.rpartition(".")[2])
    cells["size"] = _size(kept.size)
    cells["sha"] = f'<span title="{kept.sha256}">{kept.sha256[:8]}</span>'
    if noted is not None:
        form = policy.forms.get(noted.form)
        team = policy.teams.get(noted.team)
        whose = escape(getattr(team, language, noted.team))
        cells |= {
            "period": escape(noted.period),
            "form": escape(getattr(form, language, noted.form)) + (whose and f'<br><span class="soft">{whose}</span>'),
            "version": _version(noted.version, text),
            "audience": text.get(noted.audience, escape(noted.audience)),
            "language": text.get(noted.language, escape(noted.language)),
            "format": escape(noted.format),
            "at": noted.at.astimezone(policy.zone).strftime("%Y-%m-%d %H:%M"),
            "by": escape(noted.by),
        }
    return "<tr>" + "".join(f"<td{_kind(c)}>{cells[c]}</td>" for c in _COLUMNS) + "</tr>"


def _kind(column: str) -> str:
    return ' class="n"' if column == "size" else ""


def _version(version: int, text: Mapping[str, str]) -> str:
    if not version:
        return f'<span class="warn">{text["draft"]}</span>'
    return text["frozen"] if version == 1 else text["corrected"].format(n=version)


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"
