"""From parsed configuration files, or a stored policy, to one `Policy`; or every reason why not."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_checks import Problem, cross_check
from xixi_workflow.core.policy_schema import FILES, Documents


class PolicyError(Exception):
    """The configuration cannot be used; `problems` lists every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.file}: {p.message}" for p in problems))
        self.problems = problems


def build(documents: Documents, *, version: int = 0) -> Policy:
    """The policy described by `documents` (file name -> parsed content, JSON types). Raises `PolicyError`."""
    problems: list[Problem] = []
    files: dict[str, Any] = {}
    for file, shape in FILES.items():
        if file not in documents:
            problems.append(Problem(file, (), "the file is missing"))
            continue
        try:
            files[file] = shape.model_validate(documents[file])
        except ValidationError as error:
            problems += [Problem(file, tuple(e["loc"]), _plain(e)) for e in error.errors()]
    for file in documents:
        if file not in FILES:
            problems.append(Problem(file, (), f"unknown file; expected {', '.join(FILES)}"))
    problems += cross_check(files)
    if problems:
        raise PolicyError(problems)
    return Policy(documents, files, version)


def load(canonical: bytes | str, version: int) -> Policy:
    """A stored policy. Raises `PolicyError` when this release cannot read it."""
    return build(json.loads(canonical), version=version)


def _plain(error: Any) -> str:
    """Pydantic's message without its prefixes, and with the value that was refused."""
    if error["type"] == "extra_forbidden":
        return "unknown key; remove it or mend its spelling"
    if error["type"] == "missing":
        return "a required key is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message if error["type"] == "value_error" else f"{message} (got {error['input']!r:.60})"
