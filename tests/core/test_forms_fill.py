"""The shipped forms filled with all sorts of months: what every document made of a form has to keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.a_month import a_month
from tests.core.spoilt import SHIPPED
from xixi_workflow.core.document import (
    HIDDEN,
    NONE,
    Audience,
    Cell,
    Chart,
    Document,
    Heading,
    Language,
    Paragraph,
    Provenance,
    Sentence,
    Table,
)
from xixi_workflow.core.figures import WITHHELD, Figures, digest
from xixi_workflow.core.forms.fill import FormError, fill
from xixi_workflow.core.forms.schema import FormFile
from xixi_workflow.core.frozen import Change, Edit
from xixi_workflow.core.kpi import Rate
from xixi_workflow.core.public import hide

AT = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
MONTH = a_month(400, seed=7, before=380)
FORMS = SHIPPED.forms
_DIGIT = re.compile(r"[0-9]")


def provenance(figures: Figures, **changes: Any) -> Provenance:
    made = Provenance(
        figures.period, 1, "monthly", "", "zh", "internal", digest(figures), figures.policy, 77, "c" * 64, "d" * 64,
        figures.cut_off, "clerk", AT,
    )  # fmt: skip
    return replace(made, **changes)


def filled(
    form: str | FormFile = "monthly",
    figures: Figures = MONTH,
    language: Language = "zh",
    audience: Audience = "internal",
    team: str = "",
    **more: Any,
) -> Document:
    shape = FORMS[form] if isinstance(form, str) else form
    made = more.pop("provenance", provenance(figures, language=language, audience=audience, team=team))
    return fill(shape, figures, language=language, audience=audience, team=team, provenance=made, **more)


def sentences(document: Document) -> Iterator[Sentence]:
    for block in document.blocks:
        if isinstance(block, Paragraph):
            yield from block.sentences


def tables(document: Document) -> dict[str, Table]:
    return {block.key: block for block in document.blocks if isinstance(block, Table)}


def cells(document: Document) -> Iterator[Cell]:
    for table in tables(document).values():
        for row in table.rows:
            yield from row


def said(document: Document, key: str) -> str:
    return next(sentence.text for sentence in sentences(document) if sentence.key == key)


# --- whatever the month was -----------------------------------------------------------------------------------------


def a_week_of(figures: Figures) -> Figures:
    return replace(figures, period="2026-W41")


def hidden(figures: Figures, *, every: int) -> Figures:
    """As the public sees them, as far as a form can tell: each `every`th count and rate is withheld."""
    n = 0

    def veil(counts: dict[str, int]) -> dict[str, int]:
        nonlocal n
        shown = {}
        for name, count in counts.items():
            n += 1
            shown[name] = WITHHELD if n % every == 0 and count else count
        return shown

    def veil_rates(rates: dict[str, Rate]) -> dict[str, Rate]:
        nonlocal n
        shown = {}
        for name, rate in rates.items():
            n += 1
            shown[name] = Rate(Decimal(WITHHELD), WITHHELD, None) if n % every == 0 else rate
        return shown

    def groups(found: list[Any]) -> list[Any]:
        return [replace(g, counts=veil(g.counts), rates=veil_rates(g.rates)) for g in found]

    whole = figures.overview
    return replace(
        figures,
        overview=replace(whole, counts=veil(whole.counts), rates=veil_rates(whole.rates)),
        teams=groups(figures.teams),
        communities=groups(figures.communities),
        sources=groups(figures.sources),
        category_groups=groups(figures.category_groups),
        breaches=replace(figures.breaches, overdue=[]),
    )


MONTHS = st.builds(
    a_month,
    st.sampled_from([0, 1, 2, 3, 12, 60]),
    seed=st.integers(0, 10_000),
    before=st.sampled_from([0, 1, 40]),
)


@settings(max_examples=40, deadline=None)
@given(MONTHS, st.sampled_from(get_args(Language)), st.sampled_from(get_args(Audience)), st.integers(1, 5))
def test_any_month_fills_every_form_in_every_language_for_every_audience(
    figures: Figures, language: Language, audience: Audience, every: int
) -> None:
    seen = figures if audience == "internal" else hidden(figures, every=every)
    documents = [filled("monthly", seen, language, audience), filled("weekly", a_week_of(seen), language, audience)]
    if audience == "internal":
        documents += [filled("team", seen, language, team=team.code) for team in seen.teams if team.code]
    for document in documents:
        every_number_of_a_sentence_has_a_source(document)
        its_tables_foot(document)
        nothing_is_left_of_the_form(document)
        assert {"definitions", "made_of"} <= tables(document).keys()
        if audience == "public":
            nothing_leads_to_petitions(document)


def every_number_of_a_sentence_has_a_source(document: Document) -> None:
    for sentence in sentences(document):
        rest = sentence.text
        assert rest
        assert NONE not in rest and HIDDEN not in rest  # noqa: PT018 - neither is ever said
        for source in sentence.sources:
            before, found, rest = rest.partition(source.text)
            assert found, (sentence.key, sentence.text, source)
            assert not _DIGIT.search(before), (sentence.key, sentence.text, source)
        assert not _DIGIT.search(rest), (sentence.key, sentence.text)


def its_tables_foot(document: Document) -> None:
    for table in tables(document).values():
        assert all(len(row) == len(table.columns) for row in table.rows)
        if not table.total:
            continue
        *rows, last = table.rows
        for n, column in enumerate(table.columns):
            counts = [row[n] for row in rows]
            if column.kind != "count" or column.key == "n" or any(c.kind != "count" for c in (*counts, last[n])):
                continue
            assert sum(int(c.number or 0) for c in counts) == last[n].number, (table.key, column.key)


@pytest.mark.parametrize("form", ["monthly", "weekly"])
def test_what_the_public_is_not_told_is_never_printed_as_nought(form: str) -> None:
    whole = replace(MONTH, period="2026-W41") if form == "weekly" else MONTH
    told = filled(form, hide(whole), audience="public")
    its_tables_foot(told)
    inside = tables(filled(form, whole))
    for key, table in tables(told).items():
        columns = {column.title: n for n, column in enumerate(inside[key].columns)}
        rows = {row[0].text: row for row in inside[key].rows}
        for row in table.rows:
            for n, column in enumerate(table.columns):
                if row[n].kind == "count" and row[0].text in rows and column.title in columns:
                    assert row[n] == replace(rows[row[0].text][columns[column.title]], behind=None), (key, column)


def nothing_is_left_of_the_form(document: Document) -> None:
    texts = [document.title, document.subtitle, document.date, document.audit, document.watermark]
    texts += [sentence.text for sentence in sentences(document)] + [cell.text for cell in cells(document)]
    for text in texts:
        assert not re.search(r"[{}\[\]]|None|Decimal", text), text


def nothing_leads_to_petitions(document: Document) -> None:
    assert all(cell.behind is None for cell in cells(document))
    assert all(source.behind is None for sentence in sentences(document) for source in sentence.sources)
    assert not any(cell.kind == "code" for cell in cells(document))


def test_a_number_in_a_table_is_the_one_that_is_printed() -> None:
    for cell in cells(filled()):
        if cell.kind == "count":
            assert cell.text == f"{cell.number:,}"
        elif cell.kind == "rate":
            assert cell.text.startswith(f"{cell.number:.2f}%")
        elif cell.kind in ("none", "hidden"):
            assert (cell.text, cell.number) == ({"none": NONE, "hidden": HIDDEN}[cell.kind], None)


def test_a_month_without_petitions_says_so_and_has_no_bare_heading() -> None:
    document = filled("monthly", a_month(0, before=0))
    assert said(document, "filed") == "本月共受理诉求0件，日均0件。"
    # Of nothing there is no rate, and no median to tell.
    assert not {"response", "closure", "solved", "satisfaction"} & {one.key for one in sentences(document)}
    for n, block in enumerate(document.blocks):
        if isinstance(block, Heading):
            after = document.blocks[n + 1]
            assert not isinstance(after, Heading) or (after.level or 1) > (block.level or 1)
    assert not any(isinstance(block, Chart) for block in document.blocks)


# --- what is said, and to whom --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "本月共受理诉求400件，日均12.90件，环比上升5.26%。"),
        ("en", "Petitions filed this month: 400, 12.90 a day, up 5.26% on last month."),
    ],
)
def test_a_part_in_brackets_is_said_where_its_figure_exists(language: Language, text: str) -> None:
    assert said(filled(language=language), "filed") == text


def test_of_a_week_it_says_week() -> None:
    assert said(filled("weekly", a_week_of(MONTH)), "filed").startswith("本周受理诉求400件")
    assert filled("weekly", a_week_of(MONTH)).subtitle == "2026年第41周（10月5日至11日）"
    assert filled("weekly", a_week_of(MONTH), "en").subtitle == "Week 41 of 2026 (5 to 11 October)"


def test_the_public_is_told_of_no_black_list_no_rank_and_no_single_petition() -> None:
    internal, public = (filled(audience=audience) for audience in ("internal", "public"))
    withheld = {"ranks", "overdue", "returns", "levels"} & tables(internal).keys()
    assert {"ranks", "levels"} <= withheld
    assert not withheld & tables(public).keys()
    told = {sentence.key for sentence in sentences(public)}
    assert not told & {"red", "black", "below", "dissatisfied_teams", "no_problem"}
    assert {"filed", "closure"} <= told


def test_what_is_withheld_from_the_public_is_not_said_and_leads_to_nobody() -> None:
    whole = MONTH.overview
    counts = {**whole.counts, "filed": WITHHELD}
    public = filled(figures=replace(MONTH, overview=replace(whole, counts=counts)), audience="public")
    told = {sentence.key for sentence in sentences(public)}
    assert "filed" not in told
    assert "closure" in told
    assert tables(public)["communities"].rows[-1][1].text == HIDDEN
    nothing_leads_to_petitions(public)


def test_no_team_with_fewer_cases_than_the_ranking_asks_for_is_named_among_the_problems() -> None:
    strict = replace(MONTH, ranking=replace(MONTH.ranking, minimum=100_000, rows=[
        replace(row, rank=None) for row in MONTH.ranking.rows
    ]))  # fmt: skip
    keys = {sentence.key for sentence in sentences(filled(figures=strict))}
    assert not keys & {"below", "dissatisfied_teams"}


def test_a_team_that_is_named_for_its_rate_has_its_numbers_beside_it() -> None:
    for seed in range(40):
        named = next((s for s in sentences(filled(figures=a_month(300, seed))) if s.key == "below"), None)
        if named:
            rates = [source.text for source in named.sources if "teams[" in source.path]
            assert rates
            assert all(re.fullmatch(r"[0-9.]+%（[0-9,]+/[0-9,]+）", text) for text in rates)
            return
    raise AssertionError("no month had a team below the whole")


def test_the_sentence_for_nothing_else_stands_alone() -> None:
    calm = {sentence.key: sentence for sentence in sentences(filled(figures=a_month(0, before=0)))}
    assert calm["no_problem"].text == "本月各项指标平稳，未见明显异常。"
    assert "no_problem" not in {sentence.key for sentence in sentences(filled())}


def test_a_figure_in_a_sentence_leads_to_its_petitions() -> None:
    filed = next(sentence for sentence in sentences(filled()) if sentence.key == "filed")
    source = filed.sources[0]
    assert (source.path, source.text) == ("overview.counts.filed", "400")
    assert source.behind is not None
    assert source.behind.names == ("filed",)


# --- edits and corrections ------------------------------------------------------------------------------------------


def test_an_edit_stands_in_the_place_of_the_draft_which_is_kept() -> None:
    draft = said(filled(), "filed")
    document = filled(edits={"filed": Edit("filed", 1, draft, "受理400件，总体平稳。", "clerk", AT)})
    edited = next(sentence for sentence in sentences(document) if sentence.key == "filed")
    assert (edited.text, edited.draft) == ("受理400件，总体平稳。", draft)
    assert (edited.edited_by, edited.edited_at) == ("clerk", AT)
    assert [source.text for source in edited.sources] == ["400"]


def test_an_edit_without_text_is_the_draft_again_and_one_of_nothing_said_is_passed_over() -> None:
    plain = filled()
    edits = {key: Edit(key, 1, "", "", "clerk", AT) for key in ("filed", "no_problem", "no_such_sentence")}
    edits["no_such_sentence"] = Edit("no_such_sentence", 1, "", "谁也没说过", "clerk", AT)
    assert filled(edits=edits) == plain


def test_a_correction_begins_with_what_changed() -> None:
    changes = [Change("overview.counts.filed", "受理", "Filed", "399", "400"), Change("x", "退单", "Returned", "", "1")]
    document = filled(corrections=changes, provenance=provenance(MONTH, version=2))
    first = document.blocks[0]
    assert isinstance(first, Table)
    assert [[cell.text for cell in row] for row in first.rows] == [["受理", "399", "400"], ["退单", NONE, "1"]]
    assert first.notes == ["本版为第2版，此前各版同时作废。"]
    assert "corrections" not in tables(filled())


def test_of_very_many_corrections_the_first_are_listed_and_all_are_counted() -> None:
    changes = [Change(str(n), f"甲{n}", f"A{n}", "1", "2") for n in range(1234)]
    table = tables(filled(corrections=changes, provenance=provenance(MONTH, version=3)))["corrections"]
    assert len(table.rows) == 40
    assert table.notes[-1] == "共有1,234项数字变动，此处列出前40项。"


# --- around it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "audience", "version", "audit", "watermark"),
    [
        ("zh", "internal", 1, "内部资料　导出：clerk　2026-11-02 09:30", "内部资料 clerk 2026-11-02 09:30"),
        ("en", "internal", 1, "Internal. Exported by clerk, 2026-11-02 09:30", "INTERNAL clerk 2026-11-02 09:30"),
        ("zh", "internal", 0, "内部资料　导出：clerk　2026-11-02 09:30", "草稿 内部资料 clerk 2026-11-02 09:30"),
        ("zh", "public", 1, "导出：clerk　2026-11-02 09:30", ""),
        ("zh", "public", 0, "导出：clerk　2026-11-02 09:30", "草稿"),
    ],
)
def test_who_took_it_and_when_stands_on_it(
    language: Language, audience: Audience, version: int, audit: str, watermark: str
) -> None:
    made = provenance(MONTH, language=language, audience=audience, version=version)
    document = filled(language=language, audience=audience, provenance=made)
    assert (document.audit, document.watermark) == (audit, watermark)


def test_a_draft_says_that_its_figures_may_change() -> None:
    def version(n: int) -> list[str]:
        rows = tables(filled(provenance=provenance(MONTH, version=n)))["made_of"].rows
        return [row[1].text for row in rows if row[0].text == "数据版本"]

    assert (version(0), version(2)) == (["草稿（数字尚可变动）"], ["第2版"])


def test_the_day_under_the_title_is_that_of_the_freeze() -> None:
    assert filled().date == "2026年11月2日"
    assert filled(dated=datetime(2026, 10, 31, 16, 30, tzinfo=UTC)).date == "2026年11月1日"
    assert filled(language="en", dated=datetime(2026, 10, 31, 16, 30, tzinfo=UTC)).date == "1 November 2026"


def test_every_definition_and_every_remark_is_in_the_appendix() -> None:
    for form, figures, team in (("monthly", MONTH, ""), ("weekly", a_week_of(MONTH), ""), ("team", MONTH, "urban")):
        table = tables(filled(form, figures, team=team))["definitions"]
        assert [row[0].text for row in table.rows] == [one.zh for one in MONTH.definitions]
        assert table.notes == [zh for zh, _ in MONTH.remarks]


def test_the_same_is_made_of_the_same() -> None:
    assert filled() == filled()


@pytest.mark.parametrize(
    ("form", "changes", "message"),
    [
        ("team", {}, "about one team: name it"),
        ("team", {"team": "nobody"}, "no figures of team 'nobody' in 2026-10"),
        ("team", {"team": "urban", "audience": "public"}, "not for the public"),
        ("weekly", {}, "about a week, and 2026-10 is none"),
        ("monthly", {"figures": a_week_of(MONTH)}, "about a month, and 2026-W41 is none"),
    ],
)
def test_what_a_form_is_not_for_is_refused_in_words(form: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormError, match=re.escape(message)) as caught:
        filled(form, **changes)
    assert caught.value.zh != caught.value.en
