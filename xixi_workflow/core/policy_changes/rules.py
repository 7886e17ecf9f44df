"""Changed rules in sentences: clocks, ladders, notices, calendars, reasons and the plain values of `policy.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from xixi_workflow.core.policy_changes.changes import MISSING, ORDER, Change, Subject
from xixi_workflow.core.policy_changes.names import (
    Names,
    Two,
    arrow,
    day,
    event,
    gained_and_lost,
    joined,
    listed,
    percent,
    plain,
    seconds,
    span,
    urgency,
)
from xixi_workflow.core.policy_changes.parts import Said, came_or_went, each, lists_or_values, or_unset, renamed


def clocks(subject: Subject, names: Names) -> Iterator[Said]:
    """One clock."""
    code = subject.path[2]
    name = names.clock(code)
    whole = subject.take()
    if whole is not None:
        yield Said("promise", came_or_went(whole, Two(f"时限{name.zh}", f"clock {name.en}"), _clock))
        return
    for change in each(subject, "limit"):
        more = _longer(change)
        said = arrow(span(change.old), span(change.new))
        yield Said("promise", Two(f"{name.zh}时限：{said.zh}{more.zh}", f"{name.en} limit: {said.en}{more.en}"))
    for key, (label, shown) in _CLOCK.items():
        for change in each(subject, key):
            said = lists_or_values(change, shown)
            yield Said("promise", Two(f"{name.zh}{label.zh}：{said.zh}", f"{name.en}, {label.en}: {said.en}"))
    for change in each(subject, "calendar"):
        said = arrow(or_unset(change.old, names.calendar), or_unset(change.new, names.calendar))
        yield Said("promise", Two(f"{name.zh}按哪个日历计时：{said.zh}", f"{name.en} runs on the calendar: {said.en}"))
    for change in each(subject, "warn"):
        thing = Two(f"{name.zh}的到期预警", f"the warning of {name.en}")
        yield Said("warning", came_or_went(change, thing, lambda warn: _warning(warn, names)))
    for key, label, shown in (
        ("at", Two("预警时点", "warned at"), percent),
        ("to", Two("预警发给", "warning goes to"), names.whom),
        ("message", Two("预警用语", "wording of the warning"), names.message),
    ):
        for change in each(subject, "warn", key):
            said = lists_or_values(change, shown)
            yield Said("warning", Two(f"{name.zh}{label.zh}：{said.zh}", f"{name.en}, {label.en}: {said.en}"))
    for key, zh, en in (("ladder", "升级梯", "ladder"), ("ladders", "另用升级梯的诉求", "other ladders for some")):
        for change in each(subject, key):
            said = arrow(*(_ladders(v, names) for v in (change.old, change.new)))
            yield Said("ladder", Two(f"{name.zh}{zh}：{said.zh}", f"{name.en}, {en}: {said.en}"))
    yield from renamed(subject, Two(f"时限 {code}", f"clock {code}"), "promise")


_CLOCK: Final[dict[str, tuple[Two, Callable[[Any], Two]]]] = {
    "starts": (Two("何时开始计时", "started by"), event),
    "counts_from": (
        Two("从何时算起", "counts from"),
        lambda v: {"receipt": Two("来源收到", "receipt"), "event": Two("事件发生", "the event")}.get(v, plain(v)),
    ),
    "meets": (Two("办到什么算完成", "met by"), event),
    "ends": (Two("什么情况停止计时", "ended by"), event),
    "pauses_in": (Two("暂停计时的状态", "paused while"), event),
    "restarts": (Two("再次发生时重新计时", "restarted when it happens again"), plain),
    "extendable": (Two("可以延期", "may be extended"), plain),
    "limit_by_command": (Two("时长可由督办人另定", "the limit may be set by who orders it"), plain),
    "scope": (
        Two("计时对象", "runs for"),
        lambda v: {"petition": Two("工单", "the petition"), "assist": Two("协办任务", "each assisting team")}.get(
            v, plain(v)
        ),
    ),
    "when_due": (
        Two("到期时", "when due"),
        lambda v: {"breach": Two("算超时", "a breach"), "lapse": Two("期满终止，不算超时", "lapses, no breach")}.get(
            v, plain(v)
        ),
    ),
}


def _clock(shape: Any) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    limit = span(shape.get("limit", MISSING))
    begins, meets = listed(shape.get("starts"), event), listed(shape.get("meets"), event)
    return Two(f"{limit.zh}，从{begins.zh}起，到{meets.zh}止", f"{limit.en}, from {begins.en} to {meets.en}")


def _longer(change: Change) -> Two:
    old, new = seconds(change.old), seconds(change.new)
    if old is None or new is None:
        return Two("", "")
    if old == new:
        return Two("（时长不变，写法不同）", " (the same length, written differently)")
    by = span(_written(abs(new - old)))
    if new < old:
        return Two(f"（缩短{by.zh}）", f" ({by.en} shorter)")
    return Two(f"（延长{by.zh}）", f" ({by.en} longer)")


def _written(total: float) -> str:
    """Seconds as a span is written."""
    text, rest = "", round(total, 3)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if rest >= size:
            text += f"{int(rest // size)}{unit}"
            rest %= size
    return text + (f"{rest:g}s" if rest else "")


def _warning(warn: Any, names: Names) -> Two:
    if not isinstance(warn, dict):
        return plain(warn)
    at, to = listed(warn.get("at"), percent), listed(warn.get("to"), names.whom)
    return Two(f"{at.zh}时告知{to.zh}", f"{at.en}, to {to.en}")


def _ladders(value: Any, names: Names) -> Two:
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return joined((_choice(one, names) for one in value), "；", "; ")
    return plain(value)


def _choice(one: dict[str, Any], names: Names) -> Two:
    urgencies, categories = listed(one.get("urgencies", []), urgency), listed(one.get("categories", []), names.category)
    fits = [urgencies] * ("urgencies" in one) + [categories] * ("categories" in one)
    ladder = plain(one.get("ladder", MISSING))
    which = joined(fits, "且", " and ") if fits else Two("全部", "all")
    return Two(f"{which.zh}用 {ladder.zh}", f"{which.en}: {ladder.en}")


def ladder(subject: Subject, names: Names) -> Iterator[Said]:
    """One ladder."""
    name = names.ladder(subject.path[2])
    whole = subject.take()
    if whole is not None and not isinstance(whole.old, list) and not isinstance(whole.new, list):
        yield Said("ladder", came_or_went(whole, name, lambda steps: _steps(steps, names)))
        return
    if whole is not None:
        said = arrow(_steps(whole.old, names), _steps(whole.new, names))
        yield Said("ladder", Two(f"{name.zh}：{said.zh}", f"{name.en}: {said.en}"))
        return
    for level in dict.fromkeys(path[0] for path in subject.changes):
        step = Two(f"{name.zh}第{level}级", f"{name.en}, level {level}")
        for change in each(subject, level):
            yield Said("ladder", came_or_went(change, step, lambda shape: _step(shape, names)))
        parts = []
        for key, (label, shown) in _step_parts(names).items():
            for change in each(subject, level, key):
                said = lists_or_values(change, shown)
                parts.append(Two(f"{label.zh} {said.zh}", f"{label.en} {said.en}"))
        if parts:
            said = joined(parts, "；", "; ")
            yield Said("ladder", Two(f"{step.zh}：{said.zh}", f"{step.en}: {said.en}"))


def _step_parts(names: Names) -> dict[str, tuple[Two, Callable[[Any], Two]]]:
    return {
        "after": (Two("超时后多久", "after the breach"), span),
        "to": (Two("告知", "told"), names.whom),
        "message": (Two("用语", "wording"), names.message),
        "repeat": (Two("每隔多久重复", "repeated every"), span),
        "times": (Two("共几次", "times in all"), plain),
        "everyone": (Two("须人人确认", "until everyone has answered"), plain),
    }


def _steps(steps: Any, names: Names) -> Two:
    if isinstance(steps, dict):
        shown = [(level, _step(shape, names)) for level, shape in steps.items()]
    elif isinstance(steps, list):
        shown = [(one.get("level", "?") if isinstance(one, dict) else "?", _step(one, names)) for one in steps]
    else:
        return plain(steps)
    return joined((Two(f"第{n}级 {s.zh}", f"level {n} {s.en}") for n, s in shown), "；", "; ")


def _step(shape: Any, names: Names) -> Two:
    if not isinstance(shape, dict):
        return plain(shape)
    after, to = span(shape.get("after", MISSING)), listed(shape.get("to"), names.whom)
    zh, en = f"超时后{after.zh}告知{to.zh}", f"{after.en} after the breach to {to.en}"
    if shape.get("repeat"):
        every = span(shape["repeat"])
        times = shape.get("times")
        zh += f"，每{every.zh}重复" + (f"，共{times}次" if times else "直到有人确认")
        en += f", every {every.en}" + (f", {times} times" if times else " until somebody acknowledges")
    if shape.get("everyone"):
        zh, en = f"{zh}，须人人确认", f"{en}, everyone must answer"
    return Two(zh, en)


def notice(subject: Subject, names: Names) -> Iterator[Said]:
    """Who is told when something happens."""
    when = event(subject.path[2])
    change = subject.take()
    if change is None:
        return

    def told(one: Any) -> Two:
        if not isinstance(one, dict):
            return plain(one)
        kind, to = names.message(one.get("message")), listed(one.get("to"), names.whom)
        return Two(f"{kind.zh}给{to.zh}", f"{kind.en} to {to.en}")

    was, is_ = ([] if v is MISSING else v for v in (change.old, change.new))
    said = gained_and_lost(was, is_, told)
    yield Said("notice", Two(f"{when.zh}时的通知：{said.zh}", f"told on “{when.en}”: {said.en}"))


def calendar(subject: Subject, names: Names) -> Iterator[Said]:
    """A calendar that clocks and rosters run on."""
    code = subject.path[2]
    name = names.calendar(code)
    thing = Two(f"日历「{name.zh}」", f"calendar “{name.en}”")
    for change in each(subject):
        yield Said("calendar", came_or_went(change, thing, plain))
        return
    for key, label in (
        ("holidays", Two("假日", "holidays")),
        ("yearly_holidays", Two("每年的假日", "yearly holidays")),
    ):
        for change in each(subject, key):
            said = lists_or_values(change, plain)
            yield Said("calendar", Two(f"{thing.zh}{label.zh}：{said.zh}", f"{thing.en}, {label.en}: {said.en}"))
    for part, shown in (("week", day), ("special_days", plain)):
        for change in subject.take_under(part):
            on = shown(change.path[4]) if len(change.path) > 4 else Two("开放时间", "open hours")
            said = arrow(_periods(change.old), _periods(change.new))
            yield Said("calendar", Two(f"{thing.zh}{on.zh}：{said.zh}", f"{thing.en}, {on.en}: {said.en}"))
    for change in each(subject, "always"):
        said = arrow(plain(change.old), plain(change.new))
        yield Said("calendar", Two(f"{thing.zh}全天候：{said.zh}", f"{thing.en}, round the clock: {said.en}"))
    yield from renamed(subject, Two(f"日历 {code}", f"calendar {code}"), "calendar")


def _periods(value: Any) -> Two:
    if isinstance(value, list) and all(isinstance(p, dict) and {"from", "to"} == p.keys() for p in value):
        shown = [Two(*[f"{p['from']}-{p['to']}"] * 2) for p in value]
        return joined(shown) if shown else Two("不办公", "closed")
    return plain(value)


_REASONS: Final = {
    "return_reasons": Two("退单原因", "reason to return"),
    "hold_reasons": Two("挂起原因", "reason for a hold"),
    "reject_reasons": Two("不予受理原因", "reason to reject"),
    "results": Two("办结结果", "result"),
}


def reason(subject: Subject, names: Names) -> Iterator[Said]:
    """A reason or result that people choose from."""
    del names
    section, code = subject.path[1:3]
    thing = _REASONS[section]
    if code == ORDER:
        for change in each(subject):
            said = arrow(listed(change.old, plain), listed(change.new, plain))
            yield Said("reason", Two(f"{thing.zh}的次序：{said.zh}", f"order of “{thing.en}”: {said.en}"))
        return
    for change in each(subject):
        yield Said("reason", came_or_went(change, Two(f"{thing.zh} {code}", f"{thing.en} {code}"), _both_names))
    yield from renamed(subject, Two(f"{thing.zh} {code}", f"{thing.en} {code}"), "reason")


def _both_names(shape: Any) -> Two:
    if isinstance(shape, dict) and isinstance(shape.get("zh"), str) and isinstance(shape.get("en"), str):
        return Two(shape["zh"], shape["en"])
    return plain(shape)
