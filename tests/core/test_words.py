"""What people read: messages and refusals are whole sentences in both languages, and give nothing away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from tests.core.lives import ACTORS, HANDLER, HOLD, INTERIM, NUMBER, OPERATOR, PETITIONER, RESOLVE, Life, after
from tests.core.policies import small_policy
from tests.core.test_conditions import CONDITIONS
from tests.core.ways import COMMAND, WAYS
from xixi_workflow.core import words
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import EVENTS, ROLES, STATES
from xixi_workflow.core.petition import Actor, Message, Vars
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Refused

POLICY = small_policy()
LANGUAGES: tuple[Language, Language] = ("zh", "en")


def _text(message: Message, language: Language = "zh", *, confidential: bool = False, community: str = "甲社区") -> str:
    return words.message(
        message.kind,
        message.vars,
        POLICY,
        number=NUMBER,
        community=community,
        confidential=confidential,
        language=language,
    )


def _said(life: Life, kind: str, language: Language = "zh", *, confidential: bool = False) -> str:
    return _text(next(m for m in reversed(life.messages) if m.kind == kind), language, confidential=confidential)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_a_full_life_is_a_whole_text(language: Language) -> None:
    lives = [way() for way in WAYS.values()]
    lives += [way().sweeps(after("9d")) for way in WAYS.values()]
    messages = [m for life in lives for m in life.messages]
    assert {m.kind for m in messages} >= {"citizen_received", "team_overdue", "leader_overdue", "citizen_survey"}
    for message in messages:
        text = _text(message, language)
        assert "{" not in text
        assert "None" not in text
        assert str(NUMBER)[-6:] in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("way", "command", "actor", "code"), [x[1:] for x in CONDITIONS], ids=[x[0] for x in CONDITIONS]
)
def test_every_refusal_is_a_whole_sentence(
    way: Callable[[], Life], command: Command, actor: Actor, code: str, language: Language
) -> None:
    refused = way().tries(command, actor, after("2h 1m"))
    assert isinstance(refused, Refused)
    assert refused.code == code
    text = words.refusal(refused, POLICY, role=actor.role, language=language)
    assert text.strip()
    assert "{" not in text


def test_a_refusal_says_what_was_refused_why_and_what_is_allowed_now() -> None:
    refused = WAYS["resolved"]().tries(INTERIM, HANDLER, after("2h"))
    assert isinstance(refused, Refused)
    chinese = words.refusal(refused, POLICY, role="handler", language="zh")
    english = words.refusal(refused, POLICY, role="handler", language="en")
    for part in ("已办结", "阶段性反馈", "备注"):
        assert part in chinese
    for part in ("Resolved", "report interim progress", "add a note"):
        assert part in english


def test_a_refusal_of_the_wrong_person_names_the_role_and_what_it_may_do() -> None:
    refused = WAYS["in_progress"]().tries(RESOLVE, PETITIONER, after("2h"))
    assert isinstance(refused, Refused)
    text = words.refusal(refused, POLICY, role="petitioner", language="zh")
    for part in ("诉求人", "办结", "催办", "撤诉"):
        assert part in text


def test_a_role_that_may_do_nothing_is_told_so() -> None:
    refused = Refused("not_permitted", "resolved", "resolve", (), {})
    assert words.refusal(refused, POLICY, role="leader", language="zh").endswith("无。")
    assert "none" in words.refusal(refused, POLICY, role="leader", language="en")


def test_a_refusal_names_teams_by_their_names() -> None:
    refused = WAYS["dispatched"]().tries(COMMAND["route"], OPERATOR, after("2h"))
    assert not isinstance(refused, Refused)
    other = Refused("team_has_it", "dispatched", "route", (), {"team": "police"})
    assert "派出所" in words.refusal(other, POLICY, role="operator", language="zh")
    assert "Police" in words.refusal(other, POLICY, role="operator", language="en")


def test_a_message_is_the_same_text_every_time() -> None:
    life = WAYS["in_progress"]().does(HOLD, HANDLER, after("1h"))
    for message in life.messages:
        assert _text(message) == _text(message)
    assert _said(life, "handler_dispatched") == _said(life, "handler_dispatched")


def test_a_confidential_petition_shows_a_handler_its_number_and_not_its_matter() -> None:
    life = WAYS["dispatched"]()
    open_text, hidden = (_said(life, "handler_dispatched", confidential=x) for x in (False, True))
    assert "噪声" in open_text
    assert "甲社区" in open_text
    assert "噪声" not in hidden
    assert "甲社区" not in hidden
    assert str(NUMBER)[-6:] in hidden


def test_a_confidential_petition_quotes_nobody_to_the_centre_and_everything_to_its_petitioner() -> None:
    life = WAYS["in_progress"]().does(INTERIM, HANDLER, after("1h"))
    assert "已到现场" in _said(life, "citizen_interim", confidential=True)
    supervised = life.does(COMMAND["supervise"], ACTORS["supervisor"], after("2h"))
    assert "请尽快办理" in _said(supervised, "team_supervised")
    assert "请尽快办理" not in _said(supervised, "team_supervised", confidential=True)


def test_braces_in_what_somebody_wrote_stay_braces() -> None:
    told = Vars(category="NOISE", team="police", text="{tel} {0} {")
    assert "{tel} {0} {" in _text(Message("citizen_interim", "petitioner", told))


def test_names_that_the_policy_no_longer_knows_are_shown_as_they_were() -> None:
    told = Vars(category="GONE", team="gone", clock="gone", level=2, span=60)
    text = _text(Message("leader_overdue", "commander-1", told))
    assert "gone" in text
    assert "{" not in text


def test_instants_are_on_the_citys_wall_clock() -> None:
    assert words.local(after("0s"), POLICY) == "06-01 10:00"
    assert "06-02 10:00" in _said(WAYS["dispatched"](), "handler_dispatched")


SPANS: list[tuple[float, str, str]] = [
    (0, "0秒", "0s"),
    (0.9, "0秒", "0s"),
    (59, "59秒", "59s"),
    (60, "1分", "1min"),
    (61.9, "1分1秒", "1min 1s"),
    (3600, "1小时", "1h"),
    (3605, "1小时", "1h"),
    (12_000, "3小时20分", "3h 20min"),
    (86_399, "23小时59分", "23h 59min"),
    (86_400, "1天", "1d"),
    (93_600, "1天2小时", "1d 2h"),
    (86_459, "1天", "1d"),
]


@pytest.mark.parametrize(("seconds", "chinese", "english"), SPANS)
def test_spans_are_said_in_two_neighbouring_units_rounded_down(seconds: float, chinese: str, english: str) -> None:
    assert words.span(seconds, "zh") == chinese
    assert words.span(seconds, "en") == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_event_and_role_has_a_name_of_its_own(language: Literal["zh", "en"]) -> None:
    states = [words.state(s, language) for s in STATES]
    events = [words.event(e, language) for e in EVENTS]
    assert len(set(states)) == len(STATES)
    assert len(set(events)) == len(EVENTS)
    assert len({names[language == "en"] for names in ROLES.values()}) == len(ROLES)


def test_a_name_that_is_not_known_is_shown_as_it_is() -> None:
    assert words.state("nonsense", "zh") == "nonsense"
    assert words.event("nonsense", "en") == "nonsense"


# --- where and what ---------------------------------------------------------------------------------------------------


def _order(language: Language = "zh", *, confidential: bool = False, **matter: str) -> str:
    told = Vars(category="NOISE", team="police", urgency="emergency")
    return words.message(
        "handler_dispatched",
        told,
        POLICY,
        number=NUMBER,
        community="甲社区",
        confidential=confidential,
        language=language,
        matter=words.Matter(**matter),
    )


def test_a_handler_reads_where_to_go_and_what_for() -> None:
    text = _order(place="某某路1号", title="夜间施工噪声")
    for part in ("甲社区", "某某路1号", "夜间施工噪声", "特急", str(NUMBER)[-6:]):
        assert part in text


MASKED = [
    ("某甲乙反映 夜间噪声", "*反映 夜间噪声"),
    ("某 甲乙 反映", "某 甲乙 反映"),
    ("联系19900000001或0571-00000000", "联系*或*"),
    ("请电１９９００００００００１", "请电*"),
    ("+86 199 0000 0001", "*"),
    ("330106190001010011", "*"),
    ("138号楼3单元501室", "138号楼3单元501室"),
    ("两处\n空白   太多", "两处 空白 太多"),
    ("一二三四五六七八九十一二三四五六七八九十一", "一二三四五六七八九十一二三四五六七八九…"),
    ("{tel} {0} {", "{tel} {0} {"),
]


@pytest.mark.parametrize(("text", "shown"), MASKED)
def test_neither_the_petitioners_name_nor_a_number_is_shown_and_the_rest_is_brief(text: str, shown: str) -> None:
    assert words.brief(text, "某甲乙") == shown


def test_a_name_that_is_one_character_hides_nothing_else() -> None:
    assert words.brief("路灯不亮", "路") == "路灯不亮"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_handler_of_a_confidential_petition_gets_its_number_and_whom_to_call(language: Language) -> None:
    text = _order(language, confidential=True, place="某某路1号", title="夜间施工噪声")
    assert str(NUMBER)[-6:] in text
    assert POLICY.main.telephone in text
    for secret in ("某某路", "噪声", "Noise", "甲社区"):
        assert secret not in text
