"""In which of our two languages a reader wants to be answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

Language = Literal["zh", "en"]
_OURS: Final[dict[str, Language]] = {"zh": "zh", "en": "en"}


def reader(headers: Iterable[tuple[bytes, bytes]], otherwise: Language) -> Language:
    """The language that the request's `Accept-Language` puts first among ours; `otherwise` when it names neither."""
    for name, value in headers:
        if name == b"accept-language":
            return preferred(value.decode("latin-1"), otherwise)
    return otherwise


def preferred(accepted: str, otherwise: Language) -> Language:
    """See `reader`; `accepted` is the header's value, such as `en-GB,en;q=0.9,zh;q=0.1`."""
    best, weight = otherwise, 0.0
    for part in accepted.split(","):
        tag, _, quality = part.partition(";")
        try:
            q = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            q = 0.0
        language = _OURS.get(tag.strip().lower().partition("-")[0])
        if language is not None and q > weight:
            best, weight = language, q
    return best
