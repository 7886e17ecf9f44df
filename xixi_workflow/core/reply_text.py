"""A letter as it is compared: cleaned, folded, and where in it a number or a word stands for itself.

A text is compared in a folded form of the same length (full-width digits, letters and punctuation as plain ones, small
letters), so that what a person wrote after a reply code is quoted as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: What may stand between the parts of a reply, and around it. A question mark may not: `1？` asks.
BETWEEN: Final = r"\s.,;:!。、·/\\|_+\-=~—…\"'`“”‘’「」『』《》〈〉()\[\]{}【】<>#*&^"
GAP: Final = rf"[{BETWEEN}]*"
END: Final = rf"(?=[{BETWEEN}]|\Z)"
#: What makes a number before it a part of a sentence, glued to it: 3楼, 3天, 3号 …
_COUNTED: Final = frozenset(
    "楼层号栋幢座单户个人位名点分秒时日天年月周次件条家辆米块元处室组期路所台只棵盏瓶吨度级类万千百十成份部间排段区"
    "岁班公厘毫平方里亩根支颗粒滴把张页字轮倍星队项步线环弄巷村口边%℃°"
)
#: Words that begin with one of these and count nothing.
_NOT_COUNTED: Final = re.compile(
    "处[理置罚]|路[灯面口边]|家[里中]|部[分门]|根本|个别|人[员家工]|只[是有清做修扫]|点[位评]|条件|天天|次次|年年"
)
#: What a number counts although a blank parts them, which few people write: `1 楼漏水`, `3 天了没修`.
_COUNTED_APART: Final = re.compile(
    r"楼(?![上下道顶梯宇里])|号[楼门院]|栋|幢|单元|层楼|户[人居]|盏|棵|个(?![别体性人])|天(?=[了后内前没还的])|小时|分钟|点[钟半多]"
    r"|年(?=[了前多没])|周(?=[了没])|次(?=[了都反])|人(?=[受被在都已])|月份|颗星|[%℃°]"
    r"|(?:floors?|days?|hours?|weeks?|months?|years?|people|persons?|times|minutes?|cars?|metres?|meters?)\b"
)
_SKIPPED: Final = re.compile(GAP)
ENDS: Final = re.compile(END)
MARK: Final = re.compile(f"[{BETWEEN}]")
#: `1、2号楼`, `3，5楼`: a row of numbers.
ROW: Final = re.compile(rf"[、,/\\&+|]\s*(?P<next>\d+)(?P<ends>{END})?")

_SIGNED_BEFORE: Final = re.compile(r"\A\s*【[^】]{1,20}】(?=\s*[^\s.。!！])")
#: Behind a bare code or a plain yes; behind a text it may belong to the text.
_SIGNED_AFTER: Final = re.compile(r"\A([\s\d#.,。，A-Za-z签收到知悉已满意基本不同全部]*\S)\s*【[^】]{1,20}】\s*\Z")
_MAILED: Final = re.compile(
    r"\n\s*(?:--+[ \t]*\n.*|(?:发自我的|来自我的|sent from my)[^\n]*)\Z", re.IGNORECASE | re.DOTALL
)
#: Polite and plain words that look like doubt.
_NO_DOUBT: Final = re.compile("非常|特别|不错|没错|没问题|没事|不客气|不好意思|不用谢|差不多|分别|no problem|not bad")
#: What turns a plain yes into something that a person has to read.
_DOUBT: Final = re.compile(
    r"[不没非未无别勿退错但却]|可是|只是|然而|\b(?:but|not|no|never|however|wrong|except|isn't|don't|can't)\b"
)
THANKS: Final = re.compile(rf"{GAP}(?:谢谢|多谢|感谢|辛苦|thanks|thank you|thx)")
_COURTESY: Final = re.compile(
    rf"(?:{GAP}(?:好的?|收到|(?:谢谢|多谢|感谢|辛苦)(?:[您你]们?)?[了啦]?|thanks|thank you|thx|okay|ok))+{GAP}"
)


def clean(text: str) -> str:
    """`text` without what no eye sees (controls, joiners, half characters), signatures and the blanks around it."""
    seen = "".join(
        c if (kind := unicodedata.category(c)) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " " if kind == "Cc" else ""
        for c in text.replace("\r\n", "\n").replace("\n", "\u2028")
        if c not in "\ufe0e\ufe0f\u20e3"
    ).replace("\u2028", "\n")
    seen = _MAILED.sub("", seen)
    seen = _SIGNED_BEFORE.sub("", seen)
    return _SIGNED_AFTER.sub(r"\1", seen).strip()


def fold(text: str) -> str:
    """The form of `text` in which it is compared; as long as `text`, character by character."""
    return "".join(map(_fold, text))


def _fold(c: str) -> str:
    plain = unicodedata.normalize("NFKC", c).casefold()
    return plain if len(plain) == 1 else c


def bare(text: str) -> str:
    """The folded text without blanks and marks around it, to be compared with a word."""
    return fold(clean(text)).strip().strip("。.!,，、~\"'“”‘’【】()[] \n\t")


def is_english(text: str) -> bool:
    """Whether it was written with Latin letters and without Chinese characters."""
    return not re.search(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]", text) and bool(
        re.search("[A-Za-z]", text)
    )


def is_thanks(text: str) -> bool:
    """Whether a text is a courtesy and nothing else."""
    return _COURTESY.fullmatch(fold(clean(text))) is not None


def is_doubtful(text: str) -> bool:
    """Whether a text beside a plain yes may turn it round."""
    return bool(_DOUBT.search(_NO_DOUBT.sub("", fold(text))))


def skip(folded: str, at: int) -> int:
    """The first place from `at` on where there is more than blanks and marks."""
    found = _SKIPPED.match(folded, at)
    return found.end() if found else at


def number_ends(folded: str, at: int) -> bool:
    """Whether the number that ends at `at` stands for itself: no `3.5`, `3-2`, `3楼`, `3 天`, `3？`."""
    if at == len(folded):
        return True
    after = folded[at]
    if after in "?？%％" or after.isdigit() or (after in ".:/-~" and folded[at + 1 : at + 2].isdigit()):
        return False
    if not MARK.match(after):
        return False
    if (row := ROW.match(folded, at)) and not (row["ends"] is not None and len(row["next"]) > 1):
        return False
    plain = folded[at:].lstrip(" \t\u3000")
    # Only a blank leaves a number and what it counts together; a comma parts them.
    return not (after.isspace() and after != "\n" and _COUNTED_APART.match(plain))


def glued(folded: str, at: int) -> bool:
    """Whether a Chinese text that is nothing counted follows at once."""
    after = folded[at : at + 1]
    if not after or after.isascii() or MARK.match(after):
        return False
    return after not in _COUNTED or _NOT_COUNTED.match(folded, at) is not None
