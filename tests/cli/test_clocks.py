"""The calculator, and that its page in `docs/` tells the truth."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import xixi

PAGE = Path(__file__).parents[2] / "docs" / "clocks-calc.md"
BLOCKS = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
EXAMPLES = list(zip(BLOCKS[::2], BLOCKS[1::2], strict=True))

PLAIN: dict[str, Any] = {
    "zone": "Asia/Shanghai",
    "clocks": {"closure": {"limit": "2h", "starts": ["file"], "meets": ["resolve"]}},
    "start": "2026-11-23T09:00:00",
}


def calc(scenario: Any) -> Any:
    """The answer to a scenario, given on standard input."""
    result = xixi("clocks", "calc", "-", typed=json.dumps(scenario))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(scenario: Any) -> list[str]:
    """The mistakes named in a scenario, without the file's name."""
    result = xixi("clocks", "calc", "-", typed=json.dumps(scenario))
    assert result.exit_code == 2
    assert result.stdout == ""
    return [line.removeprefix("xixi: ").removeprefix("-: ") for line in result.stderr.splitlines()]


@pytest.mark.parametrize(("asked", "told"), EXAMPLES, ids=["hold", "office"])
def test_the_examples_of_the_page_are_what_the_calculator_says(asked: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(asked, encoding="utf-8")
    assert json.loads(xixi("clocks", "calc", str(file)).stdout) == json.loads(told)


def test_the_page_has_two_examples() -> None:
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize(
    ("minutes", "outcome"), [(119, "on_time"), (120, "on_time"), (121, "late")], ids=["before", "at", "after"]
)
def test_met_at_the_due_instant_is_on_time(minutes: int, outcome: str) -> None:
    at = datetime(2026, 11, 23, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    [clock] = calc(PLAIN | {"events": [{"at": at.isoformat(), "event": "resolve"}]})["clocks"]
    assert clock["outcome"] == outcome
    assert clock["due_at"] == "2026-11-23T11:00:00+08:00"
    assert clock["breached_at"] == (clock["due_at"] if outcome == "late" else None)


def test_a_clock_is_breached_one_microsecond_after_due_and_not_at_it() -> None:
    [at_due] = calc(PLAIN | {"now": "2026-11-23T11:00:00"})["clocks"]
    [after] = calc(PLAIN | {"now": "2026-11-23T11:00:00.000001"})["clocks"]
    assert (at_due["outcome"], at_due["remaining"]) == ("running", 0)
    assert (after["outcome"], after["breached_at"]) == ("breached", "2026-11-23T11:00:00+08:00")


def test_what_is_heard_late_is_judged_by_when_it_happened() -> None:
    late = {"at": "2026-11-23T10:30:00", "noticed_at": "2026-11-23T12:00:00", "event": "resolve"}
    [clock] = calc(PLAIN | {"events": [late]})["clocks"]
    assert clock["outcome"] == "on_time"
    assert [line["what"] for line in clock["explanation"]] == ["started", "breached", "withdrawn", "on_time"]


def test_an_extension_after_the_breach_does_not_erase_it() -> None:
    clocks = {"closure": PLAIN["clocks"]["closure"] | {"extendable": True}}
    late = {"at": "2026-11-23T12:00:00", "event": "approve_extension", "span": "5h"}
    [clock] = calc(PLAIN | {"clocks": clocks, "events": [late]})["clocks"]
    assert (clock["outcome"], clock["due_at"]) == ("breached", "2026-11-23T11:00:00+08:00")
    assert clock["extended_for"] == 5 * 3600


def test_nobody_knows_when_a_paused_clock_is_due() -> None:
    clocks = {"closure": PLAIN["clocks"]["closure"] | {"pauses_in": ["on_hold"]}}
    held = [{"at": "2026-11-23T10:00:00", "event": "approve_hold", "state": "on_hold"}]
    [clock] = calc(PLAIN | {"clocks": clocks, "events": held, "now": "2026-11-25T09:00:00"})["clocks"]
    assert (clock["outcome"], clock["due_at"], clock["remaining"]) == ("paused", None, 3600)
    ends = [held[0] | {"span": "1h"}]
    [clock] = calc(PLAIN | {"clocks": clocks, "events": ends, "now": "2026-11-23T11:30:00"})["clocks"]
    assert (clock["outcome"], clock["due_at"]) == ("running", "2026-11-23T12:00:00+08:00")
    assert clock["pauses"] == [{"from": "2026-11-23T10:00:00+08:00", "to": "2026-11-23T11:00:00+08:00"}]


def test_rework_is_a_round_of_its_own_and_the_first_verdict_stays() -> None:
    clocks = {"closure": PLAIN["clocks"]["closure"] | {"starts": ["file", "reopen"]}}
    events = [{"at": "2026-11-23T12:00:00", "event": "resolve"}, {"at": "2026-11-23T13:00:00", "event": "reopen"}]
    first, second = calc(PLAIN | {"clocks": clocks, "events": events})["clocks"]
    assert (first["round"], first["outcome"]) == (1, "late")
    assert (second["round"], second["outcome"], second["due_at"]) == (2, "running", "2026-11-23T15:00:00+08:00")


def test_each_assisting_team_has_a_clock_of_its_own() -> None:
    assistance = {"limit": "1h", "scope": "assist", "starts": ["ask_assist"], "meets": ["finish_assist"]}
    events = [
        {"at": "2026-11-23T09:10:00", "event": "ask_assist", "team": "police"},
        {"at": "2026-11-23T09:20:00", "event": "ask_assist", "team": "market"},
        {"at": "2026-11-23T09:30:00", "event": "finish_assist", "team": "market"},
    ]
    told = calc(PLAIN | {"clocks": {"assistance": assistance}, "events": events})["clocks"]
    assert [(c["key"], c["outcome"]) for c in told] == [("police", "running"), ("market", "on_time")]


def test_an_acknowledgement_silences_repeats() -> None:
    ladders = {"short": [{"level": 1, "after": "0s", "repeat": "30m", "times": 3}]}
    clocks = {"closure": PLAIN["clocks"]["closure"] | {"ladder": "short"}}
    asked = PLAIN | {"ladders": ladders, "clocks": clocks, "now": "2026-11-23T14:00:00"}
    [loud] = calc(asked)["clocks"]
    [quiet] = calc(asked | {"events": [{"at": "2026-11-23T11:10:00", "event": "acknowledge"}]})["clocks"]
    assert [r["repeat"] for r in loud["escalations"]] == [0, 1, 2]
    assert [r["repeat"] for r in quiet["escalations"]] == [0]


def test_an_event_that_the_lifecycle_would_refuse_is_judged_with_a_remark() -> None:
    told = calc(PLAIN | {"events": [{"at": "2026-11-23T10:00:00", "event": "resolve"}]})
    assert told["clocks"][0]["outcome"] == "on_time"
    assert told["remarks"] == ["events[0]: the lifecycle has no resolve in received; judged all the same"]


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in PLAIN.items() if k != key}


def closure(**changed: Any) -> dict[str, Any]:
    return PLAIN | {"clocks": {"closure": PLAIN["clocks"]["closure"] | changed}}


def happening(**event: Any) -> dict[str, Any]:
    return PLAIN | {"events": [{"at": "2026-11-23T10:00:00", **event}]}


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        ([], "scenario: "),
        (without("zone"), "zone: "),
        (without("clocks"), "clocks: "),
        (PLAIN | {"zone": "Mars/Olympus"}, "zone: "),
        (PLAIN | {"start": "soon"}, "start: "),
        (PLAIN | {"now": "2026-11-23T08:00:00"}, "now: "),
        (PLAIN | {"filed_at": "2026-11-23T08:00:00"}, "filed_at: "),
        (PLAIN | {"clock": {}}, "clock: "),
        (closure(limit="24"), "clocks.closure.limit: "),
        (closure(limt="24h"), "clocks.closure.limt: "),
        (closure(calendar="office"), "clocks.closure.calendar: "),
        (closure(ladder="steep"), "clocks.closure.ladder: "),
        (closure(meets=["resolv"]), "clocks.closure.meets[0]: "),
        (closure(pauses_in=["asleep"]), "clocks.closure.pauses_in[0]: "),
        (closure(warn=["later"]), "clocks.closure.warn.at[0]: "),
        (PLAIN | {"calendars": {"office": {"week": {}}}}, "calendars.office: "),
        (PLAIN | {"ladders": {"l": [{"after": "0s"}]}}, "ladders.l[0].level: "),
        (happening(), "events[0]: "),
        (happening(event="resolv"), "events[0].event: "),
        (happening(event="breach"), "events[0].event: "),
        (happening(state="asleep"), "events[0].state: "),
        (happening(event="approve_extension"), "events[0].span: "),
        (happening(event="acknowledge", clock="x"), "events[0].clock: "),
        (happening(event="resolve", noticed_at="2026-11-23T09:30:00"), "events[0].noticed_at: "),
        (PLAIN | {"events": [{"at": "2026-11-22T10:00:00", "event": "resolve"}]}, "events[0].at: "),
    ],
)
def test_a_mistake_is_named_with_its_field(scenario: Any, field: str) -> None:
    assert any(line.startswith(field) for line in refused(scenario)), refused(scenario)


def test_a_file_that_is_not_json_is_told_where(tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text('{"zone": }', encoding="utf-8")
    result = xixi("clocks", "calc", str(file))
    assert result.exit_code == 2
    assert "line 1, column 10" in result.stderr
    assert xixi("clocks", "calc", str(tmp_path / "none.json")).exit_code == 4
