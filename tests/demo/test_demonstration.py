"""A demonstration through the real engine on real databases: the same everywhere, complete, and adding up."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from tests.conftest import DATABASES
from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import shipped_folder
from xixi_workflow.adapters.report_files import provenance
from xixi_workflow.core.digests import Part, digest
from xixi_workflow.core.lifecycle import EVENTS
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.words import Language, Matter
from xixi_workflow.demo import samples
from xixi_workflow.demo.drive import Demonstration, Wanted, demonstrate, first_midnight
from xixi_workflow.demo.reading import Digests
from xixi_workflow.demo.texting import EVERYTHING, TEXTED
from xixi_workflow.engine.exports import FORMATS
from xixi_workflow.settings import Settings

LANGUAGES: tuple[Language, ...] = ("zh", "en")
#: What may differ between two runs with the same seed.
VOLATILE = ("seconds", "petitions_per_second", "database", "documents")
#: Most tests look at the petitions alone.
FEW = ("json",)


def run(
    url: str,
    folder: Path,
    *,
    count: int,
    days: int,
    seed: int = 1,
    texted: Mapping[str, float] = TEXTED,
    formats: tuple[str, ...] = FEW,
) -> Demonstration:
    settings = Settings(database_url=url, config=shipped_folder())
    zone = wiring.read_config(settings).zone
    engine = wiring.open_engine(settings, now=first_midnight(zone), upgrade=True)
    try:
        rows = samples.read(shipped_folder() / "samples" / "petitions.csv")
        report = Wanted(folder / "report", formats=formats)
        return demonstrate(
            engine, rows, count=count, days=days, seed=seed, report=report, told=lambda progress: None, texted=texted
        )
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


def test_people_do_their_work_by_sms_and_every_letter_is_read(tmp_path: Path) -> None:
    path = tmp_path / "demo.db"
    texts = run(f"sqlite:///{path}", tmp_path, count=100, days=3, texted=EVERYTHING).result.texts
    assert texts.letters["done"] > 200
    assert "new" not in texts.letters
    # What a survey's bad rating and a question of ours say needs no reply of its own.
    assert 0.9 * sum(texts.letters.values()) <= texts.replies <= texts.sent
    with sqlite3.connect(path) as db:
        caused = {outcome for (outcome,) in db.execute("SELECT DISTINCT outcome FROM letter WHERE state = 'done'")}
        (as_said,) = db.execute(
            # A letter is carried out as of when it was sent.
            "SELECT count(*) FROM letter JOIN journal USING (petition_id)"
            " WHERE letter.outcome = 'report_interim' AND event = 'interim_reported' AND letter.at = journal.at"
        ).fetchone()
    assert caused >= {
        "accept",
        "report_interim",
        "resolve",
        "rate",
        "rate_dissatisfied",
        "accept_assist",
        "show_detail",
        "contact",
    }
    assert as_said > 10


def test_a_text_that_tells_several_things_is_read_as_it_was_written() -> None:
    policy = wiring.read_config(Settings(config=shipped_folder()))

    def part(number: int, kind: str, told: Vars, *, to_accept: bool = False) -> Part:
        return Part(number, kind, told, to_accept, False, Matter("文三路1号", "路灯不亮", ""))

    parts = [
        part(20260601000012, "handler_dispatched", Vars(team="urban"), to_accept=True),
        part(20260601000015, "team_overdue", Vars(team="urban", clock="closure", level=1)),
        part(20260601000017, "handler_closure_due", Vars(team="urban", clock="closure")),
        part(20260601000019, "operator_returned", Vars(team="urban")),
    ]
    told = [("000012", "accept"), ("000015", "overdue"), ("000017", "due"), ("000019", "other")]
    for language in LANGUAGES:
        # Four do not fit in one text.
        for two in (slice(0, 2), slice(2, 4)):
            assert Digests(policy).read(digest(parts[two], policy, language)) == told[two]


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
    # A breach that was proved wrong by what was entered late stays in the journal.
    rung = counted.events["breached"].times
    assert breached <= rung <= breached + 2
    assert sum(result.escalations.values()) == rung + counted.events["escalated"].times
    assert result.journal_verified


def test_a_month_of_petitions_ends_with_its_documents_in_every_format(tmp_path: Path) -> None:
    # The last four days of the month are for the surveys.
    done = run(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path, count=60, days=26, formats=FORMATS)
    assert (done.result.month, done.result.version) == ("2026-06", 1)
    names = [Path(document).name for document in done.result.documents]
    assert names == [*(f"2026-06-monthly-zh.{name}" for name in FORMATS), "2026-06-monthly-public-zh.pdf"]
    assert all(provenance(Path(document).read_bytes()).version == 1 for document in done.result.documents)
    written = msgspec.json.decode((tmp_path / "report" / "2026-06-monthly-zh.json").read_bytes())
    counts = written["figures"]["overview"]["counts"]
    assert counts["filed"] == done.result.received
    assert counts.get("returned", 0) == done.result.returned
    assert counts.get("rework", 0) == done.result.reopened


def test_a_month_that_is_not_over_is_reported_as_a_draft(tmp_path: Path) -> None:
    done = run(f"sqlite:///{tmp_path / 'demo.db'}", tmp_path, count=20, days=2)
    assert (done.result.month, done.result.version) == ("2026-06", 0)


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
