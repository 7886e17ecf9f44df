"""The page is read back with a parser, and opened in a browser where the machine has one."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import subprocess
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.a_month import a_month
from tests.reports.a_document import EXPORTED_AT, FACTS, PROVENANCE, a_document, count
from xixi_workflow.adapters import report_files
from xixi_workflow.core.behind import Behind, Fact, GroupKind, halves, select, tells
from xixi_workflow.core.document import (
    Cell,
    Chart,
    Column,
    Document,
    Enclosed,
    Heading,
    Paragraph,
    Sentence,
    Source,
    Table,
)
from xixi_workflow.reports.html import write
from xixi_workflow.reports.html_facts import Index, script_json

FIGURES = msgspec.structs.replace(a_month(3), categories=[])
ENCLOSED = Enclosed(FIGURES, FACTS)
NOBODY = Enclosed(FIGURES, [])
HOSTILE = "</script></style>--><script>alert(1)</script><!-- <b onclick=x()>\"' & \x00\x1b"
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


def digest_of(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


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


# --- the petitions --------------------------------------------------------------------------------------------------

_NAMES = ("filed", "closure.on_time", "closure.late", "returned", "dispatched", "repeat", "rated.dissatisfied")
_CODES = st.sampled_from(["", "a", "b"])
_facts = st.lists(
    st.builds(
        Fact, st.integers(20261001000001, 20261001000009), st.sampled_from(_NAMES), st.none() | _CODES,
        st.none() | _CODES, st.none() | _CODES, st.none() | _CODES, st.integers(1, 3),
    ),
    max_size=40,
)  # fmt: skip
_behinds = st.builds(
    Behind, st.sampled_from(get_args(GroupKind)[1:]), st.sampled_from(["", "a", "b", "G"]),
    st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True).map(tuple),
)  # fmt: skip
_figures = _behinds | st.just(Behind("all", "", ("filed", "returned")))
PARENTS = {"a": "G", "b": "G"}


def listed(data: dict[str, Any], figure: int) -> list[int]:
    """What the script shows of a figure without parts, said once more."""
    kind, code, whole, *_ = data["figures"][figure]
    signs = {abs(term) - 1: 1 if term > 0 else -1 for term in whole}
    found: Counter[int] = Counter()
    number = 0
    bit = {"category": 1, "group": 1, "community": 2, "source": 4}.get(kind, 0)
    for step, place, profile in zip(data["numbers"], data["place"], data["profile"], strict=True):
        number += step
        category, community, source = data["places"][place]
        inside = {
            "category": data["categories"][category],
            "group": data["groups"][category],
            "community": data["communities"][community],
            "source": data["sources"][source],
        }
        flat = data["profiles"][profile]
        for name, team, n, told in zip(*(flat[k::4] for k in range(4)), strict=True):
            in_team = team >= 0 and data["teams"][team] == code
            if kind == "all" or (in_team if kind == "team" else inside[kind] == code and told & bit):
                found[number] += n * signs.get(name, 0)
    return sorted((+found).elements())


@given(_facts, st.lists(_figures, min_size=1, max_size=4, unique=True))
def test_the_embedded_columns_hold_the_petitions_of_every_figure(facts: list[Fact], behinds: list[Behind]) -> None:
    index = Index(behinds, facts, PARENTS)
    numbers = [index.number(behind) for behind in behinds]
    data = json.loads(script_json(index.packed()))
    for behind, number in zip(behinds, numbers, strict=True):
        if number is not None:
            assert listed(data, number) == select(facts, behind, PARENTS)
        else:
            assert index.limited


def test_of_too_many_petitions_only_those_that_tell_are_enclosed_and_the_page_says_so() -> None:
    closure = ("closure.on_time", "closure.late")
    table = Table(
        "t", "", [Column("n", "n", "count")],
        [
            [count(12, Behind("all", "", ("filed",)))],
            [count(10, Behind("all", "", closure, ("closure.on_time",)))],
            [count(1, Behind("all", "", ("closure.late",)))],
            [count(1, Behind("all", "", closure, ("closure.late",)))],
            [count(0, Behind("all", "", ("filed",), ("returned",)))],
        ],
    )  # fmt: skip
    document = a_document(blocks=[table])
    for facts, most in ((FACTS, 5), ([fact for fact in FACTS if tells(fact.name)], 60_000)):
        page = read(document, Enclosed(FIGURES, facts), most=most)
        led = [bool(cell.find("a")) for cell in page.find("td")]
        assert led == [False, True, True, True, True]
        assert f"{most:,}" in page.find("p", "hint")[0].text
        data = data_of(page)
        assert data["figures"] == [
            ["all", "", [1], None, 1],
            ["all", "", [1], None, 0],
            ["all", "", None, [1], 0],
            ["all", "", None, [], 0],
        ]
        assert data["numbers"] == [20261001000010]
    assert "件，本页仅附" not in read(document).find("p", "hint")[0].text


def test_a_teams_card_holds_no_other_teams_petitions() -> None:
    table = Table("t", "", [Column("n", "n", "count")], [[count(2, Behind("team", "police", ("closure.on_time",)))]])
    data = data_of(read(a_document(blocks=[table])))
    assert (data["numbers"], data["teams"]) == ([20261001000011], ["police"])


def test_a_petition_costs_few_bytes() -> None:
    dice = random.Random(4)
    facts = []
    for n in range(3000):
        where = (dice.choice("abcdefgh"), f"C{dice.randrange(40)}", f"社区{dice.randrange(12)}", dice.choice("xyz"))
        number = 20261001000001 + n // 100 * 1_000_000 + n % 100
        facts.append(Fact(number, "filed", None, *where[1:]))
        facts += [Fact(number, f"{clock}.{dice.choice(['on_time'] * 9 + ['late'])}", *where) for clock in "pqrs"]
    behinds = [Behind("all", "", (name,)) for name in {fact.name for fact in facts}]
    index = Index(behinds, facts, {})
    assert all(index.number(behind) is not None for behind in behinds)
    assert len(script_json(index.packed())) < 20 * 3000


# --- in a browser ---------------------------------------------------------------------------------------------------

_BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
MORE = [
    Fact(20261001000001, "channel.web", None, None, None, None),
    Fact(20261001000001, "repeat", None, "noise", "甲社区", None),
    Fact(20261001000002, "dispatched", "urban", "noise", "甲社区", "qr"),
    Fact(20261001000002, "dispatched", "police", "noise", "甲社区", "qr"),
    Fact(20261001000003, "returned", "urban", "noise", "甲社区", "qr"),
    Fact(20261002000003, "filed", None, "lamp", "乙社区", "visit"),
]
_CLICKS = """
const shown = [...document.querySelectorAll("td [data-behind]")].map((figure) => {
  figure.click();
  const panel = document.getElementById("panel");
  const found = [...panel.querySelectorAll("section")].map((part) => (part.querySelector("pre") || part).textContent);
  const asked = [panel.open, panel.querySelector("[data-about]").textContent, found];
  panel.querySelector("[data-close]").click();
  return [...asked, panel.open];
});
document.title = JSON.stringify(shown);
"""


@pytest.mark.skipif(not _BROWSER, reason="no browser on this machine")
def test_a_click_on_a_figure_lists_its_petitions(tmp_path: Path) -> None:
    table = Table(
        "kinds",
        "",
        [Column("name", "n", "text"), Column("n", "n", "count")],
        [
            [Cell("text", f"{behind}"), count(1, behind)]
            for behind in (
                Behind("category", "noise", ("filed",)),
                Behind("category", "", ("channel.web",)),
                Behind("group", "city", ("filed", "dispatched")),
                Behind("community", "甲社区", ("filed",)),
                Behind("source", "qr", ("repeat", "filed")),
                Behind("team", "police", ("closure.on_time",)),
                Behind("team", "", ("filed",)),
                Behind("all", "", ("dispatched",), ("returned",)),
                Behind("all", "", ("filed",), ("filed", "-1*closure.on_time")),
            )
        ],
    )
    blocks = [*a_document().blocks, table]
    document = a_document(blocks=blocks)
    facts = [*FACTS, *MORE]
    noise = msgspec.structs.replace(a_month(30).categories[0], code="noise", parent="city")
    page = write(document, Enclosed(msgspec.structs.replace(FIGURES, categories=[noise]), facts)).decode()
    # The page's own rule stays in force, so our script runs because its digest is right; the test's is allowed too.
    page = page.replace("script-src '", f"script-src 'sha256-{digest_of(_CLICKS)}' '", 1)
    page = page.replace("</body>", f"<script>{_CLICKS}</script></body>")
    path = tmp_path / "page.html"
    path.write_text(page, "utf-8")
    asked = [_BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    done = subprocess.run(
        [*asked, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    shown = json.loads(opened(done.stdout.encode()).page.find("title")[0].text)
    cells = [
        (row[0].text, column.title, cell.behind)
        for table in document.blocks
        if isinstance(table, Table)
        for row in table.rows
        for column, cell in zip(table.columns, row, strict=True)
        if cell.behind
    ]
    assert len(shown) == len(cells) == 15
    for (name, title, behind), (opened_, about, lists, closed) in zip(cells, shown, strict=True):
        assert (opened_, about, closed) == (True, f"{name} · {title}", False)
        if not behind.part:
            expected = [select(facts, behind, {"noise": "city"})]
        else:
            parts = halves(facts, behind, {"noise": "city"})
            expected = [parts.numerator, parts.rest]
        assert [sorted(petitions(text)) for text in lists] == expected


def petitions(text: str) -> Iterator[int]:
    for line in text.split("\n"):
        number, _, n = line.partition(" ×")
        if number.isdigit():
            yield from [int(number)] * int(n or 1)


def test_the_day_of_an_edit_is_the_citys() -> None:
    late = datetime(2026, 10, 31, 17, 30, tzinfo=UTC)
    said = Sentence("s", "改后", [], "原稿", "clerk", late)
    page = read(a_document(blocks=[Paragraph("p", [said])]))
    assert "2026-11-01 01:30" in page.find("details", "edits")[0].text
