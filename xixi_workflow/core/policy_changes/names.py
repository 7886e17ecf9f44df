"""Names and values of a configuration as people read them, in Chinese and English at once.

A thing may be known to one of two policies only; the new one's name goes first. Values that make no sense are shown as
they are written: who compares two folders may compare one with mistakes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from xixi_workflow.core.lifecycle import EVENTS, STATES
from xixi_workflow.core.policy_changes.changes import MISSING
from xixi_workflow.core.policy_schema import Documents, read_span

#: Characters of a value that is shown as it is written.
_SHOWN: Final = 300
_SPAN: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[dhms])+")
_UNITS: Final = {"d": ("天", " d"), "h": ("小时", " h"), "m": ("分钟", " min"), "s": ("秒", " s")}
_DAYS: Final = {
    "mon": ("周一", "Mon"), "tue": ("周二", "Tue"), "wed": ("周三", "Wed"), "thu": ("周四", "Thu"),
    "fri": ("周五", "Fri"), "sat": ("周六", "Sat"), "sun": ("周日", "Sun"), "workday": ("工作日", "working days"),
    "holiday": ("休息日", "days off"),
}  # fmt: skip
_RECIPIENTS: Final = {
    "petitioner": ("诉求人", "the petitioner"),
    "surveyed": ("可回访的诉求人", "petitioners who may be asked"),
    "handler": ("承办人", "the handler"),
    "team_lead": ("部门负责人", "the team's lead"),
    "assisting": ("协办单位", "the assisting team"),
}
_URGENCIES: Final = {"normal": ("一般", "normal"), "urgent": ("紧急", "urgent"), "emergency": ("特急", "emergency")}


class Two(NamedTuple):
    """The same in Chinese and in English."""

    zh: str
    en: str


NOTHING: Final = Two("无", "nothing")
#: A value that is left out: what the program does then is its default.
UNSET: Final = Two("未写（按默认）", "not written (default)")


def joined(parts: Iterable[Two], zh: str = "、", en: str = ", ") -> Two:
    """A list in words; "nothing" for an empty one."""
    found = list(parts)
    return Two(zh.join(p.zh for p in found), en.join(p.en for p in found)) if found else NOTHING


def plain(value: Any) -> Two:
    """A value as it is written."""
    if value is MISSING:
        return UNSET
    if isinstance(value, bool):
        return Two("是", "yes") if value else Two("否", "no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if text.strip() == text and text else json.dumps(text, ensure_ascii=False)
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return Two(text, text)


def span(value: Any) -> Two:
    """`1d12h` as it is written, in words."""
    if not isinstance(value, str) or not _SPAN.fullmatch(value):
        return plain(value)
    parts = re.findall(r"([0-9.]+)([dhms])", value)
    return Two("".join(n + _UNITS[u][0] for n, u in parts), " ".join(n + _UNITS[u][1] for n, u in parts))


def seconds(value: Any) -> float | None:
    """The seconds of a span; None where it is none."""
    try:
        return read_span(value)
    except ValueError:
        return None


def arrow(old: Two, new: Two) -> Two:
    """`24小时 → 12小时`."""
    return Two(f"{old.zh} → {new.zh}", f"{old.en} → {new.en}")


def percent(value: Any) -> Two:
    """A warning (`80%`, `-30m`) or a weight, in words."""
    if isinstance(value, str) and value.startswith("-"):
        left = span(value[1:])
        return Two(f"到期前{left.zh}", f"{left.en} before due")
    return plain(value)


def day(value: Any) -> Two:
    """A day of the week, working days, days off."""
    return Two(*_DAYS[value]) if value in _DAYS else plain(value)


def urgency(value: Any) -> Two:
    """How urgent."""
    return Two(*_URGENCIES[value]) if isinstance(value, str) and value in _URGENCIES else plain(value)


def event(value: Any) -> Two:
    """An event of the lifecycle, or a state."""
    if isinstance(value, str) and value in EVENTS:
        return Two(EVENTS[value].zh, EVENTS[value].en.lower())
    state = next((names for code, names in STATES.items() if code == value), None)
    return Two(*state) if state else plain(value)


def listed(values: Any, name: Callable[[Any], Two]) -> Two:
    """A list of configured things."""
    return joined(name(v) for v in values) if isinstance(values, list) else plain(values)


def gained_and_lost(old: Any, new: Any, name: Callable[[Any], Two]) -> Two:
    """How one list became another: what came, what went, or another order."""
    if not isinstance(old, list) or not isinstance(new, list):
        return arrow(listed(old, name), listed(new, name))
    came, went = [v for v in new if v not in old], [v for v in old if v not in new]
    parts = []
    if came:
        more = listed(came, name)
        parts.append(Two(f"增加 {more.zh}", f"added {more.en}"))
    if went:
        less = listed(went, name)
        parts.append(Two(f"去掉 {less.zh}", f"removed {less.en}"))
    return joined(parts, "；", "; ") if parts else arrow(listed(old, name), listed(new, name))


def masked(phone: Any) -> str:
    """A telephone number that nobody can dial."""
    text = phone if isinstance(phone, str) else ""
    if len(text) >= 10:
        return f"{text[:-8]}****{text[-4:]}"
    return f"****{text[-2:]}" if text else "—"


class Names:
    """Names of what two policies configure."""

    def __init__(self, old: Documents, new: Documents) -> None:
        self._sides = (new, old)

    def _named(self, code: Any, *path: str) -> Two | None:
        for documents in self._sides:
            found: Any = documents
            for key in (*path, code):
                found = found.get(key) if isinstance(found, dict) else None
            if isinstance(found, dict) and isinstance(found.get("zh"), str) and isinstance(found.get("en"), str):
                return Two(found["zh"], found["en"])
        return None

    def _screen(self, key: str) -> Two | None:
        for documents in self._sides:
            texts = [(documents.get(f"words/{tongue}.yaml") or {}).get("screens") for tongue in ("zh", "en")]
            said = [str(text[key]) for text in texts if isinstance(text, dict) and key in text]
            if len(said) == 2:
                return Two(*said)
        return None

    def clock(self, code: Any) -> Two:
        """A clock, in Chinese quotation marks."""
        found = self._named(code, "policy.yaml", "clocks") or plain(code)
        return Two(f"「{found.zh}」", found.en)

    def team(self, code: Any) -> Two:
        """A team."""
        return self._named(code, "teams.yaml", "teams") or plain(code)

    def roster(self, code: Any) -> Two:
        """A team, or a role of the centre."""
        return self._named(code, "teams.yaml", "teams") or self._screen(f"role_{code}") or plain(code)

    def whom(self, code: Any) -> Two:
        """Who is told."""
        return Two(*_RECIPIENTS[code]) if code in _RECIPIENTS else self.roster(code)

    def message(self, kind: Any) -> Two:
        """A kind of message."""
        return self._screen(f"message_{kind}") or plain(kind)

    def calendar(self, code: Any) -> Two:
        """A calendar."""
        return self._named(code, "calendars.yaml", "calendars") or plain(code)

    def group(self, code: Any) -> Two:
        """A group of categories."""
        return self._named(code, "categories.yaml", "groups") or plain(code)

    def category(self, code: Any) -> Two:
        """A category or group, in Chinese quotation marks."""
        for documents in self._sides:
            for one in (documents.get("categories.yaml") or {}).get("categories") or ():
                if isinstance(one, dict) and one.get("code") == code and {"zh", "en"} <= one.keys():
                    return Two(f"「{one['zh']}」", str(one["en"]))
        return self.group(code)

    def person(self, code: Any) -> Two:
        """A person with their code."""
        for documents in self._sides:
            people = (documents.get("teams.yaml") or {}).get("people")
            known = people.get(code) if isinstance(people, dict) else None
            if isinstance(known, dict) and isinstance(known.get("name"), str):
                return Two(f"{known['name']}（{code}）", f"{known['name']} ({code})")
        return plain(code)

    def ladder(self, code: Any) -> Two:
        """A ladder and the clocks that climb it."""
        used: dict[str, Two] = {}
        for documents in self._sides:
            for name, shape in ((documents.get("policy.yaml") or {}).get("clocks") or {}).items():
                choices = shape.get("ladders") or [] if isinstance(shape, dict) else []
                codes = [shape.get("ladder")] if isinstance(shape, dict) else []
                if code in [*codes, *(c.get("ladder") for c in choices if isinstance(c, dict))]:
                    used.setdefault(name, self.clock(name))
        shown = plain(code)
        clocks = joined(used.values(), "", ", ")
        return Two(f"升级梯 {shown.zh}（{clocks.zh}用）", f"ladder {shown.en} (of {clocks.en})") if used else Two(
            f"升级梯 {shown.zh}", f"ladder {shown.en}"
        )  # fmt: skip
