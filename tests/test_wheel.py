"""The built wheel must work from an empty folder, so what a city changes travels in it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all files in a freshly built wheel."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["config", "migrations"])
def test_the_wheel_carries_every_file_of(folder: str, carried: set[str]) -> None:
    files = [p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert files
    assert {f"xixi_workflow/_shipped/{p.relative_to(ROOT)}" for p in files} <= carried


def test_the_wheel_carries_both_packages_and_no_tests(carried: set[str]) -> None:
    tops = {name.split("/")[0] for name in carried if ".dist-info/" not in name}
    assert tops == {"xixi_workflow", "flows"}
    assert "xixi_workflow/py.typed" in carried
