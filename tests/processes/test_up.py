"""The whole service as real processes: started by `xixi up`, asked over HTTP, stopped, and killed on purpose."""

from __future__ import annotations

import signal
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.processes.running import gone, running, wait_for
from xixi_workflow import clock, wiring
from xixi_workflow.core.policy_build import build
from xixi_workflow.settings import Settings
from xixi_workflow.store import board
from xixi_workflow.store.connect import Store

pytestmark = pytest.mark.slow


def test_what_is_filed_by_http_is_routed_dispatched_told_and_shown(empty_database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, empty_database_url) as service:
        filed = service.file("1", petitioner={"name": "测试", "phone": "19900000001"})
        assert filed.status == 201
        no = filed.json["no"]
        wait_for(lambda: service.petition(no)["state"] == "dispatched")
        # To the petitioner that it was received, to the handler that it is theirs.
        wait_for(lambda: f"编号{no[-6:]}" in service.output and f"新工单{no[-6:]}" in service.output)
        shown = service.petition(no)
        assert shown["team"] == "citycare"
        assert {c["clock"] for c in shown["clocks"]} == {"interim", "closure", "acceptance"}
        assert [(v["clock"], v["result"]) for v in shown["verdicts"]] == [("response", "on_time")]
        assert [line["event"] for line in shown["journal"]] == ["filed", "routed", "dispatched"]
        assert "19900000001" not in service.output


def test_it_starts_on_a_database_that_it_has_used_before(empty_database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, empty_database_url) as service:
        no = service.file("1").json["no"]
    with running(tmp_path, empty_database_url) as service:
        again = service.file("1")
        assert (again.status, again.json["no"]) == (200, no)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_in_good_order(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path, f"sqlite:///{tmp_path}/xixi.db") as service:
        service.part("timekeeper")
        service.part("xixi_workflow.web")
        family = service.family()
        assert service.stop(number) == 0
        assert gone(family)
        assert "Traceback" not in service.output


@pytest.mark.crash
def test_whoever_is_left_ends_when_the_first_process_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, f"sqlite:///{tmp_path}/xixi.db") as service:
        service.part("timekeeper")
        family = service.family()
        service.stop(signal.SIGKILL)
        wait_for(lambda: gone(family))


@pytest.mark.crash
@pytest.mark.parametrize("word", ["timekeeper", "xixi_workflow.web"])
def test_a_part_that_is_killed_is_started_again_and_does_its_work(word: str, tmp_path: Path) -> None:
    with running(tmp_path, f"sqlite:///{tmp_path}/xixi.db") as service:
        part = service.part(word)
        part.kill()
        wait_for(lambda: "SIGKILL" in service.output)
        # Asked at once: the port stays open while the web process is started again.
        no = service.file("1").json["no"]
        wait_for(lambda: service.petition(no)["state"] == "dispatched")
        assert service.part(word).pid != part.pid


def test_a_busy_page_does_not_stop_the_alarm(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, database_url) as service:
        service.part("timekeeper")
        enough = threading.Event()

        def hammer() -> None:
            while not enough.is_set():
                service.ask("/")
                service.ask("/metrics")

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for thread in threads:
            thread.start()
        try:
            due = clock.now() + timedelta(seconds=4)
            filed = service.file("1", received_at=(due - timedelta(hours=3)).isoformat())
            store = Store(database_url)
            # Asked of the database: the page is busy.
            wait_for(lambda: due in _breaches(store, int(filed.json["no"])))
            store.close()
        finally:
            enough.set()
            for thread in threads:
                thread.join()


def _breaches(store: Store, number: int) -> list[datetime]:
    """When the petition's deadlines were missed."""
    record = board.record(store, number)
    assert record is not None
    return [line.at for line in record.journal if line.event == "breached"]


def test_a_policy_published_meanwhile_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xixi.db"
    with running(tmp_path, url) as service:
        engine = wiring.open_engine(Settings(database_url=url), now=clock.now())
        documents = engine.policies.in_force.documents
        sources = documents["sources.yaml"]
        changed = {
            **documents,
            "sources.yaml": {**sources, "sources": {**sources["sources"], "lake_app": {"zh": "新来源", "en": "New"}}},
        }
        assert service.file("1", source="lake_app").status == 422
        assert wiring.publish(engine, build(changed), now=clock.now()) == 2
        engine.store.close()
        wait_for(lambda: service.file("1", source="lake_app").status == 201)
