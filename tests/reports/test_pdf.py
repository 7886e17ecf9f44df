"""The PDF is read back: everything the document says stands in it, on the page of an office, in fonts of its own."""

import io
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest
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
    Series,
    Table,
    provenance_of,
)
from xixi_workflow.reports import fonts, office, pdf
from xixi_workflow.reports.drawing import width_of

#: A writer of pages takes nothing from what is enclosed.
NOTHING: Enclosed = Enclosed(None, FACTS)  # type: ignore[arg-type]
HOSTILE = '#eval("x") $ * _ @x \\ <b> `y` [z] {w} // c /* d */ = h -- "q" \'r\' ~ https://a.b'


def reader_of(document: Document) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf.write(document, NOTHING)))


def pages_of(document: Document) -> list[str]:
    """Each page's text without blanks."""
    return [folded(page.extract_text()) for page in reader_of(document).pages]


def folded(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


def everything_said(document: Document) -> Iterator[str]:
    yield from (document.issuer, document.title, document.date, document.audit)
    for block in document.blocks:
        match block:
            case Heading(text=text):
                yield text
            case Paragraph(sentences=sentences):
                yield from (sentence.text for sentence in sentences)
            case Chart(title=title, labels=labels):
                yield from (title, labels[-1], *(s.name for s in block.series if len(block.series) > 1))
            case Table():
                yield block.title
                yield from (column.title for column in block.columns)
                yield from (cell.text for row in block.rows for cell in row)
                yield from block.notes


@pytest.mark.parametrize("audience", ["internal", "public"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_that_the_document_says_can_be_read_in_it(language: Any, audience: Any) -> None:
    document = a_document(language, audience)
    whole = "".join(pages_of(document))
    assert [text for text in everything_said(document) if folded(text) not in whole] == []


def test_each_page_has_its_number_the_audit_line_and_the_watermark() -> None:
    document = a_document()
    pages = pages_of(document)
    assert len(pages) > 2
    for n, page in enumerate(pages, start=1):
        assert f"—{n}—" in page
        assert folded(document.audit) in page
        assert page.count(folded(document.watermark)) >= 3


def test_the_public_gets_no_watermark_and_no_red_head() -> None:
    public, internal = ("".join(pages_of(a_document(audience=who))) for who in ("public", "internal"))
    assert "内部资料clerk" not in public
    assert (public.count("杭州市西湖区西溪街道"), internal.count("杭州市西湖区西溪街道")) == (1, 2)
    numbered = "".join(pages_of(a_document(audience="public", number="西街〔2026〕1号")))
    assert numbered.startswith("杭州市西湖区西溪街道西街〔2026〕1号")


def test_sections_tables_figures_and_annexes_are_numbered() -> None:
    whole = "".join(pages_of(a_document()))
    for mark in ("一、总体情况", "二、办理情况", "（一）各单位", "表1各单位办结情况", "图5受理时段", "附件：口径说明"):
        assert mark in whole
    english = "".join(pages_of(a_document("en")))
    for mark in ("1.Overview", "2.1Teams", "Table1.Closurebyteam", "Figure5.Hoursoffiling", "Annexes:Definitions"):
        assert mark in english


def test_the_annex_begins_a_page_of_its_own_after_the_date() -> None:
    pages = pages_of(a_document())
    assert "2026年11月1日" in pages[-2]
    assert "附件口径说明" in pages[-1]


def test_the_same_document_makes_the_same_bytes() -> None:
    assert pdf.write(a_document(), NOTHING) == pdf.write(a_document(), NOTHING)
    assert pdf.write(a_document(), NOTHING) != pdf.write(a_document(date="2026年11月2日"), NOTHING)


def test_the_provenance_is_read_back_from_the_keywords() -> None:
    facts = reader_of(a_document()).metadata
    assert facts is not None
    assert provenance_of(str(facts["/Keywords"])) == PROVENANCE
    assert (facts.title, facts.author) == ("2026年10月诉求办理情况通报", "杭州市西湖区西溪街道")
    assert facts.creation_date == facts.modification_date == PROVENANCE.exported_at


def test_it_can_be_archived_and_read_aloud() -> None:
    reader = reader_of(a_document())
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "zh-CN"
    about = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in about
    assert "<pdfuaid:part>1</pdfuaid:part>" in about
    assert [item.title for item in reader.outline if not isinstance(item, list)] == [
        "一、总体情况",
        "二、办理情况",
        "口径说明",
    ]


def test_all_fonts_are_ours_and_embedded() -> None:
    found: dict[str, bool] = {}
    for page in reader_of(a_document()).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            described = inner["/FontDescriptor"].get_object()
            found[inner["/BaseFont"].split("+")[-1]] = "/FontFile3" in described or "/FontFile2" in described
    assert found
    assert all(found.values())
    assert {name.split("-")[0] for name in found} == {"NotoSansSC", "NotoSerifSC"}


def test_the_fonts_have_every_letter_of_the_sample_and_of_rare_names() -> None:
    said = "".join(
        [*everything_said(a_document()), *everything_said(a_document("en")), "喆堃玥镕昇珺璟䶮—＊≥〔〕％℃㎡"]
    )
    assert {letter for letter in said if ord(letter) not in fonts.covered()} == set()
    assert fonts.printable(said) == (said, set())


def test_a_letter_that_no_font_has_is_marked_and_named() -> None:
    whole = "".join(pages_of(a_document(subtitle="张😀\ue000\x07\ud800䶮")))
    assert "张〓〓〓〓䶮" in whole
    assert "“〓”表示字体未收录的字：U+0007U+D800U+E000U+1F600" in whole
    assert "〓" not in "".join(pages_of(a_document(subtitle="䶮")))


def test_text_is_never_read_as_markup() -> None:
    blocks = [
        Heading(1, HOSTILE),
        Paragraph("p", [Sentence("s", HOSTILE)]),
        Table("t", HOSTILE, [Column("a", HOSTILE, "text")], [[Cell("text", HOSTILE)]], notes=[HOSTILE]),
        Chart("c", HOSTILE, "bar", ["a", "b"], [Series("s", [1, 2])], "x"),
        Heading(0, HOSTILE),
    ]
    same: dict[str, Any] = {"title": HOSTILE, "issuer": HOSTILE, "subtitle": HOSTILE, "audit": HOSTILE, "date": HOSTILE}
    reader = reader_of(a_document(blocks=blocks, **same))
    whole = "".join(folded(page.extract_text()) for page in reader.pages)
    # The title, the list of annexes and every block; the audit line on every page.
    assert whole.count(folded(HOSTILE)) >= 12
    assert reader.metadata is not None
    assert reader.metadata.title == HOSTILE


ANYTHING = st.text(st.characters(), max_size=60)


@settings(max_examples=40)
@given(ANYTHING, ANYTHING, st.lists(st.lists(ANYTHING, min_size=2, max_size=2), max_size=4), st.integers(0, 2))
def test_no_text_can_make_it_fail(one: str, other: str, rows: list[list[str]], level: int) -> None:
    blocks = [
        Heading(level, one),
        Paragraph("p", [Sentence("s", other)] if other else []),
        Table(
            "t",
            one,
            [Column("a", one, "text"), Column("b", other, "count")],
            [[Cell("text", t) for t in r] for r in rows],
        ),
        Chart("c", other, "line", [one], [Series(other, [1])], one[:5]),
        Table("none", "", [], []),
        Heading(2, other),
    ]
    reader = reader_of(a_document(blocks=blocks, title=one, issuer=other, watermark=one, audit=other, number=one))
    assert len(reader.pages) >= 1


def a_long_table(rows: int) -> Table:
    columns = [Column("no", "工单号", "code"), Column("who", "承办单位", "text"), Column("n", "用时", "span")]
    return Table(
        "long",
        "超时工单",
        columns,
        [
            [Cell("code", f"20261001{n:06}"), Cell("text", f"单位{n}{'字' * 120}末"), Cell("span", f"{n}分")]
            for n in range(rows)
        ],
    )


def test_the_head_of_a_long_table_is_repeated_and_no_row_is_parted() -> None:
    pages = [page for page in pages_of(a_document(blocks=[a_long_table(60)])) if "20261001" in page]
    assert len(pages) > 2
    for page in pages:
        assert "工单号承办单位用时" in page
        assert page.count("字") == 120 * page.count("20261001")
        assert page.count("20261001") == page.count("末") == page.count("分")


def test_a_cell_longer_than_a_page_is_not_lost() -> None:
    long = "".join(f"第{n}句，" for n in range(700))
    table = Table(
        "t", "", [Column("a", "原因", "text"), Column("b", "次", "count")], [[Cell("text", long), Cell("count", "1")]]
    )
    pages = pages_of(a_document(blocks=[table]))
    whole = "".join(pages)
    assert whole.count("句") == 700
    # A page may end within one of them.
    assert sum(f"第{n}句" not in whole for n in range(700)) < len(pages)
    assert len(pages) > 2


def a_wide_table(columns: int) -> Table:
    return Table(
        "wide",
        "各单位情况",
        [Column("name", "承办单位", "text"), *(Column(f"c{n}", f"指标{n}", "count") for n in range(columns))],
        [[Cell("text", "城市管理办（市政环卫园林）"), *(Cell("count", f"{100000 + n}") for n in range(columns))]],
    )


def test_a_table_too_wide_for_the_page_lies_across_it_with_its_heading() -> None:
    document = a_document(
        blocks=[
            Heading(1, "前文"),
            Paragraph("q", [Sentence("s", "在前。")]),
            Heading(1, "横排"),
            a_wide_table(12),
            Paragraph("p", [Sentence("s", "后文")]),
        ]
    )
    reader = reader_of(document)
    texts = [folded(page.extract_text()) for page in reader.pages]
    across = [n for n, page in enumerate(reader.pages) if page.mediabox.width > page.mediabox.height]
    assert len(across) == 1
    here = texts[across[0]]
    assert "二、横排" in here
    assert all(f"{100000 + n}" in here for n in range(12))
    assert "前" not in here
    assert "后文" not in here
    assert f"—{across[0] + 1}—" in here


@pytest.mark.parametrize("columns", [1, 5, 8, 12, 16, 24])
def test_the_columns_of_a_table_fill_the_page_and_keep_numbers_whole(columns: int) -> None:
    table = a_wide_table(columns)
    fit = office.fit(table)
    assert sum(fit.widths) <= office.TEXT[fit.across] + 0.01
    assert sum(fit.widths) == pytest.approx(office.TEXT[fit.across], rel=0.01)
    assert all(width >= width_of("100000", fit.size) for width in fit.widths[1:])
    assert fit.across == (columns >= 12)


@given(st.text(st.sampled_from("杭州市西湖区西溪街道关于年月的情况通报，。（）2026ABC "), min_size=1, max_size=70))
def test_a_title_is_broken_without_losing_a_letter_or_parting_a_number(title: str) -> None:
    lines = office.title_lines(title, 440, 22)
    assert "".join("".join(lines).split()) == "".join(title.split())
    for line, following in itertools.pairwise(lines):
        assert following[:1] not in "，。）"
        assert not (line[-1:].isascii() and following[:1].isascii() and line[-1:].isalnum() and following[:1].isalnum())


def test_the_lines_of_a_long_title_are_of_like_length() -> None:
    lines = office.title_lines("杭州市西湖区西溪街道关于2026年10月民呼我为诉求办理及时率与满意率情况的通报", 440, 22)
    assert lines == ["杭州市西湖区西溪街道关于2026年10月", "民呼我为诉求办理及时率与满意率情况的通报"]


@pytest.mark.parametrize(("n", "said"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (35, "三十五")])
def test_sections_are_counted_in_chinese(n: int, said: str) -> None:
    assert office.in_chinese(n) == said


def test_the_head_of_a_narrow_column_is_broken_in_its_middle() -> None:
    assert office.title_lines("超时办结", 31, 10.5, ends=" ") == ["超时", "办结"]
