"""A demonstration through the real engine on real databases: the same everywhere, complete, and adding up."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.conftest import DATABASES
from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import shipped_folder
from xixi_workflow.core.lifecycle import EVENTS
from xixi_workflow.demo import samples
from xixi_workflow.demo.drive import Demonstration, demonstrate, first_midnight
from xixi_workflow.settings import Settings

#: What may differ between two runs with the same seed.
VOLATILE = ("seconds", "petitions_per_second", "database", "report")


def run(url: str, folder: Path, *, count: int, days: int, seed: int = 1) -> Demonstration:
    settings = Settings(database_url=url, config=shipped_folder())
    zone = wiring.read_config(settings).zone
    engine = wiring.open_engine(settings, now=first_midnight(zone), upgrade=True)
    try:
        rows = samples.read(shipped_folder() / "samples" / "petitions.csv")
        report = folder / "report.json"
        return demonstrate(engine, rows, count=count, days=days, seed=seed, report=report, told=lambda progress: None)
    finally:
        engine.store.close()


def numbers(done: Demonstration) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(done.result)
    return {name: value for name, value in found.items() if name not in VOLATILE}


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The numbers of a small demonstration on a SQLite file of its own."""
    folder = tmp_path_factory.mktemp("demo")
    return numbers(run(f"sqlite:///{folder / 'demo.db'}", folder, count=90, days=3))


def test_the_same_seed_gives_the_same_numbers_on_every_database(
    database_url: str, tmp_path: Path, on_sqlite: dict[str, object]
) -> None:
    assert numbers(run(database_url, tmp_path, count=90, days=3)) == on_sqlite


def test_another_seed_gives_other_numbers(tmp_path: Path, on_sqlite: dict[str, object]) -> None:
    other = numbers(run(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path, count=90, days=3, seed=2))
    assert other["received"] == on_sqlite["received"]
    assert other["messages"] != on_sqlite["messages"]


def test_the_numbers_do_not_depend_on_pythons_hash_seed(tmp_path: Path) -> None:
    told = []
    for hash_seed in ("1", "2"):
        out = tmp_path / hash_seed
        command = [sys.executable, "-c", "from xixi_workflow.cli import app; app()"]
        options = ["demo", "--petitions", "25", "--days", "2", "--json", "--out", str(out)]
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        done = subprocess.run([*command, *options], env=environment, capture_output=True, check=True, timeout=120)
        told.append({k: v for k, v in msgspec.json.decode(done.stdout).items() if k not in VOLATILE})
    assert told[0] == told[1]


def test_everything_that_can_happen_to_a_petition_happens(tmp_path: Path) -> None:
    done = run(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path, count=600, days=10)
    assert set(done.counted.events) == {event.past for event in EVENTS.values()}
    assert done.counted.events["survey_lapsed"].times > done.counted.events["rated_dissatisfied"].times
    assert all(done.counted.ratings.values())
    assert set(done.result.escalations) == {1, 2, 3, 4}
    assert done.result.undelivered > 0


@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
def test_the_totals_add_up_and_the_journal_is_sound(database_url: str, tmp_path: Path) -> None:
    done = run(database_url, tmp_path, count=120, days=4)
    result, counted = done.result, done.counted
    assert result.received == 120 == sum(result.states.values()) == counted.events["filed"].petitions
    assert result.received == result.routed
    assert result.received >= result.dispatched >= result.accepted >= result.resolved
    assert result.closed == result.states["closed"]
    assert result.merged == result.states.get("merged", 0) == counted.events["merged"].times
    assert result.rated <= sum(counted.ratings.values())
    assert counted.ratings["dissatisfied"] == counted.events["rated_dissatisfied"].times
    response = result.on_time["response"]
    assert response.met + response.breached + response.open + response.paused + response.ended == result.received
    for clock in ("response", "acceptance", "interim", "closure"):
        by_team = [kept for (name, _), kept in counted.teams.items() if name == clock]
        kept = result.on_time[clock]
        assert (kept.met, kept.breached) == (sum(met for met, _ in by_team), sum(late for _, late in by_team))
    breached = sum(kept.breached for kept in result.on_time.values())
    assert counted.events["breached"].times == breached
    assert sum(result.escalations.values()) == breached + counted.events["escalated"].times
    assert result.journal_verified


def test_the_report_holds_the_figures_of_every_month_that_was_touched(tmp_path: Path) -> None:
    done = run(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path, count=60, days=29)
    assert done.result.months == ["2026-06", "2026-07"]
    written = msgspec.json.decode(Path(done.result.report).read_bytes())
    assert list(written) == done.result.months
    assert sum(month["filed"] for month in written.values()) == done.result.received
    assert sum(month["returns"] for month in written.values()) == done.result.returned
    assert sum(month["rework_rounds"] for month in written.values()) == done.result.reopened


def test_no_alarm_is_noticed_late_but_those_that_were_due_before_the_petition_came(tmp_path: Path) -> None:
    run(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path, count=60, days=3)
    with sqlite3.connect(tmp_path / "demo.db") as db:
        alarms, late = db.execute(
            # A deadline is missed one microsecond after it was due.
            "SELECT count(*), count(*) FILTER (WHERE noticed_at - alarm.at > 1 AND alarm.at > filed.at + 15000000)"
            " FROM journal alarm JOIN (SELECT petition_id, at FROM journal WHERE seq = 0) filed USING (petition_id)"
            " WHERE event IN ('warned', 'breached', 'escalated', 'survey_lapsed', 'hold_ended')"
        ).fetchone()
    assert alarms > 0
    assert late == 0
