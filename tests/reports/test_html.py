"""The page is read back: every text, and nothing that it must not hold."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.reports.a_document import EXPORTED_AT, FACTS, PROVENANCE, a_document
from tests.reports.html_reader import ENCLOSED, FIGURES, data_of, digest_of, opened, read, rows
from xixi_workflow.adapters import report_files
from xixi_workflow.core.behind import Behind, Fact
from xixi_workflow.core.document import (
    Cell,
    Chart,
    Column,
    Enclosed,
    Heading,
    Paragraph,
    Sentence,
    Source,
    Table,
)
from xixi_workflow.reports.html import write

NOBODY = Enclosed(FIGURES, [])
HOSTILE = "</script></style>--><script>alert(1)</script><!-- <b onclick=x()>\"' & \x00\x1b"


@pytest.mark.parametrize("audience", ["internal", "public"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_text_of_the_document_is_on_the_page(language: Any, audience: Any) -> None:
    document = a_document(language, audience)
    page = read(document, ENCLOSED if audience == "internal" else NOBODY)
    tables = [block for block in document.blocks if isinstance(block, Table)]
    written = [rows(found.find("table")[0]) for found in page.find("figure", "table")]
    assert written == [
        [[column.title for column in table.columns], *([cell.text for cell in row] for row in table.rows)]
        for table in tables
    ]
    assert [len(found.find("tr", "total")) for found in page.find("figure", "table")] == [
        int(table.total) for table in tables
    ]
    (main,) = page.find("main")
    said = [p.text for p in main.find("p") if "class" not in p.attributes and p.text != document.audit]
    between = "" if language == "zh" else " "
    assert said == [
        between.join(one.text for one in block.sentences) for block in document.blocks if isinstance(block, Paragraph)
    ]
    assert [note.text for note in main.find("p", "note")] == [note for table in tables for note in table.notes]
    assert [h.text for h in page.find("h1")] == [document.title]
    assert page.find("footer")[0].text == document.audit
    for kind, text in (("issuer", document.issuer), ("date", document.date)):
        assert [p.text for p in page.find("p", kind)] == [text]
    expected = (
        ["一、总体情况", "二、办理情况", "附件：口径说明", "（一）各单位"]
        if language == "zh"
        else ["1. Overview", "2. Timeliness", "Annex: Definitions", "2.1 Teams"]
    )
    assert [h.text for name in ("h2", "h3") for h in main.find(name)] == expected
    links = {a.attributes["href"]: a.text for a in page.find("nav")[0].find("a")}
    assert links == {f"#{h.attributes['id']}": h.text for h in main.find("h2")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_chart_is_drawn_named_and_told_in_numbers(language: Any) -> None:
    document = a_document(language)
    page = read(document)
    charts = [block for block in document.blocks if isinstance(block, Chart)]
    drawn = page.find("figure", "chart")
    assert [one.find("svg")[0].find("title")[0].text for one in drawn] == [chart.title for chart in charts]
    for chart, one in zip(charts, drawn, strict=True):
        head, *told = rows(one.find("table")[0])
        values = [[*series.values] for series in chart.series]
        if chart.kind != "heat":
            assert head == ["", *(series.name for series in chart.series)]
            assert [row[0] for row in told] == chart.labels
            told = [list(column) for column in zip(*(row[1:] for row in told), strict=True)]
        else:
            assert head == ["", *chart.labels]
            assert [row[0] for row in told] == [series.name for series in chart.series]
            told = [row[1:] for row in told]
        assert [[None if v == "—" else Decimal(v.removesuffix("%")) for v in row] for row in told] == values


@pytest.mark.parametrize("audience", ["internal", "public"])
def test_nothing_is_loaded_from_anywhere_and_only_our_script_may_run(audience: Any) -> None:
    page = write(a_document("zh", audience), ENCLOSED if audience == "internal" else NOBODY)
    text = page.decode()
    assert re.findall(r"(?:https?:)?//[a-z]", text.replace("// ", "")) == []
    root = opened(page).page
    for one in root.all:
        assert one.name not in ("link", "img", "iframe", "object", "embed", "base", "form", "audio", "video")
        assert not any(name.startswith("on") or name in ("src", "srcset", "style", "action") for name in one.attributes)
        for name in ("href", "xlink:href", "fill", "clip-path"):
            value = one.attributes.get(name, "#")
            assert value.startswith("#") or re.fullmatch(r"url\(#[\w-]+\)|none|[a-z]+", value), value
    (policy,) = (m.attributes["content"] for m in root.find("meta") if m.attributes.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    scripts = [one.text for one in root.find("script") if "type" not in one.attributes]
    allowed = [digest_of(text) for text in (*(one.text for one in root.find("style")), *scripts)]
    assert re.findall(r"'sha256-([^']+)'", policy) == allowed
    assert len(allowed) == (2 if audience == "internal" else 1)
    assert "url(" not in root.find("style")[0].text
    assert "@import" not in root.find("style")[0].text


@pytest.mark.parametrize("audience", ["internal", "public"])
def test_the_page_says_what_it_was_made_of(audience: Any) -> None:
    provenance = msgspec.structs.replace(PROVENANCE, exported_by="--><script>甲&amp;", audience=audience)
    document = a_document("zh", audience, provenance=provenance)
    page = write(document, NOBODY)
    assert report_files.provenance(page) == provenance
    reader = opened(page)
    assert len(reader.comments) == 1
    assert ">" not in reader.comments[0]
    assert report_files.provenance(b"<!--" + reader.comments[0].encode() + b"-->") == provenance


def test_a_watermark_lies_over_an_internal_page_alone() -> None:
    marks = [one.find("text")[0].text for one in read(a_document()).find("svg", "watermark")]
    assert marks == ["内部资料 clerk"]
    assert read(a_document("zh", "public"), NOBODY).find("svg", "watermark") == []


def test_a_public_page_leads_to_no_petition_and_shows_no_edit() -> None:
    document = a_document("zh", "public")
    blocks = [block for block in document.blocks if getattr(block, "key", "") != "overdue"]
    # Even where somebody handed it the petitions.
    page = write(msgspec.structs.replace(document, blocks=blocks), ENCLOSED).decode()
    assert re.findall(r"202610010000\d\d", page) == []
    root = opened(page.encode()).page
    assert (root.find("script"), root.find("dialog")) == ([], [])
    assert not any("data-behind" in one.attributes for one in root.all)
    assert "城市管理办及时率90.00%" not in page
    assert "edited" not in {one.attributes.get("class") for one in root.all}
    assert [(one.text, one.attributes["title"]) for one in root.find("abbr")] == [("＊", "数值较小，不予公开")]


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    clean = HOSTILE.replace("\x00", "").replace("\x1b", "")
    cell = Cell("text", HOSTILE)
    blocks = [
        Heading(1, HOSTILE),
        Paragraph(
            HOSTILE,
            [
                Sentence(HOSTILE, f"{HOSTILE}12", [Source(HOSTILE, "12", Behind("all", "", (HOSTILE,)))]),
                Sentence(HOSTILE, HOSTILE, [], HOSTILE, HOSTILE, EXPORTED_AT),
            ],
        ),
        Table(HOSTILE, HOSTILE, [Column(HOSTILE, HOSTILE, "text")], [[cell]], notes=[HOSTILE]),
        Heading(0, HOSTILE),
    ]
    named = ("issuer", "number", "title", "subtitle", "date", "audit", "watermark")
    words: dict[str, Any] = dict.fromkeys(named, HOSTILE)
    facts = [Fact(7, HOSTILE, "a", clean, clean, clean)]
    page = read(a_document(blocks=blocks, **words), Enclosed(FIGURES, facts))
    assert len(page.find("script")) == 2
    assert page.find("b") == []
    assert data_of(page)["communities"] == [clean]
    assert [found.text for found in page.find("h1")] == [clean]
    assert rows(page.find("figure", "table")[0].find("table")[0]) == [[clean], [clean]]
    assert page.find("q")[0].text == clean


def test_the_same_document_makes_the_same_bytes_whatever_the_order_of_the_facts() -> None:
    shuffled = [*FACTS]
    random.Random(1).shuffle(shuffled)
    assert write(a_document(), ENCLOSED) == write(a_document(), Enclosed(FIGURES, shuffled))
    assert b"\r" not in write(a_document(), ENCLOSED)


def test_a_text_that_no_file_can_hold_is_written_all_the_same() -> None:
    assert read(a_document(title="坏字\ud800")).find("h1")[0].text == "坏字?"


def test_an_edited_sentence_shows_who_edited_it_when_and_what_the_rules_had_said() -> None:
    page = read(a_document())
    assert [one.text for one in page.find("span", "edited")] == ["城市管理办（城管）办理及时，予以肯定。"]
    (edits,) = page.find("details", "edits")
    assert edits.find("q")[0].text == "城市管理办及时率90.00%。"
    assert "clerk 2026-11-01 09:00" in edits.text


@pytest.mark.parametrize(
    ("text", "numbers", "marked"),
    [
        ("受理12件，办结112件，及时率12.50%。", ["112", "12.50%"], ["112", "12.50%"]),
        ("受理12件，办结12件。", ["12", "12"], ["12", "12"]),
        ("受理1,212件，退单12件。", ["12"], ["12"]),
        ("受理12.5件。", ["12", "5"], []),
        ("无此数。", ["12"], []),
    ],
)
def test_the_numbers_of_a_sentence_are_marked_where_they_stand(
    text: str, numbers: list[str], marked: list[str]
) -> None:
    sources = [Source(f"path.{n}", number) for n, number in enumerate(numbers)]
    page = read(a_document(blocks=[Paragraph("p", [Sentence("s", text, sources)])]))
    (said,) = (p for p in page.find("main")[0].find("p") if "class" not in p.attributes and p.text == text)
    found = said.find("a")
    assert [one.text for one in found] == marked
    assert [one.attributes["data-path"] for one in found] == [f"path.{n}" for n in range(len(marked))]
    assert all(one.attributes["title"] == f"来源：{one.attributes['data-path']}" for one in found)


def test_the_day_of_an_edit_is_the_citys() -> None:
    late = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)
    said = Sentence("s", "改后", [], "原稿", "clerk", late)
    page = read(a_document(blocks=[Paragraph("p", [said])]))
    assert "2026-11-01 01:30" in page.find("details", "edits")[0].text
