"""Rows of petitions as offices really send them: every good one is kept, every other is named with its reason."""

import csv
import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.intake_samples import (
    COLUMNS,
    HANGZHOU,
    POLICY,
    bad,
    csv_file,
    petitions,
    read,
    titles,
    wall,
    xlsx_file,
)
from xixi_workflow.adapters.intake_files import read_file, sentence
from xixi_workflow.core.commands import FilePetition, Petitioner

# --- what a row becomes ---------------------------------------------------------------------------------------------

WHOLE = FilePetition(
    "xihu_code",
    "A-1",
    "路灯不亮",
    "第一行\n第二行",
    datetime(2026, 6, 1, 0, 5, tzinfo=UTC),
    "扫码",
    "complaint",
    "urgent",
    "文三社区",
    "某路1号",
    Petitioner("甲", "19900001234"),
    True,
)
ROW = {
    "编号": "A-1",
    "来源": "西湖码",
    "标题": "路灯不亮",
    "内容": "第一行\n第二行",
    "受理时间": "2026/6/1 8:05",
    "渠道": "扫码",
    "诉求性质": "投诉",
    "紧急程度": "紧急",
    "社区": "文三社区",
    "地址": "某路1号",
    "姓名": "甲",
    "联系电话": "199-0000-1234",
    "是否保密": "是",
}
NAMED = {"sources": POLICY.sources.sources, "natures": POLICY.routing_words.natures}


def whole_csv(path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([ROW.keys(), ROW.values()])
    return path


def whole_xlsx(path: Path) -> Path:
    typed: dict[str, Any] = ROW | {"受理时间": wall(2026, 6, 1, 8, 5), "联系电话": 19900001234}
    return xlsx_file(path, [[*typed], [*typed.values()]])


def whole_json(path: Path) -> Path:
    petitioner = {"name": "甲", "phone": "19900001234"}
    fields = {k: v for k, v in ROW.items() if k not in ("姓名", "联系电话")}
    text = json.dumps([fields | {"petitioner": petitioner, "是否保密": True}], ensure_ascii=False, indent=2)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.csv", whole_csv), ("a.xlsx", whole_xlsx), ("a.json", whole_json)],
    ids=["csv", "xlsx", "json"],
)
def test_every_field_is_read_from_every_kind_of_file(tmp_path: Path, name: str, write: Callable[[Path], Path]) -> None:
    assert petitions(write(tmp_path / name), **NAMED) == [WHOLE]


def test_the_same_row_without_a_number_gets_the_same_one_from_every_kind_of_file(tmp_path: Path) -> None:
    files = [
        csv_file(tmp_path / "a.csv", "标题,内容,受理时间", "路灯不亮,很黑,2026-06-01 08:05"),
        xlsx_file(tmp_path / "a.xlsx", [["内容", "标题", "登记时间"], ["很黑", "路灯不亮", wall(2026, 6, 1, 8, 5)]]),
        csv_file(tmp_path / "a.jsonl", '{"title": "路灯不亮", "detail": "很黑", "created_at": "2026-06-01T00:05:00Z"}'),
    ]
    ids = {petitions(file)[0].source_id for file in files}
    assert len(ids) == 1
    assert ids.pop().startswith("row-")


def test_reading_a_file_again_gives_the_same_numbers_and_other_rows_other_ones(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "title", "one", "two", "one ")
    first, again = ([p.source_id for p in petitions(file)] for _ in range(2))
    assert first == again
    assert first[0] == first[2] != first[1]


@pytest.mark.parametrize(
    ("title", "content", "expected"),
    [
        ("路灯不亮", "", "路灯不亮"),
        ("", "字" * 40, "字" * 30),
        ("", "第一行\n\n 第二行", "第一行 第二行"),
        ("  两行\n标题 ", "", "两行 标题"),
        ("字" * 200, "", "字" * 200),
    ],
)
def test_a_title_is_one_line_or_the_beginning_of_the_content(
    tmp_path: Path, title: str, content: str, expected: str
) -> None:
    file = xlsx_file(tmp_path / "a.xlsx", [["标题", "内容"], [title, content]])
    assert titles(file) == [expected]


def test_the_files_own_source_goes_first_and_a_foreign_one_is_refused(tmp_path: Path) -> None:
    lines = ["标题,来源", "a,", "b,police_110", "c,民呼我为（12345）", "d,Grid worker", "e,火星"]
    file = csv_file(tmp_path / "a.csv", *lines)
    rows = read(file, **NAMED)
    assert [r.source for r in rows if isinstance(r, FilePetition)] == ["grid", "police_110", "hotline_12345", "grid"]
    assert bad(file, **NAMED) == [(6, "source", "row_unknown_source")]


# --- bad rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "cell", "field", "reason"),
    [
        ("标题", "字" * 201, "title", "row_too_long"),
        ("内容", "字" * 20001, "content", "row_too_long"),
        ("编号", "x" * 101, "source_id", "row_too_long"),
        ("地址", "字" * 301, "address", "row_too_long"),
        ("受理时间", "昨天", "received_at", "row_bad_time"),
        ("紧急程度", "十万火急", "urgency", "row_bad_choice"),
        ("保密", "可能", "confidential", "row_bad_choice"),
        ("电话", "打我微信", "petitioner_phone", "row_bad_phone"),
        ("来源", "西 湖 码", "source", "row_unknown_source"),
    ],
)
def test_a_cell_that_fits_no_field_is_named_and_the_other_rows_are_kept(
    tmp_path: Path, heading: str, cell: str, field: str, reason: str
) -> None:
    headings = ["标题", "内容"] if heading == "标题" else ["题目", "标题", heading]
    at = headings.index(heading)
    wrong = ["好"] * len(headings)
    wrong[at] = cell
    right = [*["好"] * len(headings)]
    right[at] = "好" if heading in ("标题", "内容", "编号", "地址") else ""
    file = tmp_path / "a.csv"
    with file.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([headings, right, wrong, right])
    assert bad(file) == [(3, field, reason)]
    assert titles(file) == ["好", "好"]


def test_line_numbers_count_the_lines_of_the_file_and_not_its_rows(tmp_path: Path) -> None:
    file = csv_file(
        tmp_path / "a.csv", "标题,内容", '一,"三\n行\n字"', "", ",", '"",  ', '"两\n行",', ",只有内容", ",", "二,"
    )
    rows = read(file)
    assert [row.title for row in rows if isinstance(row, FilePetition)] == ["一", "两 行", "只有内容", "二"]
    assert bad(csv_file(tmp_path / "b.csv", "标题,时间,受理时间", '"a\nb",,', 'x,,"错\n了"')) == [
        (4, "received_at", "row_bad_time")
    ]


@pytest.mark.parametrize(
    ("broken", "lost"),
    [
        ('"没有结束的引号,很黑', 1),
        ('他说,"路灯"不亮', 1),
        ('"开头,"又开头,"', 1),
    ],
)
def test_quotes_that_do_not_match_cost_their_own_row_alone(tmp_path: Path, broken: str, lost: int) -> None:
    good = [f"标题{n},内容{n}" for n in range(200)]
    file = csv_file(tmp_path / "a.csv", "标题,内容", *good[:100], broken, *good[100:])
    rows = read(file)
    assert [row.title for row in rows if isinstance(row, FilePetition)] == [f"标题{n}" for n in range(200)]
    assert bad(file) == [(102, "", "row_broken_quotes")] * lost


def test_cells_beyond_the_headings_betray_a_comma_that_was_not_quoted(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,内容", "路灯不亮,很黑,而且很久了", "井盖坏了,危险,,", "少一格")
    assert bad(file) == [(2, "", "row_extra_cells")]
    assert titles(file) == ["井盖坏了", "少一格"]


def test_notes_beside_the_table_of_a_spreadsheet_do_no_harm(tmp_path: Path) -> None:
    assert titles(xlsx_file(tmp_path / "a.xlsx", [["标题"], ["路灯不亮", None, "催一下"]])) == ["路灯不亮"]


def test_control_characters_vanish_from_texts(tmp_path: Path) -> None:
    assert titles(csv_file(tmp_path / "a.csv", "标题", "路\x00灯\x1b不亮")) == ["路灯不亮"]


# --- any file at all ------------------------------------------------------------------------------------------------

CELL = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["是", "2026-06-01", "19900001234", '"', ",", "\n"]
)


@given(st.lists(st.lists(CELL, min_size=3, max_size=4), max_size=8), st.booleans())
def test_every_row_is_a_petition_that_the_engine_takes_or_is_reported(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], quoted: bool
) -> None:
    file = tmp_path_factory.mktemp("any") / "a.csv"
    with file.open("w", newline="", encoding="utf-8") as target:
        if quoted:
            csv.writer(target).writerows([["标题", "内容", "电话"], *rows])
        else:
            target.write("\n".join(",".join(row) for row in [["标题", "内容", "电话"], *rows]))
    for row in read(file):
        if isinstance(row, FilePetition):
            assert msgspec.json.decode(msgspec.json.encode(row), type=FilePetition) == row
            assert row.title == " ".join(row.title.split()) != ""
        else:
            assert sentence(row, POLICY, "zh") != sentence(row, POLICY, "en")


def memory_of(rows: Iterator[object]) -> int:
    """The most bytes that reading took at once."""
    gc.collect()
    tracemalloc.start()
    try:
        for _ in rows:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path, name: str) -> None:
    peaks = []
    for rows in (3_000, 9_000):
        file = tmp_path / name
        with file.open("w", encoding="utf-8") as target:
            if name == "a.csv":
                target.write("title,detail\n")
                target.writelines(f"标题{n},{'内容' * 30}\n" for n in range(rows))
            else:
                target.write("[" if name == "a.json" else "")
                between = ",\n" if name == "a.json" else "\n"
                target.write(between.join(f'{{"title": "标题{n}", "detail": "{"内容" * 30}"}}' for n in range(rows)))
                target.write("]" if name == "a.json" else "")
        peaks.append(memory_of(read_file(file, COLUMNS, source="grid", zone=HANGZHOU)))
    assert peaks[1] < peaks[0] + 200_000


def test_a_row_without_any_source_is_named(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,来源", "a,grid", "b,")
    assert bad(file, source="") == [(3, "source", "row_no_source")]
    assert titles(file, source="") == ["a"]
