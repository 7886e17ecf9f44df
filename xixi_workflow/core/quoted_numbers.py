"""Numbers in what a person wrote for which no figure vouches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = re.compile(r"\d+(?:[,.]\d+)*")


def strange_numbers(text: str, drafted: Iterable[str]) -> list[str]:
    """The numbers of `text` that stand in none of `drafted`, each once; 1,234 and 1234 are the same."""
    known = {_plain(number) for one in drafted for number in _NUMBER.findall(one)}
    return [number for number in dict.fromkeys(_NUMBER.findall(text)) if _plain(number) not in known]


def _plain(number: str) -> str:
    return number.replace(",", "")
