"""`xixi duty staffing` as a person and a program see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.cli.terminal import answer, xixi
from xixi_workflow import clock, wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings

#: Hours of a day at which each evening's petitions come, and whether they are accepted in time.
QUIET, BUSY = 2, 6


def evenings(url: str, weeks: int) -> None:
    """Up to yesterday, every evening 2 fights at 19:00 that are accepted at once, and 6 at 21:00 of which none is."""
    now = clock.now()
    engine = wiring.open_engine(Settings(database_url=url), now=now - timedelta(weeks=weeks, days=9))
    zone = engine.policies.in_force.zone
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(7 * weeks + 3, 0, -1):
        date = today - timedelta(days=day)
        for hour, how_many, accepted in ((19, QUIET, True), (21, BUSY, False)):
            at = date.replace(hour=hour).astimezone(UTC)
            filings = [c.FilePetition("visit", f"{day}-{hour}-{n}", "小区打架斗殴") for n in range(how_many)]
            done = engine.handle([Request(0, f, Actor("operator")) for f in filings], now=at)
            sweep(engine, now=at + timedelta(seconds=1))
            if accepted:
                _accept(engine, [d.number for d in done], at + timedelta(minutes=2))
            else:
                sweep(engine, now=at + timedelta(minutes=30))
    engine.store.close()


def _accept(engine: object, numbers: list[int], at: datetime) -> None:
    requests = [Request(number, c.AcceptPetition(), Actor("handler")) for number in numbers]
    done = engine.handle(requests, now=at)  # type: ignore[attr-defined]
    assert [d.refused for d in done] == [None] * len(numbers)


def test_the_hours_that_will_be_short_come_first_with_their_numbers(database_url: str) -> None:
    evenings(database_url, weeks=5)
    told = answer("duty", "staffing", "--weeks", "5", "--team", "police", database=database_url)
    # One person by night: 2 in an hour were managed, 6 never. Two weekday persons until 20:00 make that 1 each.
    [police] = told["staffing"]["outlooks"]
    assert police["managed"]["verdict"] == "measured"
    load = police["managed"]["load"]
    zone = told["staffing"]["since"]
    assert zone.endswith("Z")
    assert {run["code"] for run in told["short"]} == {"police"}
    assert len(told["short"]) == 7
    for run in told["short"]:
        assert (run["mean"], run["worst"]["high"], run["worst"]["people"]) == (BUSY, BUSY, 1)
        assert run["more"] == BUSY / load - 1
    shown = xixi("duty", "staffing", "--weeks", "5", database=database_url).stdout
    assert shown.index("Hours that will be short") < shown.index("What one person manages")
    assert "21:00–22:00" in shown
    assert "Police Station" in shown
    [busy] = {line.split("|")[1][21] for line in shown.splitlines() if line.endswith("|") and len(line) == 37} - {" "}
    assert busy == "#"


def test_little_history_is_said_to_be_little(database_url: str) -> None:
    evenings(database_url, weeks=1)
    told = answer("duty", "staffing", database=database_url)
    assert told["staffing"]["weeks"] == 1
    assert {o["managed"]["verdict"] for o in told["staffing"]["outlooks"]} == {"too_little"}
    assert told["short"] == []
    shown = xixi("duty", "staffing", database=database_url).stdout
    assert "only 1 whole weeks of history" in shown
    assert "too little to judge" in shown
    assert "人手不足" not in shown
    assert "不足 4 周" in xixi("duty", "staffing", "--language", "zh", database=database_url).stdout


def test_an_empty_centre_has_nothing_to_say_and_says_so(database_url: str) -> None:
    shown = xixi("duty", "staffing", database=database_url)
    assert shown.exit_code == 0
    assert "only 0 whole weeks" in shown.stdout


def test_an_unknown_team_is_an_error_that_names_those_there_are(database_url: str) -> None:
    result = xixi("duty", "staffing", "--team", "nobody", database=database_url)
    assert result.exit_code == 2
    assert "police" in result.output
