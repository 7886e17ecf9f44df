"""The checks between the files of a configuration: each case spoils the shipped one in a single spot."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core import words
from xixi_workflow.core.lifecycle import FINAL, TABLE
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.policy import Policy, flatten, read_warning
from xixi_workflow.core.policy_build import PolicyError, build, load
from xixi_workflow.core.policy_problem import Problem
from xixi_workflow.core.policy_reach import runs_after, runs_in
from xixi_workflow.core.policy_schema import StepShape, read_hour, read_span
from xixi_workflow.core.policy_wording import CITIZEN_SEGMENTS, OTHER_SEGMENTS
from xixi_workflow.core.sms import segments

SHIPPED = read_policy(shipped_folder())
POLICY, CALENDARS, TEAMS, CATEGORIES = "policy.yaml", "calendars.yaml", "teams.yaml", "categories.yaml"
SOURCES, COMMUNITIES, ZH, EN = "sources.yaml", "communities.yaml", "words/zh.yaml", "words/en.yaml"

#: Instead of a value: take the key away, or add to the list.
GONE = object()


class Add:
    """One more entry at the end of a list."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry


def changed(*changes: tuple[str, str, Any]) -> dict[str, Any]:
    """The shipped documents with some values replaced; a place is written `clocks/response/limit` or `words/0`."""
    documents = copy.deepcopy(SHIPPED.documents)
    for file, place, value in changes:
        at: Any = documents[file]
        *parents, last = [int(k) if k.lstrip("-").isdigit() else k for k in place.split("/")]
        for key in parents:
            at = at[key]
        if value is GONE:
            del at[last]
        elif isinstance(value, Add):
            at[last].append(value.entry)
        else:
            at[last] = value
    return documents


def problems(*changes: tuple[str, str, Any]) -> list[Problem]:
    with pytest.raises(PolicyError) as caught:
        build(changed(*changes))
    return caught.value.problems


def clock(**changes: Any) -> dict[str, Any]:
    return {"zh": "甲", "en": "A", "limit": "2h", "starts": ["accept"], "meets": ["resolve"]} | changes


def notice(message: str, *to: str) -> list[dict[str, Any]]:
    return [{"message": message, "to": list(to)}]


def step(**changes: Any) -> dict[str, Any]:
    return {"level": 1, "after": "0s", "to": ["operator"], "message": "operator_overdue"} | changes


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
    ((POLICY, "ladders/response/1/repeat", GONE), ("ladders", "response", 1), "`times` needs a `repeat` span"),
    (
        (POLICY, "ladders/response/1/times", GONE),
        ("ladders", "response", 1, "repeat"),
        "`repeat` needs `times` of 2 or",
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
    # categories
    ((CATEGORIES, "fallback", "GV98"), ("fallback",), "unknown category 'GV98'; known: "),
    ((CATEGORIES, "categories/0/team", "polce"), ("categories", 0, "team"), "unknown team 'polce'; known: citycare, "),
    (
        (CATEGORIES, "categories/0/assisting", ["x"]),
        ("categories", 0, "assisting"),
        "unknown team 'x'; known: citycare,",
    ),
    (
        (CATEGORIES, "categories/0/assisting", ["police"]),
        ("categories", 0, "assisting"),
        "the lead team cannot assist ",
    ),
    ((CATEGORIES, "categories/1/code", "PS01"), ("categories", 1, "code"), "PS01 is there twice"),
    ((CATEGORIES, "categories/0/group", "XX"), ("categories", 0, "group"), "unknown group 'XX'; known: "),
    (
        (CATEGORIES, "categories/0/flags", ["privacy", "privat"]),
        ("categories", 0, "flags", 1),
        "unknown flag 'privat'; ",
    ),
    (
        (CATEGORIES, "categories/0/words", ["打架", "斗殴，互殴"]),
        ("categories", 0, "words", 1),
        "'斗殴，互殴' would be looked for as it stands; words are separated by a half-width comma",
    ),
    (
        (CATEGORIES, "categories/0/words", ["KTV", "ktv"]),
        ("categories", 0, "words", 1),
        "ktv is there twice (capitals do not count); it would weigh double",
    ),
    ((CATEGORIES, "emergency_words", ["着火 "]), ("emergency_words", 0), "'着火 ' would be looked for as it stands; "),
    # people, teams, rosters
    ((TEAMS, "teams/police/lead", "nobody"), ("teams", "police", "lead"), "unknown person 'nobody'; known: "),
    ((TEAMS, "teams/police/handlers/1", "x"), ("teams", "police", "handlers", 1), "unknown person 'x'; known: "),
    (
        (TEAMS, "teams/police/shifts/0/people", ["traffic-1"]),
        ("teams", "police", "shifts", 0, "people", 0),
        "traffic-1 is on shift but no handler of police, and could not accept",
    ),
    (
        (TEAMS, "people/operator-2/phone", "+8619900000001"),
        ("people", "operator-2", "phone"),
        "the same number as operator-1",
    ),
    (
        (TEAMS, "roles/commander", [{"people": ["commander-1"], "to": "20:00"}]),
        ("roles", "commander"),
        "nobody is on duty at mon 20:00",
    ),
    ((TEAMS, "roles/commander", []), ("roles", "commander"), "nobody is on duty at mon 00:00"),
    (
        (TEAMS, "roles/commander", [{"people": ["commander-2"]}, {"people": ["commander-1"], "days": ["mon"]}]),
        ("roles", "commander", 1),
        "this shift never counts: the shifts above it cover all of it",
    ),
    (
        (TEAMS, "roles/handler", [{"people": ["police-1"]}]),
        ("roles", "handler"),
        "this name has a fixed meaning; choose",
    ),
    ((TEAMS, "roles/commander/0/people", ["x"]), ("roles", "commander", 0, "people", 0), "unknown person 'x'; known: "),
    # sources and communities
    ((SOURCES, "columns/titel", ["标题2"]), ("columns", "titel"), "unknown field 'titel'; known: address, channel, "),
    (
        (SOURCES, "columns/channel", ["渠道", " 标 题*"]),
        ("columns", "channel", 1),
        " 标 题* is a heading of title already",
    ),
    ((SOURCES, "sources", {}), ("sources",), "at least one source is needed"),
    ((COMMUNITIES, "communities/1/name", "石灰桥社区"), ("communities", 1, "name"), "石灰桥社区 is there twice"),
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
        pytest.param((TEAMS, "roles/watch", [{"people": ["police-1"]}]), id="a role more"),
        pytest.param(
            (POLICY, "results/duplicate", {"zh": "重复工单", "en": "Duplicate"}), id="the same code and meaning"
        ),
        pytest.param((POLICY, "clocks/closure/ladder", GONE), id="a breach that nobody hears of"),
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


# --- texts at the places where they are sent ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (
            (POLICY, "notices/file/0/message", "citizen_interim"),
            "citizen_interim",
            ["{team} is always empty in the notice of file"],
        ),
        (
            (POLICY, "notices/resolve/1/message", "citizen_extended"),
            "citizen_extended",
            ["{due} is always empty in the notice of resolve"],
        ),
        (
            (POLICY, "clocks/closure/warn/message", "leader_overdue"),
            "leader_overdue",
            ["{level} is always empty in the warning of clock closure"],
        ),
        (
            (POLICY, "ladders/assistance/0/message", "supervisor_hold_asked"),
            "supervisor_hold_asked",
            ["{reason} is always empty in the ladder assistance"],
        ),
        (
            (POLICY, "clocks/closure/extendable", False),
            "handler_dispatched",
            ["{due} is always empty in the notice of dispatch"],
        ),
    ],
)
def test_a_placeholder_that_is_never_filled_is_named(
    change: tuple[str, str, Any], kind: str, message: list[str]
) -> None:
    assert [p.message for p in problems(change) if (p.file, p.path) == (ZH, ("messages", kind))] == message


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (
            (ZH, "messages/citizen_survey", "【{signature}】{no6}" + "字" * 122),
            set(),
        ),  # 6 + 6 + 122 = 134: two segments
        ((ZH, "messages/citizen_survey", "【{signature}】{no6}" + "字" * 123), {"citizen_survey"}),
        ((ZH, "messages/operator_returned", "【{signature}】{no6}" + "字" * 190), {"operator_returned"}),
        ((EN, "messages/citizen_survey", "[{signature}] {no6}" + "a" * 292), {"citizen_survey"}),
        ((EN, "messages/citizen_survey", "[{signature}] {no6}" + "a" * 121 + "”"), {"citizen_survey"}),  # UCS-2
    ],
)
def test_a_text_that_needs_too_many_segments_with_the_longest_names_is_refused(
    change: tuple[str, str, Any], kinds: set[str]
) -> None:
    same = (EN if change[0] == ZH else ZH, change[1], "【{signature}】{no6}")
    found = problems(change, same, (POLICY, "hold_reasons", {}))[1:]
    assert {str(p.path[1]) for p in found} == kinds
    assert all("SMS segments" in p.message for p in found)


def test_a_name_that_has_become_too_long_shows_in_the_messages_that_use_it() -> None:
    found = problems((POLICY, "signature/en", "X" * 60))
    assert (EN, ("messages", "citizen_interim")) in [(p.file, p.path) for p in found]
    assert all("SMS segments" in p.message for p in found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_of_the_shipped_policy_fits_with_real_names(language: words.Language) -> None:
    told = Vars(text="路灯坏了，" * 12, span=2 * 86400 + 3600, level=3, due=datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    costs: dict[str, int] = {}
    for kind in SHIPPED.words[language].messages:
        for category in SHIPPED.categories.values():
            told.category, told.team, told.clock, told.urgency = category.code, category.team, "interim", "emergency"
            text = words.message(
                kind,
                told,
                SHIPPED,
                number=20261231000001,
                community="石灰桥社区",
                confidential=False,
                language=language,
            )
            costs[kind] = max(costs.get(kind, 0), segments(text))
    most = {kind: CITIZEN_SEGMENTS if kind.startswith("citizen_") else OTHER_SEGMENTS for kind in costs}
    assert {kind: cost for kind, cost in costs.items() if cost > most[kind]} == {}


# --- what can happen ------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(SHIPPED.clocks)), st.lists(st.integers(0, 10**6), max_size=40))
def test_no_path_through_the_lifecycle_leaves_the_states_that_were_found(name: str, choices: list[int]) -> None:
    shape = SHIPPED.clocks[name].shape
    state, running = None, False
    for choice in choices:
        rows = [row for row in TABLE if row.state == state]
        if not rows:
            break
        row = rows[choice % len(rows)]
        was_running, state = running, row.to
        if row.event in {*shape.meets, *shape.ends} or row.to in FINAL or row.to == "closed":
            running = False
        running = running or row.event in shape.starts
        if running:
            assert state in runs_in(shape)
            assert runs_after(shape, row.event)
        assert was_running <= (row.state in runs_in(shape))


def test_a_clock_started_by_filing_can_run_in_every_state_in_which_an_answer_is_owed() -> None:
    assert runs_in(SHIPPED.clocks["closure"].shape) == {
        "received",
        "routed",
        "dispatched",
        "in_progress",
        "on_hold",
        "returned",
    }
    assert runs_in(SHIPPED.clocks["survey"].shape) == {"resolved"}


# --- the compiled policy --------------------------------------------------------------------------------------------


def test_a_stored_policy_is_read_even_if_todays_checks_would_refuse_it() -> None:
    documents = changed((ZH, "messages/citizen_survey", "【{signature}】请评价。"))
    with pytest.raises(PolicyError):
        build(documents)
    stored = load(json.dumps(documents), 4)
    assert (stored.version, stored.words["zh"].messages["citizen_survey"]) == (4, "【{signature}】请评价。")


def test_a_stored_policy_of_another_shape_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml: a required key is missing"):
        load(json.dumps(changed((POLICY, "zone", GONE))), 4)


def test_rules_are_kept_and_the_roster_is_todays() -> None:
    today = build(
        changed((POLICY, "clocks/closure/limit", "48h"), (TEAMS, "roles/chief_leader/0/people", ["commander-1"]))
    )
    judged = SHIPPED.with_people(today)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert judged.clocks["closure"].limit == 24 * 3600
    assert judged.on_duty("chief_leader", now) == ("commander-1",)
    assert judged.version == SHIPPED.version
    assert SHIPPED.with_people(SHIPPED) is SHIPPED


def test_a_role_that_todays_roster_has_dropped_falls_to_the_operators() -> None:
    shape = SHIPPED.documents[TEAMS]
    teams = shape | {"roles": {k: v for k, v in shape["roles"].items() if k in ("operator", "supervisor")}}
    today = load(json.dumps(SHIPPED.documents | {TEAMS: teams}), 2)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert SHIPPED.with_people(today).on_duty("commander", now) == SHIPPED.on_duty("operator", now) != ()


def test_only_those_on_shift_are_asked_and_a_team_without_shifts_as_a_whole() -> None:
    monday_noon = datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert SHIPPED.handlers_on_duty("police", monday_noon) == ("police-1", "police-2")
    assert SHIPPED.handlers_on_duty("market", monday_noon) == ("market-1", "market-2", "market-3")


def test_an_event_is_compiled_to_what_it_starts_meets_and_ends() -> None:
    plan = SHIPPED.event("resolve")
    assert [c.name for c in plan.starts] == ["survey"]
    assert plan.meets == {"interim", "closure"}
    assert plan.ends == {"assistance"}
    assert SHIPPED.event("note") == ((), frozenset(), frozenset(), ())


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(entry) for entry in value] if isinstance(value, list) else value

    assert Policy(turned(SHIPPED.documents), SHIPPED._files).digest == SHIPPED.digest


def test_a_ladders_repeats_are_spelled_out_in_the_order_in_which_they_ring() -> None:
    steps = [
        StepShape.model_validate(step(repeat="10m", times=3)),
        StepShape.model_validate(step(level=2, after="15m")),
    ]
    assert [(ring.after, ring.level, ring.repeat) for ring in flatten(steps)] == [
        (0, 1, 0),
        (600, 1, 1),
        (900, 2, 0),
        (1200, 1, 2),
    ]


# --- how things are written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("3h", 10800), ("1d12h", 129600), ("0.5h", 1800), ("0s", 0), ("3653d", 3653 * 86400)],
)
def test_a_span_is_read_as_seconds(text: str, seconds: float) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "3 h", "3H", "-3h", "h", "1w", "3h ", "１h", 3, 1.5, None, True, "3654d"])
def test_anything_else_is_no_span(text: object) -> None:
    with pytest.raises(ValueError, match=r"not a span of time|longer than ten years"):
        read_span(text)


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("8:30", 510), ("08:30", 510), ("24:00", 1440)])
def test_a_time_of_day_is_read_as_minutes(text: str, minutes: int) -> None:
    assert read_hour(text) == minutes


@pytest.mark.parametrize("text", ["24:01", "8", "08:60", "8：30", "08:30:00", "", 510, None])
def test_anything_else_is_no_time_of_day(text: object) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        read_hour(text)


@pytest.mark.parametrize(("text", "warning"), [("80%", (0.8, 0)), ("12.5%", (0.125, 0)), ("-30m", (0, 1800))])
def test_a_warning_is_a_share_or_a_span_before_due(text: str, warning: tuple[float, float]) -> None:
    assert read_warning(text) == warning


@pytest.mark.parametrize("text", ["0%", "100%", "120%", "x%", "%", "30m", "", "-", "-30", "nan%"])
def test_anything_else_is_no_warning(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a warning|not a span"):
        read_warning(text)
