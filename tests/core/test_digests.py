"""Several messages in one text: grouped by what is asked, each petition once, and never too long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.policies import small_policy
from xixi_workflow.core import digests, words
from xixi_workflow.core.digests import DIGEST_SEGMENTS, Part, digest
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.sms import segments

POLICY = small_policy()


def part(number: int, kind: str = "handler_dispatched", **more: Any) -> Part:
    told = Vars(category="NOISE", team="police", **more.pop("told", {}))
    matter = words.Matter(more.pop("place", "某某路"), more.pop("title", "夜间噪声"), "某甲乙")
    return Part(
        20260601000000 + number, kind, told, more.pop("to_accept", False), more.pop("confidential", False), matter
    )


def overdue(number: int, kind: str = "team_overdue", level: int = 1) -> Part:
    return part(number, kind, told={"clock": "closure", "level": level})


def due(number: int) -> Part:
    return part(number, "handler_closure_due", told={"clock": "closure"})


def test_what_is_asked_for_is_said_in_order_of_its_weight() -> None:
    parts = [part(1, "handler_urged"), due(2), overdue(3), part(4, to_accept=True), part(5, to_accept=True)]
    text = digest(parts, POLICY, "zh")
    places = [text.index(said) for said in ("2件待签收", "1件已超时", "1件将到期", "1件有新情况")]
    assert places == sorted(places)
    assert "如000004 1" in text
    assert POLICY.main.telephone in text


def test_a_petition_stands_once_under_the_most_that_is_asked() -> None:
    text = digest([due(7), overdue(7), part(7, "handler_urged"), due(8)], POLICY, "zh")
    assert text.count("000007") == 2
    assert "1件已超时：000007" in text
    assert "1件将到期：000008" in text
    assert "知悉，如000007 1" in text
    assert "签收，如" not in text


def test_the_urgent_ones_come_first() -> None:
    many = [part(n, to_accept=True, told={"urgency": u}) for n, u in ((1, ""), (2, "emergency"), (3, "urgent"))]
    text = digest(many, POLICY, "zh")
    assert text.index("000002〔特急〕") < text.index("000003〔紧急〕") < text.index("000001")


def test_only_handlers_read_where_and_what_and_nobody_of_a_confidential_petition() -> None:
    handlers = digest([part(1), overdue(2, "team_overdue")], POLICY, "zh")
    assert "某某路 夜间噪声" in handlers
    leaders = digest([overdue(1, "leader_overdue", 2), overdue(2, "leader_overdue", 2)], POLICY, "zh")
    assert "某某路" not in leaders
    assert "派出所噪声" in leaders
    hidden = digest([part(1, confidential=True), part(2, confidential=True)], POLICY, "zh")
    assert "000001保密件" in hidden
    assert "噪声" not in hidden


PARTS = st.builds(
    part,
    st.integers(1, 999_999),
    st.sampled_from(["handler_dispatched", "team_overdue", "leader_overdue"]),
    to_accept=st.booleans(),
    confidential=st.booleans(),
    told=st.fixed_dictionaries(
        {
            "urgency": st.sampled_from(["", "urgent", "emergency"]),
            "clock": st.sampled_from(["", "closure", "interim"]),
            "level": st.integers(0, 4),
        }
    ),
    place=st.text(max_size=30),
    title=st.text(max_size=30),
)


@given(st.lists(PARTS, min_size=2, max_size=80), st.sampled_from(["zh", "en"]))
def test_whatever_is_told_together_fits_and_counts_every_petition(parts: list[Part], language: words.Language) -> None:
    text = digest(parts, POLICY, language)
    assert segments(text) <= DIGEST_SEGMENTS
    assert text == digest(parts, POLICY, language)
    asked = {p.number: p.asked for p in sorted(parts, key=lambda p: -digests.ASKED.index(p.asked))}
    for what in digests.ASKED:
        if (count := sum(a == what for a in asked.values())) and language == "zh":
            said = {"accept": "待签收", "overdue": "已超时", "due": "将到期", "other": "有新情况"}[what]
            assert f"{count}件{said}" in text


def test_a_policy_of_an_earlier_release_has_no_words_for_it() -> None:
    assert digests.can_tell(POLICY, "zh")
    old = small_policy()
    old.words["zh"] = old.words["zh"].model_copy(update={"digests": {}})
    assert not digests.can_tell(old, "zh")


@pytest.mark.parametrize("count", [2, 30, 1000])
def test_a_thousand_petitions_take_no_more_than_ten(count: int) -> None:
    text = digest([part(n, to_accept=True, title="噪" * 30) for n in range(1, count + 1)], POLICY, "zh")
    assert segments(text) <= DIGEST_SEGMENTS
    assert f"{count}件待签收" in text
