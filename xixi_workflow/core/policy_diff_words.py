"""Changed wording: which text, in which language, and what it costs as SMS before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from xixi_workflow.core.policy_diff_changes import MISSING, Subject
from xixi_workflow.core.policy_diff_names import Names, Two, arrow, plain
from xixi_workflow.core.policy_diff_parts import Said, each
from xixi_workflow.core.sms import segments

_LANGUAGES: Final = {"words/zh.yaml": Two("中文", "Chinese"), "words/en.yaml": Two("英文", "English")}
_SECTIONS: Final = {
    "messages": Two("短信", "message"),
    "digests": Two("合并短信", "text of several messages"),
    "replies": Two("自动回复", "reply"),
    "refusals": Two("拒绝说明", "refusal"),
    "screens": Two("屏幕文字", "text on screens"),
}
#: A usual petition, for counting what a text costs.
_USUAL: Final = {
    "signature": "西溪街道", "no": "20261123000042", "no6": "000042", "category": "噪声扰民", "team": "派出所",
    "urgency": "", "community": "某某社区", "clock": "办结", "due": "11-24 15:05", "span": "3小时20分", "level": "2",
    "text": "工作人员已到现场处理，情况正在核实", "reason": "非本单位职责", "tel": "057100000000", "where": "某某路1号",
    "what": "夜间施工噪声", "count": "3", "items": "000042、000043、000044", "code": "000042",
    "codes": "000042、000043", "state": "处置中", "action": "3 已到现场", "part": "", "event": "签收", "role": "承办人",
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
        cost = _cost(change.old, change.new) if section in ("messages", "digests", "replies") else Two("", "")
        zh = f"{thing.zh}{known.zh}{tongue.zh}措辞：{said.zh}{cost.zh}"
        yield Said("wording", Two(zh, f"{tongue.en} wording of the {thing.en} {known.en}: {said.en}{cost.en}"))


def _cost(old: Any, new: Any) -> Two:
    """What the text of a usual petition is billed as; empty where that cannot be said."""
    counted = [_segments(value) for value in (old, new)]
    if None in counted:
        return Two("", "")
    shown = f"{counted[0]}" if counted[0] == counted[1] else f"{counted[0]} → {counted[1]}"
    return Two(f"（一般计费 {shown} 条）", f" (usually billed as {shown})")


def _segments(text: Any) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        return segments(text.format_map(_Usual(_USUAL)))
    except (ValueError, LookupError, AttributeError):
        return None


class _Usual(dict[str, str]):
    """Placeholders that nobody foresaw stand for a short word."""

    def __missing__(self, key: str) -> str:
        return "若干"
