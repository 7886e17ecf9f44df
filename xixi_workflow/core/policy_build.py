"""From parsed configuration files, or a stored policy, to one `Policy`; or every reason why not."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import ValidationError

from xixi_workflow.core.duty_schema import CHANGES, UNREAD, ChangesFile, DutyFile, is_duty
from xixi_workflow.core.forms.schema import FormFile, is_form
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_checks import cross_check
from xixi_workflow.core.policy_problem import Problem
from xixi_workflow.core.policy_schema import FILES, PATTERNS, Documents, Shape


class PolicyError(Exception):
    """The configuration cannot be used; `problems` lists every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.file}: {p.message}" for p in problems))
        self.problems = problems


def build(documents: Documents, *, version: int = 0) -> Policy:
    """The policy described by `documents` (file name -> parsed content, JSON types). Raises `PolicyError`."""
    files, problems = _read(documents)
    problems += cross_check(files)
    if problems:
        raise PolicyError(problems)
    return Policy(documents, files, version)


def load(canonical: bytes | str, version: int) -> Policy:
    """A stored policy, which passed every check of its own day. Raises `PolicyError` when its shape cannot be read.

    Today's cross-checks are not asked: petitions are judged for life by the policy they were filed under, and a check
    that a later release adds must not take it away from them.
    """
    documents: Documents = json.loads(canonical)
    files, problems = _read(documents)
    # A form that this release cannot read is missing from reports; petitions are judged without it.
    problems = [problem for problem in problems if not is_form(problem.file)]
    if problems:
        raise PolicyError(problems)
    return Policy(documents, files, version)


def _read(documents: Documents) -> tuple[dict[str, Any], list[Problem]]:
    """The files whose shape is right, and what is wrong with the others."""
    problems: list[Problem] = []
    files: dict[str, Any] = {}
    problems += [Problem(file, (), "the file is missing") for file in FILES if file not in documents]
    for file in sorted(documents, key=lambda f: ([*FILES].index(f) if f in FILES else len(FILES), f)):
        shape = _shape_of(file)
        if shape is None:
            message = f"unknown file; expected {', '.join(FILES)}, any duty/NAME.yaml and forms/NAME.yaml"
            problems.append(Problem(file, (), message))
            continue
        try:
            files[file] = shape.model_validate(documents[file])
        except ValidationError as error:
            problems += [Problem(file, tuple(e["loc"]), _plain(e)) for e in error.errors()]
            if is_duty(file):
                files[UNREAD] = file
    return files, problems


def _shape_of(file: str) -> type[Shape] | None:
    if is_duty(file):
        return ChangesFile if file == CHANGES else DutyFile
    if is_form(file):
        return FormFile
    return FILES.get(file)


_SENTENCES: Final = {
    "extra_forbidden": "unknown key; remove it or mend its spelling",
    "missing": "a required key is missing",
    "model_type": "keys and values are wanted here",
    "dict_type": "keys and values are wanted here",
    "list_type": "a list is wanted here",
    "date_type": "is not a date; write YYYY-MM-DD",
    "date_parsing": "is not a date; write YYYY-MM-DD",
    "date_from_datetime_parsing": "is not a date; write YYYY-MM-DD",
    "date_from_datetime_inexact": "is not a date; write YYYY-MM-DD",
}


def _plain(error: Any) -> str:
    """Pydantic's message in words for a policy author, with the value that was refused."""
    kind, value = error["type"], error["input"]
    shown = f"{value!r:.60}"
    if kind in ("extra_forbidden", "missing"):
        return _SENTENCES[kind]
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind == "string_pattern_mismatch" and (wanted := PATTERNS.get(error["ctx"]["pattern"])):
        return f"{shown} {wanted}"
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        # What YAML reads as a number or as true.
        return f'a text is wanted here; put it in quotes: "{json.dumps(value)}"'
    if kind.startswith("date_"):
        return f"{shown} {_SENTENCES[kind]}" if kind in _SENTENCES else f"{shown} is not a date"
    return f"{_SENTENCES.get(kind) or error['msg']} (got {'nothing' if value is None else shown})"
