"""The reader's language, and the sentence about each kind of wrong body."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from xixi_workflow.core.commands import FilePetition
from xixi_workflow.web.languages import Language, preferred
from xixi_workflow.web.problems import complaint

GOOD: dict[str, Any] = {"source": "visit", "source_id": "1", "title": "路灯不亮"}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr,en;q=0.5", "en"),
        ("fr", "zh"),
        ("*", "zh"),
        ("en;q=0", "zh"),
        ("en;q=x, zh;q=0.1", "zh"),
        (";;,,=", "zh"),
    ],
)
def test_the_language_is_the_first_of_ours_that_the_reader_wants(accepted: str, language: Language) -> None:
    assert preferred(accepted, "zh") == language


#: What is sent, the field that is named, and a piece of each sentence.
WRONG: list[tuple[bytes | dict[str, Any], str, str, str]] = [
    (b"", "", "JSON", "JSON"),
    (b"{", "", "JSON", "JSON"),
    (b"\xff\xfe", "", "UTF-8", "UTF-8"),
    (b'{"source":"visit","source_id":"1","title":"\xff"}', "", "UTF-8", "UTF-8"),
    (b"[]", "", "对象", "object"),
    (b"null", "", "对象", "object"),
    (b'{"source_id":"1","title":"t"}', "source", "必填", "required"),
    (b'{"source":"visit","title":"t"}', "source_id", "必填", "required"),
    (b'{"source":"visit","source_id":"1"}', "title", "必填", "required"),
    ({"titel": "x"}, "titel", "没有这一项", "no such field"),
    ({"source_id": 7}, "source_id", "文字", "text"),
    ({"source_id": ""}, "source_id", "不能为空", "empty"),
    ({"source_id": "x" * 101}, "source_id", "100", "100"),
    ({"source": "a b"}, "source", "不允许", "not allowed"),
    ({"title": " \t"}, "title", "空格", "blank"),
    ({"title": "长" * 201}, "title", "200", "200"),
    ({"content": None}, "content", "文字", "text"),
    ({"received_at": "yesterday"}, "received_at", "时间", "time"),
    ({"received_at": "2026-11-23T09:30:00"}, "received_at", "时区", "time zone"),
    ({"received_at": 1764000000}, "received_at", "时间", "time"),
    ({"urgency": "high"}, "urgency", "high", "high"),
    ({"confidential": "yes"}, "confidential", "true", "true"),
    ({"petitioner": "张三"}, "petitioner", "对象", "object"),
    ({"petitioner": {"phone": "1" * 33}}, "petitioner.phone", "32", "32"),
    ({"petitioner": {"tel": "1"}}, "petitioner.tel", "没有这一项", "no such field"),
]


@pytest.mark.parametrize(("sent", "field", "zh", "en"), WRONG)
def test_a_wrong_body_is_told_by_field_and_in_the_readers_language(
    sent: bytes | dict[str, Any], field: str, zh: str, en: str
) -> None:
    body = sent if isinstance(sent, bytes) else msgspec.json.encode({**GOOD, **sent})
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)) as refused:
        msgspec.json.decode(body, type=FilePetition)
    in_chinese, in_english = complaint(refused.value, "zh"), complaint(refused.value, "en")
    assert in_chinese.field == in_english.field == field
    assert zh in in_chinese.sentence
    assert en in in_english.sentence
    assert field in in_chinese.sentence
