"""A small city for the tests of the core: three teams, a few people, and clocks that show every rule.

It differs from `config/` on purpose where a rule would otherwise never be seen: a clock that runs while the petitioner
is asked (`callback`), and short ladders that repeat.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from xixi_workflow.core import policy_build
from xixi_workflow.core.policy import Policy

WORDS = Path(__file__).parent.parent.parent / "config" / "words"

#: A Monday, 10:00 on the city's wall clock.
MONDAY = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def _named(*names: str) -> dict[str, dict[str, str]]:
    return {name: {"zh": f"〈{name}〉", "en": name.replace("_", " ")} for name in names}


POLICY: dict[str, Any] = {
    "city": {"zh": "小城", "en": "Smallville"},
    "zone": "Asia/Shanghai",
    "telephone": "057100000000",
    "signature": {"zh": "小城", "en": "Small"},
    "clocks": {
        "response": {
            "zh": "响应",
            "en": "Response",
            "limit": "1m",
            "starts": ["file"],
            "counts_from": "receipt",
            "meets": ["dispatch", "reject", "transfer_out", "merge"],
            "warn": {"at": ["80%"], "to": ["operator"], "message": "operator_response_due"},
            "ladder": "response",
        },
        "interim": {
            "zh": "阶段性反馈",
            "en": "Interim feedback",
            "limit": "3h",
            "starts": ["file"],
            "counts_from": "receipt",
            "meets": ["report_interim", "resolve", "reject", "transfer_out"],
            "warn": {"at": ["80%"], "to": ["handler"], "message": "handler_interim_due"},
            "ladder": "short",
        },
        "closure": {
            "zh": "办结",
            "en": "Closure",
            "limit": "24h",
            "starts": ["file", "rate_dissatisfied", "reopen"],
            "counts_from": "receipt",
            "meets": ["resolve", "reject", "transfer_out"],
            "pauses_in": ["on_hold"],
            "extendable": True,
            "warn": {"at": ["50%", "80%", "-30m"], "to": ["handler"], "message": "handler_closure_due"},
            "ladder": "long",
        },
        "acceptance": {
            "zh": "签收",
            "en": "Acceptance",
            "limit": "15m",
            "starts": ["dispatch", "refuse_return", "rate_dissatisfied", "reopen"],
            "meets": ["accept"],
            "ends": ["return"],
            "restarts": True,
            "ladder": "short",
        },
        "assistance": {
            "zh": "协办",
            "en": "Assistance",
            "limit": "8h",
            "scope": "assist",
            "starts": ["ask_assist"],
            "meets": ["finish_assist"],
            "ends": ["resolve"],
            "warn": {"at": ["80%"], "to": ["assisting"], "message": "handler_assistance_due"},
            "ladder": "short",
        },
        "survey": {
            "zh": "评价",
            "en": "Survey",
            "limit": "72h",
            "starts": ["resolve"],
            "meets": ["rate"],
            "ends": ["rate_dissatisfied", "reopen"],
            "when_due": "lapse",
        },
        "callback": {
            "zh": "回访",
            "en": "Call back",
            "limit": "4h",
            "starts": ["resolve"],
            "meets": ["rate", "rate_dissatisfied"],
            "ends": ["reopen"],
            "warn": {"at": ["50%"], "to": ["operator"], "message": "operator_overdue"},
            "ladder": "short",
        },
    },
    "ladders": {
        "response": [
            {"level": 1, "after": "0s", "to": ["operator"], "message": "operator_overdue"},
            {
                "level": 2,
                "after": "5m",
                "to": ["commander"],
                "message": "leader_overdue",
                "repeat": "10m",
                "times": 3,
            },
            {"level": 3, "after": "30m", "to": ["supervisor"], "message": "leader_overdue"},
        ],
        "short": [
            {"level": 1, "after": "0s", "to": ["handler", "team_lead"], "message": "team_overdue"},
            {"level": 2, "after": "1h", "to": ["commander"], "message": "leader_overdue"},
        ],
        "long": [
            {
                "level": 1,
                "after": "10m",
                "to": ["handler", "team_lead"],
                "message": "team_overdue",
                "repeat": "50m",
                "times": 3,
            },
            {
                "level": 2,
                "after": "2h",
                "to": ["commander"],
                "message": "leader_overdue",
                "repeat": "2h",
                "times": 2,
            },
            {"level": 3, "after": "8h", "to": ["supervisor"], "message": "leader_overdue"},
        ],
    },
    "notices": {
        "file": [{"message": "citizen_received", "to": ["petitioner"]}],
        "dispatch": [{"message": "handler_dispatched", "to": ["handler"]}],
        "return": [{"message": "operator_returned", "to": ["operator"]}],
        "refuse_return": [{"message": "handler_return_refused", "to": ["handler"]}],
        "report_interim": [{"message": "citizen_interim", "to": ["petitioner"]}],
        "request_hold": [{"message": "supervisor_hold_asked", "to": ["supervisor"]}],
        "approve_hold": [{"message": "handler_hold_approved", "to": ["handler"]}],
        "hold_ends": [{"message": "handler_hold_ended", "to": ["handler"]}],
        "request_extension": [{"message": "supervisor_extension_asked", "to": ["supervisor"]}],
        "approve_extension": [
            {"message": "handler_extension_approved", "to": ["handler"]},
            {"message": "citizen_extended", "to": ["petitioner"]},
        ],
        "resolve": [
            {"message": "citizen_result", "to": ["petitioner"]},
            {"message": "citizen_survey", "to": ["surveyed"]},
        ],
        "rate_dissatisfied": [{"message": "citizen_rework", "to": ["petitioner"]}],
        "reopen": [{"message": "team_rework", "to": ["handler", "team_lead"]}],
        "urge": [{"message": "handler_urged", "to": ["handler"]}],
        "supervise": [{"message": "team_supervised", "to": ["handler", "team_lead"]}],
        "ask_assist": [{"message": "handler_assist_asked", "to": ["assisting"]}],
        "finish_assist": [{"message": "handler_assist_finished", "to": ["handler"]}],
        "merge": [{"message": "citizen_merged", "to": ["petitioner"]}],
        "follow": [{"message": "citizen_result", "to": ["petitioner"]}],
        "reject": [{"message": "citizen_rejected", "to": ["petitioner"]}],
        "transfer_out": [{"message": "citizen_transferred", "to": ["petitioner"]}],
    },
    "routing": {},
    "reopening_window": "15d",
    "most_rounds": 3,
    "most_extensions": 1,
    "longest_extension": "5d",
    "longest_hold": "30d",
    "return_reasons": _named("not_my_duty", "info_missing"),
    "hold_reasons": _named("waiting_citizen", "third_party"),
    "reject_reasons": _named("out_of_area", "malicious"),
    "results": _named("solved", "explained"),
}

PEOPLE = [
    "operator-1",
    "commander-1",
    "supervisor-1",
    "supervisor-2",
    "police-lead",
    "police-1",
    "police-2",
    "urban-lead",
    "urban-1",
    "urban-2",
    "market-lead",
    "market-1",
]

TEAMS: dict[str, Any] = {
    "people": {who: {"name": f"某{n}", "phone": f"1990000{n:04}"} for n, who in enumerate(PEOPLE)},
    "teams": {
        "police": {"zh": "派出所", "en": "Police", "lead": "police-lead", "handlers": ["police-1", "police-2"]},
        "urban": {"zh": "城管", "en": "Urban", "lead": "urban-lead", "handlers": ["urban-1", "urban-2"]},
        "market": {"zh": "市监", "en": "Market", "lead": "market-lead", "handlers": ["market-1"]},
    },
}

#: The centre's roles.
ROSTERS: dict[str, Any] = {
    "operator": {"shifts": [{"people": ["operator-1"]}]},
    "commander": {"shifts": [{"people": ["commander-1"]}]},
    "supervisor": {
        "shifts": [{"people": ["supervisor-1"], "times": ["08:00-20:00"]}, {"people": ["supervisor-2"]}],
    },
}

DOCUMENTS: dict[str, Any] = {
    "policy.yaml": POLICY,
    "calendars.yaml": {
        "calendars": {
            "always": {"zh": "全天", "en": "Always", "always": True},
            "office": {
                "zh": "工作时间",
                "en": "Office hours",
                "week": {
                    day: [{"from": "08:30", "to": "12:00"}, {"from": "14:00", "to": "17:30"}]
                    for day in ("mon", "tue", "wed", "thu", "fri")
                },
            },
        }
    },
    "categories.yaml": {
        "fallback": "OTHER",
        "groups": {"ALL": {"zh": "全部", "en": "All"}},
        "categories": [
            {"code": "NOISE", "zh": "噪声", "en": "Noise", "group": "ALL", "team": "police", "words": ["噪声"]},
            {
                "code": "STALL",
                "zh": "占道经营",
                "en": "Street stall",
                "group": "ALL",
                "team": "urban",
                "assisting": ["market"],
                "urgency": "urgent",
                "words": ["占道"],
            },
            {"code": "OTHER", "zh": "其他", "en": "Other", "group": "ALL", "team": "police"},
        ],
    },
    "teams.yaml": TEAMS,
    "duty/centre.yaml": {"rosters": ROSTERS},
    "sources.yaml": {"sources": {"code": {"zh": "扫码", "en": "QR code"}}},
    "communities.yaml": {"communities": [{"name": "甲社区"}]},
    "words/zh.yaml": yaml.safe_load((WORDS / "zh.yaml").read_text(encoding="utf-8")),
    "words/en.yaml": yaml.safe_load((WORDS / "en.yaml").read_text(encoding="utf-8")),
}


def small_policy(
    *,
    version: int = 1,
    teams: dict[str, Any] | None = None,
    rosters: dict[str, Any] | None = None,
    categories: list[dict[str, Any]] | None = None,
    **changes: Any,
) -> Policy:
    """The small city's policy; `changes` are merged into policy.yaml, `teams` into teams.yaml and
    `rosters` into duty/centre.yaml, mapping by mapping.

    None removes a key. A list or a plain value takes the place of what was there; so do `categories`.
    """
    documents = deepcopy(DOCUMENTS)
    if categories:
        documents["categories.yaml"]["categories"] = categories
    _merge(documents["policy.yaml"], changes)
    _merge(documents["teams.yaml"], teams or {})
    _merge(documents["duty/centre.yaml"]["rosters"], rosters or {})
    return policy_build.build(documents, version=version)


def _merge(document: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            document.pop(key, None)
        elif isinstance(value, dict) and isinstance(document.get(key), dict):
            _merge(document[key], value)
        else:
            document[key] = value
