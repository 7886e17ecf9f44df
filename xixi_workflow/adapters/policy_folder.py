"""From a folder of YAML files to a `Policy`, or every mistake with the file and line where it stands.

YAML is read with the rules of YAML 1.2, not 1.1: `14:00`, `no`, `on`, `2027-02-06` and `0571` are the texts that they
look like, so the traps of the older rules do not exist here. Keys are always texts. What remains a number or `true`
where a text is wanted is reported with the hint to quote it.

The files are parsed event by event instead of being loaded: that keeps the line of every key, finds keys that are
written twice (a loader would silently keep the last) and holds no deep recursion or alias bomb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from xixi_workflow.core.duty_schema import CHANGES, is_duty
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import PolicyError, build
from xixi_workflow.core.policy_problem import Problem
from xixi_workflow.core.policy_schema import FILES

#: A policy file is some 30 kB; a file beyond this was put there by mistake.
LARGEST_FILE: Final = 2_000_000
#: Values of one file, aliases counted out: what a malicious or broken file could blow up to.
_MOST_VALUES: Final = 200_000
_DEEPEST: Final = 20

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# A number with a leading zero stays a text: it is a telephone number or a code, and its zero matters.
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+|[-+]?(?:0|[1-9][0-9]*)\.")

_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_AFTER_BRACKET: Final = re.compile(r""":\s+(?:\[[^\]]*\]|\{[^}]*\}|"[^"]*")\s*[^\s#,\]}]""")

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LocatedProblem(NamedTuple):
    """One mistake. `file` is relative to the folder; `line` counts from 1, and 0 means the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class PolicyFolderError(Exception):
    """The folder holds no usable policy; `problems` lists every reason by file and line, `str` a line for each."""

    def __init__(self, problems: list[LocatedProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class _Node(NamedTuple):
    """A value, and for a mapping or a list the line and node of each entry."""

    value: Any
    entries: dict[str | int, tuple[int, _Node]]


class _Broken(Exception):  # noqa: N818 - it never leaves this module
    """The file cannot be understood beyond this line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def shipped_folder() -> Path:
    """The configuration that comes with the program: in the wheel, or `config/` of a source tree."""
    package = Path(__file__).parents[1]
    shipped = package / "_shipped" / "config"
    return shipped if shipped.is_dir() else package.parent / "config"


def read_policy(folder: Path, *, version: int = 0) -> Policy:
    """The policy in `folder` (`*.yaml`, `duty/*.yaml`, `forms/*.yaml`, `words/*.yaml`).

    A folder without `forms/` has the shipped ones, so that an office which was there before them has its reports;
    those of them that ask for a clock which it does not have are left out, for it has no file to mend. Raises
    `PolicyFolderError` with every problem found.
    """
    return read_folder(folder, version=version).policy


class PolicyFolder(NamedTuple):
    """A folder that holds a usable policy, and where everything stands in it."""

    policy: Policy
    trees: dict[str, _Node]

    def located(self, problem: Problem) -> LocatedProblem:
        """`problem` with its line."""
        return _located(self.trees, problem)


def read_folder(folder: Path, *, version: int = 0) -> PolicyFolder:
    """As `read_policy`, keeping where each value stands. Raises `PolicyFolderError`."""
    if not folder.is_dir():
        raise PolicyFolderError([LocatedProblem(str(folder), 0, "there is no such folder")])
    problems: list[LocatedProblem] = []
    trees: dict[str, _Node] = {}
    unread: set[str] = set()
    lent = set[str]()
    for path in _files(folder):
        if path.is_relative_to(folder):
            name = path.relative_to(folder).as_posix()
        else:
            name = path.relative_to(shipped_folder()).as_posix()
            lent.add(name)
        if path.suffix == ".yml":
            problems.append(LocatedProblem(name, 0, f"not read: rename it to {path.stem}.yaml"))
            unread.add(f"{name[:-4]}.yaml")
            continue
        if name == CHANGES:
            message = "only the service writes this file: put lasting overrides into another file of duty/"
            problems.append(LocatedProblem(name, 0, message))
            unread.add(name)
            continue
        try:
            trees[name] = _Reader(name, problems).read(_text(path))
        except _Broken as broken:
            problems.append(LocatedProblem(name, broken.line, broken.message))
            unread.add(name)
    try:
        # A broken file of rosters takes part as nothing: then nobody asks where its roles are.
        absent = {name: None for name in unread if is_duty(name) and name != CHANGES}
        documents = absent | {name: tree.value for name, tree in trees.items()}
        policy = _build(documents, lent, version=version)
    except PolicyError as error:
        # What could not be read is reported once, as itself, and not as missing besides.
        problems += [_located(trees, p) for p in error.problems if p.file not in unread or p.path]
    else:
        if not problems:
            return PolicyFolder(policy, {name: tree for name, tree in trees.items() if name not in lent})
    order = {name: n for n, name in enumerate(FILES)}
    raise PolicyFolderError(sorted({*problems}, key=lambda p: (order.get(p.file, len(order)), p)))


def _build(documents: dict[str, Any], lent: set[str], *, version: int) -> Policy:
    """The policy, without those of the `lent` files that do not fit it. Raises `PolicyError`."""
    try:
        return build(documents, version=version)
    except PolicyError as error:
        unfit = {problem.file for problem in error.problems} & lent
        if not unfit:
            raise
    return build({name: said for name, said in documents.items() if name not in unfit}, version=version)


def _files(folder: Path) -> Iterator[Path]:
    forms = folder / "forms"
    for place in (folder, folder / "duty", forms if forms.is_dir() else shipped_folder() / "forms", folder / "words"):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            # Editors and other systems leave hidden copies behind.
            if path.suffix in (".yaml", ".yml") and not path.name.startswith(".") and path.is_file():
                yield path


def _text(path: Path) -> str:
    """The file's text, with or without a byte order mark."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _Broken(0, f"larger than {LARGEST_FILE // 1_000_000} MB: this cannot be a policy file")
        data = path.read_bytes()
    except OSError as error:
        raise _Broken(0, f"cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Broken(line, "not UTF-8; save the file with the encoding UTF-8") from None


class _Reader:
    """Reads one file into nodes. Keys written twice are added to `problems`; the first one counts."""

    def __init__(self, file: str, problems: list[LocatedProblem]) -> None:
        self._file = file
        self._problems = problems
        self._anchors: dict[str, _Node] = {}
        self._values = 0
        self._sizes: dict[str, int] = {}
        self._long_quote = 0

    def read(self, text: str) -> _Node:
        """The file's one document. Raises `_Broken`."""
        if forbidden := _FORBIDDEN.search(text):
            line = text.count("\n", 0, forbidden.start()) + 1
            raise _Broken(line, f"the character {forbidden[0]!r} is not allowed")
        try:
            events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
            next(events)
            if not isinstance(next(events), yaml.DocumentStartEvent):
                return _Node(None, {})
            node = self._node(next(events), events, 1)
            next(events)
            more: Any = next(events)
            if not isinstance(more, yaml.StreamEndEvent):
                raise _Broken(more.start_mark.line + 1, "a second document begins here; a file holds one")
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error, text) from None
        return node

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _Broken(line, f"*{event.anchor} repeats something that no &{event.anchor} names before it")
            self._count(self._sizes[event.anchor], line)
            return self._anchors[event.anchor]
        if depth > _DEEPEST:
            raise _Broken(line, f"nested deeper than {_DEEPEST} levels")
        if event.tag is not None:
            raise _Broken(line, f"a text that starts with an exclamation mark must be in quotes ({event.tag})")
        before = self._values
        self._count(1, line)
        if isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(events, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(events, depth)
        else:
            if event.style in ('"', "'") and event.end_mark.line + 1 > line:
                self._long_quote = line
            node = _Node(_scalar(event.value) if event.implicit[0] else event.value, {})
        if event.anchor is not None:
            self._anchors[event.anchor] = node
            self._sizes[event.anchor] = self._values - before
        return node

    def _mapping(self, events: Iterator[Any], depth: int) -> _Node:
        entries: dict[str | int, tuple[int, _Node]] = {}
        while not isinstance(key := next(events), yaml.MappingEndEvent):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent):
                raise _Broken(line, "a key must be a plain text; a text that starts with { or [ must be in quotes")
            if key.value == "<<":
                raise _Broken(line, "merging with << is not supported; write the entries out")
            node = self._node(next(events), events, depth + 1)
            if key.value in entries:
                first = entries[key.value][0]
                message = f"{key.value} is written twice; the first is on line {first}"
                self._problems.append(LocatedProblem(self._file, line, message))
            else:
                entries[key.value] = line, node
        return _Node({key: node.value for key, (_, node) in entries.items()}, entries)

    def _list(self, events: Iterator[Any], depth: int) -> _Node:
        entries: dict[str | int, tuple[int, _Node]] = {}
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            entries[len(entries)] = event.start_mark.line + 1, self._node(event, events, depth + 1)
        return _Node([node.value for _, node in entries.values()], entries)

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > _MOST_VALUES:
            raise _Broken(line, f"more than {_MOST_VALUES} values")

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> _Broken:
        """What is wrong with the YAML, and what usually causes it."""
        problem, context = error.problem or "", error.context or ""
        mark = error.problem_mark
        if error.context_mark and ("expected ':'" in problem or "flow" in context or "quoted scalar" in context):
            # What is left open is noticed only where something else begins; it is to be closed where it was opened.
            mark = error.context_mark
        if mark is None:
            return _Broken(0, f"not YAML: {problem}")
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        hint = ""
        if self._long_quote and self._long_quote > mark.line - 30:
            hint = f"; is the quote that opens on line {self._long_quote} closed?"
        elif "\t" in line[: len(line) - len(line.lstrip())]:
            hint = "; indent with blanks, not with tabs"
        elif "：" in line and ": " not in line:
            hint = "; a key ends with the half-width colon and a blank (: ), not with ："
        elif _TEXT_AFTER_BRACKET.search(line) or "cannot start any token" in problem:
            hint = """; a text that starts with one of [ { " % @ ` must be in quotes"""
        elif "mapping values" in problem:
            hint = '; a text that holds ": " must be in quotes'
        return _Broken(mark.line + 1, f"not YAML: {problem}{hint}")


def _scalar(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2, as far as JSON knows its type."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _line(tree: _Node | None, path: tuple[str | int, ...]) -> int:
    """The line of `path`, or of its nearest parent that is in the file."""
    line = 1 if tree and path else 0
    for key in path:
        if tree is None or key not in tree.entries:
            break
        line, tree = tree.entries[key]
    return line


def _located(trees: dict[str, _Node], problem: Problem) -> LocatedProblem:
    line = _line(trees.get(problem.file), problem.path)
    return LocatedProblem(problem.file, line, _sentence(problem.path, problem.message))


def _sentence(path: tuple[str | int, ...], message: str) -> str:
    place = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in path if key != "[key]")
    return f"{place.removeprefix('.')}: {message}" if place else message
