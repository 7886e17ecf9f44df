"""The locks: hashed, without addresses, and in agreement with what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASKED = {
    RUNTIME: PROJECT["project"]["dependencies"],
    DEVELOPMENT: [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]],
}


def entries(lock: str) -> list[str]:
    """The entries of a lock, each with its hashes on one line, without comments."""
    text = re.sub(r"^ *#.*\n?", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def pins(lock: str) -> dict[str, set[str]]:
    """Package name to its pinned versions: more than one where markers choose between them."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        name, version = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", entry).groups()  # type: ignore[union-attr]  # an entry that does not match must fail
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_every_entry_of_a_lock_is_hashed(lock: str) -> None:
    assert [entry for entry in entries(lock) if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(("lock", "asked"), [(lock, asked) for lock, all_asked in ASKED.items() for asked in all_asked])
def test_a_lock_pins_what_the_project_asks_for(lock: str, asked: str) -> None:
    requirement = Requirement(asked)
    pinned = pins(lock).get(canonicalize_name(requirement.name), set())
    assert pinned, f"{requirement.name} is not in {lock}: run `make lock`"
    assert all(Version(version) in requirement.specifier for version in pinned)


def test_both_locks_pin_the_same_versions() -> None:
    development = pins(DEVELOPMENT)
    assert {name: development.get(name) for name in pins(RUNTIME)} == pins(RUNTIME)


def test_the_build_backend_is_locked() -> None:
    pinned = pins(DEVELOPMENT)
    needed = PROJECT["build-system"]["requires"]
    assert [r for r in needed if canonicalize_name(Requirement(r).name) not in pinned] == []
