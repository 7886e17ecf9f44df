"""What the words of a letter say: tables of what people write, and that no text can bring the reading down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.core import reply_grammar as grammar
from xixi_workflow.core import reply_text
from xixi_workflow.core.reply_grammar import ACTIONS, Action, Asked, Rated

#: text, action, codes before it, what follows
ASKED: list[tuple[str, str, tuple[str, ...], str]] = [
    # a digit, as people write it
    ("1", "accept", (), ""),
    ("１", "accept", (), ""),
    ("①", "accept", (), ""),
    ("1️⃣", "accept", (), ""),
    ("1。", "accept", (), ""),
    ("1！", "accept", (), ""),
    (" 1 ", "accept", (), ""),
    ("\u200b1\ufeff", "accept", (), ""),
    ("“1”", "accept", (), ""),
    ("【1】", "accept", (), ""),
    ("(1)", "accept", (), ""),
    ("【西溪街道】1", "accept", (), ""),
    ("1【民警甲】", "accept", (), ""),
    ("1\n发自我的iPhone", "accept", (), ""),
    ("1\n-- \nsome signature", "accept", (), ""),
    ("5", "help", (), ""),
    ("6", "detail", (), ""),
    # a word
    ("签收", "accept", (), ""),
    ("已签收。", "accept", (), ""),
    ("收到", "accept", (), ""),
    ("知悉", "accept", (), ""),
    ("OK", "accept", (), ""),
    ("Accept", "accept", (), ""),
    ("同意", "accept", (), ""),
    ("全文", "detail", (), ""),
    ("详情", "detail", (), ""),
    ("help", "help", (), ""),
    ("1签收", "accept", (), ""),
    ("1 签收", "accept", (), ""),
    ("4办结 已修好", "resolve", (), "已修好"),
    # a code
    ("042 1", "accept", ("042",), ""),
    ("#042 1", "accept", ("042",), ""),
    ("042，1", "accept", ("042",), ""),
    ("042-1", "accept", ("042",), ""),
    ("０４２ １", "accept", ("042",), ""),
    ("工单042 1", "accept", ("042",), ""),
    ("042号 1", "accept", ("042",), ""),
    ("no. 042 1", "accept", ("042",), ""),
    ("042签收", "accept", ("042",), ""),
    ("20261123000042 1", "accept", ("20261123000042",), ""),
    ("1 042", "accept", (), "042"),
    ("签收042", "accept", (), "042"),
    ("041 042 1", "accept", ("041", "042"), ""),
    ("1 041、042", "accept", (), "041、042"),
    ("042 3 已到现场", "interim", ("042",), "已到现场"),
    # a text
    ("3 已到现场", "interim", (), "已到现场"),
    ("3 已联系【某某物业】", "interim", (), "已联系【某某物业】"),
    ("3 已到现场\n——正在处理", "interim", (), "已到现场\n——正在处理"),
    ("3已到现场", "interim", (), "已到现场"),
    ("３，已到现场，正在处理", "interim", (), "已到现场，正在处理"),
    ("反馈：已联系群众", "interim", (), "已联系群众"),
    ("interim on site", "interim", (), "on site"),
    ("3 处理中", "interim", (), "处理中"),
    ("3 只剩一个摊位", "interim", (), "只剩一个摊位"),
    ("3处理中", "interim", (), "处理中"),
    ("3 路灯杆已扶正", "interim", (), "路灯杆已扶正"),
    ("4 路灯已修好", "resolve", (), "路灯已修好"),
    ("4。路灯已修好。", "resolve", (), "路灯已修好。"),
    ("4 1楼路灯已修好", "resolve", (), "1楼路灯已修好"),
    ("4 1 路灯已修好", "resolve", (), "1 路灯已修好"),
    ("done fixed the lamp", "resolve", (), "fixed the lamp"),
    ("2 1 不是我们的", "return", (), "1 不是我们的"),
    ("2、1", "return", (), "1"),
    ("2，3 地址不全", "return", (), "3 地址不全"),
    ("2 非本单位职责", "return", (), "非本单位职责"),
    ("退单 非本单位职责", "return", (), "非本单位职责"),
    ("2 不同意，今天办完", "return", (), "今天办完"),
    ("5 人手不够", "help", (), "人手不够"),
    ("收到，马上去", "accept", (), "马上去"),
    ("7", "contact", (), ""),
    ("042 7", "contact", ("042",), ""),
    ("7 已通话，下午到场", "contact", (), "已通话，下午到场"),
    ("7已联系", "contact", (), ""),
    ("已联系诉求人", "contact", (), ""),
    ("已联系，下午到场", "contact", (), "下午到场"),
    ("联系上了", "contact", (), ""),
    ("called 042", "contact", (), "042"),
]
#: No handler asks for anything with these.
NOT_ASKED = [
    "", " ", "。", "？？？", "你好", "谢谢", "1楼漏水", "1 楼漏水", "3楼已查看", "3 天内处理完毕", "3个摊位",
    "3:30到", "3.5米", "3-2-101", "3/4", "1、2号楼停水", "3、4号楼已处理", "1？", "4？", "1?", "收到吗",
    "收到了吗？", "收到投诉后再说", "签收了没有", "不能签收", "没收到", "okra", "texting", "8", "0",
    "12 人已撤离", "1-2", "5人不够", "请帮忙", "所有摊位已清走", "全部", "can you accept", "no", "反馈？",
    "7楼漏水", "7天内", "未联系上", "联系不上", "联系物业处理", "没有联系诉求人", "联系了吗", "calling back later",
    "3Q", "4S店", "１楼",
]  # fmt: skip
#: text, rating, code, what follows
RATED: list[tuple[str, str | None, str, str]] = [
    ("1", "satisfied", "", ""),
    ("１", "satisfied", "", ""),
    ("1。", "satisfied", "", ""),
    ("1 。", "satisfied", "", ""),
    ("“1”", "satisfied", "", ""),
    ("1满意", "satisfied", "", ""),
    ("1 满意", "satisfied", "", ""),
    ("1、满意", "satisfied", "", ""),
    ("满意", "satisfied", "", ""),
    ("满意！", "satisfied", "", ""),
    ("满意了", "satisfied", "", ""),
    ("很满意", "satisfied", "", ""),
    ("非常满意，谢谢", "satisfied", "", "谢谢"),
    ("我很满意", "satisfied", "", ""),
    ("评价：1", "satisfied", "", ""),
    ("回复1", "satisfied", "", ""),
    ("1 谢谢", "satisfied", "", "谢谢"),
    ("satisfied", "satisfied", "", ""),
    ("Very satisfied!", "satisfied", "", ""),
    ("I am satisfied", "satisfied", "", ""),
    ("satisfied thanks", "satisfied", "", "thanks"),
    ("042 1", "satisfied", "042", ""),
    ("000042 3 没修好", "dissatisfied", "000042", "没修好"),
    ("1 042", "satisfied", "", "042"),
    ("2", "fairly_satisfied", "", ""),
    ("基本满意", "fairly_satisfied", "", ""),
    ("比较满意", "fairly_satisfied", "", ""),
    ("2 还可以", "fairly_satisfied", "", "还可以"),
    ("fairly satisfied", "fairly_satisfied", "", ""),
    ("fairly", "fairly_satisfied", "", ""),
    ("3", "dissatisfied", "", ""),
    ("３。", "dissatisfied", "", ""),
    ("不满意", "dissatisfied", "", ""),
    ("很不满意", "dissatisfied", "", ""),
    ("不满", "dissatisfied", "", ""),
    ("不太满意", "dissatisfied", "", ""),
    ("不是很满意", "dissatisfied", "", ""),
    ("不满意，还没修好", "dissatisfied", "", "还没修好"),
    ("不满意因为没修好", "dissatisfied", "", "因为没修好"),
    ("3 没修好", "dissatisfied", "", "没修好"),
    ("3没修好", "dissatisfied", "", "没修好"),
    ("3，处理不好", "dissatisfied", "", "处理不好"),
    ("3 处理不好", "dissatisfied", "", "处理不好"),
    ("3 路灯还不亮", "dissatisfied", "", "路灯还不亮"),
    ("3 只清了一半", "dissatisfied", "", "只清了一半"),
    ("3 多次反映没用", "dissatisfied", "", "多次反映没用"),
    ("3 根本没人来", "dissatisfied", "", "根本没人来"),
    ("3根本没人来", "dissatisfied", "", "根本没人来"),
    ("3 部分没修", "dissatisfied", "", "部分没修"),
    ("3 成天吵", "dissatisfied", "", "成天吵"),
    ("3 把垃圾倒在路边", "dissatisfied", "", "把垃圾倒在路边"),
    ("3 楼道灯不亮", "dissatisfied", "", "楼道灯不亮"),
    ("3 个别地方没修", "dissatisfied", "", "个别地方没修"),
    ("3 家里还漏水", "dissatisfied", "", "家里还漏水"),
    ("3 1楼还在漏水", "dissatisfied", "", "1楼还在漏水"),
    ("3 110来过也没用", "dissatisfied", "", "110来过也没用"),
    ("3 为什么不修？", "dissatisfied", "", "为什么不修？"),
    ("3 不满意", "dissatisfied", "", ""),
    ("3, still broken", "dissatisfied", "", "still broken"),
    ("not satisfied", "dissatisfied", "", ""),
    ("dissatisfied", "dissatisfied", "", ""),
    ("Unsatisfied, still broken", "dissatisfied", "", "still broken"),
    # about a rating, but which?
    ("1 2", None, "", ""),
    ("1、2", None, "", ""),
    ("1 2 3", None, "", ""),
    ("1或2", None, "", ""),
    ("3 满意", None, "", ""),
    ("3满意", None, "", ""),
    ("1 不满意", None, "", ""),
    ("满意？", None, "", ""),
    ("1？", None, "", ""),
    ("不满意吗", None, "", ""),
    ("1 2号楼停水", None, "", ""),
    ("satisfied with nothing", None, "", ""),
]
#: These say nothing of a rating.
NOT_RATED = [
    "", "。", "你好", "1楼漏水", "1 楼漏水", "1号楼停电", "1、2号楼停水", "1, 2楼漏水", "3、2号楼停水",
    "3天了还没修", "3 天了没人来", "3个月了", "3 个月了", "2024年就说要修", "10", "12", "110", "4", "1.5米",
    "3:30没人来", "1直没人来", "满意度调查", "不满意度很高", "没有满意", "满意你个头", "3Q", "1分钟",
    "三楼漏水", "不满18岁的孩子进网吧", "satisfaction", "this is not satisfactory", "1st floor", "3 floors are dark",
    "您好1",
]  # fmt: skip


@pytest.mark.parametrize(("text", "action", "codes", "rest"), ASKED)
def test_what_a_handler_asks_for_is_read_as_people_write_it(
    text: str, action: Action, codes: tuple[str, ...], rest: str
) -> None:
    assert grammar.read_asked(text) == Asked(action, codes, rest)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_a_number_or_a_word_inside_a_sentence_is_no_reply_code(text: str) -> None:
    assert grammar.read_asked(text) is None


@pytest.mark.parametrize("text", ["全部1", "全部 1", "all 1", "1 全部", "1全部", "全部签收", "所有的都签收", "ALL 1"])
def test_all_that_waits_is_asked_for_in_one_word(text: str) -> None:
    if text == "所有的都签收":
        assert grammar.read_asked(text) is None  # two words for it are a sentence
    else:
        assert grammar.read_asked(text) == Asked("accept", (), "", everything=True)


@pytest.mark.parametrize(("text", "codes"), [("042", ("042",)), ("#042", ("042",)), ("041 042", ("041", "042"))])
def test_a_code_alone_asks_for_nothing_yet(text: str, codes: tuple[str, ...]) -> None:
    assert grammar.read_asked(text) == Asked(None, codes, "")


@pytest.mark.parametrize(("text", "rating", "code", "rest"), RATED)
def test_a_rating_is_read_as_people_write_it(text: str, rating: str | None, code: str, rest: str) -> None:
    rated = grammar.read_rating(text)
    assert rated is not None
    assert (rated.rating, rated.code, rated.rest) == (rating, code, rest)


@pytest.mark.parametrize("text", NOT_RATED)
def test_a_number_or_a_word_inside_a_sentence_is_no_rating(text: str) -> None:
    assert grammar.read_rating(text) is None


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("1 但是还有一处没修", True),
        ("满意，不过慢了", True),
        ("1 谢谢", False),
        ("1 非常感谢", False),
        ("1 特别好，没问题", False),
        ("1, but late", True),
    ],
)
def test_praise_with_a_but_is_left_to_a_person(text: str, doubtful: bool) -> None:
    assert grammar.read_rating(text) == Rated("satisfied", "", text[2:].lstrip("，, "), doubtful)


NAMES: list[tuple[str, ...]] = [
    ("not_my_duty", "非本单位职责", "Not our duty"),
    ("duplicate", "重复工单", "Duplicate"),
    ("d", "重复", "Dup"),
]


@pytest.mark.parametrize(
    ("rest", "chosen"),
    [
        ("1", (0, "")),
        ("２", (1, "")),
        ("1 归市场监管", (0, "归市场监管")),
        ("非本单位职责", (0, "")),
        ("重复工单，见041", (1, "见041")),
        ("重复 见041", (2, "见041")),
        ("not our duty: market", (0, "market")),
        ("not_my_duty", (0, "")),
        ("4", None),
        ("0", None),
        ("1楼不归我们", None),
        ("2 个单位都管", None),
        ("不是我们的", None),
        ("重复投诉", None),
        ("", None),
    ],
)
def test_a_choice_is_made_by_number_or_by_name(rest: str, chosen: tuple[int, str] | None) -> None:
    assert grammar.choice(rest, NAMES) == chosen


@pytest.mark.parametrize(
    ("text", "thanks"),
    [
        ("谢谢！", True),
        ("好的，谢谢", True),
        ("thanks", True),
        ("谢谢但没修", False),
        ("您好", False),
        ("谢谢你们了", True),
    ],
)
def test_a_courtesy_is_told_from_a_message(text: str, thanks: bool) -> None:
    assert reply_text.is_thanks(text) is thanks


#: Any text, and texts made of what the grammar looks for.
TEXTS = st.text(max_size=80) | st.text(
    alphabet=st.sampled_from(
        "1234567890１２③ \n\t.。，,、!?？吗不满意很非常基本签收退回反馈办结求助全文楼天号【】#“”aokdne\0\ud800\u200b"
    ),
    max_size=40,
)


@given(TEXTS)
def test_every_text_is_read_to_some_end(text: str) -> None:
    asked = grammar.read_asked(text)
    assert asked is None or asked.action is None or asked.action in ACTIONS
    rated = grammar.read_rating(text)
    assert rated is None or rated.rating in (None, *grammar.RATINGS)
    grammar.code_first(text)
    grammar.choice(text, NAMES)
    grammar.only_codes(text)
    assert len(reply_text.fold(text)) == len(text)
    # What is quoted can be stored, and nothing is made up.
    for rest in (asked.rest if asked else "", rated.rest if rated else ""):
        rest.encode()
        assert "\0" not in rest
        assert len(rest) <= len(text)


@given(TEXTS)
def test_blanks_and_invisible_marks_around_a_text_change_nothing(text: str) -> None:
    around = f" \u200b{text}\u200b\n "
    if "\n" not in text:
        assert grammar.read_asked(around) == grammar.read_asked(text)
        assert grammar.read_rating(around) == grammar.read_rating(text)


@given(st.sampled_from([case[0] for case in RATED if case[1] in ("satisfied", "fairly_satisfied")]))
def test_no_praise_survives_a_negation_before_it(text: str) -> None:
    for negation in ("不", "没", "not ", "没有"):
        rated = grammar.read_rating(negation + text)
        assert rated is None or rated.rating not in ("satisfied", "fairly_satisfied"), negation + text
