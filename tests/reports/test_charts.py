"""Charts: what is drawn is what the numbers say, alike on every machine."""

import itertools
import os
import subprocess
import sys
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.a_document import a_document
from xixi_workflow.core.document import NONE, Chart, ChartKind, Series
from xixi_workflow.reports import charts, drawing
from xixi_workflow.reports.drawing import COLOURS, POINTS, Sheet, width_of
from xixi_workflow.reports.scales import steps_between

KINDS: tuple[ChartKind, ...] = get_args(ChartKind)
SAMPLES = {block.key: block for block in a_document().blocks if isinstance(block, Chart)}
TEAMS = ["城市管理办（市政环卫园林）", "派出所", "市场监督管理所", "应急消防管理站", "综合行政执法中队"]


def said(sheet: Sheet) -> list[str]:
    return [mark["text"] for mark in sheet.marks if "text" in mark]


def surfaces(sheet: Sheet) -> list[dict[str, Any]]:
    return [mark for mark in sheet.marks if mark.get("closed")]


@pytest.mark.parametrize("key", SAMPLES)
def test_an_svg_stands_alone_in_any_page(key: str) -> None:
    made = charts.svg(SAMPLES[key], "zh")
    root = ET.fromstring(made)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root[0].text == SAMPLES[key].title
    assert float(root.get("width", "").removesuffix("pt")) == pytest.approx(156 * POINTS, abs=0.1)
    # Letters are outlines: a machine without Chinese fonts shows them too; and nothing is loaded from elsewhere.
    assert root.findall(".//{http://www.w3.org/2000/svg}text") == []
    links = [value for tag in root.iter() for name, value in tag.items() if name.endswith("href")]
    assert links
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("key", SAMPLES)
def test_a_png_is_as_wide_as_the_text_of_a_page(key: str) -> None:
    made = charts.png(SAMPLES[key], "zh", dpi=200)
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(made[16:20], "big") == pytest.approx(156 / 25.4 * 200, abs=2)


def test_a_title_cannot_break_out_of_its_svg() -> None:
    root = ET.fromstring(charts.svg(Chart("x", "<script>&", "bar", ["a"], [Series("b", [1])]), "en"))
    assert root[0].text == "<script>&"


ELSEWHERE = """
import sys
from hashlib import sha256
from tests.reports.a_document import a_document
from xixi_workflow.core.document import Chart
from xixi_workflow.reports import charts
made = [block for block in a_document().blocks if isinstance(block, Chart)]
whole = b"".join(charts.svg(chart, "zh").encode() + charts.png(chart, "zh") for chart in made)
sys.stdout.write(sha256(whole).hexdigest())
"""


def test_another_process_with_no_home_draws_the_same_bytes(tmp_path: Path) -> None:
    here = b"".join(charts.svg(chart, "zh").encode() + charts.png(chart, "zh") for chart in SAMPLES.values())
    root = Path(__file__).parent.parent.parent
    nowhere = str(tmp_path / "nowhere")
    environment = {"HOME": nowhere, "XDG_CACHE_HOME": nowhere, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert told.stdout == sha256(here).hexdigest()
    assert not Path(nowhere).exists()


def test_a_gap_in_a_line_stays_a_gap_and_the_last_figure_is_written() -> None:
    values: list[Decimal | int | None] = [None, 5, 7, None, 9, None, 3, 4, None]
    sheet = charts.layout(Chart("x", "", "line", [f"{n}" for n in range(9)], [Series("a", values)]))
    lines = [mark for mark in sheet.marks if mark.get("width") == 1.4]
    assert [len(line["points"]) for line in lines] == [2, 2]
    assert len(surfaces(sheet)) == 5
    assert "4" in said(sheet)


def test_of_thirteen_months_the_last_is_always_named() -> None:
    assert {"2026-10", "12", "11"} <= set(said(charts.layout(SAMPLES["trend"])))


def test_last_figures_that_are_alike_do_not_lie_on_each_other() -> None:
    series = [Series(f"{n}", [90, Decimal("99.17") + n]) for n in range(3)]
    sheet = charts.layout(Chart("x", "", "line", ["a", "b"], series, "%"))
    places = sorted(mark["y"] for mark in sheet.marks if str(mark.get("text", "")).endswith(".17%"))
    assert len(places) == 3
    assert all(below - above >= 9 for above, below in itertools.pairwise(places))


@pytest.mark.parametrize("unit", ["件", "%"])
@pytest.mark.parametrize("labels", [TEAMS, ["甲", "乙", "丙", "丁", "戊"]])
def test_every_bar_has_its_name_and_its_value(labels: list[str], unit: str) -> None:
    values: list[Decimal | int | None] = [Decimal("91.67"), Decimal("100.00"), 0, None, 12345]
    words = said(charts.layout(Chart("x", "", "bar", labels, [Series("a", values)], unit)))
    sign = "%" if unit == "%" else ""
    assert {*labels, f"91.67{sign}", f"100.00{sign}", f"0{sign}", f"12,345{sign}"} <= set(words)


def test_bars_with_long_names_lie() -> None:
    lying = charts.layout(Chart("x", "", "bar", TEAMS, [Series("a", [1, 2, 3, 4, 5])]))
    upright = charts.layout(Chart("x", "", "bar", ["甲", "乙"], [Series("a", [1, 2])]))
    ends = [
        {(mark["right"]) for mark in sheet.marks if mark.get("text") in (*TEAMS, "甲")} for sheet in (lying, upright)
    ]
    assert ends == [{1}, {0.5}]


def test_the_lengths_of_bars_are_as_their_values() -> None:
    sheet = charts.layout(Chart("x", "", "bar", TEAMS, [Series("a", [40, 10, -20, 0, None])]))
    wide = [max(x for x, _ in s["points"]) - min(x for x, _ in s["points"]) for s in surfaces(sheet)]
    assert wide[0] / wide[1] == pytest.approx(4, rel=0.01)
    assert wide[2] / wide[1] == pytest.approx(2, rel=0.01)


def test_a_ring_tells_each_share_to_two_places_half_up() -> None:
    words = said(charts.layout(Chart("x", "", "donut", ["a", "b", "c", "d"], [Series("n", [591, 3, 0, None])], "件")))
    assert words == ["a", "591　99.49%", "b", "3　0.51%"]
    assert charts.share_of(1, Decimal(16)) == Decimal("6.25")
    assert charts.share_of(1, Decimal(800)) == Decimal("0.13")
    assert charts.share_of(Decimal("0.1"), Decimal("80.5")) == Decimal("0.12")
    assert charts.share_of(Decimal("0.5"), Decimal("7.5")) == Decimal("6.67")
    assert charts.share_of(Decimal("0.5"), Decimal("1.5")) == Decimal("33.33")


def test_a_week_of_hours_has_all_its_figures() -> None:
    sheet = charts.layout(SAMPLES["week"])
    figures = [mark["text"] for mark in sheet.marks if mark.get("size") == 6.5]
    values = [value for series in SAMPLES["week"].series for value in series.values]
    assert figures == [f"{value}" for value in values]
    assert {"周一", "周日", "0", "23"} <= set(said(sheet))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("labels", "values"), [([], []), (["a", "b"], [None, None]), (["a"], [])])
def test_a_chart_without_figures_is_a_frame_with_a_dash(
    kind: ChartKind, labels: list[str], values: list[Decimal | int | None]
) -> None:
    chart = Chart("x", "t", kind, labels, [Series("s", values)] if labels else [], "件")
    assert said(charts.layout(chart)) == [NONE]
    assert NONE == "—"
    assert charts.png(chart, "zh")


def test_colours_and_hatches_tell_surfaces_apart_without_colour() -> None:
    shades = [drawing.lightness(colour) for colour in COLOURS]
    assert all(abs(one - next_) >= 15 for one, next_ in zip(shades, [*shades[1:], shades[0]], strict=True))
    looks = [(drawing.colour_of(n), drawing.hatch_of(n)) for n in range(2 * len(COLOURS))]
    assert len(set(looks)) == len(looks)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.booleans())
def test_an_axis_is_round_and_holds_its_values(low: float, spread: float, whole: bool) -> None:
    high = low + spread
    steps = steps_between(low, high, whole=whole)
    assert 2 <= len(steps) <= 8
    assert float(steps[0]) <= low + 1e-6
    assert float(steps[-1]) >= high - 1e-6
    assert len({b - a for a, b in itertools.pairwise(steps)}) == 1
    assert not whole or all(step == step.to_integral_value() for step in steps)


NAMES = st.text(st.sampled_from("西溪街道办（）abcXYZ 0129-%"), max_size=40)
VALUES = st.one_of(st.none(), st.integers(0, 10**7), st.decimals(0, 100, places=2), st.integers(-500, 0))


@settings(max_examples=150)
@given(
    st.data(),
    st.sampled_from(KINDS),
    st.integers(1, 30),
    st.integers(1, 9),
    st.sampled_from(["", "件", "%", "petitions"]),
)
def test_nothing_is_drawn_outside_of_the_sheet(data: st.DataObject, kind: ChartKind, n: int, m: int, unit: str) -> None:
    if kind == "line":
        m = min(m, 4)
    labels = data.draw(st.lists(NAMES.map(lambda name: name[:16]), min_size=n, max_size=n))
    series = [
        Series(data.draw(NAMES)[:12], data.draw(st.lists(VALUES, min_size=n, max_size=n))) for _ in range(m)
    ]  # fmt: skip
    sheet = charts.layout(Chart("x", "t", kind, labels, series, unit))
    for mark in sheet.marks:
        if "text" in mark:
            left = mark["x"] - mark["right"] * width_of(mark["text"], mark["size"])
            right = left + width_of(mark["text"], mark["size"])
            assert left >= -20
            assert right <= sheet.width + 20, mark
            assert -5 <= mark["y"] <= sheet.height + 5, mark
        else:
            assert all(-4 <= x <= sheet.width + 4 for x, _ in mark["points"]), mark
            assert all(-4 <= y <= sheet.height + 4 for _, y in mark["points"]), mark
