"""What stops `xixi up` from starting is told in one clear line; what need not stop it does not."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.conftest import make_schema
from tests.processes.running import PATIENCE, Running, running, start, wait_for
from xixi_workflow.adapters.policy_folder import shipped_folder

pytestmark = pytest.mark.slow


def refused(service: Running) -> str:
    """The one line with which it refused to start."""
    code = service.process.wait(PATIENCE)
    assert code not in (0, None)
    assert "Traceback" not in service.output
    return service.output.strip()


def newer_schema(folder: Path) -> str:
    make_schema(f"sqlite:///{folder}/xixi.db")
    with sqlite3.connect(folder / "xixi.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    return f"sqlite:///{folder}/xixi.db"


def test_a_newer_schema_is_refused_in_one_line(tmp_path: Path) -> None:
    line = refused(start(tmp_path, newer_schema(tmp_path), "--no-prefect"))
    assert line.count("\n") == 0
    assert "9999" in line


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("sqlite:///{folder}/file.txt/xixi.db", "file.txt"),
        ("sqlite:///:memory:", "name a file"),
        ("mysql://nowhere/xixi", "not supported"),
        ("nonsense", "database URL"),
        ("postgresql://nobody@127.0.0.1:1/xixi", "cannot open"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_in_one_line(database: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("not a folder")
    line = refused(start(tmp_path, database.format(folder=tmp_path), "--no-prefect"))
    assert said in line.splitlines()[0]


def test_a_taken_port_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(start(tmp_path, f"sqlite:///{tmp_path}/xixi.db", "--no-prefect", "--port", port))
        assert line.count("\n") == 0
        assert port in line
        line = refused(start(tmp_path, f"sqlite:///{tmp_path}/xixi.db", "--prefect", "--prefect-port", port))
        assert "--prefect-port" in line


def test_an_unwritable_state_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    line = refused(start(tmp_path, f"sqlite:///{tmp_path}/xixi.db", "--no-prefect"))
    assert line.count("\n") == 0
    assert str(tmp_path / "state") in line


@pytest.mark.parametrize(("token", "said"), [("short", "16"), ("口令口令口令口令口令口令", "ASCII")])
def test_a_token_that_guards_nothing_is_refused(token: str, said: str, tmp_path: Path) -> None:
    service = start(tmp_path, f"sqlite:///{tmp_path}/xixi.db", "--no-prefect", environment={"XIXI_TOKEN": token})
    assert said in refused(service)


def spoilt_config(folder: Path) -> Path:
    shutil.copytree(shipped_folder(), folder / "config")
    policy = folder / "config" / "policy.yaml"
    policy.write_text(policy.read_text("utf-8").replace("limit: 3h", "limit: soon"), "utf-8")
    return folder / "config"


def test_without_any_policy_a_spoilt_configuration_stops_the_start_and_names_file_and_line(tmp_path: Path) -> None:
    config = spoilt_config(tmp_path)
    said = refused(start(tmp_path, f"sqlite:///{tmp_path}/xixi.db", "--no-prefect", "--config", str(config)))
    assert "policy.yaml:" in said
    assert "soon" in said


def test_with_a_policy_in_force_a_spoilt_configuration_is_told_and_the_old_policy_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xixi.db"
    with running(tmp_path, url):
        pass
    with running(tmp_path, url, "--no-prefect", "--config", str(spoilt_config(tmp_path))) as service:
        wait_for(lambda: "policy.yaml:" in service.output)
        assert service.file("1").status == 201
        assert "xixi_policy_version 1.0" in wait_for(lambda: service.ask("/metrics").body)


def test_a_changed_configuration_is_put_in_force_at_the_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xixi.db"
    with running(tmp_path, url):
        pass
    config = spoilt_config(tmp_path)
    policy = config / "policy.yaml"
    policy.write_text(policy.read_text("utf-8").replace("limit: soon", "limit: 2h"), "utf-8")
    with running(tmp_path, url, "--no-prefect", "--config", str(config)) as service:
        wait_for(lambda: "xixi_policy_version 2.0" in service.ask("/metrics").body)


def test_a_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/xixi.db"
    tokens = []
    for _ in range(2):
        with running(tmp_path, url, environment={"XIXI_TOKEN": ""}) as service:
            file = tmp_path / "data" / "token"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert str(file) in service.output
            tokens.append(file.read_text().strip())
            assert service.ask("/metrics", token=tokens[-1]).status == 200
            assert tokens[-1] not in service.output
    assert tokens[0] == tokens[1]
