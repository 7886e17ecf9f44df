"""Finds the provenance inside a report's file: what `xixi verify --report` starts from.

Each format has one place for it, where no sentence of a report can stand: the description of an xlsx or docx, the
keywords of a PDF, a comment of HTML, the last row of csv, the member `provenance` of json. Files come from strangers:
nothing is executed, unpacked to disk or read beyond a bound.
"""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Final

import msgspec

from xixi_workflow.core.document import MARK, Provenance, provenance_of

#: Bytes of a report; one with every petition of a year behind its figures is far smaller.
LARGEST: Final = 500_000_000
#: Bytes of an unpacked list of properties.
_PROPERTIES: Final = 1_000_000
#: No text of a page can hold it: what is written there has its brackets escaped.
_COMMENT: Final = re.compile(rf"<!--\s*({MARK}[^>]*)-->")
_DESCRIPTION: Final = re.compile(r"<dc:description>([^<]*)</dc:description>")
_KEYWORDS: Final = re.compile(rb"<pdf:Keywords>([^<]*)</pdf:Keywords>")
_decoder: Final = json.JSONDecoder()


class ReportFileError(ValueError):
    """The file is no report of ours, in one sentence for whoever brought it, in both languages (`str` is English)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def provenance(data: bytes) -> Provenance:
    """What the file `data` says it was made of. Raises `ReportFileError` where it does not say."""
    for text in _places(data):
        found = _read(text)
        if found is not None:
            return found
    raise ReportFileError(
        "文件里没有出处信息：不是本系统导出的报告，或已被其他程序另存",
        "the file does not say what it was made of: it is no report of ours, or another program saved it anew",
    )


def _places(data: bytes) -> Iterator[str]:
    """The texts of a file in which its provenance may stand, likeliest first."""
    if data.startswith(b"%PDF-"):
        for keywords in _KEYWORDS.finditer(data):
            yield html.unescape(keywords[1].decode("utf-8", "replace"))
    elif data.startswith(b"PK\x03\x04"):
        yield from _properties(data)
    else:
        text = data.decode("utf-8-sig", "replace")
        if text.lstrip()[:1] == "{":
            yield from _member(text)
        elif found := _COMMENT.search(text):
            yield found[1]
        else:
            lines = [line for line in text.splitlines() if MARK in line]
            # A cell of csv, with its quotes doubled, or a comment as it is.
            yield from (line.replace('""', '"') for line in lines[-1:])
            yield from lines[-1:]


def _properties(data: bytes) -> Iterator[str]:
    """The description in the properties of an Office file (备注)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if "docProps/core.xml" in parts.namelist():
                with parts.open("docProps/core.xml") as part:
                    text = part.read(_PROPERTIES).decode("utf-8", "replace")
                yield from (html.unescape(found) for found in _DESCRIPTION.findall(text))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise ReportFileError("文件已损坏，无法读取", "the file is damaged and cannot be read") from None


def _member(text: str) -> Iterator[str]:
    try:
        found = json.loads(text).get("provenance")
    except (ValueError, RecursionError):
        raise ReportFileError("文件已损坏，无法读取", "the file is damaged and cannot be read") from None
    if isinstance(found, str):
        yield found
    elif found is not None:
        yield MARK + json.dumps(found)


def _read(text: str) -> Provenance | None:
    """The provenance after the mark in `text`; None where there is none, or it is not whole."""
    _, mark, rest = text.partition(MARK)
    if not mark:
        return None
    try:
        _, end = _decoder.raw_decode(rest)
        return provenance_of(MARK + rest[:end])
    except (ValueError, RecursionError, msgspec.DecodeError):
        return None
