"""What the words of a letter say, before anybody asks what they are about. Total: every text gets an answer.

A number counts as a reply code only where nothing makes it part of a sentence: `1楼漏水`, `3天了`, `3.5米`, `4？`
are no codes. Where a text could mean two things it means none, and somebody is asked.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from xixi_workflow.core.reply_text import (
    BETWEEN,
    END,
    ENDS,
    GAP,
    MARK,
    ROW,
    THANKS,
    clean,
    fold,
    glued,
    is_doubtful,
    number_ends,
    skip,
)

Action = Literal["accept", "return", "interim", "resolve", "help", "detail", "contact"]
Rating = Literal["satisfied", "fairly_satisfied", "dissatisfied"]

#: Reply codes of handlers, in their order.
ACTIONS: Final[tuple[Action, ...]] = ("accept", "return", "interim", "resolve", "help", "detail", "contact")
RATINGS: Final[tuple[Rating, ...]] = ("satisfied", "fairly_satisfied", "dissatisfied")
#: A handler's action whose text is for others to read.
_TELLING: Final = frozenset({"return", "interim", "resolve", "help"})

_ACTION_WORDS: Final[dict[Action, str]] = {
    "accept": "已?签收|已?收到|已?知悉|同意|批准|accept(?:ed)?|okay|ok|approved?",
    "return": "退回|退单|不同意|驳回|return|refused?",
    "interim": "阶段性反馈|反馈|进展|interim|progress|feedback",
    "resolve": "已?办结|已?完成|done|resolved?",
    "help": "求助|求援|help",
    "detail": "全文|详情|full text|text|details?",
    "contact": "先行联系|已?联系(?:上|到)?(?:了)?(?:诉求人|当事人|群众|市民)?(?:了)?|contacted|called",
}
_RATING_WORDS: Final[dict[Rating, str]] = {
    "dissatisfied": (
        rf"(?:非常|十分|很|极|极其|特别)?的?不满(?:意|{END})|不(?:太|怎么|是很|大|够)满意"
        "|(?:very )?(?:dissatisfied|unsatisfied)|not (?:at all |very |really )?satisfied"
    ),
    "fairly_satisfied": "(?:基本|比较|还算)上?满意|(?:fairly|mostly) ?(?:satisfied)?",
    "satisfied": "(?:非常|十分|很|挺|特别)?满意|(?:very |fully |completely )?satisfied",
}
_SATISFIED_PREFIX: Final = r"(?:我们?|本人|感觉|觉得|评价|总体|整体|回复|选择?|i am|i'm|we are|we're|rating)?"

_QUESTION: Final = re.compile(r"[?？]|(?:吗|么|呢)\W*\Z")
_EVERYTHING: Final = r"(?:全部|所有|都|all)(?:的)?"
_NUMBERED: Final = r"(?:(?:工单|单号|编号|诉求|number|petition|no\b)[号单]?)?"

_ACTION_AT: Final = re.compile(
    r"(?:(?P<digit>[1-7])(?!\d)|" + "|".join(f"(?P<{a}>{w})" for a, w in _ACTION_WORDS.items()) + ")"
)
_RATING_AT: Final = re.compile(
    _SATISFIED_PREFIX
    + rf"{GAP}(?:(?P<digit>[1-3])(?!\d)|"
    + "|".join(f"(?P<{r}>{w})" for r, w in _RATING_WORDS.items())
    + ")"
)
_OWN_WORD: Final = {a: re.compile(f"(?:{w})(?:{END}|(?=\\d))") for a, w in _ACTION_WORDS.items()}
_ANY_RATING: Final = re.compile("|".join(_RATING_WORDS.values()))
_CODES_BEFORE: Final = re.compile(
    rf"{_NUMBERED}{GAP}(?P<codes>\d{{2,14}}(?!\d)(?:[{BETWEEN}]+\d{{2,14}}(?!\d))*)(?:号(?={END}))?{GAP}"
)
_CODE_AT: Final = re.compile(rf"{GAP}{_NUMBERED}{GAP}(\d{{2,14}})(?:{END}|(?=号(?:工单)?{END}))")
_ALL_BEFORE: Final = re.compile(rf"{_EVERYTHING}{GAP}")
_ALL_AFTER: Final = re.compile(rf"{GAP}{_EVERYTHING}{GAP}\Z")
_DIGITS: Final = re.compile(r"\d+")
_ONLY_CODES: Final = re.compile(rf"{GAP}\d{{2,14}}(?:[{BETWEEN}]+\d{{2,14}})*{GAP}")
_SMALL: Final = re.compile(r"(\d{1,2})(?!\d)")
#: After a rating's digit: a question, or nothing but other numbers.
_UNCLEAR: Final = re.compile(rf"[{BETWEEN}\d?或和]*\Z")
_LETTERLESS: Final = re.compile(rf"[{BETWEEN}\d]*\Z")


class Asked(NamedTuple):
    """What a handler's letter says. `action` None: numbers of petitions and nothing else."""

    action: Action | None
    #: Written before the action.
    codes: tuple[str, ...]
    #: What follows the action, as it was written; it may begin with a code.
    rest: str
    #: `全部1`: everything that waits.
    everything: bool = False


class Rated(NamedTuple):
    """What a petitioner's letter says. `rating` None: it is about a rating, but not clear which."""

    rating: Rating | None
    code: str = ""
    rest: str = ""
    #: The text beside a good rating is no mere thanks.
    doubtful: bool = False


def read_asked(text: str) -> Asked | None:
    """What a handler wants; None when it cannot be read."""
    text = clean(text)
    folded = fold(text)
    at = skip(folded, 0)
    codes: tuple[str, ...] = ()
    everything = False
    if found := _CODES_BEFORE.match(folded, at):
        codes = tuple(_DIGITS.findall(found["codes"]))
        at = found.end()
        if at == len(folded):
            return Asked(None, codes, "")
    elif found := _ALL_BEFORE.match(folded, at):
        everything, at = True, found.end()
    found = _ACTION_AT.match(folded, at)
    if found is None:
        return None
    digit = found["digit"]
    action = ACTIONS[int(digit) - 1] if digit else next(a for a in ACTIONS if found[a])
    if not (_code_ends(folded, found.end(), action) if digit else _word_ends(folded, found.end(), action)):
        return None
    at = skip(folded, found.end())
    if digit and (word := _OWN_WORD[action].match(folded, at)):
        at = skip(folded, word.end())
    if _ALL_AFTER.match(folded, at) and at < len(folded):
        return Asked(action, (), "", everything=not codes) if not codes else None
    rest = text[at:].strip()
    if everything and rest:
        return None
    return Asked(action, codes, rest, everything)


def code_first(rest: str) -> tuple[str, str] | None:
    """A number at the beginning of `rest` that may be a code, and what follows it."""
    folded = fold(rest)
    found = _CODE_AT.match(folded)
    if found is None:
        return None
    at = skip(folded, found.end())
    return found[1], rest[at:].strip()


def only_codes(rest: str) -> tuple[str, ...]:
    """The numbers in a `rest` that holds nothing but numbers of two digits and more."""
    found = _ONLY_CODES.fullmatch(fold(rest))
    return tuple(_DIGITS.findall(found[0])) if found else ()


def choice(rest: str, names: list[tuple[str, ...]]) -> tuple[int, str] | None:
    """Which of `names` (several for each choice) `rest` begins with, by its number from 1 or by a name, and what
    follows. None when it begins with none of them.
    """
    folded = fold(rest)
    at = skip(folded, 0)
    number = _SMALL.match(folded, at)
    if number and 1 <= int(number[1]) <= len(names) and number_ends(folded, number.end()):
        return int(number[1]) - 1, rest[skip(folded, number.end()) :].strip()
    best = (0, -1)
    for n, spellings in enumerate(names):
        for name in spellings:
            plain = fold(name)
            if plain and folded.startswith(plain, at) and ENDS.match(folded, at + len(plain)):
                best = max(best, (len(plain), n))
    length, n = best
    if n < 0:
        return None
    return n, rest[skip(folded, at + length) :].strip()


def read_rating(text: str) -> Rated | None:  # noqa: PLR0911 - each return is one way to read it
    """What a petitioner's letter says of a rating; None when it does not speak of one."""
    text = clean(text)
    folded = fold(text)
    at = skip(folded, 0)
    code = ""
    if (before := _CODES_BEFORE.match(folded, at)) and before["codes"].isdigit():
        code, at = before["codes"], before.end()
    found = _RATING_AT.match(folded, at)
    if found is None:
        return None
    digit, end = found["digit"], found.end()
    rating = _rating_of(found)
    if digit and not _rating_ends(folded, end, rating):
        return Rated(None) if _UNCLEAR.match(folded, end) else None
    if not digit:
        end += len(folded[end:]) - len(folded[end:].lstrip("了的啊哦"))
        if _QUESTION.match(folded, end):
            return Rated(None)
        joined = rating == "dissatisfied" and not found[0].isascii() and folded[end : end + 1] != "度"
        if not joined and not ENDS.match(folded, end):
            return None
    if _QUESTION.search(folded, end) and rating != "dissatisfied":
        return Rated(None)
    at = skip(folded, end)
    if digit and (again := _RATING_AT.match(folded, at)) and (not again["digit"] or _LETTERLESS.match(folded, at)):
        # `1 满意` says it twice; `3 满意` and `1 2` contradict themselves.
        if _rating_of(again) != rating or (again["digit"] and not _LETTERLESS.match(folded, again.end())):
            return Rated(None)
        at = skip(folded, again.end())
    rest = text[at:].strip()
    if rating == "dissatisfied" or not rest:
        return Rated(rating, code, rest)
    if fold(rest)[0].isdigit() and not only_codes(rest):
        # `1 2号楼停水`
        return Rated(None)
    if not digit and found[0].isascii() and folded[end : end + 1] == " " and not THANKS.match(folded, end):
        # "satisfied with nothing"
        return Rated(None)
    return Rated(rating, code, rest, doubtful=is_doubtful(rest))


def _rating_of(found: re.Match[str]) -> Rating:
    return RATINGS[int(found["digit"]) - 1] if found["digit"] else next(r for r in _RATING_WORDS if found[r])


def _code_ends(folded: str, at: int, action: Action) -> bool:
    """Whether the digit before `at` is a handler's reply code."""
    if number_ends(folded, at):
        return _QUESTION.match(folded, skip(folded, at)) is None
    if _OWN_WORD[action].match(folded, at) or _ALL_AFTER.match(folded, at):
        return True
    if action in ("return", "resolve") and (row := ROW.match(folded, at)):
        # `2，1 归别的单位`: a reason or a result by its number.
        return row["ends"] is not None
    return action in _TELLING and glued(folded, at)


def _word_ends(folded: str, at: int, action: Action) -> bool:
    """Whether the word before `at` is an action and not the beginning of a sentence."""
    if at == len(folded) or folded[at].isdigit():
        return True
    if action in ("accept", "detail") and _QUESTION.search(folded, at):
        return False
    return MARK.match(folded, at) is not None


def _rating_ends(folded: str, at: int, rating: Rating) -> bool:
    """Whether the digit before `at` is a rating."""
    if number_ends(folded, at) or _ANY_RATING.match(folded, at):
        return True
    # A complaint may follow at once; praise that does may be "1直没人来".
    return rating == "dissatisfied" and glued(folded, at)
