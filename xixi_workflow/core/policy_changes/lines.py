"""What changes between two policies, in words, what matters most first.

Every leaf of the documents that differs is said: by a sentence where there is one for it (`rules`,
`people`, `words`), and otherwise by its place with the value before and after. Besides, whoever
would be on duty differently in the coming weeks is said in hours, whatever the reason (`duty`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from xixi_workflow.core.duty_schema import is_duty
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_changes import people, rules
from xixi_workflow.core.policy_changes.changes import MISSING, Change, Subject, subjects
from xixi_workflow.core.policy_changes.duty import hours
from xixi_workflow.core.policy_changes.names import (
    Names,
    Two,
    arrow,
    gained_and_lost,
    listed,
    masked,
    plain,
    span,
    urgency,
)
from xixi_workflow.core.policy_changes.parts import Said
from xixi_workflow.core.policy_changes.words import wording
from xixi_workflow.core.policy_schema import Documents

#: What lines are about, in the order in which they are told.
TOPICS: Final[dict[str, Two]] = {
    "promise": Two("对诉求人的承诺和时限", "Promises and clocks"),
    "calendar": Two("工作日历", "Calendars"),
    "limit": Two("延期、挂起、重办", "Extensions, holds, rework"),
    "warning": Two("到期预警", "Warnings"),
    "ladder": Two("超时升级", "Escalation"),
    "notice": Two("通知", "Notices"),
    "duty": Two("值班", "Duty"),
    "people": Two("人员", "People"),
    "team": Two("承办单位", "Teams"),
    "category": Two("类别", "Categories"),
    "routing": Two("自动派单", "Automatic dispatch"),
    "sms": Two("短信规则", "Rules of texts"),
    "reason": Two("原因和结果", "Reasons and results"),
    "wording": Two("措辞", "Wording"),
    "report": Two("月报规则", "Rules of the report"),
    "form": Two("报表样式", "Forms"),
    "community": Two("社区", "Communities"),
    "source": Two("来源", "Sources"),
    "other": Two("其他", "Other"),
}


class Line(msgspec.Struct, frozen=True):
    """One thing that changes, in both languages. `place`: the file and keys; empty for what several changes bring."""

    topic: str
    zh: str
    en: str
    place: str = ""


_Shown = Callable[[Any], Two]
_Handler = Callable[[Subject, Names], Iterator[Said]]

_OF_SECTION: Final[dict[tuple[str, str], _Handler]] = {
    ("policy.yaml", "clocks"): rules.clocks,
    ("policy.yaml", "ladders"): rules.ladder,
    ("policy.yaml", "notices"): rules.notice,
    **{("policy.yaml", s): rules.reason for s in ("return_reasons", "hold_reasons", "reject_reasons", "results")},
    ("calendars.yaml", "calendars"): rules.calendar,
    ("categories.yaml", "categories"): people.category,
    ("categories.yaml", "natures"): people.nature,
    ("categories.yaml", "groups"): people.group,
    ("communities.yaml", "communities"): people.community,
    ("teams.yaml", "people"): people.person,
    ("teams.yaml", "teams"): people.team,
    ("sources.yaml", "sources"): people.source,
    ("sources.yaml", "columns"): people.column,
}

#: Plain values: place -> topic, what it is, how it is shown.
_VALUES: Final[dict[tuple[str, ...], tuple[str, Two, _Shown]]] = {
    ("policy.yaml", "reopening_window"): (
        "limit",
        Two("办结后多久可重办", "rating and reopening within"),
        span,
    ),
    ("policy.yaml", "most_rounds"): ("limit", Two("最多办理轮次", "rounds of handling at most"), plain),
    ("policy.yaml", "most_extensions"): ("limit", Two("最多延期次数", "extensions at most"), plain),
    ("policy.yaml", "longest_extension"): ("limit", Two("一次最多延期", "longest extension"), span),
    ("policy.yaml", "longest_hold"): ("limit", Two("最长挂起", "longest hold"), span),
    ("policy.yaml", "zone"): ("promise", Two("时区", "time zone"), plain),
    ("policy.yaml", "telephone"): ("notice", Two("中心电话", "telephone of the centre"), plain),
    ("policy.yaml", "signature", "zh"): ("wording", Two("短信签名（中文）", "signature of texts, Chinese"), plain),
    ("policy.yaml", "signature", "en"): ("wording", Two("短信签名（英文）", "signature of texts, English"), plain),
    ("policy.yaml", "fairly_satisfied_weight"): (
        "report",
        Two("基本满意的权重", "weight of “fairly satisfied”"),
        plain,
    ),
    ("policy.yaml", "routing", "dispatch_automatically"): (
        "routing",
        Two("按规则自动派单", "dispatched without a person"),
        plain,
    ),
    ("policy.yaml", "routing", "ask_assisting"): (
        "routing",
        Two("自动请求协办的紧急程度", "urgencies for which assisting teams are asked"),
        urgency,
    ),
    ("policy.yaml", "routing", "sure_from"): ("routing", Two("多少分以上才自动派单", "sure from a score of"), plain),
    ("policy.yaml", "sms", "quiet", "from"): ("sms", Two("夜间免打扰起", "quiet hours from"), plain),
    ("policy.yaml", "sms", "quiet", "to"): ("sms", Two("夜间免打扰止", "quiet hours until"), plain),
    ("policy.yaml", "sms", "daily_cap", "most"): ("sms", Two("同一号码每天最多", "to one number a day at most"), plain),
    ("policy.yaml", "sms", "throttle", "most"): ("sms", Two("同一工作人员短时最多", "to one of staff at most"), plain),
    ("policy.yaml", "sms", "throttle", "within"): ("sms", Two("短时指", "within"), span),
    ("policy.yaml", "sms", "bundle_from"): ("sms", Two("几条起合并", "told together from"), plain),
    ("policy.yaml", "sms", "late_after"): ("sms", Two("多久算迟发", "late after"), span),
    ("policy.yaml", "sms", "receipt_within"): ("sms", Two("多久无回执换方式", "next way without a receipt in"), span),
    ("policy.yaml", "sms", "replies_per_hour"): ("sms", Two("每小时自动回复最多", "replies an hour at most"), plain),
    ("policy.yaml", "report", "repeat_within"): ("report", Two("多久内算重复诉求", "a repeat within"), span),
    ("policy.yaml", "report", "contact_within"): ("report", Two("派单后多久内先行联系", "contact within"), span),
    ("policy.yaml", "report", "ranked_by"): ("report", Two("排名指标", "ranked by"), plain),
    ("policy.yaml", "report", "ranking_minimum"): ("report", Two("排名所需件数", "cases needed to be ranked"), plain),
    ("policy.yaml", "report", "red_and_black"): ("report", Two("红黑榜各几个", "places on either list"), plain),
    ("policy.yaml", "report", "listed_overdue"): ("report", Two("逐件列出的超时件数", "missed clocks listed"), plain),
    ("policy.yaml", "report", "hide_below"): ("report", Two("公开时隐去少于几的数", "counts withheld below"), plain),
    ("categories.yaml", "fallback"): ("category", Two("认不出时归入", "category for the rest"), plain),
    ("categories.yaml", "emergency_words"): ("category", Two("特急词", "emergency words"), plain),
    ("categories.yaml", "transfer_110_words"): ("category", Two("转110的词", "words for the police line"), plain),
}
#: The topic of what has no sentence of its own, by the first parts of its place.
_TOPIC_OF: Final[dict[tuple[str, ...], str]] = {
    ("policy.yaml", "clocks"): "promise",
    ("policy.yaml", "ladders"): "ladder",
    ("policy.yaml", "notices"): "notice",
    ("policy.yaml", "routing"): "routing",
    ("policy.yaml", "sms"): "sms",
    ("policy.yaml", "report"): "report",
    ("calendars.yaml",): "calendar",
    ("categories.yaml",): "category",
    ("communities.yaml",): "community",
    ("sources.yaml",): "source",
    ("teams.yaml", "people"): "people",
    ("teams.yaml",): "team",
}


def diff(old: Policy, new: Policy, *, now: datetime) -> list[Line]:
    """Everything that changes from `old` to `new`; who is on duty is compared from `now` on. Empty for equals."""
    names = Names(old.documents, new.documents)
    lines = of_documents(old.documents, new.documents)
    lines += [Line(said.topic, *said.text) for said in hours(old, new, names, now=now)]
    return _in_order(lines)


def of_documents(old: Documents, new: Documents) -> list[Line]:
    """What differs between the documents alone; they need not be free of mistakes."""
    names = Names(old, new)
    return _in_order([line for subject in subjects(old, new) for line in _said(subject, names)])


def _in_order(lines: list[Line]) -> list[Line]:
    topics = list(TOPICS)
    # What it comes to is told before how it is written.
    return sorted(lines, key=lambda line: (topics.index(line.topic), bool(line.place)))


def _said(subject: Subject, names: Names) -> Iterator[Line]:
    path = subject.path
    handler = _OF_SECTION.get((path[0], path[1])) if len(path) == 3 else None
    if len(path) == 3 and is_duty(path[0]):
        handler = people.roster
    elif len(path) == 3 and path[0].startswith("words/"):
        handler = wording
    if handler is not None:
        for said in handler(subject, names):
            yield Line(said.topic, *said.text, _place(path))
    for change in list(subject.changes.values()):
        topic, text = _plainly(change)
        yield Line(topic, *text, _place(change.path))


def _plainly(change: Change) -> tuple[str, Two]:
    """A change for which there is no sentence: what it is called, or its place, and both values."""
    path = change.path
    if path[0].startswith("forms/"):
        return "form", _form(change)
    topic, label, shown = _VALUES.get(path, (_topic(path), None, plain))
    if path[:3] == ("policy.yaml", "report", "score"):
        label = Two(f"得分中 {path[-1]} 的权重", f"weight of {path[-1]} in the score")
    if path[-1] == "phone":
        shown = _masked
    if isinstance(change.old, list) and isinstance(change.new, list):
        said = gained_and_lost(change.old, change.new, shown)
    else:
        said = arrow(*(listed(v, shown) if isinstance(v, list) else shown(v) for v in (change.old, change.new)))
    place = _place(path)
    thing = label or Two(place, place)
    return topic, Two(f"{thing.zh}：{said.zh}", f"{thing.en}: {said.en}")


def _masked(value: Any) -> Two:
    return Two(masked(value), masked(value)) if isinstance(value, str) else plain(value)


def _form(change: Change) -> Two:
    file, *keys = change.path
    name = file.removeprefix("forms/").removesuffix(".yaml")
    if not keys:
        if change.old is MISSING:
            return Two(f"新增报表 {name}", f"new form: {name}")
        if change.new is MISSING:
            return Two(f"取消报表 {name}", f"gone: form {name}")
    said = arrow(plain(change.old), plain(change.new))
    at = ".".join(keys)
    return Two(f"报表 {name} 有改动：{at}：{said.zh}", f"form {name} changed: {at}: {said.en}")


def _topic(path: tuple[str, ...]) -> str:
    if is_duty(path[0]):
        return "duty"
    if path[0].startswith("words/"):
        return "wording"
    return _TOPIC_OF.get(path[:2]) or _TOPIC_OF.get(path[:1]) or "other"


def _place(path: tuple[str, ...]) -> str:
    return f"{path[0]}: {'.'.join(path[1:])}" if len(path) > 1 else path[0]
