"""Rosters against a model that looks at every shift at one instant, in zones whose clocks change."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.test_duty import BERLIN, HANGZHOU, LORD_HOWE, NEW_YORK, OFFICE, WEEKDAYS, roster
from xixi_workflow.core.calendars import Calendar
from xixi_workflow.core.duty import Roster

TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
PEOPLE = st.lists(st.sampled_from(["ann", "bob", "cat", "old"]), min_size=1, max_size=2, unique=True)
DATES = st.dates(date(2026, 1, 1), date(2026, 12, 31))
WHEN = st.builds("{} {}".format, DATES, TIMES)


@st.composite
def shifts(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {
        "times": [f"{a}-{b}" for a, b in draw(st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=2))],
        "days": draw(st.lists(st.sampled_from([*WEEKDAYS, "sat", "sun", "workday", "holiday"]), min_size=1)),
    }
    if draw(st.booleans()):
        made["dates"] = {"from": str(draw(DATES))}
    if draw(st.booleans()):
        every = draw(st.sampled_from(["1h", "5h", "1d", "3d", "1w", "1mo", "5mo"]))
        return made | {"rotate": {"people": draw(st.lists(PEOPLE, min_size=2)), "every": every, "since": draw(WHEN)}}
    return made | {"people": draw(PEOPLE)}


@st.composite
def overrides(draw: st.DrawFn) -> dict[str, Any]:
    start, end = sorted(draw(st.lists(WHEN, min_size=2, max_size=2, unique=True)))
    what: dict[str, Any] = draw(
        st.sampled_from(
            [{"people": ["dan"]}, {"cover": "ann", "by": "dan"}, {"swap": ["ann", "bob"]}, {"people": ["old"]}]
        )
    )
    return {"from": start, "to": end} | what


ROSTERS = st.tuples(
    st.lists(shifts(), max_size=4),
    st.lists(overrides(), max_size=3),
    st.sampled_from([HANGZHOU, BERLIN, NEW_YORK, LORD_HOWE]),
)
LAST_DAY = date(2026, 7, 1)
Written = tuple[list[dict[str, Any]], list[dict[str, Any]], ZoneInfo]


def built(written: Written) -> Roster:
    return roster(*written[0], overrides=tuple(written[1]), zone=written[2], old=(None, LAST_DAY))


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """Any time of 2026, with a liking for the hours around a change of the clocks."""
    near = draw(st.sampled_from(["2026-03-08 07:00", "2026-03-29 01:00", "2026-04-04 15:00", "2026-10-25 01:00",
                                 "2026-11-01 06:00", "2026-10-03 15:30", "2026-01-02 00:00"]))  # fmt: skip
    spread = draw(st.sampled_from([3600 * 6, 86400 * 360]))
    at = datetime.fromisoformat(near).replace(tzinfo=UTC) + timedelta(seconds=draw(st.integers(-spread, spread)))
    return min(max(at, datetime(2026, 1, 1, tzinfo=UTC)), datetime(2026, 12, 31, tzinfo=UTC))


@settings(max_examples=60)
@given(ROSTERS, instants(), st.integers(1, 40), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_spans_agree_with_asking_at_any_instant(
    written: Written, since: datetime, days: int, parts: list[float]
) -> None:
    asked = built(written)
    until = since + timedelta(days=days)
    spans = [*asked.spans(since, until)]
    assert (spans[0].start, spans[-1].end) == (since, until)
    for before, after in pairwise(spans):
        assert before.end == after.start
        assert before.people != after.people
        assert asked.at(before.end - timedelta(microseconds=1)) == before.people
        assert asked.at(after.start) == after.people
    for part in parts:
        at = since + (until - since) * part * 0.999999
        assert [s.people for s in spans if s.start <= at < s.end] == [asked.at(at)]


@settings(max_examples=120)
@given(ROSTERS, instants())
def test_a_roster_agrees_with_looking_through_its_shifts(written: Written, now: datetime) -> None:
    assert built(written).at(now) == _model(written, now)


@cache
def _first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, looked for minute by minute, at which the clock shows `wall` or later after showing less."""
    guess = wall.replace(tzinfo=zone).astimezone(UTC)
    for shift_by in range(-61, 62):
        at = guess + timedelta(minutes=shift_by)
        if at.astimezone(zone).replace(tzinfo=None) >= wall:
            return at
    raise AssertionError


def _model(written: Written, now: datetime) -> tuple[str, ...]:
    plan, dated, zone = written
    today = now.astimezone(zone).date()
    calendar = Calendar(zone=zone, **OFFICE)  # type: ignore[arg-type]

    def serves(who: str) -> bool:
        return who != "old" or now < _first_shown(datetime.combine(LAST_DAY + timedelta(days=1), time()), zone)

    def counts(day: date, days: list[str]) -> bool:
        midnight, then = (_first_shown(datetime.combine(d, time()), zone) for d in (day, day + timedelta(days=1)))
        kind = "workday" if calendar.elapsed(midnight, then) else "holiday"
        return kind in days or [*WEEKDAYS, "sat", "sun"][day.weekday()] in days

    def covers(s: dict[str, Any]) -> bool:
        for back in (-1, 0, 1):
            day = today - timedelta(days=back)
            if not counts(day, s["days"]) or str(day) < s.get("dates", {}).get("from", ""):
                continue
            for begins, ends in (t.split("-") for t in s["times"]):
                first = datetime.combine(day, time.fromisoformat(begins))
                last = datetime.combine(day, time.fromisoformat(ends))
                last += timedelta(days=last <= first)
                if _first_shown(first, zone) <= now < _first_shown(last, zone):
                    return True
        return False

    def turn(rotation: dict[str, Any]) -> list[str]:
        since = datetime.fromisoformat(rotation["since"])
        number, unit = int("".join(filter(str.isdigit, rotation["every"]))), rotation["every"].lstrip("0123456789")
        people = rotation["people"]
        if unit == "h":
            passed = now - since.replace(tzinfo=zone).astimezone(UTC)
            if since != since.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None):
                passed = now - _first_shown(since, zone)
            return list(people[passed // timedelta(hours=number) % len(people)])
        step = {"d": 1, "w": 7, "mo": 28}[unit] * number
        guess = (today - since.date()).days // step
        held = -(10**9)
        for k in range(min(0, guess) - 40, max(0, guess) + 3):
            if unit == "mo":
                years, month = divmod(since.month - 1 + k * number, 12)
                first = date(since.year + years, month + 1, 1)
                day = first.replace(day=min(since.day, monthrange(first.year, first.month)[1]))
            else:
                day = since.date() + timedelta(days=k * step)
            if abs((day - today).days) > 400:
                continue
            if _first_shown(datetime.combine(day, since.time()), zone) <= now:
                held = k
        return list(people[held % len(people)])

    people: list[str] = []
    for s in plan:
        if covers(s):
            people = [w for w in dict.fromkeys(s.get("people") or turn(s["rotate"])) if serves(w)]
            if people:
                break
    for o in dated:
        begins, ends = (_first_shown(datetime.fromisoformat(o[key]), zone) for key in ("from", "to"))
        if begins <= now < ends:
            if "people" in o:
                people = [w for w in o["people"] if serves(w)] or people
            else:
                a, b = o.get("swap") or (o["cover"], o["by"])
                instead = {a: b} | ({b: a} if "swap" in o else {})
                people = list(dict.fromkeys(instead.get(w, w) for w in people))
    return tuple(people)


@settings(max_examples=40)
@given(ROSTERS, instants())
def test_dropping_the_shifts_that_never_answer_changes_nothing(written: Written, since: datetime) -> None:
    until = since + timedelta(days=30)
    answering = built(written).answering(since, until)
    fewer = [s for n, s in enumerate(written[0]) if n in answering]
    assert [*built(written).spans(since, until)] == [*built((fewer, *written[1:])).spans(since, until)]
