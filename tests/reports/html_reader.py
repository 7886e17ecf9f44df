"""Reads a page of HTML back, strictly: whatever is opened must be closed, in order."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import msgspec

from tests.core.a_month import a_month
from tests.reports.a_document import FACTS
from xixi_workflow.core.document import Document, Enclosed
from xixi_workflow.reports.html import write

FIGURES = msgspec.structs.replace(a_month(3), categories=[])
ENCLOSED = Enclosed(FIGURES, FACTS)
_VOID = {"meta", "br"}


class Element:
    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.inside: list[Element | str] = []

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.inside)

    @property
    def all(self) -> Iterator[Element]:
        yield self
        for part in self.inside:
            if isinstance(part, Element):
                yield from part.all

    def find(self, name: str, kind: str = "") -> list[Element]:
        return [
            one
            for one in self.all
            if one.name == name and (not kind or kind in one.attributes.get("class", "").split())
        ]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Element("page", {})
        self.open = [self.page]
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(made)
        if tag not in _VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"{self.open[-1].name} is ended by {tag}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def opened(page: bytes) -> Reader:
    reader = Reader()
    reader.feed(page.decode())
    reader.close()
    assert reader.open == [reader.page]
    return reader


def read(document: Document, enclosed: Enclosed = ENCLOSED, **more: Any) -> Element:
    return opened(write(document, enclosed, **more)).page


def rows(table: Element) -> list[list[str]]:
    return [[cell.text for cell in row.all if cell.name in ("th", "td")] for row in table.find("tr")]


def data_of(page: Element) -> dict[str, Any]:
    (found,) = (one for one in page.find("script") if one.attributes.get("id") == "petitions")
    data: dict[str, Any] = json.loads(found.text)
    return data


def digest_of(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()
