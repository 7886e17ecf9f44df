"""How a figure is printed: the one place in which a number becomes text, in either language.

Counts `1,234`; rates `94.69%`, with their parts `94.69%（614/648）`; differences of rates `+1.20个百分点`, changes of
counts `+12.30%`; both in words `上升12.30%`; spans through `words.span`; instants `2026-11-01 09:00` on the city's
clock; what does not exist `—`, what is withheld from the public `＊`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from xixi_workflow.core import periods, words
from xixi_workflow.core.behind import Behind
from xixi_workflow.core.document import HIDDEN, NONE, Cell, Kind, Language
from xixi_workflow.core.figures import WITHHELD, Named
from xixi_workflow.core.forms.conditions import is_withheld
from xixi_workflow.core.forms.paths import Place
from xixi_workflow.core.forms.schema import Style
from xixi_workflow.core.forms.structure import Node
from xixi_workflow.core.kpi import Change, Rate

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNIT: Final = re.compile(r"([0-9])([a-z])")
_DAY: Final = 86400


def cell(  # noqa: PLR0911 - one for each kind
    place: Place | None, *, language: Language, zone: ZoneInfo, style: Style = "plain", behind: Behind | None = None
) -> Cell:
    """The figure as a cell of a table."""
    if place is None:
        return Cell("none", NONE)
    if is_withheld(place):
        return Cell("hidden", HIDDEN)
    value, kind = place.value, place.node.kind
    if isinstance(value, Rate):
        if value.percent is None:
            return Cell("none", NONE)
        return Cell("rate", rate(value, language, style), value.percent, behind=behind)
    if isinstance(value, Change):
        return _change(value, language, style)
    if isinstance(value, datetime):
        return Cell("instant", instant(value, zone), at=value)
    if kind == "span":
        return Cell("span", span(value, language, style), value)
    if kind == "count":
        return Cell("count", f"{value:,}", value, behind=behind)
    if kind == "number":
        return Cell("number", number(value), value)
    if kind == "list":
        return _listed(value, language)
    text = str(value)
    code = place.node.kind == "text" and place.trail[-1:] == ("no",)
    return Cell("code" if code else "text", text) if text else Cell("none", NONE)


def _listed(entries: Sequence[Named], language: Language) -> Cell:
    """Names with how often each was counted: `甲社区（12）、乙社区（3）`."""
    zh = language == "zh"
    told = []
    for one in entries:
        n = HIDDEN if one.n == WITHHELD else f"{one.n:,}"
        told.append(f"{one.zh}（{n}）" if zh else f"{one.en} ({n})")
    return Cell("text", ("、" if zh else ", ").join(told)) if told else Cell("none", NONE)


def kind_of(node: Node) -> Kind:
    """What a column of such figures holds."""
    kinds: dict[str, Kind] = {
        "count": "count",
        "number": "number",
        "rate": "rate",
        "change": "points",
        "span": "span",
        "instant": "instant",
    }
    return kinds.get(node.kind, "text")


def rate(value: Rate, language: Language, style: Style = "plain") -> str:
    """`94.69%`, with `parts` what it was made of beside it."""
    if value.percent is None:
        return NONE
    plain = f"{value.percent:.2f}%"
    if style != "parts":
        return plain
    parts = f"{number(value.numerator)}/{value.denominator:,}"
    return f"{plain}（{parts}）" if language == "zh" else f"{plain} ({parts})"


def number(value: Decimal | int) -> str:
    """With thousands separators and as many places as it has, without needless zeros only where it is whole."""
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def span(seconds: int, language: Language, style: Style = "plain") -> str:
    """As `words.span`, a day as the promise names it, 24小时; in `words` minutes at the end in full: 1分钟."""
    if seconds == _DAY:
        return "24小时" if language == "zh" else "24 h"
    said = words.span(seconds, language)
    if language == "en":
        return _UNIT.sub(r"\1 \2", said)
    return f"{said}钟" if style == "words" and said.endswith("分") else said


def instant(at: datetime, zone: ZoneInfo) -> str:
    """On the city's clock, to the minute."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def day(of: date, language: Language) -> str:
    """A day in words, without leading zeros (GB/T 9704): `2026年11月1日`, `1 November 2026`."""
    if language == "zh":
        return f"{of.year}年{of.month}月{of.day}日"
    return f"{of.day} {_MONTHS[of.month - 1]} {of.year}"


def period(name: str, language: Language) -> str:
    """A period in words: `2026年10月`; `2026年第43周（10月19日至25日）`."""
    zone = ZoneInfo("UTC")
    start, end = periods.period_span(name, zone)
    if periods.kind_of(name) == "month":
        return f"{start.year}年{start.month}月" if language == "zh" else f"{_MONTHS[start.month - 1]} {start.year}"
    year, number_of, last = name[:4], int(name[6:]), end - timedelta(days=1)
    within = start.month == last.month
    if language == "zh":
        until = f"{last.day}日" if within else f"{last.month}月{last.day}日"
        return f"{year}年第{number_of}周（{start.month}月{start.day}日至{until}）"
    first = f"{start.day}" if within else f"{start.day} {_MONTHS[start.month - 1]}"
    return f"Week {number_of} of {year} ({first} to {last.day} {_MONTHS[last.month - 1]})"


def _change(value: Change, language: Language, style: Style) -> Cell:
    zh = language == "zh"
    moved, kind, unit = value.percent, "change", "%"
    if value.points is not None:
        moved, kind, unit = value.points, "points", "个百分点" if zh else " points"
    if moved is None:
        return Cell("none", NONE)
    found: Any = kind
    if style != "words":
        return Cell(found, f"{moved:+,.2f}{unit}" if moved else f"{abs(moved):.2f}{unit}", moved)
    if not moved:
        return Cell(found, "持平" if zh else "unchanged", moved)
    word = ("上升" if moved > 0 else "下降") if zh else ("up " if moved > 0 else "down ")
    return Cell(found, f"{word}{abs(moved):,.2f}{unit}", moved)
