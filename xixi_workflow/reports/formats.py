"""Every format that a report is written in.

A writer is imported when it is first used: those for pictures and paper take seconds to load, and most commands want
none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

from xixi_workflow.core.document import Document, Enclosed

#: A document and what the file encloses besides -> the file's bytes, the same for the same.
Writer = Callable[[Document, Enclosed], bytes]

#: Formats in the order in which they are offered, each with the room (of this package) that writes it. A format's name
#: is the suffix of its files.
_ROOMS: Final = {
    "xlsx": "xlsx",
    "pdf": "pdf",
    "docx": "docx_file",
    "html": "html",
    "csv": "csv_file",
    "json": "json_file",
}
#: What a server says a file is.
MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pdf": "application/pdf",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "html": "text/html; charset=utf-8",
        "csv": "text/csv; charset=utf-8",
        "json": "application/json",
    }
)


def _writer(room: str) -> Writer:
    def write(document: Document, enclosed: Enclosed) -> bytes:
        written: bytes = import_module(f"xixi_workflow.reports.{room}").write(document, enclosed)
        return written

    return write


#: Each format's writer, by its name.
WRITERS: Final[Mapping[str, Writer]] = MappingProxyType({name: _writer(room) for name, room in _ROOMS.items()})
