"""What is wrong with a body, in the reader's language, with the field that is wrong.

The decoder's own sentences are precise but English and written for programmers; each of their forms has a pair of ours.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from xixi_workflow.web.languages import Language

_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")

#: Forms of the decoder's sentences, first match wins. `{1}` is the first group; a group named `field` is a field.
_FORMS: Final = tuple(
    (re.compile(form), zh, en)
    for form, zh, en in (
        (r"Object missing required field `(?P<field>[^`]+)`", "缺少必填项", "it is required"),
        (r"Object contains unknown field `(?P<field>[^`]+)`", "没有这一项，请核对拼写", "there is no such field"),
        (r"Expected `str` of length >= 1$", "不能为空", "must not be empty"),
        (r"Expected `str` of length <= (\d+)", "最多 {1} 个字", "at most {1} characters"),
        (r"Expected `str` matching regex '\\\\S'", "不能只有空格", "must not be blank"),
        (r"Expected `str` matching regex .*\\\\s\]", "不能只有空格，也不能含空字符", "must not be blank or hold a NUL"),
        (r"Expected `str` matching regex", "含有不允许的字符", "holds a character that is not allowed"),
        (r"Invalid enum value (.+)", "没有“{1}”这个选项", "there is no choice {1}"),
        (r"Expected `datetime` with a timezone", "时间须带时区，例如 {example}", "needs a time zone, as in {example}"),
        (r"Invalid RFC3339", "不是时间，请写成 {example}", "is not a time; write {example}"),
        (r"Expected `datetime", "不是时间，请写成 {example}", "is not a time; write {example}"),
        (r"Expected `object`", "应为一个 JSON 对象", "must be a JSON object"),
        (r"Expected `bool`", "应为 true 或 false", "must be true or false"),
        (r"Expected `str`", "应为文字（加引号）", "must be a text, in quotes"),
    )
)
_EXAMPLE: Final = "2026-11-23T09:30:00+08:00"
_BODY: Final = {"zh": "正文", "en": "body"}
_NOT_JSON: Final = {"zh": "不是有效的 JSON（UTF-8）", "en": "is not valid JSON (UTF-8)"}
_OTHER: Final = {"zh": "无法接受", "en": "cannot be accepted"}
_SENTENCE: Final = {"zh": "字段“{field}”：{problem}。", "en": 'Field "{field}": {problem}.'}


class Complaint(NamedTuple):
    """The field (dots between levels, empty for the body as a whole) and a sentence about it."""

    field: str
    sentence: str


def complaint(error: Exception, language: Language) -> Complaint:
    """What to tell the sender of a body that msgspec refused with `error`, or that was not UTF-8."""
    if not isinstance(error, msgspec.ValidationError):
        return Complaint("", _SENTENCE[language].format(field=_BODY[language], problem=_NOT_JSON[language]))
    text = str(error)
    place = _PLACE.search(text)
    path = place["path"].lstrip(".") if place else ""
    text = text[: place.start()] if place else text
    problem = _OTHER[language]
    for form, zh, en in _FORMS:
        found = form.match(text)
        if found:
            inner = found.groupdict().get("field")
            if inner:
                path = f"{path}.{inner}" if path else inner
            first = "" if inner or not found.groups() else found[1].strip("'")
            problem = (zh if language == "zh" else en).replace("{1}", first).replace("{example}", _EXAMPLE)
            break
    return Complaint(path, _SENTENCE[language].format(field=path or _BODY[language], problem=problem))
