"""The tests' own PostgreSQL: it must leave nothing behind, whatever happens to its owner."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parent.parent
OWNER = """
import sys
from tests.postgres import running_postgres

with running_postgres() as url:
    print(url.query["host"], flush=True)
    sys.stdin.read()
"""


@pytest.mark.postgres
@pytest.mark.crash
def test_the_server_and_its_data_go_when_their_owner_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        data = Path(owner.stdout.readline().strip())
        postmaster = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        (guard,) = [
            child
            for child in psutil.Process(owner.pid).children()
            if any("postgres_guard" in argument for argument in child.cmdline())
        ]
        owner.kill()
    guard.wait(90)
    assert not postmaster.is_running()
    assert not data.parent.exists()
