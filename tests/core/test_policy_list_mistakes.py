"""Mistakes in categories, sources and communities: each case spoils the shipped configuration in a single spot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.spoilt import CATEGORIES, COMMUNITIES, SOURCES, problems

MISTAKES: list[tuple[tuple[str, str, Any], tuple[str | int, ...], str]] = [
    # categories
    ((CATEGORIES, "fallback", "GV98"), ("fallback",), "unknown category 'GV98'; known: "),
    ((CATEGORIES, "categories/0/team", "polce"), ("categories", 0, "team"), "unknown team 'polce'; known: citycare, "),
    (
        (CATEGORIES, "categories/0/assisting", ["x"]),
        ("categories", 0, "assisting"),
        "unknown team 'x'; known: citycare,",
    ),
    (
        (CATEGORIES, "categories/0/assisting", ["police"]),
        ("categories", 0, "assisting"),
        "the lead team cannot assist ",
    ),
    ((CATEGORIES, "categories/1/code", "PS01"), ("categories", 1, "code"), "PS01 is there twice"),
    ((CATEGORIES, "categories/0/group", "XX"), ("categories", 0, "group"), "unknown group 'XX'; known: "),
    (
        (CATEGORIES, "categories/0/flags", ["privacy", "privat"]),
        ("categories", 0, "flags", 1),
        "unknown flag 'privat'; ",
    ),
    (
        (CATEGORIES, "categories/0/words", ["打架", "斗殴，互殴"]),
        ("categories", 0, "words", 1),
        "'斗殴，互殴' would be looked for as it stands; words are separated by a half-width comma",
    ),
    (
        (CATEGORIES, "categories/0/words", ["KTV", "ktv"]),
        ("categories", 0, "words", 1),
        "ktv is there twice (capitals do not count); it would weigh double",
    ),
    ((CATEGORIES, "emergency_words", ["着火 "]), ("emergency_words", 0), "'着火 ' would be looked for as it stands; "),
    # sources and communities
    ((SOURCES, "columns/titel", ["标题2"]), ("columns", "titel"), "unknown field 'titel'; known: address, channel, "),
    (
        (SOURCES, "columns/channel", ["渠道", " 标 题*"]),
        ("columns", "channel", 1),
        " 标 题* is a heading of title already",
    ),
    ((SOURCES, "sources", {}), ("sources",), "at least one source is needed"),
    ((COMMUNITIES, "communities/1/name", "石灰桥社区"), ("communities", 1, "name"), "石灰桥社区 is there twice"),
]


@pytest.mark.parametrize(
    ("change", "place", "message"), MISTAKES, ids=[f"{n}-{'.'.join(map(str, m[1]))}" for n, m in enumerate(MISTAKES)]
)
def test_a_mistake_is_named_at_its_place(
    change: tuple[str, str, Any], place: tuple[str | int, ...], message: str
) -> None:
    found = [p.message for p in problems(change) if (p.file, p.path) == (change[0], place)]
    assert len(found) == 1
    assert found[0].startswith(message)
