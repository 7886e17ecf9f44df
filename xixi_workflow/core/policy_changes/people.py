"""Changed people, teams, duty, categories, communities and sources in sentences. Telephone numbers are masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from xixi_workflow.core.policy_changes.changes import MISSING, ORDER, Subject, same
from xixi_workflow.core.policy_changes.names import (
    NOTHING,
    Names,
    Two,
    arrow,
    day,
    gained_and_lost,
    joined,
    listed,
    masked,
    plain,
    urgency,
)
from xixi_workflow.core.policy_changes.parts import Said, came_or_went, each, lists_or_values, or_unset, renamed

_TONGUES: Final = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
_WAYS: Final = {"sms": ("短信", "SMS"), "chat": ("工作群", "team chat")}


def person(subject: Subject, names: Names) -> Iterator[Said]:
    """Who is there, and how they are reached."""
    who = names.person(subject.path[2])
    for change in each(subject):
        yield Said("people", came_or_went(change, Two(f"人员{who.zh}", f"person {who.en}"), _person))
        return
    for change in each(subject, "phone"):
        numbers = [masked(v) for v in (change.old, change.new)]
        said = Two("换了号码", "another number") if numbers[0] == numbers[1] else arrow(*(Two(n, n) for n in numbers))
        yield Said("people", Two(f"{who.zh}的手机：{said.zh}", f"telephone of {who.en}: {said.en}"))
    for key, (label, shown) in _person_parts(names).items():
        for change in each(subject, key):
            said = lists_or_values(change, shown, NOTHING)
            yield Said("people", Two(f"{who.zh}的{label.zh}：{said.zh}", f"{who.en}, {label.en}: {said.en}"))


def _person_parts(names: Names) -> dict[str, tuple[Two, Callable[[Any], Two]]]:
    return {
        "name": (Two("姓名", "name"), plain),
        "chat": (Two("工作群", "team chat"), plain),
        "language": (Two("语言", "language"), lambda v: Two(*_TONGUES[v]) if v in _TONGUES else plain(v)),
        "ways": (Two("通知方式", "ways to be told"), _way),
        "backup": (Two("代班人", "stand-in"), names.person),
        "joins": (Two("到岗日期", "first day"), plain),
        "leaves": (Two("离岗日期", "last day"), plain),
    }


def _way(value: Any) -> Two:
    return Two(*_WAYS[value]) if isinstance(value, str) and value in _WAYS else plain(value)


def _person(shape: Any) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    phone = masked(shape.get("phone"))
    zh, en = [f"手机 {phone}"], [f"telephone {phone}"]
    for key, label in (("joins", Two("到岗", "first day")), ("leaves", Two("离岗", "last day"))):
        if shape.get(key):
            zh.append(f"{label.zh} {shape[key]}")
            en.append(f"{label.en} {shape[key]}")
    return Two("，".join(zh), ", ".join(en))


def team(subject: Subject, names: Names) -> Iterator[Said]:
    """A team, its lead and its handlers."""
    code = subject.path[2]
    name = names.team(code)
    for change in each(subject):
        thing = Two(f"承办单位 {name.zh}（{code}）", f"team {name.en} ({code})")
        yield Said("team", came_or_went(change, thing, lambda shape: _team(shape, names)))
        return
    for key, label in (("lead", Two("负责人", "lead")), ("handlers", Two("承办人", "handlers"))):
        for change in each(subject, key):
            said = lists_or_values(change, names.person)
            yield Said("team", Two(f"{name.zh}的{label.zh}：{said.zh}", f"{label.en} of {name.en}: {said.en}"))
    yield from renamed(subject, Two(f"承办单位 {code}", f"team {code}"), "team")


def _team(shape: Any, names: Names) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    lead, handlers = names.person(shape.get("lead")), listed(shape.get("handlers"), names.person)
    return Two(f"负责人{lead.zh}，承办人{handlers.zh}", f"lead {lead.en}, handlers {handlers.en}")


# --- duty -------------------------------------------------------------------------------------------------------------


def roster(subject: Subject, names: Names) -> Iterator[Said]:
    """How the duty of a team or role is written in one file; what it comes to is said by `duty`."""
    name = names.roster(subject.path[2])
    file = subject.path[0]
    for change in each(subject):
        thing = Two(f"{name.zh}的排班（{file}）", f"roster of {name.en} ({file})")
        yield Said("duty", came_or_went(change, thing, lambda shape: _roster(shape, names)))
        return
    for change in each(subject, "calendar"):
        said = arrow(*(or_unset(v, names.calendar) for v in (change.old, change.new)))
        yield Said("duty", Two(f"{name.zh}的排班按日历：{said.zh}", f"roster of {name.en}, calendar: {said.en}"))
    for change in each(subject, "shifts"):
        was, is_ = (v if isinstance(v, list) else [] for v in (change.old, change.new))
        for n in range(max(len(was), len(is_))):
            old, new = (side[n] if n < len(side) else MISSING for side in (was, is_))
            if not same(old, new):
                said = arrow(*(_shift(v, names) if v is not MISSING else Two("无", "none") for v in (old, new)))
                yield Said("duty", Two(f"{name.zh}第{n + 1}班：{said.zh}", f"{name.en}, shift {n + 1}: {said.en}"))
    for change in each(subject, "overrides"):
        was, is_ = (v if isinstance(v, list) else [] for v in (change.old, change.new))
        said = gained_and_lost(was, is_, lambda one: _override(one, names))
        yield Said("duty", Two(f"{name.zh}的临时调整：{said.zh}", f"{name.en}, dated changes: {said.en}"))


def _roster(shape: Any, names: Names) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    parts = [_shift(one, names) for one in shape.get("shifts") or ()]
    parts += [_override(one, names) for one in shape.get("overrides") or ()]
    return joined(parts, "；", "; ")


def _shift(shape: Any, names: Names) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    days, times = shape.get("days"), listed(shape.get("times", ["00:00-24:00"]), plain)
    on = Two("每天", "every day") if days is None else listed(days, day)
    zh, en = f"{on.zh} {times.zh} ", f"{on.en} {times.en} "
    dates = shape.get("dates")
    if isinstance(dates, dict):
        between = f"{dates.get('from') or '…'}~{dates.get('to') or '…'} "
        zh, en = between + zh, between + en
    if shape.get("calendar"):
        calendar = names.calendar(shape["calendar"])
        zh, en = f"{zh}（按{calendar.zh}）", f"{en}(by {calendar.en}) "
    rotate = shape.get("rotate")
    if isinstance(rotate, dict):
        people = joined((_group(g, names) for g in rotate.get("people") or ()), " / ", " / ")
        every, since = rotate.get("every"), rotate.get("since")
        return Two(
            f"{zh}轮值（每 {every} 一换，起自 {since}）{people.zh}",
            f"{en}in turns of {every} since {since}: {people.en}",
        )
    people = listed(shape.get("people"), names.person)
    return Two(zh + people.zh, en + people.en)


def _group(value: Any, names: Names) -> Two:
    return listed(value, names.person) if isinstance(value, list) else names.person(value)


def _override(shape: Any, names: Names) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    if "people" in shape:
        people = listed(shape["people"], names.person)
        what = Two(f"由{people.zh}值班", f"{people.en} on duty")
    elif "cover" in shape:
        absent, by = names.person(shape["cover"]), names.person(shape.get("by"))
        what = Two(f"{by.zh}替{absent.zh}", f"{by.en} for {absent.en}")
    else:
        both = listed(shape.get("swap"), names.person)
        what = Two(f"{both.zh}对换", f"{both.en} swap")
    more = "".join(f"，{shape[key]}" for key in ("reason", "asked_by") if shape.get(key))
    when = f"{shape.get('from')}~{shape.get('to')}"
    return Two(f"{when} {what.zh}{more}", f"{when} {what.en}{more.replace('，', ', ')}")


# --- categories, communities, sources ---------------------------------------------------------------------------------


def category(subject: Subject, names: Names) -> Iterator[Said]:
    """What a petition can be about, and who answers for it."""
    code = subject.path[2]
    if code == ORDER:
        for change in each(subject):
            moved = [names.category(c) for c, d in zip(change.new, change.old, strict=False) if c != d][:5]
            said = joined(moved)
            yield Said("category", Two(f"类别的先后有变（得分相同时在前的优先）：{said.zh} 等",
                       f"categories stand in another order, which decides between equals: {said.en} …"))  # fmt: skip
        return
    name = names.category(code)
    for change in each(subject):
        thing = Two(f"类别{name.zh}（{code}）", f"category {name.en} ({code})")
        yield Said("category", came_or_went(change, thing, lambda shape: _category(shape, names)))
        return
    for key, (label, shown) in _category_parts(names).items():
        for change in each(subject, key):
            said = lists_or_values(change, shown)
            yield Said("category", Two(f"类别{name.zh}的{label.zh}：{said.zh}", f"{name.en}, {label.en}: {said.en}"))
    yield from renamed(subject, Two(f"类别 {code}", f"category {code}"), "category")


def _category_parts(names: Names) -> dict[str, tuple[Two, Callable[[Any], Two]]]:
    return {
        "team": (Two("主办单位", "lead team"), names.team),
        "assisting": (Two("协办单位", "assisting teams"), names.team),
        "urgency": (Two("紧急程度", "urgency"), urgency),
        "group": (Two("大类", "group"), names.group),
        "flags": (Two("标记", "flags"), plain),
        "words": (Two("识别词", "words"), plain),
    }


def _category(shape: Any, names: Names) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    lead = names.team(shape.get("team"))
    return Two(f"主办 {lead.zh}", f"led by {lead.en}")


def _simple(topic: str, thing: Two) -> Callable[[Subject, Names], Iterator[Said]]:
    """A thing that has names and little else."""

    def told(subject: Subject, names: Names) -> Iterator[Said]:
        del names
        code = subject.path[2]
        named = Two(f"{thing.zh} {code}", f"{thing.en} {code}")
        for change in each(subject):
            if isinstance(change.old, list) and isinstance(change.new, list):
                said = gained_and_lost(change.old, change.new, plain)
                yield Said(topic, Two(f"{named.zh}：{said.zh}", f"{named.en}: {said.en}"))
            else:
                yield Said(topic, came_or_went(change, named, _names_of))
            return
        yield from renamed(subject, named, topic)

    return told


def _names_of(shape: Any) -> Two:
    if isinstance(shape, dict) and isinstance(shape.get("zh"), str) and isinstance(shape.get("en"), str):
        return Two(shape["zh"], shape["en"])
    if isinstance(shape, dict):
        said = "，".join(str(v) for v in shape.values())
        return Two(said or "—", said or "—")
    return plain(shape)


community = _simple("community", Two("社区", "community"))
source = _simple("source", Two("来源", "source"))
column = _simple("source", Two("导入列", "import column"))
nature = _simple("category", Two("诉求性质", "nature"))
group = _simple("category", Two("大类", "group of categories"))
