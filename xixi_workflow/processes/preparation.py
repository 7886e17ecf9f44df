"""The configuration folder is put in force at the start, if it says something else than the policy in force."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import (
    LocatedProblem,
    PolicyFolder,
    PolicyFolderError,
    read_folder,
    shipped_folder,
)
from xixi_workflow.core import duty_proof, duty_words
from xixi_workflow.core.policy_problem import Problem
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings


class Told(NamedTuple):
    """What is wrong with the folder, by file and line: `problems` kept it from being put in force, `gaps` did not."""

    problems: list[str]
    gaps: list[str]


def put_in_force(engine: Engine, settings: Settings, *, now: datetime) -> Told:
    """Put the folder in force and say what is wrong with it.

    A folder with a mistake leaves the old policy in force. One whose duty has gaps in the coming year is put in force:
    a hole months ahead must not keep today's rules away, and until it comes there is time to fill it.
    """
    try:
        folder = read_folder(settings.config or shipped_folder())
    except PolicyFolderError as error:
        return Told([str(problem) for problem in error.problems], [])
    wiring.publish(engine, folder.policy, now=now)
    return Told([], [str(problem) for problem in unproved(folder, settings.language, now=now)])


def unproved(folder: PolicyFolder, language: Language, *, now: datetime) -> list[LocatedProblem]:
    """Where the duty of the coming year reaches nobody, and shifts and leads that the year shows to be wrong."""
    policy, until = folder.policy, now + duty_proof.YEAR
    found = [
        Problem(gap.file, gap.path, duty_words.gap(gap, policy, language))
        for gap in duty_proof.gaps(policy, now, until)
    ]
    return [folder.located(problem) for problem in found + duty_proof.findings(policy, now, until)]
