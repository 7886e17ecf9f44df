"""The petitions behind a page's figures: as its columns hold them, and as a browser shows them where there is one."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.a_month import a_month
from tests.reports.a_document import FACTS, a_document, count
from tests.reports.html_reader import FIGURES, data_of, digest_of, opened, read
from xixi_workflow.core.behind import Behind, Fact, GroupKind, halves, select, tells
from xixi_workflow.core.document import (
    Cell,
    Column,
    Enclosed,
    Table,
)
from xixi_workflow.reports.html import write
from xixi_workflow.reports.html_facts import Index, script_json

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
