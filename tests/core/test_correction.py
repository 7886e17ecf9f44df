"""A correction lists every figure that changed, by a name that a leader can read, and the petitions that did it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.a_month import a_month
from xixi_workflow.core.correction import changes, headlines
from xixi_workflow.core.figures import WITHHELD, Figures, canonical, read
from xixi_workflow.core.frozen import Change, Frozen, is_sound, sealed
from xixi_workflow.core.kpi import Rate, rate
from xixi_workflow.core.petition import Entry
from xixi_workflow.core.public import hide
from xixi_workflow.core.quoted_numbers import strange_numbers
from xixi_workflow.core.since_frozen import Life, labels, reasons

MONTH = a_month(200, 7)
NOVEMBER = datetime(2026, 10, 31, 16, tzinfo=UTC)
OCTOBER = datetime(2026, 9, 30, 16, tzinfo=UTC)
FROZEN_AT = NOVEMBER + timedelta(hours=9)


def with_team(figures: Figures, code: str, **of: Any) -> Figures:
    return replace(figures, teams=[replace(t, **of) if t.code == code else t for t in figures.teams])


def listed(new: Figures, old: Figures = MONTH) -> dict[str, tuple[str, str, str, str]]:
    return {one.path: (one.zh, one.en, one.before, one.after) for one in changes(old, new)}


# --- which figures --------------------------------------------------------------------------------------------------


def test_equal_figures_have_nothing_to_correct() -> None:
    assert changes(MONTH, read(canonical(MONTH))) == []


def test_a_teams_rate_is_named_with_what_it_is_made_of() -> None:
    team = MONTH.teams[1]
    was = team.rates["closure_on_time"]
    other = with_team(MONTH, team.code, rates={**team.rates, "closure_on_time": rate(11, 12)})
    names = next((d.zh, d.en) for d in MONTH.definitions if d.key == "closure_on_time")
    assert listed(other) == {
        f"teams[{team.code}].rates.closure_on_time": (
            f"{names[0]}·{team.zh}",
            f"{names[1]} · {team.en}",
            f"{was.percent}% ({was.numerator}/{was.denominator})",
            "91.67% (11/12)",
        )
    }


MONDAY = MONTH.overview.week[0]
BUSY_MONDAY = [[*MONDAY[:13], 999, *MONDAY[14:]], *MONTH.overview.week[1:]]
#: what is changed, its place, its names
CASES: list[tuple[str, Figures, str, str, str, str]] = [
    (
        "a count",
        replace(MONTH, overview=replace(MONTH.overview, counts={**MONTH.overview.counts, "filed": 201})),
        "overview.counts.filed",
        "受理",
        "Filed",
        "201",
    ),
    (
        "a verdict",
        replace(MONTH, overview=replace(MONTH.overview, counts={**MONTH.overview.counts, "closure.on_time": 5})),
        "overview.counts.closure.on_time",
        "办结按时",
        "Closure on time",
        "5",
    ),
    (
        "a count by result",
        replace(MONTH, overview=replace(MONTH.overview, counts={**MONTH.overview.counts, "closed.withdrawn": 4})),
        "overview.counts.closed.withdrawn",
        "归档已撤诉",
        "Closed Withdrawn",
        "4",
    ),
    (
        "a level",
        replace(MONTH, overview=replace(MONTH.overview, counts={**MONTH.overview.counts, "level.2": 9})),
        "overview.counts.level.2",
        "升级至第2级",
        "Escalations to level 2",
        "9",
    ),
    (
        "what was open",
        replace(MONTH, overview=replace(MONTH.overview, open_at_end=77)),
        "overview.open_at_end",
        "期末在办",
        "Open at the end",
        "77",
    ),
    (
        "opinions",
        replace(MONTH, satisfaction=replace(MONTH.satisfaction, weighted=Rate(Decimal("0.6"), 2, Decimal("30.00")))),
        "satisfaction.weighted",
        "满意率",
        "Satisfaction",
        "30.00% (0.6/2)",
    ),
    (
        "an hour of the week",
        replace(MONTH, overview=replace(MONTH.overview, week=BUSY_MONDAY)),
        "overview.week[0][13]",
        "13时·周一·受理时段",
        "13:00 · Monday · Hours of filing",
        "999",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "path", "zh", "en", "after"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_figure_that_changed_is_listed_alone_with_its_place_and_both_names(
    other: Figures, path: str, zh: str, en: str, after: str
) -> None:
    found = listed(other)
    assert found.keys() == {path}
    assert (found[path][:2], found[path][3]) == ((zh, en), after)


def test_a_group_that_came_or_went_is_empty_on_the_other_side() -> None:
    gone = replace(MONTH, teams=MONTH.teams[1:])
    paths = [one for one in changes(MONTH, gone) if one.path.startswith("teams[")]
    assert paths
    assert {one.after for one in paths} == {""}
    assert {one.before for one in changes(gone, MONTH)} == {""}


def test_the_order_of_a_list_is_a_figure_too() -> None:
    [one] = changes(MONTH, replace(MONTH, hot=MONTH.hot[::-1]))
    assert (one.zh, one.en) == ("次序", "Order")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5), st.integers(0, 5))
def test_there_is_a_change_exactly_when_a_byte_differs_and_it_reads_the_other_way_round(
    n: int, m: int, seed: int, other: int
) -> None:
    old, new = a_month(n, seed), a_month(m, other)
    found = changes(old, new)
    assert (found == []) == (canonical(old) == canonical(new))
    back = {one.path: (one.before, one.after) for one in changes(new, old)}
    assert back == {one.path: (one.after, one.before) for one in found}
    assert all(one.zh and one.en for one in found)
    assert len({one.path for one in found}) == len(found)


def test_headlines_come_first_and_comparisons_last_of_their_section() -> None:
    found = changes(a_month(60, 1), a_month(80, 2))
    assert found[0].path.startswith("overview.rates")
    sections = [one.path.partition(".")[0].partition("[")[0] for one in found]
    order = list(dict.fromkeys(sections))
    assert order[:4] == ["overview", "satisfaction", "timeliness", "teams"]
    assert sections == [name for name in order for _ in range(sections.count(name))]
    told = headlines(found)
    assert 0 < len(told) <= 60
    assert not any(".mom." in one.path for one in told)
    assert {one.path.partition("]")[0] for one in headlines(found, "police")} == {"teams[police"}


def test_a_correction_for_the_public_tells_nothing_that_is_withheld() -> None:
    old, new = hide(a_month(60, 1)), hide(a_month(61, 2))
    assert any("＊" in (one.before, one.after) for one in changes(old, new))
    assert not any(str(WITHHELD) in (one.before, one.after) for one in changes(old, new))


# --- which petitions ------------------------------------------------------------------------------------------------


def entry(seq: int, event: str, at: datetime, *, noted: datetime | None = None, **more: str) -> Entry:
    state, actor, data = (more.get(name, usual) for name, usual in USUAL)
    return Entry(seq, event, state, at, noted or at, actor, data)  # type: ignore[arg-type]


USUAL = (("state", "in_progress"), ("actor", "operator:anna"), ("data", ""))
DAY = timedelta(days=1)
LIFE = [
    entry(0, "filed", OCTOBER + DAY, state="received", data='{"source":"qr","source_id":"1","text":""}'),
    entry(1, "routed", OCTOBER + DAY, state="routed", data='{"category":"noise"}'),
    entry(2, "dispatched", OCTOBER + DAY, state="dispatched", data='{"team":"urban"}'),
    entry(3, "accepted", OCTOBER + DAY),
]
LATER = FROZEN_AT + DAY
#: the lines written since, and those that are named, with why
SINCE: list[tuple[str, list[Entry], list[tuple[str, str]]]] = [
    ("nothing", [], []),
    ("life goes on", [entry(4, "resolved", LATER, state="resolved"), entry(5, "rated", LATER, state="closed")], []),
    ("a late report", [entry(4, "resolved", NOVEMBER - DAY, noted=LATER, state="resolved")], [("resolved", "late")]),
    ("at the cut-off is no more in it", [entry(4, "resolved", NOVEMBER, noted=LATER, state="resolved")], []),
    ("a late note counts nowhere", [entry(4, "noted", NOVEMBER - DAY, noted=LATER)], []),
    (
        "what follows from it is not told",
        [
            entry(4, "urged", NOVEMBER - DAY, noted=LATER, actor="petitioner"),
            entry(5, "breached", NOVEMBER - DAY, noted=LATER, actor="system"),
        ],
        [("urged", "late")],
    ),
    (
        "time alone",
        [entry(4, "breached", NOVEMBER - DAY, noted=LATER, actor="system")],
        [("breached", "late")],
    ),
    (
        "another category",
        [entry(4, "routed", LATER, data='{"category":"water"}')],
        [("routed", "relabelled")],
    ),
    ("the same category again", [entry(4, "routed", LATER, data='{"category":"noise","team":"urban"}')], []),
    (
        "there and back",
        [entry(4, "returned", LATER, state="returned"), entry(5, "return_refused", LATER, state="dispatched")],
        [],
    ),
    (
        "to another team",
        [
            entry(4, "returned", LATER, state="returned"),
            entry(5, "dispatched", LATER, state="dispatched", data='{"team":"police"}'),
        ],
        [("returned", "relabelled"), ("dispatched", "relabelled")],
    ),
    (
        "another urgency",
        [entry(4, "priority_changed", LATER, data='{"urgency":"urgent","reason":"x"}')],
        [("priority_changed", "relabelled")],
    ),
]


def lead_of(version: int, category: str) -> str:
    return {"noise": "urban", "water": "water"}.get(category, "")


@pytest.mark.parametrize(
    ("since", "named"), [row[1:] for row in SINCE], ids=[row[0].replace(" ", "_") for row in SINCE]
)
def test_a_petition_is_named_for_what_moved_it(since: list[Entry], named: list[tuple[str, str]]) -> None:
    life = Life(20261001000001, 1, OCTOBER + DAY, LIFE, since)
    found = reasons([life], lead_of, start=OCTOBER, cut_off=NOVEMBER)
    assert [(one.event, one.why) for one in found] == named
    assert {one.no for one in found} <= {"20261001000001"}
    assert not any(":" in one.by for one in found if one.by.startswith("petitioner"))


def test_a_petition_filed_from_paper_counts_from_when_it_was_received() -> None:
    filed = [entry(0, "filed", LATER, state="received"), entry(1, "noted", LATER)]
    [one] = reasons([Life(1, 1, OCTOBER + DAY, [], filed)], lead_of, start=OCTOBER, cut_off=NOVEMBER)
    assert (one.event, one.at, one.noted_at, one.why) == ("filed", OCTOBER + DAY, LATER, "late")
    assert reasons([Life(1, 1, LATER, [], filed)], lead_of, start=OCTOBER, cut_off=NOVEMBER) == []


def test_a_petition_that_was_over_before_may_be_called_anything_today() -> None:
    over = [*LIFE, entry(4, "rated", OCTOBER - DAY, state="closed")]
    anew = [entry(5, "reopened", LATER), entry(6, "routed", LATER, data='{"category":"water"}')]
    assert reasons([Life(1, 1, OCTOBER - 2 * DAY, over, anew)], lead_of, start=OCTOBER, cut_off=NOVEMBER) == []


def test_the_account_of_a_petitioner_is_not_told() -> None:
    since = [entry(4, "urged", NOVEMBER - DAY, noted=LATER, actor="petitioner:19900000000")]
    [one] = reasons([Life(1, 1, OCTOBER, LIFE, since)], lead_of, start=OCTOBER, cut_off=NOVEMBER)
    assert one.by == "petitioner"


def test_labels_are_those_of_the_last_routing_and_dispatch() -> None:
    assert labels(LIFE, lambda _: "water") == ("noise", "urban", "normal")
    assert labels(LIFE[:2], lambda _: "water") == ("noise", "water", "normal")
    assert labels([], lambda _: "") == ("", "", "normal")


# --- the hash -------------------------------------------------------------------------------------------------------

KEPT = sealed(
    Frozen(
        "2026-10", 2, NOVEMBER, FROZEN_AT, "anna", 3, {"2026-09": 1}, canonical(MONTH), "", 17, "ab" * 32,
        [Change("overview.counts.filed", "受理", "Filed", "200", "201")],
    )
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        *({"period": "2026-09"}, {"version": 3}, {"cut_off": LATER}, {"at": LATER}, {"by": "bert"}, {"policy": 4}),
        *({"past": {}}, {"past": {"2026-09": 2}}, {"text": b"{}"}, {"digest": "0" * 64}, {"seal": 18}),
        *({"root": "cd" * 32}, {"changes": []}, {"report": "0" * 64}),
    ],
    ids=str,
)
def test_the_hash_covers_everything_that_is_kept(change: dict[str, Any]) -> None:
    assert is_sound(KEPT)
    assert not is_sound(replace(KEPT, **change))


# --- numbers of a person --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "drafted", "strange"),
    [
        ("办理及时。", [], []),
        ("共1234件，占94.69%", ["1,234", "94.69%"], []),
        ("共1,234件", ["1234"], []),
        ("共1235件、1235件", ["1,234"], ["1235"]),
        ("94.7%", ["94.69%"], ["94.7"]),
        ("7日内办结", ["17", "71"], ["7"]),
        ("2026年10月", ["2026年10月"], []),
    ],
)
def test_a_number_that_no_draft_says_is_strange(text: str, drafted: list[str], strange: list[str]) -> None:
    assert strange_numbers(text, drafted) == strange
