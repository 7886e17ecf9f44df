"""Telephone numbers in the one form in which they are compared: as dialled from abroad, `+8619900000001`."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NOT_DIALLED: Final = re.compile(r"[^0-9+]")


def dialled(phone: str, country: str = "86") -> str:
    """`phone` with its country's calling code; empty when there is no digit in it.

    Blanks, dashes and full-width digits are understood. A number of up to six digits is a service's short number, which
    has no country.
    """
    plain = _NOT_DIALLED.sub("", unicodedata.normalize("NFKC", phone))
    digits = plain.replace("+", "")
    if not digits:
        return ""
    if plain.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if len(digits) <= 6:
        return digits
    if digits.startswith(country) and len(digits) >= 11 + len(country):
        return f"+{digits}"
    return f"+{country}{digits.removeprefix('0')}"
