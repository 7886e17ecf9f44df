"""The words catalogue at the places where its texts are sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.core.spoilt import (
    EN,
    GONE,
    POLICY,
    SHIPPED,
    ZH,
    problems,
)
from xixi_workflow.core import words
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.policy_wording import most_segments
from xixi_workflow.core.sms import segments

# --- texts at the places where they are sent ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (
            (POLICY, "notices/file/0/message", "citizen_interim"),
            "citizen_interim",
            ["{team} is always empty in the notice of file"],
        ),
        (
            (POLICY, "notices/resolve/1/message", "citizen_extended"),
            "citizen_extended",
            ["{due} is always empty in the notice of resolve"],
        ),
        (
            (POLICY, "clocks/closure/warn/message", "leader_overdue"),
            "leader_overdue",
            ["{level} is always empty in the warning of clock closure"],
        ),
        (
            (POLICY, "ladders/assistance/0/message", "supervisor_hold_asked"),
            "supervisor_hold_asked",
            ["{reason} is always empty in the ladder assistance"],
        ),
        (
            (POLICY, "clocks/closure/extendable", False),
            "handler_dispatched",
            ["{due} is always empty in the notice of dispatch"],
        ),
    ],
)
def test_a_placeholder_that_is_never_filled_is_named(
    change: tuple[str, str, Any], kind: str, message: list[str]
) -> None:
    assert [p.message for p in problems(change) if (p.file, p.path) == (ZH, ("messages", kind))] == message


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        # 6 + 6 + 58 = 70: one segment, which is all that a petitioner's message may take.
        ((ZH, "messages/citizen_survey", "【{signature}】{no6}" + "字" * 58), set()),
        ((ZH, "messages/citizen_survey", "【{signature}】{no6}" + "字" * 59), {"citizen_survey"}),
        ((ZH, "messages/leader_overdue", "【{signature}】{no6}" + "字" * 122), set()),
        ((ZH, "messages/leader_overdue", "【{signature}】{no6}" + "字" * 123), {"leader_overdue"}),
        ((ZH, "messages/operator_returned", "【{signature}】{no6}" + "字" * 190), {"operator_returned"}),
        ((EN, "messages/citizen_survey", "[{signature}] {no6}" + "a" * 292), {"citizen_survey"}),
        ((EN, "messages/citizen_survey", "[{signature}] {no6}" + "a" * 121 + "”"), {"citizen_survey"}),  # UCS-2
    ],
)
def test_a_text_that_needs_too_many_segments_with_the_longest_names_is_refused(
    change: tuple[str, str, Any], kinds: set[str]
) -> None:
    same = (EN if change[0] == ZH else ZH, change[1], "【{signature}】{no6}")
    found = problems(change, same, (POLICY, "hold_reasons", {}))[1:]
    assert {str(p.path[1]) for p in found} == kinds
    assert all("SMS segments" in p.message for p in found)


def test_a_name_that_has_become_too_long_shows_in_the_messages_that_use_it() -> None:
    found = problems((POLICY, "signature/en", "X" * 60))
    assert (EN, ("messages", "citizen_interim")) in [(p.file, p.path) for p in found]
    assert all("SMS segments" in p.message for p in found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_of_the_shipped_policy_fits_with_real_names(language: words.Language) -> None:
    told = Vars(text="路灯坏了，" * 12, span=2 * 86400 + 3600, level=3, due=datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    costs: dict[str, int] = {}
    for kind in SHIPPED.words[language].messages:
        for category in SHIPPED.categories.values():
            told.category, told.team, told.clock, told.urgency = category.code, category.team, "interim", "emergency"
            text = words.message(
                kind,
                told,
                SHIPPED,
                number=20261231000001,
                community="石灰桥社区",
                confidential=False,
                language=language,
                matter=words.Matter("某" * 60, "某" * 60),
            )
            costs[kind] = max(costs.get(kind, 0), segments(text))
    catalogue = SHIPPED.words[language].messages
    most = {kind: most_segments(kind, catalogue[kind]) for kind in costs}
    assert {kind: cost for kind, cost in costs.items() if cost > most[kind]} == {}


WRONG = {
    "where in a leader's message": (
        (ZH, "messages/leader_overdue", "【{signature}】{no6}{where}"), "{where} is for a message to handlers"),
    "what in a petitioner's message": (
        (ZH, "messages/citizen_received", "【{signature}】{no6}{what}"), "{what} is for a message to handlers"),
    "a leader's message that quotes": (
        (ZH, "messages/leader_overdue", "【{signature}】{no6}{text}"), "quotes nobody"),
    "the petitioner's words to a team's lead": (
        (ZH, "messages/team_rework", "【{signature}】{no6}{text}"), "the petitioner's own words"),
    "the matter of a confidential petition": (
        (ZH, "messages/handler_confidential", "【{signature}】{no6}{category}"), "tells what is confidential"),
    "no wording for confidential petitions": (
        (ZH, "messages/handler_confidential", GONE), "handler_confidential has no words"),
    "a digest without its head": ((ZH, "digests/head", GONE), "the part head has no words"),
    "a part that no digest has": ((ZH, "digests/foot", "。"), "unknown part of a digest 'foot'"),
    "a placeholder that a digest has not": ((ZH, "digests/item", "{no6}{phone}"), "unknown placeholder 'phone'"),
    "digests that differ between languages": ((EN, "digests/tail", "."), "placeholders differ from the Chinese: tel"),
    "replies that differ between languages": ((ZH, "replies/of_one_language", "。"), "of_one_language is in"),
    "an unknown message that waits for the morning": (
        (POLICY, "sms/quiet/messages", ["citizen_servey"]), "unknown message 'citizen_servey'"),
    "a dispatch that waits for the morning": (
        (POLICY, "sms/quiet/messages", ["handler_dispatched"]), "must not be told late"),
    "a breach that is withheld": ((POLICY, "sms/daily_cap/messages", ["team_overdue"]), "must not be told late"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_must_not_be_in_a_message_is_found_with_its_place(case: str) -> None:
    change, problem = WRONG[case]
    found = problems(change)
    assert any(problem in p.message for p in found), found
