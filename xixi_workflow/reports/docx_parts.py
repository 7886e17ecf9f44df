"""Pieces of a docx that python-docx has no words for, as XML (ISO/IEC 29500): tables, fields, watermarks, fonts.

Tables are written as one piece each: cell by cell through the library a list of 2,000 rows would take a minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

#: What XML 1.0 cannot hold, even escaped.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MARKUP: Final = nsdecls("w") + (
    ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)


class Faces(NamedTuple):
    """A font for Latin letters and one for Chinese ones."""

    latin: str
    chinese: str


FANGSONG: Final = Faces("Times New Roman", "仿宋_GB2312")
KAITI: Final = Faces("Times New Roman", "楷体_GB2312")
HEITI: Final = Faces("Arial", "黑体")
#: What titles are set in: 小标宋, heavy by itself.
TITLE: Final = Faces("Times New Roman", "方正小标宋简体")


def legal(text: str) -> str:
    """`text` without line ends, and with U+FFFD for what XML cannot hold."""
    return _ILLEGAL.sub("\ufffd", " ".join(text.splitlines()))


def set_in(style: ParagraphStyle, faces: Faces, size: float, *, bold: bool = False, colour: str = "000000") -> None:
    """Gives the style its fonts and size (points); the theme's fonts, which would win, are taken out."""
    style.font.size = Pt(size)
    style.font.bold = bold
    style.font.italic = False
    style.font.color.rgb = RGBColor.from_string(colour)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for name, face in zip(("ascii", "hAnsi", "cs", "eastAsia"), (*(faces.latin,) * 3, faces.chinese), strict=True):
        fonts.set(qn(f"w:{name}"), face)


def indented(paragraph: ParagraphStyle | Paragraph, *, first: float = 0, right: float = 0, size: float) -> None:
    """Indents by characters, which Word and WPS keep when the type is changed; `size` for whoever knows only points."""
    properties = paragraph._element.get_or_add_pPr()
    for old in properties.findall(qn("w:ind")):
        properties.remove(old)
    mark = properties.get_or_add_ind()
    for name, characters in (("firstLine", first), ("right", right)):
        if characters:
            mark.set(qn(f"w:{name}Chars"), str(round(characters * 100)))
            mark.set(qn(f"w:{name}"), str(round(characters * size * 20)))


def tight(style: ParagraphStyle) -> None:
    """No air between Chinese and Latin letters: in a narrow column "24小时" would become two lines."""
    properties = style.element.get_or_add_pPr()
    for name in ("autoSpaceDE", "autoSpaceDN"):
        properties.insert_element_before(
            parse_xml(f'<w:{name} {_MARKUP} w:val="0"/>'), "w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing",
            "w:ind", "w:contextualSpacing", "w:mirrorIndents", "w:suppressOverlap", "w:jc", "w:outlineLvl",
        )  # fmt: skip


def ruled(paragraph: Paragraph, colour: str, eighths: int) -> None:
    """A rule below the paragraph, `eighths` of a point thick."""
    border = f'<w:pBdr {_MARKUP}><w:bottom w:val="single" w:sz="{eighths}" w:space="6" w:color="{colour}"/></w:pBdr>'
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(
        parse_xml(border), "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap", "w:overflowPunct",
        "w:topLinePunct", "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing",
        "w:ind", "w:contextualSpacing", "w:mirrorIndents", "w:suppressOverlap", "w:jc", "w:textDirection",
        "w:textAlignment", "w:textboxTightWrap", "w:outlineLvl", "w:divId", "w:cnfStyle", "w:rPr", "w:sectPr",
    )  # fmt: skip


def page_number(paragraph: Paragraph) -> None:
    """Appends "— n —", 4 号, n being the page's number."""
    size = (
        f'<w:rPr><w:rFonts w:ascii="{FANGSONG.latin}" w:hAnsi="{FANGSONG.latin}" w:eastAsia="宋体"/>'
        '<w:color w:val="000000"/><w:sz w:val="28"/><w:szCs w:val="28"/></w:rPr>'
    )
    for piece in (
        f'<w:r {_MARKUP}>{size}<w:t xml:space="preserve">— </w:t></w:r>',
        f'<w:fldSimple {_MARKUP} w:instr=" PAGE "><w:r>{size}<w:t>1</w:t></w:r></w:fldSimple>',
        f'<w:r {_MARKUP}>{size}<w:t xml:space="preserve"> —</w:t></w:r>',
    ):
        paragraph._p.append(parse_xml(piece))


def watermark(paragraph: Paragraph, text: str, *, id_: str) -> None:
    """Lays `text` across the page, light grey, behind everything: the shape that Word's own watermarks are."""
    high = 70
    wide = min(430, high * max(2, len(text.encode("gb18030", "replace")) // 2))
    style = (
        f"position:absolute;margin-left:0;margin-top:0;width:{wide}pt;height:{high * wide // max(wide, 430)}pt;"
        "rotation:330;z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        "mso-position-vertical:center;mso-position-vertical-relative:margin"
    )
    shape = (
        f"<w:r {_MARKUP}><w:rPr><w:noProof/></w:rPr><w:pict>"
        '<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>'
        '<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>'
        '<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/><v:f eqn="mid @5 @6"/>'
        '<v:f eqn="mid @8 @5"/><v:f eqn="mid @7 @8"/><v:f eqn="mid @6 @7"/><v:f eqn="sum @6 0 @5"/></v:formulas>'
        '<v:path textpathok="t" o:connecttype="custom" '
        'o:connectlocs="@9,0;@10,10800;@11,21600;@12,10800" o:connectangles="270,180,90,0"/>'
        '<v:textpath on="t" fitshape="t"/></v:shapetype>'
        f"<v:shape id={quoteattr('PowerPlusWaterMarkObject' + id_)} o:spid={quoteattr('_x0000_s' + id_)} "
        f'type="#_x0000_t136" style="{style}" o:allowincell="f" fillcolor="#e4e4e4" stroked="f">'
        f"<v:textpath style=\"font-family:'黑体';font-size:1pt\" string={quoteattr(legal(text))}/></v:shape>"
        "</w:pict></w:r>"
    )
    paragraph._p.append(parse_xml(shape))


class Look(NamedTuple):
    """How the cells of a column stand."""

    title: str
    width: float
    right: bool
    #: Words after numbers, that need more room before them.
    apart: bool


def table(columns: list[Look], rows: Iterable[list[str]], *, size: float, total: bool, title: str) -> BaseOxmlElement:
    """A table between two rules, its head repeated on each page and its rows kept whole; `size` in points.

    `title` is its alternative text.
    """
    said = list(rows)
    grid = "".join(f'<w:gridCol w:w="{round(c.width * 20)}"/>' for c in columns)
    lines = [_row([c.title for c in columns], columns, size, kind="head")]
    for n, row in enumerate(said, start=1):
        lines.append(_row(row, columns, size, kind="total" if total and n == len(said) else ""))
    wide = round(sum(c.width for c in columns) * 20)
    return parse_xml(
        f'<w:tbl {_MARKUP}><w:tblPr><w:tblW w:w="{wide}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>'
        '<w:top w:val="single" w:sz="12" w:space="0" w:color="000000"/>'
        '<w:bottom w:val="single" w:sz="12" w:space="0" w:color="000000"/>'
        '<w:insideH w:val="single" w:sz="4" w:space="0" w:color="C8C8C8"/></w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="50" w:type="dxa"/><w:left w:w="80" w:type="dxa"/>'
        '<w:bottom w:w="50" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar>'
        f"<w:tblDescription w:val={quoteattr(legal(title))}/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
        f"{''.join(lines)}</w:tbl>"
    )


def _row(texts: list[str], columns: list[Look], size: float, *, kind: str) -> str:
    head = '<w:tblHeader w:val="1"/>' if kind == "head" else ""
    heavy = kind in ("head", "total")
    fonts = f'<w:rFonts w:ascii="{HEITI.latin}" w:hAnsi="{HEITI.latin}" w:eastAsia="{HEITI.chinese}"/>' if heavy else ""
    look = f'<w:rPr>{fonts}<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/></w:rPr>'
    side = "bottom" if kind == "head" else "top"
    rule = f'<w:tcBorders><w:{side} w:val="single" w:sz="6" w:space="0" w:color="000000"/></w:tcBorders>'
    gap = '<w:tcMar><w:left w:w="280" w:type="dxa"/></w:tcMar>'
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{round(column.width * 20)}" w:type="dxa"/>{rule if heavy else ""}'
        f'{gap if column.apart else ""}<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="TableText"/>'
        f'<w:jc w:val="{"right" if column.right else "left"}"/></w:pPr>'
        f'<w:r>{look}<w:t xml:space="preserve">{escape(legal(text))}</w:t></w:r></w:p></w:tc>'
        for text, column in zip(texts, columns, strict=True)
    )
    return f'<w:tr><w:trPr><w:cantSplit w:val="1"/>{head}</w:trPr>{cells}</w:tr>'
