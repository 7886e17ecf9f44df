"""The checks between the files of a configuration: each case spoils the shipped one in a single spot."""

import copy
from typing import Any

import pytest

from tests.core.spoilt import (
    CALENDARS,
    CATEGORIES,
    CENTRE,
    COMMUNITIES,
    EN,
    GONE,
    POLICY,
    SHIPPED,
    TEAMS,
    ZH,
    changed,
    clock,
    notice,
    problems,
    step,
)
from xixi_workflow.core.policy_build import PolicyError, build

#: Of the shipped policy.
CHOICE = {"ladder": "closure_emergency", "urgencies": ["emergency"]}
NOISE: dict[str, Any] = {"categories": [SHIPPED.fallback]}
ENDINGS = ["dispatch", "reject", "transfer_out", "withdraw", "merge"]
RATED = ["rate", "rate_dissatisfied", "reopen"]

# --- one mistake, one problem, at its place -------------------------------------------------------------------------

MISTAKES: list[tuple[tuple[str, str, Any], tuple[str | int, ...], str]] = [
    # clocks and events
    ((POLICY, "clocks/x", clock(starts=["acept"])), ("clocks", "x", "starts", 0), "unknown event 'acept'; known: "),
    ((POLICY, "clocks/x", clock(starts=["breach"])), ("clocks", "x", "starts", 0), "breach is what a clock does; "),
    ((POLICY, "clocks/x", clock(starts=[])), ("clocks", "x", "starts"), "nothing starts this clock"),
    ((POLICY, "clocks/x", clock(meets=[])), ("clocks", "x", "meets"), "nothing meets this clock"),
    ((POLICY, "clocks/x", clock(meets=["file"])), ("clocks", "x", "meets", 0), "file cannot happen while this clock "),
    (
        (POLICY, "clocks/x", clock(starts=["resolve"], ends=["rate_dissatisfied", "reopen"], meets=["rate", "accept"])),
        ("clocks", "x", "meets", 1),
        "accept cannot happen while this clock runs (states: resolved)",
    ),
    (
        (POLICY, "clocks/x", clock(ends=["refuse_hold", "file"])),
        ("clocks", "x", "ends", 1),
        "file cannot happen while this clock runs (states: ",
    ),
    (
        (POLICY, "clocks/x", clock(ends=["accept"])),
        ("clocks", "x"),
        "accept both starts and stops this clock",
    ),
    ((POLICY, "clocks/x", clock(pauses_in=["hold"])), ("clocks", "x", "pauses_in", 0), "unknown state 'hold'; known: "),
    (
        (POLICY, "clocks/x", clock(pauses_in=["received"])),
        ("clocks", "x", "pauses_in", 0),
        "this clock never runs in received, only in ",
    ),
    (
        (POLICY, "clocks/x", clock(counts_from="receipt")),
        ("clocks", "x", "counts_from"),
        "only a clock started by file can count from the receipt",
    ),
    (
        (POLICY, "clocks/x", clock(scope="assist")),
        ("clocks", "x", "starts", 0),
        "accept is not about an assisting team; use accept_assist, ask_assist, finish_assist",
    ),
    (
        (POLICY, "clocks/x", clock(scope="assist", starts=["ask_assist"])),
        ("clocks", "x", "meets", 0),
        "resolve is not about an assisting team; use accept_assist, ask_assist, finish_assist",
    ),
    (
        (POLICY, "clocks/survey/ends", ["reopen"]),
        ("clocks", "survey", "when_due"),
        "a clock that lapses closes the petition, so it may run in the state resolved alone; it would also run in ",
    ),
    (
        (POLICY, "clocks/survey/when_due", "breach"),
        ("clocks",),
        "no clock started by resolve lapses: a petition that nobody rates would never be closed",
    ),
    (
        (POLICY, "clocks/survey/ladder", "closure"),
        ("clocks", "survey"),
        "a clock that lapses is nobody's fault: no warn, no ladder",
    ),
    (
        (POLICY, "clocks/closure/calendar", "ofice"),
        ("clocks", "closure", "calendar"),
        "unknown calendar 'ofice'; known",
    ),
    (
        (POLICY, "clocks/closure/ladder", "closing"),
        ("clocks", "closure", "ladder"),
        "unknown ladder 'closing'; known: ",
    ),
    ((POLICY, "clocks/x", clock(limit="0s")), ("clocks", "x", "limit"), "the limit must be more than zero"),
    ((POLICY, "clocks/x", clock(limit="4000d")), ("clocks", "x", "limit"), "4000d is longer than ten years"),
    # the order of limits
    (
        (POLICY, "clocks/interim/limit", "25h"),
        ("clocks", "interim", "limit"),
        "must be shorter than the limit of closure, which cannot be met before this clock stops",
    ),
    (
        (POLICY, "clocks/closure/limit", "3h"),
        ("clocks", "interim", "limit"),
        "must be shorter than the limit of closure, which cannot be met before this clock stops",
    ),
    (
        (POLICY, "clocks/response/limit", "4h"),
        ("clocks", "response", "limit"),
        "must be shorter than the limit of interim, which cannot be met before this clock stops",
    ),
    (
        (POLICY, "clocks/acceptance/limit", "24h"),
        ("clocks", "acceptance", "limit"),
        "must be shorter than the limit of closure, which cannot be met before this clock stops",
    ),
    # warnings
    (
        (POLICY, "clocks/closure/warn/at/0", "50"),
        ("clocks", "closure", "warn", "at", 0),
        "'50' is not a warning; write",
    ),
    ((POLICY, "clocks/closure/warn/at/0", "100%"), ("clocks", "closure", "warn", "at", 0), "'100%' is not a warning; "),
    ((POLICY, "clocks/closure/warn/at/2", "-24h"), ("clocks", "closure", "warn", "at", 2), "-24h is before the start"),
    ((POLICY, "clocks/closure/warn/at/2", "-0s"), ("clocks", "closure", "warn", "at", 2), "-0s is the due instant it"),
    ((POLICY, "clocks/closure/warn/at/0", "80%"), ("clocks", "closure", "warn", "at", 1), "80% is there twice"),
    ((POLICY, "clocks/closure/warn/at", []), ("clocks", "closure", "warn", "at"), "no instant is named; leave `warn` "),
    ((POLICY, "clocks/closure/warn/to", []), ("clocks", "closure", "warn", "to"), "nobody is told"),
    # ladders
    ((POLICY, "ladders/x", []), ("ladders", "x"), "a ladder needs at least one step"),
    (
        (POLICY, "ladders/response/1/after", "40m"),
        ("ladders", "response", 2),
        "levels must rise, and later levels must not come sooner",
    ),
    (
        (POLICY, "ladders/response/1/level", 1),
        ("ladders", "response", 1),
        "levels must rise, and later levels must not come sooner",
    ),
    ((POLICY, "ladders/response/0/repeat", GONE), ("ladders", "response", 0), "`times` needs a `repeat` span"),
    (
        (POLICY, "ladders/response/0/times", 1),
        ("ladders", "response", 0, "repeat"),
        "`repeat` needs `times` of 2 or more, or none at all",
    ),
    ((POLICY, "ladders/response/1/repeat", "7d"), ("ladders", "response", 1, "repeat"), "repeats end 7 days after "),
    (
        (POLICY, "ladders/closure_emergency/0/repeat", GONE),
        ("ladders", "closure_emergency", 0, "everyone"),
        "`everyone` needs a `repeat` span",
    ),
    ((POLICY, "ladders/x", [step()]), ("ladders", "x"), "no clock climbs this ladder"),
    (
        (POLICY, "clocks/closure/ladders/0/ladder", "closing"),
        ("clocks", "closure", "ladders", 0, "ladder"),
        "unknown ladder 'closing'; known: ",
    ),
    (
        (POLICY, "clocks/closure/ladders/0/categories", ["NOPE"]),
        ("clocks", "closure", "ladders", 0, "categories", 0),
        "unknown category or group 'NOPE'; known: ",
    ),
    (
        (POLICY, "clocks/closure/ladders/0/urgencies", []),
        ("clocks", "closure", "ladder"),
        "closure is never climbed: every petition fits one of `ladders`",
    ),
    (
        (POLICY, "clocks/closure/ladder", GONE),
        ("clocks", "closure", "ladders"),
        "petitions that fit none of these have no ladder; name one in `ladder`",
    ),
    (
        (POLICY, "clocks/closure/ladders", [CHOICE, {"ladder": "urge", **NOISE, "urgencies": ["emergency"]}]),
        ("clocks", "closure", "ladders", 1),
        "can never fit: the choices above it take all its petitions",
    ),
    (
        (
            POLICY,
            "clocks/urge",
            clock(starts=["file"], meets=["route", *ENDINGS], ladders=[{"ladder": "urge", **NOISE}]),
        ),
        ("clocks", "urge", "ladders", 0, "categories"),
        "no petition has a category yet while this clock runs",
    ),
    (
        (POLICY, "clocks/urge", clock(starts=["resolve"], meets=RATED, limit="71h30m", ladder="urge")),
        ("ladders", "urge", 1),
        "no petition lives so long: the survey closes it",
    ),
    (
        (POLICY, "clocks/urge/limit_by_command", True),
        ("clocks", "urge", "limit_by_command"),
        "no command that starts this clock carries a deadline; only supervise does",
    ),
    (
        (POLICY, "clocks/supervision/warn/at/0", "-30m"),
        ("clocks", "supervision", "warn", "at", 0),
        "the deadline that comes with the command may be shorter than 30m; write a share, as 80%",
    ),
    (
        (POLICY, "ladders/response/1/repeat", "5s"),
        ("ladders", "response", 1, "repeat"),
        "repeats closer than a minute ",
    ),
    (
        (POLICY, "ladders/response/1/to", ["comander"]),
        ("ladders", "response", 1, "to", 0),
        "unknown recipient 'comander'; known: assisting, ",
    ),
    (
        (POLICY, "ladders/closure/0/to", ["assisting"]),
        ("ladders", "closure", 0, "to", 0),
        "no assisting team is meant h",
    ),
    # notices
    (
        (POLICY, "notices/closed", notice("operator_returned", "operator")),
        ("notices", "closed"),
        "unknown event 'closed",
    ),
    (
        (POLICY, "notices/breach", notice("team_overdue", "team_lead")),
        ("notices", "breach"),
        "breach is told by the clock's own `warn` and ladder; a notice on it would never be sent",
    ),
    ((POLICY, "notices/urge/0/to", ["assisting"]), ("notices", "urge", 0, "to", 0), "no assisting team is meant here"),
    (
        (POLICY, "notices/urge/0/message", "handler_urge"),
        ("notices", "urge", 0, "message"),
        "unknown message 'handler_ur",
    ),
    (
        (POLICY, "notices/resolve/0/to", ["handler"]),
        ("notices", "resolve", 0, "to", 0),
        "citizen_result is worded for the petitioner and must not go to handler",
    ),
    (
        (POLICY, "notices/supervise/0/to", ["petitioner"]),
        ("notices", "supervise", 0, "to", 0),
        "team_supervised is not worded for the petitioner: only messages named citizen_… may go there",
    ),
    # the rest of policy.yaml
    (
        (POLICY, "reject_reasons/duplicate", {"zh": "甲", "en": "A"}),
        ("reject_reasons", "duplicate"),
        "duplicate means something else in return_reasons; choose another code",
    ),
    ((POLICY, "hold_reasons", {}), ("hold_reasons",), "at least one is needed"),
    ((POLICY, "longest_hold", "0s"), ("longest_hold",), "must be more than zero"),
    ((POLICY, "signature/zh", "【西溪】"), ("signature", "zh"), "the brackets are in the messages; leave them out"),
    ((POLICY, "telephone", "请拨打"), ("telephone",), "'请拨打' is not a telephone number; write digits, for "),
    ((POLICY, "zone", "Asia"), ("zone",), "'Asia' is not a time zone; write for example Asia/Shanghai"),
    # calendars
    (
        (CALENDARS, "calendars/office/week", {}),
        ("calendars", "office"),
        "The week has no open period, so no time limit could ever run out.",
    ),
    (
        (CALENDARS, "calendars/office/week/sat", [{"from": "12:00", "to": "09:00"}]),
        ("calendars", "office"),
        "Saturday: ",
    ),
    (
        (CALENDARS, "calendars/office/week/sat", [{"from": "24:00", "to": "24:00"}]),
        ("calendars", "office"),
        "hour must ",
    ),
    (
        (CALENDARS, "calendars/office/yearly_holidays/0", "02-30"),
        ("calendars", "office"),
        "The yearly holiday 02-30 doe",
    ),
    (
        (CALENDARS, "calendars/office/always", True),
        ("calendars", "office"),
        "`always: true` has no week, holidays or s",
    ),
    # words
    (
        (ZH, "messages/citizen_survey", "【{signature}】请评价。"),
        ("messages", "citizen_survey"),
        "does not say which petition it is about; add {no6}",
    ),
    (
        (ZH, "messages/citizen_rework", "【{signature}】{no6"),
        ("messages", "citizen_rework"),
        "the braces do not match; a ",
    ),
    (
        (ZH, "messages/citizen_rework", "【{signature}】{no6}｛tel｝"),
        ("messages", "citizen_rework"),
        "full-width braces ｛",
    ),
    (
        (EN, "messages/citizen_rework", "{signature} {no6:d}"),
        ("messages", "citizen_rework"),
        "a placeholder is its name ",
    ),
    (
        (EN, "messages/citizen_rework", "{signature!r} {no6}"),
        ("messages", "citizen_rework"),
        "a placeholder is its name ",
    ),
    ((EN, "messages/citizen_rework", GONE), ("messages",), "citizen_rework is in words/zh.yaml but not here"),
    (
        (ZH, "refusals/conflict", "请{handler}重试。"),
        ("refusals", "conflict"),
        "unknown placeholder 'handler'; known: allowed, event, role, state",
    ),
    ((EN, "screens/nothing", "none {x}"), ("screens", "nothing"), "placeholders differ from the Chinese: x"),
]


@pytest.mark.parametrize(
    ("change", "place", "message"), MISTAKES, ids=[f"{n}-{'.'.join(map(str, m[1]))}" for n, m in enumerate(MISTAKES)]
)
def test_a_mistake_is_named_at_its_place(
    change: tuple[str, str, Any], place: tuple[str | int, ...], message: str
) -> None:
    found = [p.message for p in problems(change) if (p.file, p.path) == (change[0], place)]
    assert len(found) == 1
    assert found[0].startswith(message)


# --- what an author may do ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((POLICY, "clocks/survey/limit", "7d"), id="another limit"),
        pytest.param(
            (POLICY, "clocks/interim/calendar", "office"), id="limits on different calendars are not compared"
        ),
        pytest.param((POLICY, "clocks/x", clock(pauses_in=["on_hold"], ends=["return"])), id="a clock more"),
        pytest.param(
            (POLICY, "clocks/x", clock(scope="assist", starts=["ask_assist"], meets=["accept_assist"])), id="a sub-task"
        ),
        pytest.param((POLICY, "notices/accept", notice("handler_urged", "team_lead")), id="a notice more"),
        pytest.param((CALENDARS, "calendars/office/week/sat", [{"from": "9:00", "to": "24:00"}]), id="up to midnight"),
        pytest.param((CENTRE, "rosters/watch", {"shifts": [{"people": ["police-1"]}]}), id="a role more"),
        pytest.param(
            (POLICY, "results/duplicate", {"zh": "重复工单", "en": "Duplicate"}), id="the same code and meaning"
        ),
        pytest.param((POLICY, "clocks/closure/warn", GONE), id="a clock that nobody is warned of"),
    ],
)
def test_a_sensible_change_is_accepted(change: tuple[str, str, Any]) -> None:
    assert build(changed(change)).digest != SHIPPED.digest


def test_every_file_is_needed_and_no_other_is_known() -> None:
    documents = copy.deepcopy(SHIPPED.documents)
    documents["team.yaml"] = documents.pop(TEAMS)
    with pytest.raises(PolicyError) as caught:
        build(documents)
    found = {p.file: p.message for p in caught.value.problems}
    assert found[TEAMS] == "the file is missing"
    assert found["team.yaml"].startswith("unknown file; expected ")


def test_all_mistakes_are_found_in_one_run() -> None:
    found = problems(
        (POLICY, "clocks/closure/ladder", "x"),
        (CATEGORIES, "fallback", "x"),
        (TEAMS, "teams/police/lead", "x"),
        (COMMUNITIES, "communities/0/nmae", "x"),
    )
    assert [(p.file, p.path) for p in found] == [
        (COMMUNITIES, ("communities", 0, "nmae")),
        (POLICY, ("clocks", "closure", "ladder")),
        (CATEGORIES, ("fallback",)),
        (TEAMS, ("teams", "police", "lead")),
    ]
