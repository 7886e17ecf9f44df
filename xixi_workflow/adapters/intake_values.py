"""From one cell of a file to one field of a petition: texts, instants, choices, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from openpyxl.utils.datetime import from_excel

from xixi_workflow.adapters.intake_rows import Fault

#: Half-width, full-width and dotted dates, with or without a time of day.
_WRITTEN: Final = re.compile(
    r"(?P<year>[0-9]{4})\s*[-/.年]\s*(?P<month>[0-9]{1,2})\s*[-/.月]\s*(?P<day>[0-9]{1,2})\s*日?"
    r"(?:[T\s]*(?P<half>上午|下午|AM|PM)?\s*(?P<hour>[0-9]{1,2})\s*[:：时点]\s*(?P<minute>[0-9]{1,2})?\s*分?"
    r"(?:\s*[:：]?\s*(?P<second>[0-9]{1,2})\s*秒?)?\s*(?P<late>AM|PM)?)?",
    re.IGNORECASE,
)
#: Years in which a petition can have been received; outside lies a slip of the pen.
_YEARS: Final = range(1990, 2101)
#: Day numbers of a spreadsheet for those years.
_SERIAL: Final = (32874, 73416)
_URGENCIES: Final = {
    **dict.fromkeys(("", "normal", "一般", "普通", "平件", "常规", "低", "中", "low", "medium"), "normal"),
    **dict.fromkeys(("urgent", "紧急", "急", "急件", "加急", "高", "high"), "urgent"),
    **dict.fromkeys(("emergency", "特急", "特提", "非常紧急", "重大紧急", "critical"), "emergency"),
}
_YES: Final = frozenset({"是", "保密", "要求保密", "需保密", "true", "yes", "y", "1", "√", "✓"})
_NO: Final = frozenset({"", "否", "不保密", "无需保密", "公开", "无", "false", "no", "n", "0", "×"})
#: What people write where there is no telephone number.
_NO_PHONE: Final = frozenset({"", "无", "暂无", "不详", "未留", "未提供", "匿名", "/", "-", "--", "—", "n/a", "none"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")


class Unfit(Exception):  # noqa: N818 - it says what the value is
    """The value does not fit its field; `reason` and `facts` are as those of a `BadRow`."""

    def __init__(self, reason: str, **facts: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


def as_text(value: Any) -> str:
    """A cell as its reader would write it, without blanks around it. Raises `Unfit`."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = _CONTROL.sub("", value).strip()
        if not _can_be_stored(text):
            raise Unfit("row_bad_text")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, Fault):
        raise Unfit(value.reason, value=value.shown)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a spreadsheet keeps every number as a float
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    if isinstance(value, (datetime, date, time)):
        return str(value)
    raise Unfit("row_bad_value")


def _can_be_stored(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character: a broken byte, or \ud83d in JSON
        return False
    return True


def as_line(value: Any) -> str:
    """A text in one line, blanks inside it made single. Raises `Unfit`."""
    return " ".join(as_text(value).split())


def as_instant(value: Any, zone: ZoneInfo) -> datetime | None:
    """An instant in UTC; without an offset it is `zone`'s wall clock, a date alone its midnight. Raises `Unfit`."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        found: datetime | None = _from_number(value)
    elif isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    else:
        text = as_line(value)
        if not text:
            return None
        found = _from_text(text)
    if found is None or found.year not in _YEARS:
        raise Unfit("row_bad_time", value=str(value)[:40])
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _from_number(value: float) -> datetime | None:
    if _SERIAL[0] <= value < _SERIAL[1]:
        serial = from_excel(value)
        return serial if isinstance(serial, datetime) else None
    for unit in (1, 1000):  # seconds and milliseconds since 1970
        if 10**9 <= value / unit < 5 * 10**9:
            return datetime.fromtimestamp(value / unit, UTC)
    return None


def _from_text(text: str) -> datetime | None:
    try:
        if text.isascii() and text.isdigit():
            return _from_digits(text)
        if match := _WRITTEN.fullmatch(text):
            part = match.groupdict()
            hour, half = int(part["hour"] or 0), (part["half"] or part["late"] or "").upper()
            if half in ("下午", "PM") and hour < 12:
                hour += 12
            elif half == "AM" and hour == 12:
                hour = 0
            day = int(part["year"]), int(part["month"]), int(part["day"])
            return datetime(*day, hour, int(part["minute"] or 0), int(part["second"] or 0))  # noqa: DTZ001
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


def _from_digits(text: str) -> datetime | None:
    for length, form in ((14, "%Y%m%d%H%M%S"), (12, "%Y%m%d%H%M"), (8, "%Y%m%d")):
        if len(text) == length:
            return datetime.strptime(text, form)  # noqa: DTZ007
    return _from_number(int(text)) if len(text) in (10, 13) else None


def as_urgency(value: Any) -> str:
    """An urgency of the commands. Raises `Unfit`."""
    text = as_line(value)
    if text.lower() not in _URGENCIES:
        raise Unfit("row_bad_choice", value=text[:40], known="一般, 紧急, 特急, normal, urgent, emergency")
    return _URGENCIES[text.lower()]


def as_yes(value: Any) -> bool:
    """Yes or no. Raises `Unfit`: to guess wrong would show who complained of whom."""
    text = as_line(value)
    if text.lower() not in _YES | _NO:
        raise Unfit("row_bad_choice", value=text[:40], known="是, 否, yes, no")
    return text.lower() in _YES


def as_phone(value: Any) -> str:
    """The first telephone number in the cell, digits alone; empty where people write that there is none.

    Raises `Unfit`, which does not repeat the value: it is somebody's.
    """
    text = as_line(value)
    if text.lower() in _NO_PHONE:
        return ""
    for part in re.split(r"[,，、;；/|]|\s{2,}", text):
        number = re.sub(r"[\s()（）.-]", "", part)
        if re.fullmatch(r"\+?[0-9]{5,15}", number):
            return number
    raise Unfit("row_bad_phone")


def as_code(value: Any, names: Mapping[str, Any]) -> str:
    """The code whose code, Chinese or English name the cell holds, or the cell's text when none fits."""
    text = as_line(value)
    for code, named in names.items():
        if text.casefold() in (code.casefold(), named.zh.casefold(), named.en.casefold()):
            return code
    return text
