"""What must be true between the files of a configuration, each mistake named where it stands.

Checks run on whatever files could be read, so that one run lists every problem and not only the first. Here are the
names that refer to each other, and the people; what can happen is in `policy_reach.py`, the texts in
`policy_wording.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from xixi_workflow.core import duty_checks, policy_reach, policy_wording, report_checks
from xixi_workflow.core.duty_schema import UNREAD, is_duty
from xixi_workflow.core.forms import checks as form_checks
from xixi_workflow.core.ladder import LAST_REPEAT
from xixi_workflow.core.policy import build_calendar, read_warning
from xixi_workflow.core.policy_problem import Files, Path, Problem, unknown
from xixi_workflow.core.policy_schema import (
    COLUMN_FIELDS,
    CalendarsFile,
    CategoriesFile,
    CommunitiesFile,
    PolicyFile,
    SourcesFile,
    StepShape,
    TeamsFile,
    WordsFile,
)

#: Who can be told, besides the centre's roles of `duty/`.
RECIPIENTS: Final = ("petitioner", "surveyed", "handler", "team_lead", "assisting")
#: The petitioner's own: what they are told is worded for them, and nobody else gets it.
CITIZENS: Final = frozenset({"petitioner", "surveyed"})
#: What a category can be marked with; a misspelt `privacy` would show who reported whom.
FLAGS: Final = frozenset({"safety", "privacy", "recurring", "patrol", "law", "external"})
#: Seconds between two repeats of a ladder step: closer ones would be a storm.
CLOSEST_REPEATS: Final = 60.0
#: Any instant will do: a calendar that is closed for ten years from here never opens.
_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: Punctuation that separates words for a person but not for a machine.
_SEPARATOR: Final = re.compile(r"[，、；;,。“”‘’\"]")


def cross_check(files: Files) -> list[Problem]:
    """Every mistake between the files that could be read."""
    checks: list[Callable[[Files], Iterator[Problem]]] = [
        _zone,
        _calendars,
        _clocks,
        policy_reach.clock_events,
        policy_reach.clock_limits,
        policy_reach.ladder_choices,
        policy_reach.ladder_steps,
        _ladders,
        _notices,
        policy_reach.notice_events,
        _reasons,
        _categories,
        _routing_words,
        duty_checks.people_and_teams,
        duty_checks.ways,
        duty_checks.duty,
        _roles,
        _sources,
        _communities,
        report_checks.report,
        policy_wording.words,
        policy_wording.sent,
        policy_wording.sms_rules,
        form_checks.forms,
    ]
    return [problem for check in checks for problem in check(files)]


# --- policy.yaml and calendars.yaml ---------------------------------------------------------------------------------


def _zone(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    if main and _zone_of(files) is None:
        yield Problem("policy.yaml", ("zone",), f"{main.zone!r} is not a time zone; write for example Asia/Shanghai")


def _zone_of(files: Files) -> ZoneInfo | None:
    main: PolicyFile | None = files.get("policy.yaml")
    try:
        return ZoneInfo(main.zone) if main else None
    except (KeyError, ValueError, OSError):
        return None


def _calendars(files: Files) -> Iterator[Problem]:
    calendars: CalendarsFile | None = files.get("calendars.yaml")
    zone = _zone_of(files) or ZoneInfo("UTC")
    for name, shape in calendars.calendars.items() if calendars else ():
        if shape.always and (shape.week or shape.holidays or shape.yearly_holidays or shape.special_days):
            yield Problem("calendars.yaml", ("calendars", name), "`always: true` has no week, holidays or special days")
        try:
            build_calendar(shape, zone).next_open(_SOME_DAY)
        except ValueError as error:
            yield Problem("calendars.yaml", ("calendars", name), str(error))


def _clocks(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    calendars: CalendarsFile | None = files.get("calendars.yaml")
    for name, clock in main.clocks.items() if main else ():
        at: Path = ("clocks", name)
        if clock.limit <= 0:
            yield Problem("policy.yaml", (*at, "limit"), "the limit must be more than zero")
        if calendars and clock.calendar not in calendars.calendars:
            known = calendars.calendars
            yield Problem("policy.yaml", (*at, "calendar"), unknown("calendar", clock.calendar, known))
        if main and clock.ladder and clock.ladder not in main.ladders:
            yield Problem("policy.yaml", (*at, "ladder"), unknown("ladder", clock.ladder, main.ladders))
        if clock.when_due == "lapse" and (clock.ladder or clock.ladders or clock.warn):
            yield Problem("policy.yaml", at, "a clock that lapses is nobody's fault: no warn, no ladder")
        if clock.warn:
            yield from _warnings(clock.warn.at, clock.limit, (*at, "warn", "at"))
            yield from _told(files, (*at, "warn"), clock.warn.to, clock.warn.message, assist=clock.scope == "assist")


def _warnings(texts: list[str], limit: float, at: Path) -> Iterator[Problem]:
    if not texts:
        yield Problem("policy.yaml", at, "no instant is named; leave `warn` out if nobody is to be warned")
    for i, text in enumerate(texts):
        try:
            share, before = read_warning(text)
        except ValueError as error:
            yield Problem("policy.yaml", (*at, i), str(error))
            continue
        if before >= limit and not share:
            yield Problem("policy.yaml", (*at, i), f"{text} is before the start")
        if not share and not before:
            yield Problem("policy.yaml", (*at, i), f"{text} is the due instant itself: too late for a warning")
        if text in texts[:i]:
            yield Problem("policy.yaml", (*at, i), f"{text} is there twice")


def _ladders(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    for name, steps in main.ladders.items() if main else ():
        if not steps:
            yield Problem("policy.yaml", ("ladders", name), "a ladder needs at least one step")
        users = [c for c in main.clocks.values() if name in (c.ladder, *(x.ladder for x in c.ladders))] if main else []
        for i, step in enumerate(steps):
            at: Path = ("ladders", name, i)
            if i and (step.after < steps[i - 1].after or step.level <= steps[i - 1].level):
                yield Problem("policy.yaml", at, "levels must rise, and later levels must not come sooner")
            yield from _repeats(step, at)
            yield from _told(files, at, step.to, step.message, assist=all(c.scope == "assist" for c in users))


def _repeats(step: StepShape, at: Path) -> Iterator[Problem]:
    if step.repeat is None:
        if step.times is not None and step.times > 1:
            yield Problem("policy.yaml", at, "`times` needs a `repeat` span")
        if step.everyone:
            message = "`everyone` needs a `repeat` span: who does not answer is asked again"
            yield Problem("policy.yaml", (*at, "everyone"), message)
        return
    if step.times == 1:
        yield Problem("policy.yaml", (*at, "repeat"), "`repeat` needs `times` of 2 or more, or none at all")
    if step.repeat < CLOSEST_REPEATS:
        yield Problem("policy.yaml", (*at, "repeat"), "repeats closer than a minute would be a storm")
    if step.times is None and step.after + step.repeat > LAST_REPEAT:
        days = f"{LAST_REPEAT / 86400:g}"
        yield Problem("policy.yaml", (*at, "repeat"), f"repeats end {days} days after the breach: none would come")


def _notices(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    for event, notices in main.notices.items() if main else ():
        for i, notice in enumerate(notices):
            at: Path = ("notices", event, i)
            yield from _told(files, at, notice.to, notice.message, assist=event in policy_reach.ASSIST_EVENTS)


def _told(files: Files, at: Path, to: list[str], message: str, *, assist: bool) -> Iterator[Problem]:
    """Recipients and message of a warning, a ladder step or a notice; `assist`: it is about an assisting team."""
    teams: TeamsFile | None = files.get("teams.yaml")
    known = {*RECIPIENTS, *duty_checks.roles_of(files)}
    if not to:
        yield Problem("policy.yaml", (*at, "to"), "nobody is told")
    for i, who in enumerate(to):
        if teams and who not in known and UNREAD not in files:
            yield Problem("policy.yaml", (*at, "to", i), unknown("recipient", who, known))
        if who == "assisting" and not assist:
            yield Problem("policy.yaml", (*at, "to", i), "no assisting team is meant here")
        if (who in CITIZENS) != message.startswith("citizen_") and who in known:
            if who in CITIZENS:
                text = f"{message} is not worded for the {who}: only messages named citizen_… may go there"
            else:
                text = f"{message} is worded for the petitioner and must not go to {who}"
            yield Problem("policy.yaml", (*at, "to", i), text)
    words: WordsFile | None = files.get("words/zh.yaml")
    if words and message not in words.messages:
        yield Problem("policy.yaml", (*at, "message"), unknown("message", message, words.messages))


def _reasons(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    if not main:
        return
    seen: dict[str, str] = {}
    for part in ("return_reasons", "hold_reasons", "reject_reasons", "results"):
        codes = getattr(main, part)
        if not codes:
            yield Problem("policy.yaml", (part,), "at least one is needed")
        for code, named in codes.items():
            # A message names a reason by its code alone.
            if code in seen and getattr(main, seen[code])[code] != named:
                message = f"{code} means something else in {seen[code]}; choose another code"
                yield Problem("policy.yaml", (part, code), message)
            seen.setdefault(code, part)
    for key in ("reopening_window", "longest_extension", "longest_hold"):
        if getattr(main, key) <= 0:
            yield Problem("policy.yaml", (key,), "must be more than zero")
    for language in ("zh", "en"):
        if re.search(r"[【】\[\]]", getattr(main.signature, language)):
            yield Problem("policy.yaml", ("signature", language), "the brackets are in the messages; leave them out")


# --- categories.yaml ------------------------------------------------------------------------------------------------


def _categories(files: Files) -> Iterator[Problem]:
    shape: CategoriesFile | None = files.get("categories.yaml")
    teams: TeamsFile | None = files.get("teams.yaml")
    if not shape:
        return
    seen: set[str] = set()
    for i, category in enumerate(shape.categories):
        at: Path = ("categories", i)
        if category.code in seen:
            yield Problem("categories.yaml", (*at, "code"), f"{category.code} is there twice")
        seen.add(category.code)
        if category.group not in shape.groups:
            yield Problem("categories.yaml", (*at, "group"), unknown("group", category.group, shape.groups))
        for key, name in (("team", category.team), *(("assisting", t) for t in category.assisting)):
            if teams and name not in teams.teams:
                yield Problem("categories.yaml", (*at, key), unknown("team", name, teams.teams))
        if category.team in category.assisting:
            yield Problem("categories.yaml", (*at, "assisting"), "the lead team cannot assist itself")
        for n, flag in enumerate(category.flags):
            if flag not in FLAGS:
                yield Problem("categories.yaml", (*at, "flags", n), unknown("flag", flag, FLAGS))
    if shape.fallback not in seen:
        yield Problem("categories.yaml", ("fallback",), unknown("category", shape.fallback, seen))


def _routing_words(files: Files) -> Iterator[Problem]:
    shape: CategoriesFile | None = files.get("categories.yaml")
    if not shape:
        return
    lists: list[tuple[Path, list[str]]] = [
        (("emergency_words",), shape.emergency_words),
        (("transfer_110_words",), shape.transfer_110_words),
    ]
    lists += [(("categories", i, "words"), category.words) for i, category in enumerate(shape.categories)]
    for at, words in lists:
        seen: set[str] = set()
        for n, word in enumerate(words):
            if word != word.strip() or _SEPARATOR.search(word):
                message = f"{word!r} would be looked for as it stands; words are separated by a half-width comma"
                yield Problem("categories.yaml", (*at, n), message)
            if word.lower() in seen:
                message = f"{word} is there twice (capitals do not count); it would weigh double"
                yield Problem("categories.yaml", (*at, n), message)
            seen.add(word.lower())


# --- rosters --------------------------------------------------------------------------------------------------------


def _roles(files: Files) -> Iterator[Problem]:
    for file in files:
        for role in files[file].rosters if is_duty(file) else ():
            if role in RECIPIENTS:
                yield Problem(file, ("rosters", role), "this name has a fixed meaning; choose another")


# --- sources.yaml and communities.yaml ------------------------------------------------------------------------------


def _sources(files: Files) -> Iterator[Problem]:
    shape: SourcesFile | None = files.get("sources.yaml")
    if not shape:
        return
    if not shape.sources:
        yield Problem("sources.yaml", ("sources",), "at least one source is needed")
    owners: dict[str, str] = {}
    for field, headings in shape.columns.items():
        if field not in COLUMN_FIELDS:
            yield Problem("sources.yaml", ("columns", field), unknown("field", field, COLUMN_FIELDS))
        for n, heading in enumerate(headings):
            owner = owners.setdefault(plain_heading(heading), field)
            if owner != field:
                message = f"{heading} is a heading of {owner} already"
                yield Problem("sources.yaml", ("columns", field, n), message)


def _communities(files: Files) -> Iterator[Problem]:
    shape: CommunitiesFile | None = files.get("communities.yaml")
    entries = shape.communities if shape else []
    yield from _twice("name", [c.name for c in entries])
    yield from _twice("code", [c.code for c in entries])


def _twice(key: str, values: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for i, value in enumerate(values):
        if value and value in seen:
            yield Problem("communities.yaml", ("communities", i, key), f"{value} is there twice")
        seen.add(value)


def plain_heading(text: str) -> str:
    """A column heading as it is compared: half-width, without case, blanks and the star or colon of a form."""
    return re.sub(r"\s|[*:]|\((?:必填|选填|required|optional)\)", "", unicodedata.normalize("NFKC", text).casefold())
