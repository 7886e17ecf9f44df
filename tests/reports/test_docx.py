"""The docx is read back: every cell, heading and sentence, in real tables and styles."""

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import docx
import msgspec
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.a_document import FACTS, PROVENANCE, a_document
from xixi_workflow.core.document import (
    Cell,
    Chart,
    Column,
    Document,
    Enclosed,
    Heading,
    Paragraph,
    Sentence,
    Table,
    provenance_of,
)
from xixi_workflow.reports import docx_file
from xixi_workflow.reports.docx_parts import legal

NOTHING: Enclosed = Enclosed(None, FACTS)  # type: ignore[arg-type]
HOSTILE = "<w:p>&amp; \" ' ]]> \x00\x0b\ud800\ufffe\n第二行"


def opened(document: Document) -> Any:
    return docx.Document(io.BytesIO(docx_file.write(document, NOTHING)))


def lines_of(paper: Any, style: str) -> list[str]:
    return [line.text for line in paper.paragraphs if line.style.name == style]


@pytest.mark.parametrize("audience", ["internal", "public"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_cell_of_every_table_is_read_back(language: Any, audience: Any) -> None:
    document = a_document(language, audience)
    tables = [block for block in document.blocks if isinstance(block, Table)]
    written = [[[cell.text for cell in row.cells] for row in table.rows] for table in opened(document).tables]
    assert written == [
        [[column.title for column in table.columns], *([cell.text for cell in row] for row in table.rows)]
        for table in tables
    ]


def test_headings_sentences_and_captions_stand_in_their_styles() -> None:
    paper = opened(a_document())
    assert lines_of(paper, "Title") == ["杭州市西湖区西溪街道", "2026年10月诉求办理情况通报"]
    assert lines_of(paper, "Heading 1") == ["一、总体情况", "二、办理情况"]
    assert lines_of(paper, "Heading 2") == ["（一）各单位"]
    assert (lines_of(paper, "Annex"), lines_of(paper, "Annex Title")) == (["附件"], ["口径说明"])
    assert lines_of(paper, "Caption")[:3] == ["图1　近13个月受理量", "图2　来源", "表1　各单位办结情况"]
    assert lines_of(paper, "Body Text") == [
        "本月共受理诉求12件，环比增长20.00%。城市管理办（城管）办理及时，予以肯定。",
        "附件：口径说明",
        "杭州市西湖区西溪街道",
        "2026年11月1日",
    ]
    assert "注：应结：办结时限在本月到期。" in lines_of(paper, "Table Note")
    english = opened(a_document("en"))
    assert lines_of(english, "Heading 1") == ["1. Overview", "2. Timeliness"]
    assert (
        lines_of(english, "Body Text")[0]
        == "12 petitions were filed, 20.00% more than before. Urban management did well."
    )


def test_headings_have_levels_that_a_reader_can_move_about_by() -> None:
    styles = opened(a_document()).styles
    levels = {
        name: styles[name].element.pPr.find(qn("w:outlineLvl")).get(qn("w:val"))
        for name in ("Heading 1", "Heading 2", "Annex Title")
    }
    assert levels == {"Heading 1": "0", "Heading 2": "1", "Annex Title": "0"}


def test_the_head_of_a_table_is_repeated_and_its_rows_are_kept_whole() -> None:
    table = opened(a_document()).tables[0]
    heads = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert heads == [True, False, False, False]
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    sides = [cell.paragraphs[0].alignment for cell in table.rows[1].cells]
    assert [str(side) for side in sides] == ["LEFT (0)", *["RIGHT (2)"] * 4]


@pytest.mark.parametrize(
    ("style", "latin", "chinese"),
    [
        ("Title", "Times New Roman", "方正小标宋简体"),
        ("Body Text", "Times New Roman", "仿宋_GB2312"),
        ("Heading 1", "Arial", "黑体"),
        ("Heading 2", "Times New Roman", "楷体_GB2312"),
        ("Table Text", "Times New Roman", "仿宋_GB2312"),
    ],
)
def test_styles_name_the_fonts_of_an_office(style: str, latin: str, chinese: str) -> None:
    fonts = opened(a_document()).styles[style].element.rPr.rFonts
    assert (fonts.get(qn("w:ascii")), fonts.get(qn("w:eastAsia"))) == (latin, chinese)
    assert not [name for name in fonts.attrib if "Theme" in name]


def test_the_page_is_that_of_an_office() -> None:
    section = opened(a_document()).sections[0]
    assert [round(side.mm) for side in (section.page_width, section.page_height)] == [210, 297]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(side.mm) for side in margins] == [37, 35, 28, 26]


def test_page_number_audit_line_and_watermark_are_on_odd_and_even_pages() -> None:
    paper = opened(a_document())
    assert paper.settings.odd_and_even_pages_header_footer
    section = paper.sections[0]
    feet = [footer.paragraphs[0]._p.xml for footer in (section.footer, section.even_page_footer)]
    assert all(" PAGE " in foot and a_document().audit in foot for foot in feet)
    # Outside: after the audit line on odd pages, before it on even ones.
    assert [foot.index(" PAGE ") > foot.index("内部资料") for foot in feet] == [True, False]
    heads = [header.paragraphs[0]._p.xml for header in (section.header, section.even_page_header)]
    assert all('string="内部资料 clerk"' in head for head in heads)
    public = opened(a_document(audience="public"))
    assert "string=" not in public.sections[0].header.paragraphs[0]._p.xml
    assert lines_of(public, "Title") == ["2026年10月诉求办理情况通报"]


def test_each_chart_is_a_picture_that_says_what_it_shows() -> None:
    document = a_document()
    shapes = opened(document).inline_shapes
    assert [shape._inline.docPr.get("descr") for shape in shapes] == [
        block.title for block in document.blocks if isinstance(block, Chart)
    ]
    assert {round(shape.width.mm) for shape in shapes} == {156}
    ids = [shape._inline.docPr.get("id") for shape in shapes]
    assert len(set(ids)) == len(ids)


def test_the_provenance_is_read_back_whole_and_the_dates_are_the_export_s() -> None:
    long = msgspec.structs.replace(PROVENANCE, exported_by="书" * 300)
    document = a_document(provenance=long, title="长" * 400)
    known = opened(document).core_properties
    assert provenance_of(known.comments) == long
    assert len(known.comments) > 255
    assert known.author == "杭州市西湖区西溪街道"
    assert {known.created, known.modified} == {datetime(2026, 11, 1, 1, 0, tzinfo=UTC)}


def test_the_same_document_makes_the_same_bytes() -> None:
    made = docx_file.write(a_document(), NOTHING)
    assert made == docx_file.write(a_document(), NOTHING)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(2026, 11, 1, 1, 0, 0)}
        assert "docProps/thumbnail.jpeg" not in archive.namelist()


def test_text_is_never_read_as_markup() -> None:
    blocks = [
        Heading(1, HOSTILE),
        Paragraph("p", [Sentence("s", HOSTILE)]),
        Table("t", HOSTILE, [Column("a", HOSTILE, "text")], [[Cell("text", HOSTILE)]], notes=[HOSTILE]),
        Heading(0, HOSTILE),
    ]
    same: dict[str, Any] = {
        "title": HOSTILE,
        "issuer": HOSTILE,
        "audit": HOSTILE,
        "watermark": HOSTILE,
        "date": HOSTILE,
    }
    paper = opened(a_document(blocks=blocks, **same))
    clean = "<w:p>&amp; \" ' ]]> \ufffd \ufffd\ufffd 第二行"
    assert legal(HOSTILE) == clean
    assert [[cell.text for cell in row.cells] for row in paper.tables[0].rows] == [[clean], [clean]]
    assert lines_of(paper, "Heading 1") == [f"一、{clean}"]
    assert lines_of(paper, "Body Text")[0] == clean


ANYTHING = st.text(st.characters(), max_size=60)


@settings(max_examples=15)
@given(ANYTHING, ANYTHING, st.lists(st.lists(ANYTHING, min_size=2, max_size=2), max_size=4), st.integers(0, 2))
def test_no_text_can_make_it_fail(one: str, other: str, rows: list[list[str]], level: int) -> None:
    columns = [Column("a", one, "text"), Column("b", other, "count")]
    table = Table("t", one, columns, [[Cell("text", text) for text in row] for row in rows])
    blocks = [Heading(level, one), Paragraph("p", [Sentence("s", other)]), table, Table("none", "", [], [])]
    paper = opened(a_document(blocks=blocks, title=one, issuer=other, watermark=one, audit=other, number=one))
    assert [[cell.text for cell in row.cells] for row in paper.tables[0].rows[1:]] == [
        [legal(text) for text in row] for row in rows
    ]


def test_a_wide_table_lies_across_the_page_with_its_heading_and_the_rest_stands() -> None:
    wide = Table(
        "wide",
        "情况",
        [Column("n", "单位", "text"), *(Column(f"{n}", f"指标{n}", "count") for n in range(12))],
        [[Cell("text", "城市管理办（市政环卫园林）"), *(Cell("count", f"{100000 + n}") for n in range(12))]],
    )
    before, after = Paragraph("a", [Sentence("s", "在前。")]), Paragraph("b", [Sentence("s", "在后。")])
    paper = opened(a_document(blocks=[Heading(1, "前"), before, Heading(1, "横"), wide, Heading(1, "后"), after]))
    turned = [section.orientation == WD_ORIENT.LANDSCAPE for section in paper.sections]
    assert turned == [False, True, False]
    assert round(paper.sections[1].page_width.mm) == 297
    inside = [
        [block.text if hasattr(block, "text") else "table" for block in section.iter_inner_content()]
        for section in paper.sections
    ]
    assert [("二、横" in texts, "table" in texts, "在前。" in texts, "在后。" in texts) for texts in inside] == [
        (False, False, True, False),
        (True, True, False, False),
        (False, False, False, True),
    ]
