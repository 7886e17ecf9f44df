"""How many SMS segments a text costs.

3GPP TS 23.038: a text whose every character is in the GSM 7-bit alphabet costs 160 septets in one segment, 153 in
each of several; any other character makes the whole text UCS-2: 70 units, 67 in each of several. An emoji is two
UCS-2 units, and the characters of the GSM extension table two septets. A joined text never splits such a pair.
"""

from __future__ import annotations

from typing import Final

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE: Final = frozenset("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """The number of segments `text` is billed as; an empty text costs one."""
    if all(c in _GSM or c in _GSM_DOUBLE for c in text):
        return _pack([2 if c in _GSM_DOUBLE else 1 for c in text], 160, 153)
    return _pack([2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67)


def _pack(units: list[int], alone: int, joined: int) -> int:
    if sum(units) <= alone:
        return 1
    count, room = 1, joined
    for unit in units:
        if unit > room:
            count, room = count + 1, joined
        room -= unit
    return count
