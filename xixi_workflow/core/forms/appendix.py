"""What every document has besides its form: what was corrected, how it is counted, what it was made of, who took it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from xixi_workflow.core.document import NONE, Block, Cell, Column, Heading, Provenance, Table
from xixi_workflow.core.forms import print as form_print
from xixi_workflow.core.forms.rows import Setting
from xixi_workflow.core.frozen import Change

#: Corrected figures that are listed; one changed petition moves many.
LISTED: Final = 40


def corrections(found: Sequence[Change], provenance: Provenance, setting: Setting) -> Iterator[Block]:
    """更正说明, at the front of a corrected report."""
    if provenance.version < 2:
        return
    say = setting.say
    columns = [
        Column("figure", say("项目", "Figure"), "text"),
        Column("before", say("更正前", "Before"), "text"),
        Column("after", say("更正后", "Now"), "text"),
    ]
    rows = [[Cell("text", say(one.zh, one.en)), _text(one.before), _text(one.after)] for one in found[:LISTED]] or [
        [Cell("text", say("所列数字无变化", "No figure that is shown here changed")), _text(""), _text("")]
    ]
    n = provenance.version
    notes = [say(f"本版为第{n}版，此前各版同时作废。", f"This is version {n}; it replaces those before it.")]
    if len(found) > LISTED:
        notes.append(
            say(
                f"共有{len(found):,}项数字变动，此处列出前{LISTED}项。",
                f"{len(found):,} figures changed; the first {LISTED} are listed here.",
            )
        )
    yield Table("corrections", say("更正说明", "Corrections"), columns, rows, notes=notes)


def _text(said: str) -> Cell:
    return Cell("text", said) if said else Cell("none", NONE)


def definitions(provenance: Provenance, setting: Setting) -> Iterator[Block]:
    """口径说明 and what the figures were made of."""
    figures, say = setting.view.figures, setting.say
    zh = setting.view.zh
    yield Heading(0, say("口径说明", "Definitions"))
    rows = [
        [
            Cell("text", one.zh if zh else one.en),
            Cell("text", one.formula_zh if zh else one.formula_en),
            Cell("text", one.counts_in_zh if zh else one.counts_in_en),
        ]
        for one in figures.definitions
    ]
    columns = [
        Column("indicator", say("指标", "Indicator"), "text"),
        Column("formula", say("公式", "Formula"), "text"),
        Column("counts_in", say("计入时间", "Counted"), "text"),
    ]
    notes = [remark[0] if zh else remark[1] for remark in figures.remarks]
    yield Table("definitions", say("指标口径", "Indicators"), columns, rows, notes=notes)
    yield _made_of(provenance, setting)


def _made_of(provenance: Provenance, setting: Setting) -> Table:
    say, zone = setting.say, setting.zone
    figures = setting.view.figures
    version = (
        say(f"第{provenance.version}版", f"version {provenance.version}")
        if provenance.version
        else say("草稿（数字尚可变动）", "draft (figures may still change)")
    )
    start, end = (form_print.instant(at, zone) for at in (figures.start, figures.end))
    lines = [
        (say("统计时段", "Period"), say(f"{start} 至 {end}（不含）", f"{start} up to {end}")),
        (say("截止时间", "Cut-off"), form_print.instant(figures.cut_off, zone)),
        (say("数据版本", "Version"), version),
        (say("数据摘要", "Digest of the figures"), provenance.figures),
        (say("规则摘要", "Digest of the policy"), provenance.policy),
        (say("日志封存号", "Seal of the journal"), str(provenance.seal)),
        (say("日志根", "Root of the journal"), provenance.root),
        *([(say("报告摘要", "Digest of the report"), provenance.report)] if provenance.report else []),
    ]
    return Table(
        "made_of",
        say("数据来源", "Made of"),
        [Column("item", say("项目", "Item"), "text"), Column("value", say("内容", "Content"), "text")],
        [[Cell("text", item), Cell("text", value)] for item, value in lines],
    )


def audit(provenance: Provenance, setting: Setting) -> str:
    """Who took the document and when."""
    at = form_print.instant(provenance.exported_at, setting.zone)
    said = setting.say(f"导出：{provenance.exported_by}　{at}", f"Exported by {provenance.exported_by}, {at}")
    if setting.audience == "public":
        return said
    return setting.say(f"内部资料　{said}", f"Internal. {said}")


def watermark(provenance: Provenance, setting: Setting) -> str:
    """Across every page: of an internal document who took it, of a draft that it is one."""
    at = form_print.instant(provenance.exported_at, setting.zone)
    draft = "" if provenance.version else setting.say("草稿", "DRAFT")
    if setting.audience == "public":
        return draft
    said = setting.say(f"内部资料 {provenance.exported_by} {at}", f"INTERNAL {provenance.exported_by} {at}")
    return f"{draft} {said}" if draft else said
