"""What our replies say: whole sentences in both languages, short, and silent about the petitioner."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.correspondence import FIRST, SECOND, case, staff
from tests.core.lives import HANDLER, SMALL, Life, after
from tests.core.spoilt import SHIPPED
from xixi_workflow.core import commands as c
from xixi_workflow.core import replies
from xixi_workflow.core.masking import masked
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy_build import PolicyError, build
from xixi_workflow.core.replies import REPLIES, Ask, Carried, Meant, detail_texts
from xixi_workflow.core.sms import segments
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Refused

LANGUAGES: tuple[Language, Language] = ("zh", "en")
MAIN = SHIPPED.main


def longest(language: Language) -> dict[str, str]:
    """The longest that each placeholder can stand for in the shipped city."""

    def numbered(names: dict[str, object]) -> str:
        return " ".join(f"{n}{getattr(named, language)}" for n, named in enumerate(names.values(), 1))

    codes = replies.listed(["20261123000042"] * 20, SHIPPED, language)
    return {
        "no6": "000042", "code": "20261123000042", "given": "20261123000042", "due": "11-24 15:05", "count": "20",
        "codes": codes, "action": "4", "part": "(6/6)", "text": "", "state": "已转外部", "word": "订阅",
        "reason": max((getattr(r, language) for r in MAIN.return_reasons.values()), key=len),
        "reasons": numbered({**MAIN.return_reasons}), "results": numbered({**MAIN.results}),
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(REPLIES))
def test_every_reply_is_a_whole_text_of_at_most_three_segments(key: str, language: Language) -> None:
    text = replies.say(key, longest(language), SHIPPED, language)
    assert text.strip()
    assert "{" not in text
    assert segments(text) <= 3
    # Questions and confirmations to people are signed; what is added to another text is not.
    if key not in ("with_code", "not_done", "more", "detail_cut"):
        assert getattr(MAIN.signature, language) in text


def test_a_policy_of_an_earlier_release_says_nothing() -> None:
    assert replies.say("no_such_reply", {}, SHIPPED, "zh") == ""


def carried_out(meant: Meant, life: Life, at: str = "2h") -> list[Carried]:
    done = [life.tries(ask.command, ask.actor, after(at)) for ask in meant.asks]
    return [
        Carried(ask.number, None, made) if isinstance(made, Refused) else Carried(ask.number, made.petition, None)
        for ask, made in zip(meant.asks, done, strict=True)
    ]


def test_an_acceptance_is_confirmed_with_the_due_instant_and_what_comes_next() -> None:
    life = Life(SMALL, number=FIRST).dispatched()
    meant = staff("1", case(life))
    state, outcome, key, text = replies.answer(meant, carried_out(meant, life), SHIPPED, "zh")
    assert (state, outcome, key) == ("done", "accept", "accepted")
    for part in ("已签收000041", "06-02 10:00前办结", "3反馈", "4办结", "5求助", "6全文"):
        assert part in text


def test_who_has_several_is_told_to_put_the_number_first() -> None:
    life = Life(SMALL, number=FIRST).dispatched()
    meant = staff("041 1", case(life), case(Life(SMALL, number=SECOND).in_progress()))
    text = replies.answer(meant, carried_out(meant, life), SHIPPED, "zh").text
    assert "“041 3 已到现场”" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_says_why_and_what_is_possible(language: Language) -> None:
    life = Life(SMALL, number=FIRST).in_progress()
    meant = Meant("done", "accepted", {"no6": "000041", "code": "041"}, (Ask(FIRST, c.AcceptPetition(), HANDLER),))
    state, outcome, key, text = replies.answer(meant, carried_out(meant, life), SHIPPED, language)
    assert (state, outcome, key) == ("asked", "not_in_state", "refused")
    for part in ("000041", *(("处置中", "办结") if language == "zh" else ("In progress", "resolve"))):
        assert part in text


def test_what_a_petitioner_asks_in_vain_is_left_to_an_operator() -> None:
    life = Life(SMALL, number=FIRST).dispatched()
    ask = Ask(FIRST, c.RatePetition("dissatisfied"), Actor("petitioner"))
    meant = Meant("done", "", {"no6": "000041", "code": "000041"}, (ask,))
    assert replies.answer(meant, carried_out(meant, life), SHIPPED, "zh").state == "open"


def test_of_all_that_were_accepted_those_that_were_not_are_named() -> None:
    lives = {FIRST: Life(SMALL, number=FIRST).dispatched(), SECOND: Life(SMALL, number=SECOND).dispatched()}
    meant = staff("全部1", *map(case, lives.values()))
    lives[SECOND].does(c.AcceptPetition(), Actor("handler", "police-2"), after("1h"))
    carried = [carried_out(Meant("done", asks=(ask,)), lives[ask.number])[0] for ask in meant.asks]
    state, _, _, text = replies.answer(meant, carried, SHIPPED, "zh")
    assert state == "asked"
    assert "已签收1件：000041" in text
    assert "未能签收：000042" in text


NAME, PHONE = "欧阳某某", "19900009001"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("欧阳某某反映：路灯不亮", "*反映：路灯不亮"),
        ("联系 19900009001", "联系 *"),
        ("联系 199 0000 9001。", "联系 *。"),
        ("电话１９９００００９００１", "电话*"),
        ("+86-199-0000-9001", "*"),
        ("邻居 19911112222 也可联系", "邻居 * 也可联系"),
        ("固话0571-88880000", "固话*"),
        ("身份证33010619900101001X", "身份证*"),
        ("3单元502室，10元", "3单元502室，10元"),
        ("欧先生说", "*先生说"),
    ],
)
def test_the_petitioners_name_and_every_number_that_can_be_dialled_is_masked(text: str, safe: str) -> None:
    assert masked(text, NAME, PHONE) == safe


def test_a_full_text_comes_in_numbered_parts_that_together_say_everything_once() -> None:
    clauses = [f"第{n}处路口每晚有摊位占道，" for n in range(40)]
    texts = detail_texts(["夜市占道经营", "某某路1号", "".join(clauses)], NAME, PHONE, FIRST, SHIPPED, "zh")
    assert 1 < len(texts) <= replies.MOST_TEXTS
    for n, text in enumerate(texts, 1):
        assert f"({n}/{len(texts)})" in text
        assert "000041" in text
        assert segments(text) <= replies.REPLY_SEGMENTS
    assert all("".join(texts).count(clause) == 1 for clause in clauses)


def test_what_is_too_long_for_sms_is_cut_with_the_centres_number() -> None:
    texts = detail_texts(["标题", "", "字" * 5000], "", "", FIRST, SHIPPED, "zh")
    assert len(texts) == replies.MOST_TEXTS
    assert MAIN.telephone in texts[-1]
    assert all(segments(text) <= replies.REPLY_SEGMENTS for text in texts)


@given(
    st.lists(st.text(max_size=300), max_size=3), st.text(max_size=8), st.text(max_size=15), st.sampled_from(LANGUAGES)
)
def test_any_full_text_fits_its_parts(said: list[str], name: str, phone: str, language: Language) -> None:
    texts = detail_texts(said, name, phone, FIRST, SHIPPED, language)
    assert texts
    assert all(segments(text) <= replies.REPLY_SEGMENTS for text in texts)


def test_a_reply_without_words_or_with_a_wrong_placeholder_is_a_mistake_of_the_configuration() -> None:
    documents = deepcopy(SHIPPED.documents)
    del documents["words/zh.yaml"]["replies"]["accepted"]
    documents["words/en.yaml"]["replies"]["noted"] = "{name}"
    documents["words/en.yaml"]["replies"]["hello"] = "Hello"
    with pytest.raises(PolicyError) as refused:
        build(documents)
    told = {(problem.file, problem.path[-1]) for problem in refused.value.problems}
    assert {("words/zh.yaml", "replies"), ("words/en.yaml", "noted"), ("words/en.yaml", "hello")} <= told
