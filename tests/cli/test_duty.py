"""`xixi duty` as a person gives it: who is on duty, changes at once, calendars, gaps; and the proof in `config`."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.cli.terminal import answer, xixi
from xixi_workflow.processes.token import feed_key

SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that may be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config", ignore=shutil.ignore_patterns("samples")))


def with_a_hole(folder: Path) -> int:
    """Take the police's week-end day shift away; the line of their roster."""
    path = folder / "duty" / "police.yaml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "police-3" not in line), "utf-8")
    return next(n for n, line in enumerate(lines, 1) if line.startswith("  police:"))


def on_duty(database: str, when: str) -> dict[str, list[str]]:
    told = answer("duty", "at", when, database=database)
    return {roster["roster"]: roster["people"] for roster in told["rosters"]}


def test_who_is_on_duty_at_an_instant(database_url: str) -> None:
    told = on_duty(database_url, "2026-12-01 03:00")  # a Tuesday
    assert (told["police"], told["operator"]) == (["police-4"], ["operator-3", "operator-4"])
    assert told["market"] == ["market-1", "market-2", "market-3"]
    shown = xixi("duty", "now", database=database_url).stdout
    for name in ("commander", "Police Station", "round the clock"):
        assert name in shown
    assert xixi("duty", "at", "tomorrow", database=database_url).exit_code == 2


def test_a_take_over_holds_without_a_file(database_url: str) -> None:
    done = answer("duty", "takeover", "commander-2", "--role", "operator", "--for", "1h", database=database_url)
    assert done["version"] == 2
    assert done["rosters"] == {"operator": ["commander-2"]}
    now = {r["roster"]: r["people"] for r in answer("duty", "now", database=database_url)["rosters"]}
    assert now["operator"] == ["commander-2"]
    assert answer("config", "publish", database=database_url)["published"] is False


def test_a_swap_and_a_cover_hold_between_their_instants(database_url: str) -> None:
    between = ["--from", "2027-03-01 08:00", "--until", "2027-03-02 08:00"]
    answer("duty", "swap", "police-1", "police-4", *between, database=database_url)
    answer("duty", "cover", "traffic-1", "traffic-3", *between, "--reason", "leave", database=database_url)
    monday, tuesday = (on_duty(database_url, f"2027-03-0{n} 09:00") for n in (1, 2))
    assert (monday["police"], monday["traffic"]) == (["police-4", "police-2"], ["traffic-3"])
    assert (tuesday["police"], tuesday["traffic"]) == (["police-1", "police-2"], ["traffic-1"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["takeover", "commander-2"], 2, "--team, --role"),
        (["takeover", "nobody", "--role", "operator"], 3, "unknown person 'nobody'"),
        (["takeover", "commander-2", "--role", "king"], 3, "unknown team or role 'king'"),
        (["takeover", "traffic-1", "--team", "police"], 3, "no handler of police"),
        (["takeover", "police-1", "--team", "police", "--for", "soon"], 2, "is not a span of time"),
        (["swap", "police-1", "traffic-1", "--until", "2027-01-01 08:00"], 3, "no roster has duties"),
        (["swap", "police-1", "police-2", "--until", "2020-01-01 08:00"], 3, "ends before it begins"),
        (["fairness", "--month", "2026-13"], 2, "write for example 2026-11"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_makes_no_sense_is_refused_in_one_line(words: list[str], code: int, said: str, database_url: str) -> None:
    result = xixi("duty", *words, database=database_url)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_a_calendar_goes_out_and_comes_back(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "police.ics"
    file.write_text(xixi("duty", "ical", "--team", "police", database=database_url).stdout, "utf-8", newline="")
    printed = xixi("duty", "import", str(file), "--for", "police", database=database_url)
    assert printed.exit_code == 0, printed.output
    overrides = yaml.safe_load(printed.stdout)["rosters"]["police"]["overrides"]
    assert len(overrides) > 300
    assert {tuple(o["people"]) for o in overrides} == {("police-1", "police-2"), ("police-3",), ("police-4",)}
    file.write_text(file.read_text("utf-8").replace("police-3", "stranger"), "utf-8")
    refused = xixi("duty", "import", str(file), "--for", "police", database=database_url)
    assert refused.exit_code == 4
    assert "nobody is called 'stranger'" in refused.stderr


def test_an_imported_file_may_lie_in_the_folder_beside_the_shifts(folder: Path) -> None:
    (folder / "duty" / "police-dates.yaml").write_text(
        'rosters: {police: {overrides: [{from: "2027-01-01 08:00", to: "2027-01-02 08:00", people: [police-1]}]}}\n'
    )
    assert answer("config", "check", "--config", str(folder))["usable"] is True


def test_the_address_of_a_calendar_opens_that_calendar_alone(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIXI_TOKEN", "a token for the tests")
    url = urlsplit(xixi("duty", "ical", "--person", "police-1", "--link", database=database_url).stdout.strip())
    assert url.path == "/duty/police-1.ics"
    assert parse_qs(url.query)["key"] == [feed_key("a token for the tests", "police-1")]
    assert "a token" not in url.query


def test_fairness_shows_everybody_and_the_spread(database_url: str) -> None:
    told = answer("duty", "fairness", "--month", "2026-12", database=database_url)
    police = {s["person"]: s for s in told["shares"] if s["roster"] == "police"}
    assert police["police-4"]["nights"] == 31
    assert sum(s["hours"] for s in police.values()) == 31 * 24 + 23 * 12, "two by day from Monday to Friday"
    assert "Spread" in xixi("duty", "fairness", "--month", "2026-12", database=database_url).stdout


# --- the proof ------------------------------------------------------------------------------------------------------


def test_check_names_a_gap_with_file_and_line(folder: Path) -> None:
    line = with_a_hole(folder)
    shown = xixi("config", "check", "--config", str(folder))
    assert shown.exit_code == 1
    assert f"duty/police.yaml:{line}: rosters.police: Police Station on duty: " in shown.stdout
    assert "nobody on duty or in reach" in shown.stdout


def test_publish_refuses_gaps_unless_told_to(folder: Path, database_url: str) -> None:
    with_a_hole(folder)
    here = ["--config", str(folder)]
    refused = xixi("config", "publish", *here, database=database_url)
    assert refused.exit_code == 1
    assert "--despite-gaps" in refused.stdout
    assert answer("config", "publish", *here, "--despite-gaps", database=database_url)["version"] == 1
    assert xixi("duty", "gaps", database=database_url).exit_code == 1
    assert answer("duty", "gaps", database=database_url, code=1)["gaps"][0]["told"] == [
        {"kind": "team", "name": "police"}
    ]


def test_the_shipped_duty_has_no_gap(database_url: str) -> None:
    assert answer("duty", "gaps", "--days", "365", database=database_url) == {"gaps": [], "problems": []}
