"""What must not be told on: who filed a petition, and at which number. Masked in whatever the petitioner wrote."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Seven digits or more, with blanks or dashes between them: a telephone or identity number.
_LONG_NUMBER: Final = re.compile(r"[+＋]?\d(?:[ -]?\d){6,}[Xx]?")


def masked(text: str, name: str, phone: str) -> str:
    """`text` without the petitioner's name and without any number that could be dialled."""
    # Digits of any width become plain ones; the rest stays as it was written.
    plain = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text).strip()
    name = name.strip()
    if len(name) > 1:
        plain = plain.replace(name, "*")
        # 某 is nobody's family name: it stands for one.
        if "\u4e00" <= name[0] <= "\u9fff" and name[0] != "某":
            plain = re.sub(f"{re.escape(name[0])}(?=先生|女士|小姐|师傅|老师|阿姨|大爷|大妈|某)", "*", plain)
    plain = _LONG_NUMBER.sub("*", plain)
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", phone))
    # A short number is no number to others.
    return re.sub(r"[ -]?".join(digits), "*", plain) if 5 <= len(digits) <= 6 else plain
