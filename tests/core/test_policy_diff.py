"""What changes between two policies, in words: nothing for equals, a line for every leaf, promises first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.histories import deep
from tests.core.policies import DOCUMENTS, small_policy
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.policy_changes.lines import TOPICS, Line, diff, of_documents

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SMALL = deepcopy(DOCUMENTS)
SHIPPED = read_policy(shipped_folder())
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place that holds a plain value, or an empty list or mapping."""
    parts: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for key, part in parts:
        found = True
        yield from leaves(part, (*path, key))
    if not found:
        yield path


def other(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return ["x"]
        case dict():
            return {"x": "x"}
        case _:
            return "x"


def edited(documents: dict[str, Any], path: Path, how: str) -> dict[str, Any]:
    """`documents` with the leaf at `path` changed, removed, or given a neighbour."""
    made = deepcopy(documents)
    place = made
    for key in path[:-1]:
        place = place[key]  # type: ignore[index]
    last: Any = path[-1]
    if how == "remove":
        del place[last]
    elif how == "add":
        if isinstance(place, list):
            place.append(deepcopy(place[last]))
        else:
            place["added"] = "x"
    elif how == "null":
        place[last] = None if place[last] is not None else "x"
    else:
        place[last] = other(place[last])
    return made


WAYS = ("change", "remove", "add", "null")
#: Without wording, which the shipped configuration has too.
PLAIN = {file: document for file, document in SMALL.items() if not file.startswith("words/")}
IN_SMALL = [path for path in leaves(PLAIN) if len(path) > 1]
#: Places that do not name the thing in which they stand.
INSIDE = [path for path in IN_SMALL if path[-1] not in ("code", "name", "level")]
IN_SHIPPED = [path for path in leaves(SHIPPED.documents) if len(path) > 1]


@pytest.mark.parametrize("how", WAYS)
def test_every_leaf_that_changes_is_said(how: str) -> None:
    for path in IN_SMALL:
        made = edited(PLAIN, path, how)
        for one, two in ((PLAIN, made), (made, PLAIN)):
            lines = of_documents(one, two)
            assert lines, path
            assert any(line.place.startswith(str(path[0])) for line in lines), path
            assert all(line.zh and line.en for line in lines), path


@deep(40)
@given(st.sampled_from(IN_SHIPPED), st.sampled_from(WAYS))
def test_every_leaf_of_the_shipped_configuration_that_changes_is_said(path: Path, how: str) -> None:
    made = edited(SHIPPED.documents, path, how)
    assert of_documents(SHIPPED.documents, made)
    assert of_documents(made, SHIPPED.documents)


@deep(40)
@given(st.lists(st.sampled_from(INSIDE), min_size=2, max_size=6, unique=True))
def test_of_several_changes_none_hides_another(paths: list[Path]) -> None:
    made = PLAIN
    for path in paths:
        made = edited(made, path, "change")
    places = {line.place for line in of_documents(PLAIN, made)}
    for path in paths:
        assert places >= {line.place for line in of_documents(PLAIN, edited(PLAIN, path, "change"))}


def test_equal_policies_have_no_difference() -> None:
    for policy in (SHIPPED, small_policy()):
        assert diff(policy, policy, now=NOW) == []
        again = build(json.loads(policy.canonical))
        assert diff(policy, again, now=NOW) == []


def test_the_same_in_another_order_is_no_difference_but_where_order_counts() -> None:
    turned = deepcopy(SMALL)
    turned["policy.yaml"]["clocks"] = dict(reversed(turned["policy.yaml"]["clocks"].items()))
    assert of_documents(SMALL, turned) == []
    turned["policy.yaml"]["results"] = dict(reversed(turned["policy.yaml"]["results"].items()))
    turned["categories.yaml"]["categories"].reverse()
    assert [line.topic for line in of_documents(SMALL, turned)] == ["category", "reason"]


def said(old: Policy, new: Policy, topic: str = "") -> list[Line]:
    return [line for line in diff(old, new, now=NOW) if line.topic == (topic or line.topic)]


RULES: list[tuple[dict[str, Any], str, str]] = [
    ({"clocks": {"closure": {"limit": "12h"}}}, "「办结」时限：24小时 → 12小时（缩短12小时）", "(12 h shorter)"),
    ({"clocks": {"closure": {"limit": "1d12h"}}}, "24小时 → 1天12小时（延长12小时）", "(12 h longer)"),
    ({"clocks": {"closure": {"limit": "1d"}}}, "时长不变，写法不同", "the same length"),
    ({"clocks": {"closure": {"starts": ["file", "reopen"]}}}, "何时开始计时：去掉 不满意评价", "started by: removed"),
    ({"clocks": {"closure": {"calendar": "office"}}}, "按哪个日历计时：未写（按默认） → 工作时间", "Office hours"),
    ({"clocks": {"closure": {"extendable": False}}}, "可以延期：是 → 否", "may be extended: yes → no"),
    ({"clocks": {"closure": {"pauses_in": []}}}, "暂停计时的状态：去掉 挂起", "paused while: removed On hold"),
    ({"clocks": {"closure": {"warn": {"at": ["80%"]}}}}, "去掉 50%、到期前30分钟", "removed 50%, 30 min before due"),
    ({"clocks": {"response": {"warn": None}}}, "取消「响应」的到期预警", "gone: the warning of Response"),
    ({"clocks": {"callback": None}}, "取消时限「回访」", "gone: clock Call back"),
    ({"ladders": {"short": [{"level": 1, "after": "5m", "to": ["commander"], "message": "team_overdue"},
                            {"level": 2, "after": "1h", "to": ["commander"], "message": "leader_overdue"}]}},
     "第1级：超时后多久 0秒 → 5分钟；告知 增加 指挥长；去掉 承办人、部门负责人", "after the breach 0 s → 5 min"),
    ({"notices": {"file": [{"message": "citizen_received", "to": ["petitioner", "operator"]}]}},
     "受理登记时的通知：增加 受理告知给诉求人、指挥中心值班员", "told on “file”"),
    ({"longest_extension": "2d"}, "一次最多延期：5天 → 2天", "longest extension: 5 d → 2 d"),
    ({"sms": {"quiet": {"from": "21:00"}}}, "夜间免打扰起：未写（按默认） → 21:00", "quiet hours from"),
    ({"return_reasons": {"busy": {"zh": "忙", "en": "Busy"}}}, "新增退单原因 busy：忙", "new: reason to return busy"),
    ({"routing": {"dispatch_automatically": False}}, "按规则自动派单：未写（按默认） → 否", "without a person"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "zh", "en"), RULES, ids=[zh for _, zh, _ in RULES])
def test_changed_rules_are_told_in_sentences(change: dict[str, Any], zh: str, en: str) -> None:
    made = deepcopy(SMALL)
    merge(made["policy.yaml"], change)
    lines = of_documents(SMALL, made)
    assert len(lines) == 1, lines
    assert zh in lines[0].zh
    assert en in lines[0].en


def merge(document: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            document.pop(key, None)
        elif isinstance(value, dict) and isinstance(document.get(key), dict):
            merge(document[key], value)
        else:
            document[key] = value


def test_promises_come_first_and_wording_later() -> None:
    new = deepcopy(SMALL)
    new["words/zh.yaml"]["messages"]["citizen_received"] += "。"
    new["communities.yaml"]["communities"].append({"name": "乙社区"})
    new["teams.yaml"]["people"]["police-1"]["phone"] = "19900009999"
    new["policy.yaml"]["clocks"]["closure"]["limit"] = "12h"
    topics = [line.topic for line in of_documents(SMALL, new)]
    assert topics == ["promise", "people", "wording", "community"]
    assert next(iter(TOPICS)) == "promise"


def test_telephone_numbers_are_masked_wherever_they_change() -> None:
    new = deepcopy(SMALL)
    people = new["teams.yaml"]["people"]
    people["police-1"]["phone"] = "19900009999"
    people["newcomer"] = {"name": "某某", "phone": "19900008888"}
    del people["police-2"]
    text = json.dumps([[line.zh, line.en] for line in of_documents(SMALL, new)], ensure_ascii=False)
    assert "****9999" in text
    for number in ("19900009999", "19900008888", SMALL["teams.yaml"]["people"]["police-2"]["phone"]):
        assert number not in text


def test_a_number_that_differs_only_where_it_is_masked_is_said_to_be_another() -> None:
    new = deepcopy(SMALL)
    new["teams.yaml"]["people"]["police-1"]["phone"] = "19911110005"
    old = deepcopy(SMALL)
    old["teams.yaml"]["people"]["police-1"]["phone"] = "19922220005"
    [line] = of_documents(old, new)
    assert "换了号码" in line.zh


def test_wording_tells_what_it_costs_before_and_after() -> None:
    new = deepcopy(SMALL)
    new["words/zh.yaml"]["messages"]["citizen_received"] += "，请保持电话畅通" * 6
    [line] = of_documents(SMALL, new)
    assert "中文措辞" in line.zh
    assert "一般计费 1 → 2 条" in line.zh
    assert "billed as 1 → 2" in line.en


def test_who_would_be_on_duty_differently_is_told_in_hours() -> None:
    old = small_policy()
    new = small_policy(rosters={"supervisor": {"shifts": [{"people": ["supervisor-1"]}]}})
    [hours, shift, gone] = said(old, new, "duty")
    assert "今后28天有 336 小时不是同一批人" in hours.zh
    assert "（supervisor-1） +336 小时" in hours.zh
    assert "(supervisor-2) -336 h" in hours.en
    assert "08:00-20:00" in shift.zh
    assert "第2班" in gone.zh


def test_somebody_who_leaves_is_missed_in_every_roster() -> None:
    leaving = small_policy(
        teams={"people": {"police-1": {"name": "某5", "phone": "19900000005", "leaves": "2026-11-30"}}}
    )
    lines = said(small_policy(), leaving)
    assert [line.topic for line in lines] == ["duty", "people"]
    assert "police-1" in lines[0].zh


def test_a_roster_that_only_changes_later_is_said_all_the_same() -> None:
    later = {"overrides": [{"from": "2027-06-01 08:00", "to": "2027-06-02 08:00", "people": ["commander-1"]}]}
    [line] = said(small_policy(), small_policy(rosters={"operator": later}))
    assert "2027-06-01 08:00" in line.zh
    assert "小时不是" not in line.zh


def test_a_form_is_named() -> None:
    old = SMALL | {"forms/weekly.yaml": {"zh": "周报", "en": "Weekly", "blocks": [1]}}
    new = SMALL | {"forms/weekly.yaml": {"zh": "周报", "en": "Weekly", "blocks": [2]}}
    [line] = of_documents(old, new)
    assert line.topic == "form"
    assert "weekly" in line.zh
    assert "blocks" in line.en
    assert "新增报表 weekly" in of_documents(SMALL, new)[0].zh
    assert "gone: form weekly" in of_documents(new, SMALL)[0].en
