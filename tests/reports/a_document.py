"""A document with a bit of everything, made by hand: what the writers are tried on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from xixi_workflow.core.behind import Behind, Fact
from xixi_workflow.core.document import (
    HIDDEN,
    NONE,
    Audience,
    Cell,
    Chart,
    Column,
    Document,
    Heading,
    Language,
    Paragraph,
    Provenance,
    Sentence,
    Series,
    Source,
    Table,
)

EXPORTED_AT = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
PROVENANCE = Provenance(
    "2026-10", 1, "monthly", "", "zh", "internal", "a" * 64, "b" * 64, 4321, "c" * 64, "d" * 64,
    datetime(2026, 10, 31, 16, 0, tzinfo=UTC), "clerk", EXPORTED_AT,
)  # fmt: skip
#: The petitions behind the sample's figures.
FACTS = [
    *(Fact(20261001000001 + n, "filed", "", "noise", "甲社区", "qr") for n in range(12)),
    *(Fact(20261001000001 + n, "closure.on_time", "urban", "noise", "甲社区", "qr") for n in range(9)),
    Fact(20261001000010, "closure.late", "urban", "noise", "甲社区", "qr"),
    Fact(20261001000011, "closure.on_time", "police", "noise", "甲社区", "qr", 2),
]


def count(n: int, behind: Behind | None = None) -> Cell:
    return Cell("count", f"{n:,}", n, behind=behind)


def rate(text: str, behind: Behind | None = None) -> Cell:
    return Cell("rate", f"{text}%", Decimal(text), behind=behind)


def a_document(language: Language = "zh", audience: Audience = "internal", **changes: Any) -> Document:
    """Two sections, an appendix, every kind of block, cell and chart."""
    zh = language == "zh"
    closure = ("closure.on_time", "closure.late", "closure.breached", "closure.unmet")
    of_urban = Behind("team", "urban", closure, ("closure.on_time",))
    blocks = [
        Heading(1, "总体情况" if zh else "Overview"),
        Paragraph(
            "overview",
            [
                Sentence(
                    "filed",
                    "本月共受理诉求12件，环比增长20.00%。"
                    if zh
                    else "12 petitions were filed, 20.00% more than before.",
                    [
                        Source("overview.counts.filed", "12", Behind("all", "", ("filed",))),
                        Source("overview.mom.filed", "20.00%"),
                    ],
                ),
                Sentence(
                    "praise",
                    "城市管理办（城管）办理及时，予以肯定。" if zh else "Urban management did well.",
                    [],
                    "城市管理办及时率90.00%。" if zh else "Urban management: 90.00%.",
                    "clerk",
                    EXPORTED_AT,
                ),
            ],
        ),
        Chart(
            "trend",
            "近13个月受理量" if zh else "Filed, 13 months",
            "line",
            [f"2025-{m:02}" for m in (10, 11, 12)] + [f"2026-{m:02}" for m in range(1, 11)],
            [
                Series("受理" if zh else "Filed", [None, None, 31, 28, 40, 35, 33, 30, 29, 27, 21, 10, 12]),
                Series("归档" if zh else "Closed", [None, None, 30, 27, 39, 35, 30, 31, 28, 26, 20, 9, 11]),
            ],
            "件" if zh else "petitions",
        ),
        Chart(
            "sources",
            "来源" if zh else "Sources",
            "donut",
            ["西湖码" if zh else "QR code", "110联动" if zh else "Police line"],
            [Series("件" if zh else "petitions", [9, 3])],
        ),
        Heading(1, "办理情况" if zh else "Timeliness"),
        Heading(2, "各单位" if zh else "Teams"),
        Table(
            "teams",
            "各单位办结情况" if zh else "Closure by team",
            [
                Column("name", "单位" if zh else "Team", "text"),
                Column("due", "应结" if zh else "Due", "count"),
                Column("on_time", "办结及时率" if zh else "Closed on time", "rate"),
                Column("mom", "环比" if zh else "Change", "points"),
                Column("median", "中位用时" if zh else "Median", "span"),
            ],
            [
                [
                    Cell("text", "城市管理办（市政环卫园林）" if zh else "Urban management"),
                    count(10, Behind("team", "urban", closure)),
                    rate("90.00", of_urban),
                    Cell("points", "+1.20个百分点" if zh else "+1.20 points", Decimal("1.20")),
                    Cell("span", "2小时13分" if zh else "2 h 13 min", 7980),
                ],
                [
                    Cell("text", "派出所" if zh else "Police"),
                    count(2, Behind("team", "police", closure)) if audience == "internal" else Cell("hidden", HIDDEN),
                    rate("100.00", Behind("team", "police", closure, ("closure.on_time",))),
                    Cell("none", NONE),
                    Cell("none", NONE),
                ],
                [
                    Cell("text", "合计" if zh else "Total"),
                    count(12, Behind("all", "", closure)),
                    rate("91.67", Behind("all", "", closure, ("closure.on_time",))),
                    Cell("none", NONE),
                    Cell("span", "1小时" if zh else "1 h", 3600),
                ],
            ],
            total=True,
            notes=["应结：办结时限在本月到期。" if zh else "Due: closing time within the month."],
        ),
        Chart(
            "teams_bar",
            "各单位办结及时率" if zh else "Closed on time by team",
            "bar",
            ["城市管理办（市政环卫园林）" if zh else "Urban management", "派出所" if zh else "Police"],
            [Series("办结及时率" if zh else "On time", [Decimal("90.00"), Decimal("100.00")])],
            "%",
        ),
        Chart(
            "satisfaction",
            "满意度" if zh else "Satisfaction",
            "stacked",
            ["城管" if zh else "Urban", "派出所" if zh else "Police"],
            [
                Series("满意" if zh else "Satisfied", [6, 2]),
                Series("基本满意" if zh else "Fairly", [2, 0]),
                Series("不满意" if zh else "Dissatisfied", [1, None]),
            ],
            "件" if zh else "petitions",
        ),
        Chart(
            "week",
            "受理时段" if zh else "Hours of filing",
            "heat",
            [f"{hour}" for hour in range(24)],
            [
                Series(day, [(hour * (n + 1)) % 7 for hour in range(24)])
                for n, day in enumerate(
                    ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
                    if zh
                    else ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
                )
            ],
        ),
        Table(
            "overdue",
            "超时工单" if zh else "Overdue",
            [
                Column("no", "工单号" if zh else "Number", "code"),
                Column("due_at", "到期" if zh else "Due", "instant"),
                Column("cause", "原因" if zh else "Cause", "text"),
            ],
            [
                [
                    Cell("code", "20261001000010"),
                    Cell("instant", "2026-10-02 09:30", at=datetime(2026, 10, 2, 1, 30, tzinfo=UTC)),
                    Cell("text", "=1+1 <b>待签收</b> & “引号”"),
                ]
            ],
        ),
        Heading(0, "口径说明" if zh else "Definitions"),
        Table(
            "definitions",
            "",
            [
                Column("name", "指标" if zh else "Indicator", "text"),
                Column("formula", "公式" if zh else "Formula", "text"),
            ],
            [
                [
                    Cell("text", "办结及时率" if zh else "Closed on time"),
                    Cell("text", "按时办结件数 / 到期应办结件数" if zh else "closed on time / due"),
                ]
            ],
        ),
    ]
    made = {
        "language": language,
        "audience": audience,
        "issuer": "杭州市西湖区西溪街道" if zh else "Xixi Sub-district, Hangzhou",
        "number": "",
        "title": "2026年10月诉求办理情况通报" if zh else "Petitions in October 2026",
        "subtitle": "",
        "date": "2026年11月1日" if zh else "1 November 2026",
        "blocks": blocks,
        "provenance": PROVENANCE,
        "audit": "内部资料　导出：clerk　2026-11-01 09:00" if zh else "Internal. Exported by clerk, 2026-11-01 09:00",
        "watermark": "" if audience == "public" else ("内部资料 clerk" if zh else "INTERNAL clerk"),
    }
    return Document(**{**made, **changes})
