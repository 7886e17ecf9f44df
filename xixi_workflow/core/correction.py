"""What a correction (更正) changes: every figure that is another than before, by a name that a leader can read.

The figures are flattened to one text for each place (`overview.rates.closure_on_time`, `teams[urban].counts.filed`,
as forms write paths) and the places compared. So whatever differs is listed, consequences too: a rate, the total, the
month on month. Headlines come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from xixi_workflow.core.document import HIDDEN
from xixi_workflow.core.figures import WITHHELD, Figures, Overdue, canonical
from xixi_workflow.core.frozen import Change
from xixi_workflow.core.kpi import Change as Moved
from xixi_workflow.core.kpi import Rate, Spans
from xixi_workflow.core.kpi_causes import CAUSES
from xixi_workflow.core.lifecycle import EVENTS, STATES

Names = tuple[str, str]
#: Place -> its names and what stands there.
Flat = dict[str, tuple[Names, str]]

DASH: Final = "—"
_ORDER: Final = (
    *("overview.rates", "overview.counts", "overview", "satisfaction", "timeliness", "teams", "categories"),
    *("category_groups", "communities", "sources", "ranking", "hot", "breaches", "stages", "trend"),
)
#: What tells the entries of a list apart.
_IDS: Final = ("code", "clock", "key", "state", "period")
#: One text of these would hide where they differ.
_DAYS: Final[tuple[Names, ...]] = (
    *(("周一", "Monday"), ("周二", "Tuesday"), ("周三", "Wednesday"), ("周四", "Thursday")),
    *(("周五", "Friday"), ("周六", "Saturday"), ("周日", "Sunday")),
)
_FIELDS: Final[dict[str, Names]] = {
    "mom": ("环比", "month on month"),
    "yoy": ("同比", "year on year"),
    "daily": ("日均受理", "Filed a day"),
    "open_at_start": ("期初在办", "Open at the start"),
    "open_at_end": ("期末在办", "Open at the end"),
    "open_by_state": ("期末在办", "Open at the end"),
    "by_source": ("来源", "by source"),
    "by_channel": ("渠道", "by channel"),
    "by_nature": ("性质", "by nature"),
    "by_urgency": ("紧急程度", "by urgency"),
    "by_result": ("办结结果", "by result"),
    "returns_by_reason": ("退单原因", "returns by reason"),
    "week": ("受理时段", "Hours of filing"),
    "share": ("占比", "share"),
    "n": ("件数", "petitions"),
    "spans": ("用时（中位 / P90）", "Time taken (median / P90)"),
    "raw": ("用时（中位 / P90）", "Time taken (median / P90)"),
    "net": ("净用时（中位 / P90）", "Net time (median / P90)"),
    "due": ("到期", "Due"),
    "on_time": ("及时率", "On time"),
    "week_judged": ("到期时段", "Due, by hour of receipt"),
    "week_on_time": ("按时时段", "On time, by hour of receipt"),
    "limit": ("时限", "Limit"),
    "rank": ("排名", "Rank"),
    "tied": ("并列", "Sharing the rank"),
    "before": ("上期排名", "Rank before"),
    "rate": ("比率", "Rate"),
    "red": ("红榜", "Red list"),
    "black": ("黑榜", "Black list"),
    "ranking": ("排名", "Ranking"),
    "hot": ("热点", "Hot items"),
    "petitioners": ("诉求人数", "Petitioners"),
    "repeats": ("重复件数", "Repeats"),
    "communities": ("社区", "by community"),
    "breaches": ("超时", "Breaches"),
    "missed": ("超时件数", "Missed"),
    "causes": ("超时原因", "Causes"),
    "by_team": ("按单位", "by team"),
    "levels": ("升级", "Escalations"),
    "levels_by_clock": ("升级", "Escalations"),
    "overdue": ("超时清单", "Listed overdue"),
    "stages": ("环节用时", "Time in stage"),
    "seconds": ("合计秒数", "Seconds in all"),
    "trend": ("趋势", "Trend"),
    "satisfied": ("满意", "Satisfied"),
    "fairly_satisfied": ("基本满意", "Fairly satisfied"),
    "dissatisfied": ("不满意", "Dissatisfied"),
    "not_rated": ("未评价", "Not rated"),
    "not_asked": ("未回访", "Not asked"),
    "asked": ("已回访", "Asked"),
    "weighted": ("满意率", "Satisfaction"),
    "plain": ("满意率（含基本满意）", "Satisfaction, plain"),
    "dissatisfaction": ("不满意率", "Dissatisfaction"),
    "filed": ("受理", "Filed"),
    "closed": ("归档", "Closed"),
    "rework": ("重办", "Rework"),
    "repeat": ("重复诉求", "Repeated"),
    "taken_up_again": ("归档后重办", "Taken up again"),
    "first_time": ("一次办结", "without rework"),
    "late": ("超时办结", "late"),
    "breached": ("超时未办", "still overdue"),
    "unmet": ("超时终止", "stopped overdue"),
    "ended": ("终止", "stopped"),
    "lapsed": ("到期未回", "lapsed"),
    "excluded": ("不计", "left out"),
}
#: Of a clock's verdicts, whose names differ from the field's of that name.
_VERDICTS: Final[dict[str, Names]] = {"on_time": ("按时", "on time")}
#: What a document prints of a correction, and how much of it at most; all of it is kept with the frozen version.
_HEADLINES: Final = ("overview.rates", "overview.counts", "overview.open", "satisfaction", "teams[")
_MOST: Final = 60
#: They hold the figures together and are no names of anything.
_SILENT: Final = (
    "overview",
    "counts",
    "rates",
    "verdicts",
    "timeliness",
    "satisfaction",
    "rows",
    "definitions",
    "clocks",
)
_GROUPS: Final = ("teams", "categories", "category_groups", "communities", "sources")
_CODES: Final[dict[str, Names]] = {
    **{past: (event.zh, event.en) for event in EVENTS.values() for past in [event.past]},
    **{str(state): names for state, names in STATES.items()},
    **CAUSES,
}


def changes(old: Figures, new: Figures) -> list[Change]:
    """What is another in `new` than in `old`; empty exactly when their bytes are equal."""
    if canonical(old) == canonical(new):
        return []
    before, after = _flattened(old), _flattened(new)
    found = [
        Change(place, *(after.get(place) or before[place])[0], _text(before, place), _text(after, place))
        for place in {**before, **after}
        if _text(before, place) != _text(after, place)
    ]
    # The order of a list is a figure too, though every entry is where it was.
    return sorted(found, key=_rank) or [Change("", "次序", "Order", DASH, DASH)]


def headlines(found: Iterable[Change], team: str = "") -> list[Change]:
    """Those that a reader of the document looks for: of the whole and of teams (or of one `team`), without what only
    follows from comparing periods.
    """
    wanted = (f"teams[{team}].rates", f"teams[{team}].counts") if team else _HEADLINES
    return [change for change in found if change.path.startswith(wanted) and not _compares(change)][:_MOST]


def _text(flat: Flat, place: str) -> str:
    found = flat.get(place)
    return found[1] if found else ""


def _rank(change: Change) -> tuple[int, bool]:
    first = next((n for n, start in enumerate(_ORDER) if change.path.startswith(start)), len(_ORDER))
    return first, _compares(change)


def _compares(change: Change) -> bool:
    return ".mom." in change.path or ".yoy." in change.path


def _flattened(figures: Figures) -> Flat:
    names: dict[str, Names] = {d.key: (d.zh, d.en) for d in figures.definitions}
    names |= {f"clock {c.clock}": (c.zh, c.en) for c in figures.timeliness}
    for section in _GROUPS:
        names |= {f"{section} {g.code}": (g.zh, g.en) for g in getattr(figures, section)}
    for one in (*figures.overview.by_result, *figures.overview.returns_by_reason):
        names[one.code] = (one.zh, one.en)
    return {place: (_joined(said), text) for place, said, text in _Walk(names).of(figures, "", ())}


def _joined(said: tuple[Names, ...]) -> Names:
    """The names of a place, the figure before what it is of: 办结及时率·城市管理办."""
    last_first = list(dict.fromkeys(name for name in reversed(said) if name[0]))
    return "·".join(zh for zh, _ in last_first), " · ".join(en for _, en in last_first)


class _Walk:
    def __init__(self, names: Mapping[str, Names]) -> None:
        self._names = names

    def of(self, value: Any, place: str, said: tuple[Names, ...]) -> Iterator[tuple[str, tuple[Names, ...], str]]:
        """Every text below `value`, which stands at `place` and is called `said`."""
        if isinstance(value, (Rate, Moved, Spans)) or not isinstance(value, (msgspec.Struct, dict, list, tuple)):
            yield place, said, _shown(value)
        elif isinstance(value, msgspec.Struct):
            for field in value.__struct_fields__:
                inner = f"{place}.{field}" if place else field
                yield from self.of(getattr(value, field), inner, (*said, self._field(field, value)))
        elif isinstance(value, dict):
            for key in sorted(value):
                yield from self.of(value[key], f"{place}.{key}", (*said, self._key(key, place)))
        elif all(isinstance(one, str) for one in value):
            yield place, said, ", ".join(value)
        else:
            yield from self._list(value, place, said)

    def _list(self, value: Any, place: str, said: tuple[Names, ...]) -> Iterator[tuple[str, tuple[Names, ...], str]]:
        for n, one in enumerate(value):
            if isinstance(one, Overdue):
                # Several clocks of one petition may be listed. Told whole: where one line differs all of it is news.
                known = (*said, self._clock(one.clock), (one.no, one.no))
                told = ", ".join(_shown(getattr(one, name)) for name in one.__struct_fields__[4:])
                yield f"{place}[{one.no} {one.clock} {one.key} {one.round}]", known, told
                continue
            key = next((getattr(one, name) for name in _IDS if hasattr(one, name)), None)
            if key is not None:
                name = (one.zh, one.en) if hasattr(one, "zh") else self._key(key, place)
                yield from self.of(one, f"{place}[{key}]", (*said, name))
            else:
                yield from self.of(one, f"{place}[{n}]", (*said, _hour(n, place)))

    def _field(self, field: str, of: msgspec.Struct) -> Names:
        if field in _SILENT or (field in _GROUPS and isinstance(of, Figures)):
            return ("", "")
        if hasattr(of, "clock") and field in _VERDICTS and not isinstance(getattr(of, field), Rate):
            return _VERDICTS[field]
        return _FIELDS.get(field, (field, field))

    def _key(self, key: str, place: str) -> Names:
        section = place.partition("[")[0]
        first, dot, verdict = key.partition(".")
        if dot and (clock := self._names.get(f"clock {first}")):
            zh, en = _VERDICTS.get(verdict) or _FIELDS.get(verdict, (verdict, verdict))
            return clock[0] + zh, f"{clock[1]} {en}"
        for known in (key, f"clock {key}", f"{section} {key}", f"teams {key}"):
            if known in self._names:
                return self._names[known]
        if place.endswith("verdicts"):
            return _VERDICTS.get(key) or _FIELDS.get(key, (key, key))
        if ".levels" in place or key.startswith("level."):
            level = key.rpartition(".")[2]
            return f"升级至第{level}级", f"Escalations to level {level}"
        if "." in key:
            parts = [self._key(part, place) for part in key.split(".", 1)]
            return "".join(zh for zh, _ in parts), " ".join(en for _, en in parts)
        return _FIELDS.get(key) or _CODES.get(key, (key, key))

    def _clock(self, code: str) -> Names:
        return self._names.get(f"clock {code}", (code, code))


def _hour(n: int, place: str) -> Names:
    if not place.endswith("]"):
        return _DAYS[n] if "week" in place and n < len(_DAYS) else (str(n + 1), str(n + 1))
    return f"{n}时", f"{n}:00"


def _shown(value: Any) -> str:
    """One figure, the same in every language."""
    if value is None:
        return DASH
    if _is_hidden(value):
        return HIDDEN
    if isinstance(value, Rate):
        percent = DASH if value.percent is None else f"{value.percent}%"
        return f"{percent} ({value.numerator:f}/{value.denominator})"
    if isinstance(value, Spans):
        return f"{_span(value.median)} / {_span(value.p90)} ({value.n})"
    if isinstance(value, Moved):
        told = [
            *([f"{value.points:+}"] if value.points is not None else []),
            *([f"{value.by:+}"] if value.by is not None else []),
            *([f"{value.percent:+}%"] if value.percent is not None else []),
        ]
        return " ".join(told) or DASH
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _is_hidden(value: Any) -> bool:
    """Whether a figure is withheld from the public."""
    if isinstance(value, Rate):
        return value.denominator == WITHHELD
    if isinstance(value, Spans):
        return value.n == WITHHELD
    return type(value) is int and value == WITHHELD


def _span(seconds: int | None) -> str:
    if seconds is None:
        return DASH
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
