"""Checks of the `report:` section of `policy.yaml`: what it names must be an indicator, and one of teams."""

from __future__ import annotations

from collections.abc import Iterator

from xixi_workflow.core import kpi_table
from xixi_workflow.core.kpi import Kpi
from xixi_workflow.core.policy_problem import Files, Path, Problem, unknown
from xixi_workflow.core.policy_schema import PolicyFile


def report(files: Files) -> Iterator[Problem]:
    """Every mistake in the rules of the report.

    Only what is written is checked: a policy that does without one of the clocks need not rewrite the defaults.
    """
    main: PolicyFile | None = files.get("policy.yaml")
    if main is None:
        return
    rules, written = main.report, main.report.model_fields_set
    known = {k.key: k for k in indicators(main)}
    if "ranked_by" in written:
        yield from _of_teams(known, rules.ranked_by, ("report", "ranked_by"))
    if "score" in written:
        if not rules.score:
            yield Problem("policy.yaml", ("report", "score"), "at least one indicator is needed")
        for key in rules.score:
            yield from _of_teams(known, key, ("report", "score", key))
    for name in ("repeat_within", "contact_within"):
        if getattr(rules, name) <= 0:
            yield Problem("policy.yaml", ("report", name), "must be more than zero")


def indicators(main: PolicyFile) -> list[Kpi]:
    """Every indicator that there is under a policy: a clock that may run out promises nothing."""
    promises = ((name, clock.zh, clock.en) for name, clock in main.clocks.items() if clock.when_due == "breach")
    return kpi_table.kpis(promises)


def _of_teams(known: dict[str, Kpi], key: str, at: Path) -> Iterator[Problem]:
    if key not in known:
        yield Problem("policy.yaml", at, unknown("indicator", key, known))
    elif not known[key].of_teams:
        yield Problem("policy.yaml", at, f"{key} is not told of teams, who do not decide what is filed")
    elif known[key].more_is_better is None:
        yield Problem("policy.yaml", at, f"{key} says neither better nor worse")
