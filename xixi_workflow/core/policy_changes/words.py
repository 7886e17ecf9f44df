"""Changed wording: which text, in which language, and what it costs as SMS before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from xixi_workflow.core.policy_changes.changes import MISSING, Subject
from xixi_workflow.core.policy_changes.names import Names, Two, arrow, plain
from xixi_workflow.core.policy_changes.parts import Said, each
from xixi_workflow.core.sms import segments

_LANGUAGES: Final = {"words/zh.yaml": Two("中文", "Chinese"), "words/en.yaml": Two("英文", "English")}
_SECTIONS: Final = {
    "messages": Two("短信", "message"),
    "digests": Two("合并短信", "text of several messages"),
    "replies": Two("自动回复", "reply"),
    "refusals": Two("拒绝说明", "refusal"),
    "screens": Two("屏幕文字", "text on screens"),
}
#: A usual petition, for counting what a text costs. What people write is Chinese in either language.
_USUAL: Final = {
    "no": "20261123000042", "no6": "000042", "code": "000042", "urgency": "", "due": "11-24 15:05", "level": "2",
    "tel": "057100000000", "count": "3", "part": "", "text": "工作人员已到现场处理，情况正在核实", "where": "某某路1号",
    "what": "夜间施工噪声", "community": "某某社区",
}  # fmt: skip
_NAMES: Final[dict[str, dict[str, str]]] = {
    "zh": {
        "signature": "西溪街道", "category": "噪声扰民", "team": "派出所", "clock": "办结", "span": "3小时20分",
        "reason": "非本单位职责", "items": "000042、000043、000044", "codes": "000042、000043", "state": "处置中",
        "action": "3 已到现场", "event": "签收", "role": "承办人",
    },
    "en": {
        "signature": "Xixi", "category": "Noise", "team": "Police Station", "clock": "Closure", "span": "3h 20min",
        "reason": "Not our duty", "items": "000042, 000043, 000044", "codes": "000042, 000043", "state": "In progress",
        "action": "3 on site", "event": "accept", "role": "Handler",
    },
}  # fmt: skip


def wording(subject: Subject, names: Names) -> Iterator[Said]:
    """One text in one language."""
    file, section, key = subject.path
    tongue = _LANGUAGES.get(file, plain(file))
    thing = _SECTIONS.get(section, plain(section))
    name = names.message(key) if section == "messages" else plain(key)
    known = Two(f"「{name.zh}」（{key}）", f"“{name.en}” ({key})") if name.zh != key else Two(f" {key}", key)
    for change in each(subject):
        said = arrow(*(Two("无", "none") if v is MISSING else plain(v) for v in (change.old, change.new)))
        language = file.removeprefix("words/").removesuffix(".yaml")
        cost = _cost(change.old, change.new, language) if section in ("messages", "digests", "replies") else Two("", "")
        zh = f"{thing.zh}{known.zh}{tongue.zh}措辞：{said.zh}{cost.zh}"
        yield Said("wording", Two(zh, f"{tongue.en} wording of the {thing.en} {known.en}: {said.en}{cost.en}"))


def _cost(old: Any, new: Any, language: str) -> Two:
    """What the text of a usual petition is billed as; empty where that cannot be said."""
    counted = [str(_segments(value, language)) for value in (old, new) if isinstance(value, str)]
    if not counted or "None" in counted:
        return Two("", "")
    shown = " → ".join(dict.fromkeys(counted))
    return Two(f"（一般计费 {shown} 条）", f" (usually billed as {shown})")


def _segments(text: str, language: str) -> int | None:
    try:
        return segments(text.format_map(_Usual(_USUAL | _NAMES.get(language, {}))))
    except (ValueError, LookupError, AttributeError):
        return None


class _Usual(dict[str, str]):
    """Placeholders that nobody foresaw stand for a short word."""

    def __missing__(self, key: str) -> str:
        return "---"
