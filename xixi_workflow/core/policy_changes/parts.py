"""The turns of phrase that every sentence about a changed configuration is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from xixi_workflow.core.policy_changes.changes import MISSING, Change, Subject
from xixi_workflow.core.policy_changes.names import UNSET, Two, arrow, gained_and_lost, listed, plain


class Said(NamedTuple):
    """A sentence of a topic (`policy_diff.TOPICS`)."""

    topic: str
    text: Two


def each(subject: Subject, *within: str) -> list[Change]:
    """The change at a place, if there is one; it is then said."""
    change = subject.take(*within)
    return [] if change is None else [change]


def or_unset(value: Any, shown: Callable[[Any], Two], unset: Two = UNSET) -> Two:
    """A value, or that it is not written."""
    if value is MISSING:
        return unset
    return plain(value) if value is None else shown(value)


def lists_or_values(change: Change, shown: Callable[[Any], Two], unset: Two = UNSET) -> Two:
    """How a list or a single value has changed."""
    if isinstance(change.old, list) and isinstance(change.new, list):
        return gained_and_lost(change.old, change.new, shown)
    return arrow(
        *(listed(v, shown) if isinstance(v, list) else or_unset(v, shown, unset) for v in (change.old, change.new))
    )


def came_or_went(change: Change, thing: Two, shown: Callable[[Any], Two]) -> Two:
    """A thing that is new, gone, or quite another."""
    if change.old is MISSING:
        said = shown(change.new)
        return Two(f"新增{thing.zh}：{said.zh}", f"new: {thing.en}: {said.en}")
    if change.new is MISSING:
        said = shown(change.old)
        return Two(f"取消{thing.zh}（原为：{said.zh}）", f"gone: {thing.en} (it was: {said.en})")
    said = arrow(or_unset(change.old, shown), or_unset(change.new, shown))
    return Two(f"{thing.zh}：{said.zh}", f"{thing.en}: {said.en}")


def renamed(subject: Subject, thing: Two, topic: str) -> Iterator[Said]:
    """Its names in both languages."""
    for tongue, label in (("zh", Two("中文名", "Chinese name")), ("en", Two("英文名", "English name"))):
        for change in each(subject, tongue):
            said = arrow(plain(change.old), plain(change.new))
            yield Said(topic, Two(f"{thing.zh}的{label.zh}：{said.zh}", f"{label.en} of {thing.en}: {said.en}"))
