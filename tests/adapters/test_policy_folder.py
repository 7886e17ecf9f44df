"""A configuration folder with one mistake: the exact line is named and the sentence says how to mend it.

Every case starts from the configuration that is shipped and changes one spot. `▸` in the new text marks the line that
must be named; it is taken out before the file is written.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from xixi_workflow.adapters.policy_folder import (
    LARGEST_FILE,
    LocatedProblem,
    PolicyFolderError,
    read_policy,
    shipped_folder,
)
from xixi_workflow.core.policy_build import load
from xixi_workflow.core.words import PLACEHOLDERS

POLICY, TEAMS, WORDS = "policy.yaml", "teams.yaml", "words/zh.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration, to be spoilt."""
    return Path(shutil.copytree(shipped_folder(), tmp_path / "config"))


def spoil(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first `old` by `new` and return the line of its mark, 0 without one."""
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    line = text.count("\n", 0, text.index("▸")) + 1 if "▸" in text else 0
    path.write_text(text.replace("▸", ""), "utf-8")
    return line


def problems(folder: Path) -> list[LocatedProblem]:
    with pytest.raises(PolicyFolderError) as caught:
        read_policy(folder)
    return caught.value.problems


def test_the_shipped_configuration_has_no_mistake() -> None:
    policy = read_policy(shipped_folder(), version=7)
    assert policy.version == 7
    assert {"response", "interim", "closure"} <= policy.clocks.keys()


def test_what_is_read_survives_json_unchanged() -> None:
    policy = read_policy(shipped_folder())
    assert json.loads(policy.canonical) == policy.documents
    assert load(policy.canonical, 3).digest == policy.digest


def test_comments_and_layout_make_no_new_policy(folder: Path) -> None:
    before = read_policy(folder).digest
    spoil(folder, POLICY, "zone: Asia/Shanghai", '# a remark\n\nzone:    "Asia/Shanghai"   # another')
    assert read_policy(folder).digest == before


# --- mistakes of YAML -----------------------------------------------------------------------------------------------

YAML_MISTAKES = [
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "zone: Asia/Shanghai\n▸zone: Asia/Tokyo"),
        "zone is written twice; the first is on line {before}",
        id="the same key twice",
    ),
    pytest.param(
        (TEAMS, "    en: Traffic Police\n", "    en: Traffic Police\n    ▸en: Traffic Wardens\n"),
        "en is written twice; the first is on line {before}",
        id="the same key twice, deeper",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸zone：Asia/Shanghai"),
        "not YAML: could not find expected ':'; a key ends with the half-width colon and a blank (: ), not with ：",
        id="a full-width colon",
    ),
    pytest.param(
        (POLICY, "    limit: 1m", "▸\tlimit: 1m"),
        "not YAML: found a tab character that violates indentation; indent with blanks, not with tabs",
        id="a tab",
    ),
    pytest.param(
        (WORDS, "【{signature}】您的诉求已受理", "▸{signature}您的诉求: 已受理"),
        'not YAML: did not find expected key; a text that starts with one of [ {{ " % @ ` must be in quotes',
        id="a text that starts with a brace",
    ),
    pytest.param(
        (WORDS, "您的诉求已受理，编号", "▸您的诉求: 已受理，编号"),
        'not YAML: mapping values are not allowed in this context; a text that holds ": " must be in quotes',
        id="a colon and a blank inside a text",
    ),
    pytest.param(
        ("communities.yaml", "{name: 溪畔社区, en: Xipan}", '▸{name: "溪畔社区}'),
        "not YAML: found unexpected end of stream",
        id="a quote that is never closed",
    ),
    pytest.param(
        (TEAMS, "lead: police-lead", "▸lead: @police-lead"),
        'not YAML: found character that cannot start any token; a text that starts with one of [ {{ " % @ ` '
        "must be in quotes",
        id="a text that starts with a reserved character",
    ),
    pytest.param(
        (POLICY, "meets: [accept]", "▸meets: [accept"),
        "not YAML: did not find expected ',' or ']'",
        id="a bracket that is not closed",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸zone: *where"),
        "*where repeats something that no &where names before it",
        id="an alias of nothing",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸zone: &zone [*zone]"),
        "*zone repeats something that no &zone names before it",
        id="an alias of itself",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸zone: !!python/name:os.system x"),
        "a text that starts with an exclamation mark must be in quotes (tag:yaml.org,2002:python/name:os.system)",
        id="a tag",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸<<: {zone: Asia/Shanghai}"),
        "merging with << is not supported; write the entries out",
        id="a merge key",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸{a: b}: c"),
        "a key must be a plain text; a text that starts with {{ or [ must be in quotes",
        id="a key that is no text",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸zone: " + "[" * 30 + "]" * 30),
        "nested deeper than 20 levels",
        id="a deep nest",
    ),
    pytest.param(
        (POLICY, "zone: Asia/Shanghai", "▸zone: Asia\x07Shanghai"),
        r"the character '\x07' is not allowed",
        id="a control character",
    ),
    pytest.param(
        ("communities.yaml", "communities:", "communities: []\n▸---\ncommunities:"),
        "a second document begins here; a file holds one",
        id="two documents",
    ),
]


@pytest.mark.parametrize(("change", "message"), YAML_MISTAKES)
def test_a_mistake_of_yaml_is_named_with_its_line(folder: Path, change: tuple[str, str, str], message: str) -> None:
    line = spoil(folder, *change)
    assert problems(folder) == [LocatedProblem(change[0], line, message.format(before=line - 1))]


def test_a_quote_that_is_closed_by_the_next_one_is_named_where_it_opens(folder: Path) -> None:
    line = spoil(folder, POLICY, 'telephone: "057100000000"', '▸telephone: "057100000000')
    (problem,) = problems(folder)
    assert problem.message == f"not YAML: did not find expected key; is the quote that opens on line {line} closed?"


def test_an_alias_bomb_is_refused_before_it_grows(folder: Path) -> None:
    layers = [f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    (folder / "communities.yaml").write_text("communities:\n  - &l0 [x]\n" + "\n".join(layers), "utf-8")
    assert problems(folder) == [LocatedProblem("communities.yaml", 7, "more than 200000 values")]


# --- what looks like something else ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{from: "08:30", to: "12:00"}', "{from: 08:30, to: 12:00}"),  # 12:00 would be the number 720
        ('["01-01"', "[01-01"),
        ("always: true", "always: yes"),
    ],
)
def test_unquoted_times_and_yes_mean_what_they_look_like(folder: Path, old: str, new: str) -> None:
    before = read_policy(folder).calendars
    spoil(folder, "calendars.yaml", old, new)
    assert read_policy(folder).calendars == before


def test_a_date_is_a_text_and_a_key_is_always_one(folder: Path) -> None:
    spoil(folder, "calendars.yaml", "special_days: {}", "special_days: {2027-02-14: [{from: 9:00, to: 24:00}]}")
    spoil(folder, "calendars.yaml", "holidays: []", "holidays: [2027-02-06]")
    spoil(
        folder,
        POLICY,
        "  not_my_duty: {zh: 非本单位职责, en: Not our duty}",
        "  no: {zh: 否, en: no}\n  12: {zh: on, en: y}",
    )
    policy = read_policy(folder)
    assert policy.documents["calendars.yaml"]["calendars"]["office"]["holidays"] == ["2027-02-06"]
    assert {"no", "12"} <= policy.main.return_reasons.keys()
    assert (policy.main.return_reasons["no"].en, policy.main.return_reasons["12"].zh) == ("no", "on")


def test_a_number_with_a_leading_zero_keeps_it(folder: Path) -> None:
    spoil(folder, POLICY, '"057100000000"', "057100000000")
    assert read_policy(folder).main.telephone == "057100000000"


DAYS_CHOICE = "'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'"

# --- mistakes of content, at their lines ----------------------------------------------------------------------------

CONTENT_MISTAKES = [
    pytest.param(
        (POLICY, "    limit: 1m\n", "    ▸limti: 1m\n"),
        ["clocks.response.limti: unknown key; remove it or mend its spelling"],
        id="a misspelt key",
    ),
    pytest.param(
        (POLICY, "    limit: 1m\n", "    ▸limit: 1分钟\n"),
        ["clocks.response.limit: '1分钟' is not a span of time; write for example 90s, 15m, 3h or 1d12h"],
        id="a span in Chinese",
    ),
    pytest.param(
        (POLICY, "  response: # 1 分钟响应\n    zh: 响应\n", "  ▸response:\n"),
        ["clocks.response.zh: a required key is missing"],
        id="a missing key is named at its parent",
    ),
    pytest.param(
        (POLICY, "▸zone: Asia/Shanghai"[1:], "▸zone: Asia/Hangzhou"),
        ["zone: 'Asia/Hangzhou' is not a time zone; write for example Asia/Shanghai"],
        id="a time zone that does not exist",
    ),
    pytest.param(
        (TEAMS, 'phone: "19900000001"', "▸phone: 19900000001"),
        ['people.operator-1.phone: a text is wanted here; put it in quotes: "19900000001"'],
        id="a telephone number without quotes",
    ),
    pytest.param(
        (TEAMS, 'phone: "19900000001"', '▸phone: "199 0000 0001"'),
        ["people.operator-1.phone: '199 0000 0001' is not a telephone number; write 5 to 15 digits without blanks"],
        id="a telephone number with blanks",
    ),
    pytest.param(
        ("calendars.yaml", "holidays: []", "▸holidays: [2027-2-6]"),
        ["calendars.office.holidays[1]: '2027-2-6' is not a date; write YYYY-MM-DD"],
        id="a date with one digit",
    ),
    pytest.param(
        ("calendars.yaml", "holidays: []", "holidays:\n      - 2027-02-06\n      ▸- 2027-02-30"),
        ["calendars.office.holidays[2]: '2027-02-30' is not a date; write YYYY-MM-DD"],
        id="a date that does not exist",
    ),
    pytest.param(
        ("calendars.yaml", '&day [{from: "08:30"', "&day [▸{from: 8点半"),
        [
            f"calendars.office.week.{day}[1].from: '8点半' is not a time of day; "
            'write "HH:MM", for example "08:30", up to "24:00"'
            for day in ("fri", "mon", "thu", "tue", "wed")
        ],
        id="what an alias repeats is wrong where it is written",
    ),
    pytest.param(
        ("calendars.yaml", "    week:\n      mon:", "    week:\n      ▸monday: []\n      mon:"),
        [f"calendars.office.week.monday: Input should be {DAYS_CHOICE} (got 'monday')"],
        id="a key outside the choice",
    ),
    pytest.param(
        (WORDS, "{no6}。我们将在", "{no}{no_6}。▸我们将在"),
        [f"messages.citizen_received: unknown placeholder 'no_6'; known: {', '.join(sorted(PLACEHOLDERS))}"],
        id="a placeholder that does not exist",
    ),
]


@pytest.mark.parametrize(("change", "messages"), CONTENT_MISTAKES)
def test_a_mistake_of_content_is_named_with_its_line(
    folder: Path, change: tuple[str, str, str], messages: list[str]
) -> None:
    line = spoil(folder, *change)
    found = [p for p in problems(folder) if p.line == line and p.file == change[0]]
    assert [p.message for p in found] == messages


def test_a_broken_file_does_not_hide_the_mistakes_of_the_others(folder: Path) -> None:
    first = spoil(folder, "sources.yaml", "sources:", "▸sources: [")
    second = spoil(folder, TEAMS, "lead: police-lead", "▸lead: nobody")
    third = spoil(folder, TEAMS, 'phone: "19900000002"', '▸phone: "19900000001"')
    found = problems(folder)
    assert [(p.file, p.line) for p in found] == [(TEAMS, third), (TEAMS, second), ("sources.yaml", first)]
    assert found[0].message == "people.operator-2.phone: the same number as operator-1"
    assert found[1].message.startswith("teams.police.lead: unknown person 'nobody'; known: chief-leader-1, ")


def test_the_error_prints_a_line_for_each_problem(folder: Path) -> None:
    line = spoil(folder, POLICY, "zone: Asia/Shanghai", "▸zone: Mars")
    (folder / "communities.yaml").unlink()
    with pytest.raises(PolicyFolderError) as caught:
        read_policy(folder)
    assert str(caught.value).splitlines() == [
        f"policy.yaml:{line}: zone: 'Mars' is not a time zone; write for example Asia/Shanghai",
        "communities.yaml: the file is missing",
    ]


# --- files and folders ----------------------------------------------------------------------------------------------


def gbk(path: Path) -> None:
    path.write_bytes(path.read_text("utf-8").encode("gbk", "ignore"))


def huge(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "#" * LARGEST_FILE, "utf-8")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda p: p.unlink(), (0, "the file is missing"), id="missing"),
        pytest.param(gbk, (1, "not UTF-8; save the file with the encoding UTF-8"), id="saved as GBK"),
        pytest.param(huge, (0, "larger than 2 MB: this cannot be a policy file"), id="huge"),
        pytest.param(lambda p: p.write_text(""), (0, "keys and values are wanted here (got nothing)"), id="empty"),
        pytest.param(
            lambda p: p.write_text("- a\n- b\n"), (0, "keys and values are wanted here (got ['a', 'b'])"), id="a list"
        ),
        pytest.param(
            lambda p: p.rename(p.with_suffix(".yml")), (0, "not read: rename it to communities.yaml"), id="yml"
        ),
    ],
)
def test_a_file_that_is_no_policy_file_is_named(
    folder: Path, change: Callable[[Path], object], expected: tuple[int, str]
) -> None:
    change(folder / "communities.yaml")
    assert [(p.line, p.message) for p in problems(folder)] == [expected]


def test_any_number_of_files_may_hold_rosters(folder: Path) -> None:
    spoil(
        folder, "duty/centre.yaml", "  chief_leader: # 主要领导\n    shifts:\n      - {people: [chief-leader-1]}\n", ""
    )
    (folder / "duty" / "leaders.yaml").write_text("rosters: {chief_leader: {shifts: [{people: [chief-leader-1]}]}}\n")
    assert read_policy(folder).rosters.keys() == read_policy(shipped_folder()).rosters.keys()


def test_a_roster_in_two_files_is_named_with_both_places(folder: Path) -> None:
    (folder / "duty" / "second.yaml").write_text("rosters:\n  police: {shifts: [{people: [police-1]}]}\n")
    [problem] = problems(folder)
    assert str(problem) == (
        "duty/second.yaml:2: rosters.police: the shifts of police are in duty/police.yaml too; "
        "a roster stands in one file"
    )


def test_the_file_that_only_the_service_writes_must_not_be_in_a_folder(folder: Path) -> None:
    (folder / "duty" / "changes.yaml").write_text("rosters: {}\n")
    assert [str(p) for p in problems(folder)] == [
        "duty/changes.yaml: only the service writes this file: put lasting overrides into another file of duty/"
    ]


@pytest.mark.parametrize(("old", "new"), [("rosters:", "▸rosters: ["), ("rosters:", "▸rooster:")])
def test_a_broken_file_of_rosters_is_one_mistake_and_its_roles_are_not_missed(folder: Path, old: str, new: str) -> None:
    spoil(folder, "duty/centre.yaml", old, new)
    assert {p.file for p in problems(folder)} == {"duty/centre.yaml"}
    assert not any("operator" in p.message for p in problems(folder))


def test_a_misspelt_file_is_named_beside_the_one_that_is_missing(folder: Path) -> None:
    (folder / "teams.yaml").rename(folder / "team.yaml")
    found = {p.file: p.message for p in problems(folder)}
    assert found["teams.yaml"] == "the file is missing"
    assert found["team.yaml"].startswith("unknown file; expected policy.yaml, ")


def test_a_byte_order_mark_copies_of_editors_and_samples_do_no_harm(folder: Path) -> None:
    policy = folder / POLICY
    policy.write_bytes(b"\xef\xbb\xbf" + policy.read_bytes().replace(b"\n", b"\r\n"))
    (folder / ".policy.yaml").write_text("[", "utf-8")
    (folder / "policy.yaml~").write_text("[", "utf-8")
    (folder / "samples").mkdir(exist_ok=True)
    (folder / "samples" / "more.yaml").write_text("[", "utf-8")
    assert read_policy(folder).digest == read_policy(shipped_folder()).digest


def test_a_folder_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    assert [str(p) for p in problems(missing)] == [f"{missing}: there is no such folder"]
