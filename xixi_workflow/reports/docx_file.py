"""A document as docx, to be edited: styles with real heading levels, real tables, the page of an office (`office`).

Fonts are named, not enclosed: 方正小标宋, 仿宋, 楷体 and 黑体 as GB/T 9704 asks, Times New Roman for Latin letters; a
machine without them shows its own. The provenance is the description (`dc:description` in docProps/core.xml, 备注 in
Word): of the core properties the one that Word lets be longer than 255 characters.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_BREAK, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as Line

from xixi_workflow.core.document import Chart, Document, Enclosed, Heading, Paragraph, Table
from xixi_workflow.reports import charts, docx_parts, office
from xixi_workflow.reports.docx_parts import FANGSONG, HEITI, KAITI, TITLE, Look, indented, legal, set_in
from xixi_workflow.reports.drawing import POINTS, width_of
from xixi_workflow.reports.office import SIZE_2, SIZE_4, SMALL_5, Annex, Fit, Part

#: 3 号 as Word has it, and what English text is set in; points.
_SIZE: Final = {"zh": 16.0, "en": 11.5}
_RED: Final = "C8161D"
#: The reader's fonts are not ours: a seventh more room keeps numbers on their lines.
_AIR: Final = 1.14


def write(document: Document, enclosed: Enclosed) -> bytes:
    """The file's bytes; the same for the same document. Nothing of `enclosed` goes into it."""
    sheet = _Sheet(document)
    sheet.fill()
    plain = io.BytesIO()
    sheet.paper.save(plain)
    return _dated(plain.getvalue(), document.provenance.exported_at)


class _Sheet:
    """The file while it is written, from its first line to its last."""

    def __init__(self, document: Document) -> None:
        self.paper = docx.Document()
        self._document = document
        self._zh = document.language == "zh"
        self._size = _SIZE[document.language]
        self._across = False
        self._between = Pt(office.PITCH if self._zh else 17.5)

    def fill(self) -> None:
        """Everything."""
        document = self._document
        self._styles()
        self._properties()
        self._page(self.paper.sections[0], across=False)
        laid = office.laid(document)
        if document.number or document.audience == "internal":
            self._head()
        self._title(document.title, "Title")
        if document.subtitle:
            self._line(document.subtitle, "Subtitle")
        self._parts(laid.parts)
        if self._across:
            self._page(self.paper.add_section(), across=False)
            self._across = False
        self._sign([annex.title for annex in laid.annexes])
        for annex in laid.annexes:
            self._parts(annex.parts, annex)

    # ------------------------------------------------------------ what is set once

    def _styles(self) -> None:
        styles = self.paper.styles
        size = self._size

        def style(name: str, *, under: str = "Normal") -> Any:
            if name not in [known.name for known in styles]:
                made = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
                made.base_style = styles[under]
            return styles[name]

        normal = style("Normal")
        set_in(normal, FANGSONG, size)
        self._spaced(normal, None)
        language = normal.element.get_or_add_rPr().makeelement(
            qn("w:lang"), {qn("w:val"): "zh-CN" if self._zh else "en-GB", qn("w:eastAsia"): "zh-CN"}
        )
        normal.element.get_or_add_rPr().append(language)
        for name, faces, points, bold in (
            ("Heading 1", HEITI, size if self._zh else 14, False),
            ("Heading 2", KAITI, size if self._zh else 12, True),
            ("Body Text", FANGSONG, size, False),
        ):
            made = style(name)
            set_in(made, faces, points, bold=bold)
            self._spaced(made, self._between, before=0 if self._zh or name == "Body Text" else 8)
            indented(made, first=2 if self._zh else 0, size=points)
            made.paragraph_format.keep_with_next = name != "Body Text"
        style("Body Text").paragraph_format.alignment = ALIGN.JUSTIFY
        for name, faces, points in (
            ("Title", TITLE, SIZE_2),
            ("Annex Title", TITLE, SIZE_2),
            ("Subtitle", KAITI, SIZE_4),
        ):
            made = style(name)
            set_in(made, faces, points)
            self._spaced(made, Pt(34 if points == SIZE_2 else 26), after=10)
            for own in ("w:pBdr", "w:contextualSpacing"):
                for element in made.element.get_or_add_pPr().findall(qn(own)):
                    made.element.pPr.remove(element)
            made.paragraph_format.alignment = ALIGN.CENTER
        # An annex is a section of its own to whoever moves about by headings.
        level = style("Annex Title").element.get_or_add_pPr().makeelement(qn("w:outlineLvl"), {qn("w:val"): "0"})
        style("Annex Title").element.pPr.append(level)
        for name, faces, points, align in (
            ("Caption", HEITI, 10.5, ALIGN.CENTER),
            ("Table Text", FANGSONG, 10.5, ALIGN.LEFT),
            ("Table Note", FANGSONG, SMALL_5, ALIGN.LEFT),
            ("Picture", FANGSONG, 10.5, ALIGN.CENTER),
            ("Annex", HEITI, size, ALIGN.LEFT),
            ("Footer", HEITI, 7.5, ALIGN.LEFT),
        ):
            made = style(name)
            set_in(made, faces, points, colour="5F6770" if name == "Footer" else "000000")
            self._spaced(
                made, None, before={"Caption": 8, "Picture": 8}.get(name, 0), after=6 if name == "Caption" else 0
            )
            made.paragraph_format.alignment = align
        docx_parts.tight(style("Table Text"))

    def _spaced(self, style: Any, between: Pt | None, *, before: float = 0, after: float = 0) -> None:
        """From line to line exactly `between`, so that 22 lines fill a page; None: as the type asks, for pictures."""
        layout = style.paragraph_format
        layout.space_before, layout.space_after = Pt(before), Pt(after)
        if between is None:
            layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
        else:
            layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, between

    def _properties(self) -> None:
        document, known = self._document, self.paper.core_properties
        known.title, known.author = legal(document.title)[:255], legal(document.issuer)[:255]
        known.subject = legal(document.subtitle or document.number)[:255]
        known.last_modified_by = legal(document.provenance.exported_by)[:255]
        known.language = "zh-CN" if self._zh else "en-GB"
        known.created = known.modified = document.provenance.exported_at
        # The library refuses more than 255 characters here; Word and the standard do not.
        known.comments = ""
        known._element.find(qn("dc:description")).text = document.provenance.line
        package = self.paper.part.package
        for name, relation in list(package.rels.items()):
            if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
                # The template's own picture, of an empty page.
                del package.rels[name]
        self.paper.settings.odd_and_even_pages_header_footer = True

    # ------------------------------------------------------------ pages

    def _page(self, section: Section, *, across: bool) -> None:
        """Paper, margins, watermark and page numbers of a section: right on odd pages, left on even ones."""
        width, height = office.PAGE
        edges = (office.ABOVE, office.OUTER, office.BELOW, office.BINDING)
        if across:
            width, height = height, width
            edges = (office.BINDING, office.ABOVE, office.OUTER, office.BELOW)
        section.orientation = WD_ORIENT.LANDSCAPE if across else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Mm(width), Mm(height)
        section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = map(Mm, edges)
        section.header_distance, section.footer_distance = Mm(15), Mm(edges[2] - 13)
        room = Mm(width - edges[1] - edges[3])
        number = len(self.paper.sections)
        for k, (footer, header) in enumerate(
            ((section.footer, section.header), (section.even_page_footer, section.even_page_header))
        ):
            footer.is_linked_to_previous = header.is_linked_to_previous = False
            line = footer.paragraphs[0]
            line.style = self.paper.styles["Footer"]
            # The template's own tab stops are those of a letter.
            line.style.paragraph_format.tab_stops.clear_all()
            line.paragraph_format.tab_stops.add_tab_stop(room, WD_TAB_ALIGNMENT.RIGHT)
            if k == 0:
                line.add_run(legal(self._document.audit) + "\t")
                docx_parts.page_number(line)
            else:
                docx_parts.page_number(line)
                line.add_run("\t" + legal(self._document.audit))
            if self._document.watermark:
                docx_parts.watermark(header.paragraphs[0], self._document.watermark, id_=str(2048 + 2 * number + k))

    # ------------------------------------------------------------ lines

    def _line(self, text: str, style: str) -> Line:
        return self.paper.add_paragraph(legal(text), style)

    def _head(self) -> None:
        """版头: the issuer in red over a red rule, its number between them."""
        size = min(36.0, 36.0 * 425 / max(1.0, width_of(self._document.issuer, 36)))
        line = self._line("", "Title")
        run = line.add_run(legal(self._document.issuer))
        run.font.size, run.font.color.rgb = Pt(size), RGBColor.from_string(_RED)
        line.paragraph_format.line_spacing = Pt(size * 1.5)
        if self._document.number:
            line = self._line(self._document.number, "Body Text")
            line.alignment = ALIGN.CENTER
            indented(line, size=self._size)
        docx_parts.ruled(line, _RED, 14)
        line.paragraph_format.space_after = Pt(24)

    def _title(self, title: str, style: str) -> None:
        line = self._line("", style)
        for n, part in enumerate(office.title_lines(legal(title), office.TEXT[0], SIZE_2)):
            run = line.add_run()
            if n:
                run.add_break(WD_BREAK.LINE)
            run.add_text(part)

    def _sign(self, annexes: list[str]) -> None:
        """The list of annexes, the issuer and the day: the date four characters from the right, the issuer over it."""
        words = office.WORDS[self._document.language]
        # A signature alone on a page belongs to no text.
        for before in self.paper.paragraphs[-1:]:
            before.paragraph_format.keep_with_next = True
        for n, title in enumerate(annexes):
            text = f"{n + 1}. {title}" if len(annexes) > 1 else title
            line = self._line(words["annexes"] + text if n == 0 else text, "Body Text")
            line.paragraph_format.keep_with_next = True
            if n == 0:
                line.paragraph_format.space_before = self._between
            elif self._zh:
                indented(line, first=5, size=self._size)
        day, name = (width_of(text, 1) for text in (self._document.date, self._document.issuer))
        for n, (text, right) in enumerate(
            ((self._document.issuer, max(1.0, 4 - (name - day) / 2)), (self._document.date, 4.0))
        ):
            line = self._line(text, "Body Text")
            line.alignment = ALIGN.RIGHT
            indented(line, right=right, size=self._size)
            line.paragraph_format.keep_with_next = n == 0
            if n == 0:
                line.paragraph_format.space_before = self._between * 2

    # ------------------------------------------------------------ blocks

    def _parts(self, parts: Iterable[Part], annex: Annex | None = None) -> None:
        """Wide tables get pages that lie across, with the headings right over them; an annex begins a page."""
        waiting: list[Part] = []
        for part in [*parts, None]:
            if part is not None and isinstance(part.block, Heading):
                waiting.append(part)
                continue
            fit = office.fit(part.block, air=_AIR) if part is not None and isinstance(part.block, Table) else None
            turn = fit is not None and fit.across
            # What is left when the blocks are over stays on the page that it is on.
            turned = turn != self._across and not (part is None and not waiting and annex is None)
            if turned:
                self._page(self.paper.add_section(), across=turn)
                self._across = turn
            if annex:
                label = self._line(annex.label, "Annex")
                # A new section has begun a page already, and some readers would begin another.
                label.paragraph_format.page_break_before = not turned
                self._title(annex.title, "Annex Title")
                annex = None
            for heading in waiting:
                assert isinstance(heading.block, Heading)
                self._line(heading.mark + heading.block.text, f"Heading {min(heading.block.level, 2)}")
            waiting = []
            if part is not None:
                self._block(part, fit)

    def _block(self, part: Part, fit: Fit | None) -> None:
        match part.block:
            case Paragraph(sentences=sentences):
                self._line(("" if self._zh else " ").join(s.text for s in sentences), "Body Text")
            case Chart() as chart:
                self._chart(chart, part.caption)
            case Table() as table if fit is not None:
                self._table(table, part.caption, fit)

    def _chart(self, chart: Chart, caption: str) -> None:
        line = self._line("", "Picture")
        line.paragraph_format.keep_with_next = bool(caption)
        drawn = charts.png(chart, self._document.language, clear=True)
        picture = line.add_run().add_picture(io.BytesIO(drawn), width=Pt(charts.WIDTH_MM * POINTS))
        picture._inline.docPr.set("descr", legal(chart.title))
        for side in ("distT", "distB", "distL", "distR"):
            # Left out, LibreOffice takes three millimetres for them and the picture leaves the page's text.
            picture._inline.set(side, "0")
        if caption:
            self._line(caption, "Caption").paragraph_format.space_after = Pt(12)

    def _table(self, table: Table, caption: str, fit: Fit) -> None:
        if caption:
            self._line(caption, "Caption").paragraph_format.keep_with_next = True
        columns = [
            Look(column.title, fit.widths[k], column.kind != "text", office.apart(table, k))
            for k, column in enumerate(table.columns)
        ]
        made = docx_parts.table(
            columns,
            ([cell.text for cell in row] for row in table.rows),
            size=fit.size,
            total=table.total,
            title=table.title,
        )
        # Before the page's own settings, which stand last in the body.
        self.paper.element.body.insert_element_before(made, "w:sectPr")
        note = office.WORDS[self._document.language]["note"]
        for n, text in enumerate(table.notes or [""]):
            # Two tables with nothing between them would become one.
            line = self._line((note if n == 0 and text else "") + text, "Table Note")
            if not text:
                # As low as can be, lest it begin an empty page.
                line.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
                line.paragraph_format.line_spacing = Pt(1)


def _dated(plain: bytes, at: datetime) -> bytes:
    """The archive again, with `at` as the time of every member instead of the machine's."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            member = zipfile.ZipInfo(name, at.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(member, before.read(name))
    return made.getvalue()
