"""Texts of a form: figures in braces, parts that may be left out in brackets.

`本月受理{overview.counts.filed}件[，环比{overview.mom.filed:words}]。` A style may follow a colon: `parts` of a rate,
`words` of a change. What stands outside the braces holds no digit, so that every number in a sentence has a source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple, cast, get_args

from xixi_workflow.core.document import Source
from xixi_workflow.core.forms.conditions import Scope, Value, compile_value
from xixi_workflow.core.forms.paths import PathError
from xixi_workflow.core.forms.schema import Style

#: Stands for the list of a sentence's `each`.
EACH: Final = "each"

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
#: Digits of any script, full width ones and 一二三 left aside: those are words.
_DIGIT: Final = re.compile(r"\d")
_STYLES: Final = get_args(Style)
_PLAIN: Final = ("count", "number", "rate", "change", "span", "instant", "text")


class Slot(NamedTuple):
    """A figure in a text. `value` None stands for the list."""

    value: Value | None
    style: Style


class Part(NamedTuple):
    """Texts with slots between them. `optional`: it is left out where a slot has nothing to show."""

    pieces: tuple[str | Slot, ...]
    optional: bool


def compile_text(text: str, scope: Scope, *, lists: bool = False, digits: bool = False) -> tuple[Part, ...]:
    """The parts of `text`. `lists`: `{each}` may stand in it; `digits`: it may hold numbers of its own.

    Raises `PathError`.
    """
    parts = []
    for n, piece in enumerate(re.split(r"[\[\]]", _PLACEHOLDER.sub(_hidden, text))):
        if piece:
            parts.append(Part(_pieces(piece, scope, lists=lists, digits=digits), n % 2 == 1))
    outside = _PLACEHOLDER.sub("", text)
    if re.sub(r"[^\[\]]", "", outside).replace("[]", ""):
        raise PathError("a part that may be left out begins with [ and ends with ], and holds no other")
    if re.search(r"[{}]", outside):
        raise PathError("a figure begins with { and ends with }")
    for part in parts:
        if part.optional and not any(isinstance(piece, Slot) for piece in part.pieces):
            raise PathError("a part in [ ] needs a figure: without one nothing decides whether it is said")
    return tuple(parts)


def fill_text(
    parts: tuple[Part, ...], show: Callable[[Slot], tuple[str, list[Source]] | None]
) -> tuple[str, list[Source]] | None:
    """The text with its sources; None where a figure that is no part of a `[ ]` has nothing to show."""
    said, sources = "", list[Source]()
    for part in parts:
        filled = _fill(part, show)
        if filled is None:
            if part.optional:
                continue
            return None
        said += filled[0]
        sources += filled[1]
    return said, sources


def _fill(part: Part, show: Callable[[Slot], tuple[str, list[Source]] | None]) -> tuple[str, list[Source]] | None:
    said, sources = "", list[Source]()
    for piece in part.pieces:
        if isinstance(piece, str):
            said += piece
            continue
        shown = show(piece)
        if shown is None:
            return None
        said += shown[0]
        sources += shown[1]
    return said, sources


#: The brackets of an index are no brackets of a part: they are set aside while the text is cut up.
_ASIDE: Final = str.maketrans("[]", "\x02\x03")
_BACK: Final = str.maketrans("\x02\x03", "[]")


def _hidden(match: re.Match[str]) -> str:
    return match[0].translate(_ASIDE)


def _pieces(text: str, scope: Scope, *, lists: bool, digits: bool) -> tuple[str | Slot, ...]:
    pieces: list[str | Slot] = []
    for n, piece in enumerate(_PLACEHOLDER.split(text)):
        if n % 2:
            pieces.append(_slot(piece.translate(_BACK), scope, lists=lists))
        elif piece:
            if not digits and (digit := _DIGIT.search(piece)):
                raise PathError(f"the text has a number of its own ({digit[0]}); every number comes from the figures")
            pieces.append(piece)
    return tuple(pieces)


def _slot(text: str, scope: Scope, *, lists: bool) -> Slot:
    path, _, style = text.partition(":")
    if style and style not in _STYLES:
        raise PathError(f"{{{text}}}: unknown style {style!r}; known: {', '.join(_STYLES)}")
    if path == EACH:
        if not lists:
            raise PathError(f"{{{EACH}}} needs an `each` beside the sentence")
        return Slot(None, "plain")
    value = compile_value(path, scope)
    if value.node.kind not in _PLAIN:
        raise PathError(f"{{{path}}}: {value.node.told} cannot be printed; choose a part of it")
    if (style == "parts" and value.node.kind != "rate") or (style == "words" and value.node.kind != "change"):
        wanted = "a rate" if style == "parts" else "a change"
        raise PathError(f"{{{text}}}: {style} is for {wanted}, and this is {value.node.told}")
    return Slot(value, cast(Style, style or "plain"))
