"""Rules of the house that no linter knows. Each test reads the project's own files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
MADE_BY_TOOLS = {"__pycache__", "build", "dist", "out", "var"}
VISIBLE_DOT_FILES = {".ci", ".gitignore"}


def project_files() -> Iterator[Path]:
    """Every file that belongs to the project, relative to its root, in no order.

    Walked rather than asked of git: a file that is not committed yet obeys too, and a downloaded
    archive has no git.
    """
    waiting = [ROOT]
    while waiting:
        for path in waiting.pop().iterdir():
            hidden = path.name.startswith(".") and path.name not in VISIBLE_DOT_FILES
            if hidden or path.name in MADE_BY_TOOLS or path.name.endswith(".egg-info"):
                continue
            if path.is_dir():
                waiting.append(path)
            else:
                yield path.relative_to(ROOT)


def text_of(path: Path) -> str:
    """The file's text; empty for a file that is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


FILES = sorted(path for path in project_files() if path.name != "uv.lock")
SOURCES = [path for path in FILES if path.suffix == ".py"]

# Taken apart, so that this file does not hold what it forbids.
VAGUE = ["uti" + "l", "help" + "er", "comm" + "on", "ba" + "se", "mana" + "ger", "mi" + "sc"]
NAMELESS = {name + ending for name in [*VAGUE, "serv" + "ice"] for ending in ("", "s")}
FOREIGN = [
    "/" + "work/",
    "/" + "tmp/",
    "/" + "root/",
    "/" + "farm/",
    "py" + "pi.org",
    "python" + "hosted",
    "registry" + ".npmjs",
    "deb" + ".debian",
    "anth" + "ropic",
    "clau" + "de",
    "open" + "ai",
    "chat" + "gpt",
    "co" + "pilot",
    "language " + "model",
]


def test_the_walk_sees_the_project() -> None:
    assert {Path("pyproject.toml"), Path(".ci/run"), Path("xixi_workflow/__init__.py")} <= set(FILES)


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    assert [p for p in SOURCES if NAMELESS & {part.lower() for part in p.with_suffix("").parts}] == []


@pytest.mark.parametrize("word", FOREIGN)
def test_the_project_speaks_of_itself_alone(word: str) -> None:
    assert [str(path) for path in FILES if word in text_of(path).lower()] == []


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {str(path): len(text_of(path).splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert re.search(r"^## \[?Unreleased\]?$", text_of(Path("CHANGELOG.md")), re.MULTILINE)


WORDS = ROOT / "config" / "words"


def phrases(language: str) -> dict[str, set[str]]:
    """Key path of every phrase of a language, with the placeholders in it."""
    files = sorted([*WORDS.glob(f"{language}.yaml"), *WORDS.glob(f"{language}/*.yaml")])
    found: dict[str, set[str]] = {}

    def collect(key: str, value: object) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                collect(f"{key}.{name}", inner)
        else:
            found[key] = set(re.findall(r"\{(\w+)", str(value)))

    for file in files:
        collect("" if file.stem == language else file.stem, yaml.safe_load(file.read_text("utf-8")))
    return found


@pytest.mark.skipif(not WORDS.exists(), reason="the words are not written yet")
def test_both_languages_have_the_same_phrases_with_the_same_placeholders() -> None:
    chinese, english = phrases("zh"), phrases("en")
    assert chinese
    assert chinese == english
