"""A form filled with a period's figures: a document whose every number is found at a path in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from xixi_workflow.core import periods
from xixi_workflow.core.document import (
    Audience,
    Block,
    Document,
    Heading,
    Language,
    Paragraph,
    Provenance,
    Sentence,
    Source,
)
from xixi_workflow.core.figures import Figures, Group
from xixi_workflow.core.forms import appendix as form_appendix
from xixi_workflow.core.forms import print as form_print
from xixi_workflow.core.forms import text as form_text
from xixi_workflow.core.forms.conditions import Scope, compile_condition
from xixi_workflow.core.forms.paths import View
from xixi_workflow.core.forms.rows import Setting, compile_rows
from xixi_workflow.core.forms.schema import BlockShape, EachShape, FormFile, SentenceShape, TextShape, Wording
from xixi_workflow.core.forms.tables import compile_chart, compile_table, fill_chart, fill_table
from xixi_workflow.core.frozen import Change, Edit


class FormError(ValueError):
    """The form is not for what was asked; why, in both languages (`str` is English)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def fill(  # noqa: PLR0913 - each is asked for by name
    form: FormFile,
    figures: Figures,
    *,
    language: Language,
    audience: Audience,
    provenance: Provenance,
    team: str = "",
    edits: Mapping[str, Edit] | None = None,
    corrections: Sequence[Change] = (),
    dated: datetime | None = None,
) -> Document:
    """The document that `form` makes of `figures`.

    `figures` are those that the `audience` may see (`public.hide`), and `corrections` what changed in them since the
    version before. `edits` are by the key of their sentence; one of a sentence that is not said is passed over, and one
    without text leaves the draft. `dated`: when the report was frozen, for the day under the title; that
    of the export where it is left out. Raises `FormError`: the form is about a team and none is named or it has no
    figures, is not for this audience, or not for this kind of period.
    """
    group = _suits(form, figures, team, audience)
    view = View(figures, language == "zh", group, form_print.period(figures.period, language))
    filling = _Filling(form, Setting(view, language, audience), edits or {})
    setting = filling.setting
    day = (dated or provenance.exported_at).astimezone(setting.zone).date()
    return Document(
        language,
        audience,
        setting.say(figures.city_zh, figures.city_en),
        "",
        filling.plain(form.title),
        filling.plain(form.subtitle) if form.subtitle else "",
        form_print.day(day, language),
        [
            *form_appendix.corrections(corrections, provenance, setting),
            *_without_bare_headings(list(filling.blocks())),
            *form_appendix.definitions(provenance, setting),
        ],
        provenance,
        form_appendix.audit(provenance, setting),
        form_appendix.watermark(provenance, setting),
    )


def _suits(form: FormFile, figures: Figures, team: str, audience: Audience) -> Group | None:
    """The group that a form about a team is about. Raises `FormError`."""
    if audience not in form.audiences:
        readers = {"internal": ("内部", "internal use"), "public": ("公开", "the public")}
        zh, en = readers[audience]
        raise FormError(f"“{form.zh}”不作{zh}用", f"{form.en} is not for {en}")
    if periods.kind_of(figures.period) != form.period:
        kinds = {"month": ("一个月", "a month"), "week": ("一周", "a week")}
        zh, en = kinds[form.period]
        raise FormError(
            f"“{form.zh}”是{zh}的报表，{figures.period} 不是", f"{form.en} is about {en}, and {figures.period} is none"
        )
    if form.scope != "team":
        return None
    if not team:
        raise FormError(f"“{form.zh}”只报一个单位，请指定单位", f"{form.en} is about one team: name it")
    group = next((one for one in figures.teams if one.code == team), None)
    if group is None:
        raise FormError(f"{figures.period} 没有单位“{team}”的数字", f"no figures of team {team!r} in {figures.period}")
    return group


class _Filling:
    def __init__(self, form: FormFile, setting: Setting, edits: Mapping[str, Edit]) -> None:
        self.form, self.setting, self.edits = form, setting, edits
        self.team = form.scope == "team"
        self.scope = Scope(None, self.team, None)

    def plain(self, wording: Wording) -> str:
        """A title or heading; nothing where a figure in it does not exist."""
        parts = form_text.compile_text(self.setting.word(wording), self.scope)
        filled = form_text.fill_text(parts, self.setting.source)
        return filled[0] if filled else ""

    def blocks(self) -> Iterator[Block]:
        for shape in self.form.blocks:
            if self.setting.audience not in shape.audiences:
                continue
            if not self.setting.holds(compile_condition(shape.when, self.scope)):
                continue
            found = self._block(shape)
            if found is not None:
                yield found

    def _block(self, shape: BlockShape) -> Block | None:
        if shape.heading:
            return Heading(shape.heading.level, self.plain(shape.heading))
        if shape.text:
            return self._paragraph(shape.text)
        if shape.table:
            return fill_table(shape.table, compile_table(shape.table, team=self.team), self.setting)
        if shape.chart:
            return fill_chart(shape.chart, compile_chart(shape.chart, team=self.team), self.setting)
        return None

    def _paragraph(self, shape: TextShape) -> Paragraph | None:
        said = [(one, self._sentence(one)) for one in shape.sentences if self.setting.audience in one.audiences]
        kept = [found for one, found in said if found and not one.otherwise]
        if not kept:
            kept = [found for one, found in said if found and one.otherwise]
        return Paragraph(shape.key, kept) if kept else None

    def _sentence(self, shape: SentenceShape) -> Sentence | None:
        setting = self.setting
        if not setting.holds(compile_condition(shape.when, self.scope)):
            return None
        listed = self._each(shape.each) if shape.each else None
        if shape.each and listed is None:
            return None

        def show(slot: form_text.Slot) -> tuple[str, list[Source]] | None:
            return setting.source(slot) if slot.value else listed

        parts = form_text.compile_text(setting.word(shape), self.scope, lists=shape.each is not None)
        filled = form_text.fill_text(parts, show)
        if filled is None:
            return None
        draft, sources = filled
        edit = self.edits.get(shape.key)
        if edit is None or edit.text in ("", draft):
            return Sentence(shape.key, draft, sources)
        kept = [source for source in sources if source.text in edit.text]
        return Sentence(shape.key, edit.text, kept, draft, edit.by, edit.at)

    def _each(self, shape: EachShape) -> tuple[str, list[Source]] | None:
        """The rows of a list, one after the other; None without any."""
        rows = compile_rows(shape, team=self.team)
        parts = form_text.compile_text(self.setting.word(shape), Scope(rows.row, self.team, None))
        texts, sources = [], list[Source]()
        for row in self.setting.rows(rows):
            filled = form_text.fill_text(parts, lambda slot, row=row: self.setting.source(slot, row))  # type: ignore[misc]
            if filled is not None:
                texts.append(filled[0])
                sources += filled[1]
        between = self.setting.say("、", ", ") if shape.joined == "words" else self.setting.say("；", "; ")
        return (between.join(texts), sources) if texts else None


def _without_bare_headings(blocks: list[Block]) -> list[Block]:
    """Without headings that have nothing beneath them."""
    kept: list[Block] = []
    for block in reversed(blocks):
        if isinstance(block, Heading):
            after = kept[-1] if kept else None
            if after is None or (isinstance(after, Heading) and (after.level or 1) <= (block.level or 1)):
                continue
        kept.append(block)
    return kept[::-1]
