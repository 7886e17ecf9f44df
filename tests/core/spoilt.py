"""The shipped configuration with something changed, for the tests of its checks."""

import copy
from typing import Any

import pytest

from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.policy_build import PolicyError, build
from xixi_workflow.core.policy_problem import Problem

SHIPPED = read_policy(shipped_folder())
POLICY, CALENDARS, TEAMS, CATEGORIES = "policy.yaml", "calendars.yaml", "teams.yaml", "categories.yaml"
CENTRE, POLICE = "duty/centre.yaml", "duty/police.yaml"
SOURCES, COMMUNITIES, ZH, EN = "sources.yaml", "communities.yaml", "words/zh.yaml", "words/en.yaml"

#: Instead of a value: take the key away.
GONE = object()


def changed(*changes: tuple[str, str, Any]) -> dict[str, Any]:
    """The shipped documents with some values replaced; a place is written `clocks/response/limit` or `words/0`."""
    documents = copy.deepcopy(SHIPPED.documents)
    for file, place, value in changes:
        at: Any = documents[file]
        *parents, last = [int(k) if k.lstrip("-").isdigit() else k for k in place.split("/")]
        for key in parents:
            at = at[key]
        if value is GONE:
            del at[last]
        else:
            at[last] = value
    return documents


def problems(*changes: tuple[str, str, Any]) -> list[Problem]:
    with pytest.raises(PolicyError) as caught:
        build(changed(*changes))
    return caught.value.problems


def clock(**changes: Any) -> dict[str, Any]:
    return {"zh": "甲", "en": "A", "limit": "2h", "starts": ["accept"], "meets": ["resolve"]} | changes


def notice(message: str, *to: str) -> list[dict[str, Any]]:
    return [{"message": message, "to": list(to)}]


def step(**changes: Any) -> dict[str, Any]:
    return {"level": 1, "after": "0s", "to": ["operator"], "message": "operator_overdue"} | changes
