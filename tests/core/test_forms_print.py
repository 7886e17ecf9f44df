"""How each figure is printed, in Chinese and in English."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xixi_workflow.core import kpi
from xixi_workflow.core.document import HIDDEN, NONE
from xixi_workflow.core.figures import WITHHELD, Named
from xixi_workflow.core.forms import print as form_print
from xixi_workflow.core.forms.paths import Place
from xixi_workflow.core.forms.schema import Style
from xixi_workflow.core.forms.structure import Node
from xixi_workflow.core.kpi import Change, Rate

SHANGHAI = ZoneInfo("Asia/Shanghai")
XINING = kpi.rate(Decimal("634.4"), 670)
LYG = kpi.rate(22345, 24932)
MANIFOLD = Change(by=9999, percent=Decimal("1234.5"))
NOTHING = kpi.rate(0, 0)
WITHHELD_RATE = Rate(Decimal(WITHHELD), WITHHELD, None)
ITEMS = [Named("a", "甲社区", "Jia", 1200, XINING), Named("b", "乙社区", "Yi", WITHHELD, WITHHELD_RATE)]
POINTS, FEWER, SAME = (Change(points=Decimal(text)) for text in ("1.20", "-0.05", "0.00"))

CELLS: list[tuple[str, Any, Style, str, str, str, Decimal | int | None]] = [
    ("count", 0, "plain", "count", "0", "0", 0),
    ("count", 1234567, "plain", "count", "1,234,567", "1,234,567", 1234567),
    ("count", WITHHELD, "plain", "hidden", HIDDEN, HIDDEN, None),
    ("rate", XINING, "plain", "rate", "94.69%", "94.69%", Decimal("94.69")),
    ("rate", XINING, "parts", "rate", "94.69%（634.4/670）", "94.69% (634.4/670)", Decimal("94.69")),
    ("rate", LYG, "parts", "rate", "89.62%（22,345/24,932）", "89.62% (22,345/24,932)", Decimal("89.62")),
    ("rate", kpi.rate(5, 5), "plain", "rate", "100.00%", "100.00%", Decimal("100.00")),
    ("rate", NOTHING, "parts", "none", NONE, NONE, None),
    ("rate", WITHHELD_RATE, "parts", "hidden", HIDDEN, HIDDEN, None),
    ("change", POINTS, "plain", "points", "+1.20个百分点", "+1.20 points", Decimal("1.20")),
    ("change", FEWER, "plain", "points", "-0.05个百分点", "-0.05 points", Decimal("-0.05")),
    ("change", SAME, "plain", "points", "0.00个百分点", "0.00 points", Decimal("0.00")),
    ("change", POINTS, "words", "points", "上升1.20个百分点", "up 1.20 points", Decimal("1.20")),
    ("change", FEWER, "words", "points", "下降0.05个百分点", "down 0.05 points", Decimal("-0.05")),
    ("change", SAME, "words", "points", "持平", "unchanged", Decimal("0.00")),
    ("change", Change(by=3, percent=Decimal("12.3")), "plain", "change", "+12.30%", "+12.30%", Decimal("12.30")),
    ("change", MANIFOLD, "words", "change", "上升1,234.50%", "up 1,234.50%", Decimal("1234.50")),
    ("change", Change(), "words", "none", NONE, NONE, None),
    ("change", Change(by=3), "plain", "none", NONE, NONE, None),
    ("span", 60, "plain", "span", "1分", "1 min", 60),
    ("span", 60, "words", "span", "1分钟", "1 min", 60),
    ("span", 86400, "plain", "span", "24小时", "24 h", 86400),
    ("span", 86400 * 3, "plain", "span", "3天", "3 d", 259200),
    ("span", 8000, "words", "span", "2小时13分钟", "2 h 13 min", 8000),
    ("span", 80, "words", "span", "1分20秒", "1 min 20 s", 80),
    ("span", 0, "plain", "span", "0秒", "0 s", 0),
    ("span", WITHHELD, "plain", "hidden", HIDDEN, HIDDEN, None),
    ("number", Decimal("12.90"), "plain", "number", "12.90", "12.90", Decimal("12.90")),
    ("number", Decimal("50.00"), "plain", "number", "50", "50", Decimal("50.00")),
    ("text", "派出所", "plain", "text", "派出所", "派出所", None),
    ("text", "", "plain", "none", NONE, NONE, None),
    ("list", ITEMS, "plain", "text", "甲社区（1,200）、乙社区（＊）", "Jia (1,200), Yi (＊)", None),
    ("list", [], "plain", "none", NONE, NONE, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value", "style", "is_a", "zh", "en", "number"),
    CELLS,
    ids=[f"{n}-{c[0]}-{c[4]}" for n, c in enumerate(CELLS)],
)
def test_a_figure_is_printed_alike_everywhere(
    kind: str, value: Any, style: Style, is_a: str, zh: str, en: str, number: Decimal | int | None
) -> None:
    place = Place(value, Node(kind), ("somewhere",))
    chinese = form_print.cell(place, language="zh", zone=SHANGHAI, style=style)
    english = form_print.cell(place, language="en", zone=SHANGHAI, style=style)
    assert (chinese.kind, chinese.text, chinese.number) == (is_a, zh, number)
    assert (english.kind, english.text, english.number) == (is_a, en, number)


def test_what_is_not_there_is_a_dash() -> None:
    assert form_print.cell(None, language="zh", zone=SHANGHAI).text == NONE


def test_an_instant_is_printed_on_the_citys_clock() -> None:
    at = datetime(2026, 10, 31, 16, 5, 59, tzinfo=UTC)
    cell = form_print.cell(Place(at, Node("instant"), ("due_at",)), language="zh", zone=SHANGHAI)
    assert (cell.text, cell.at) == ("2026-11-01 00:05", at)


def test_the_number_of_a_petition_is_a_name_and_no_number() -> None:
    cell = form_print.cell(Place("20261001000010", Node("text"), ("[x]", "no")), language="zh", zone=SHANGHAI)
    assert (cell.kind, cell.text, cell.number) == ("code", "20261001000010", None)


@pytest.mark.parametrize(
    ("period", "zh", "en"),
    [
        ("2026-10", "2026年10月", "October 2026"),
        ("2026-02", "2026年2月", "February 2026"),
        ("2026-W43", "2026年第43周（10月19日至25日）", "Week 43 of 2026 (19 to 25 October)"),
        ("2026-W01", "2026年第1周（12月29日至1月4日）", "Week 1 of 2026 (29 December to 4 January)"),
    ],
)
def test_a_period_is_told_in_words(period: str, zh: str, en: str) -> None:
    assert (form_print.period(period, "zh"), form_print.period(period, "en")) == (zh, en)


def test_a_day_has_no_leading_zeros() -> None:
    assert form_print.day(date(2026, 3, 4), "zh") == "2026年3月4日"
    assert form_print.day(date(2026, 3, 4), "en") == "4 March 2026"
