"""How the columns of a file are found: encodings, delimiters, headings under titles and over merged cells."""

from pathlib import Path
from typing import Any

import pytest

from tests.adapters.intake_samples import COLUMNS, HANGZHOU, bad, csv_file, petitions, titles, xlsx_file
from xixi_workflow.adapters.intake_files import read_file
from xixi_workflow.adapters.intake_rows import IntakeFileError
from xixi_workflow.core.commands import Petitioner

# --- encodings, delimiters, headings --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_are_found_out(tmp_path: Path, encoding: str, ending: str) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,内容", "路灯不亮,很黑", encoding=encoding, ending=ending)
    assert [(p.title, p.content) for p in petitions(file)] == [("路灯不亮", "很黑")]


def test_a_broken_byte_spoils_its_row_and_not_the_encoding(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,内容", "路灯不亮,已经很多天了", "井盖坏了,很危险", "垃圾没人清,很臭")
    data = file.read_bytes()
    place = data.index("险".encode())
    file.write_bytes(data[:place] + b"\xe9" + data[place + 3 :])
    assert titles(file) == ["路灯不亮", "垃圾没人清"]
    assert bad(file) == [(3, "content", "row_bad_text")]


def test_a_replacement_character_that_somebody_else_wrote_is_kept(tmp_path: Path) -> None:
    assert titles(csv_file(tmp_path / "a.csv", "标题", "路灯\ufffd不亮")) == ["路灯\ufffd不亮"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_found_out(tmp_path: Path, delimiter: str) -> None:
    file = csv_file(tmp_path / "a.csv", delimiter.join(["标题", "内容"]), delimiter.join(["路灯不亮", "很黑"]))
    assert [(p.title, p.content) for p in petitions(file)] == [("路灯不亮", "很黑")]


@pytest.mark.parametrize(
    "heading",
    ["标题", " 标 题 ", "标题*", "标题：", "标题（必填）", "TITLE", "Ｔｉｔｌｅ", "诉求标题", "subject", "标\n题"],
)
def test_headings_are_compared_without_decoration(tmp_path: Path, heading: str) -> None:
    assert titles(xlsx_file(tmp_path / "a.xlsx", [[heading], ["路灯不亮"]])) == ["路灯不亮"]


def test_the_preferred_heading_wins_when_two_columns_fit(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "主题,标题,内容", "第二,第一,很黑")
    assert titles(file) == ["第一"]


def test_headings_are_found_under_the_title_of_a_report_and_once_more_on_the_next_page(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["西溪街道诉求登记表"],
        [None, "导出时间", "2026-06-30"],
        [],
        ["序号", "标题", "内容", "手机"],
        [1, "路灯不亮", "很黑", "19900000001"],
        ["序号", "标题", "内容", "手机"],
        [2, "井盖坏了", "危险", "19900000002"],
        [],
        [None, "", "  "],
    ]
    file = xlsx_file(tmp_path / "a.xlsx", rows, merged=("A1:D1",))
    assert [(p.title, p.petitioner.phone) for p in petitions(file)] == [
        ("路灯不亮", "19900000001"),
        ("井盖坏了", "19900000002"),
    ]


def test_headings_over_merged_cells_take_two_rows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["标题", "诉求人", None, "内容"],
        [None, "姓名", "联系电话", None],
        ["路灯不亮", "甲", "19900000001", "很黑"],
    ]
    file = xlsx_file(tmp_path / "a.xlsx", rows, merged=("A1:A2", "B1:C1", "D1:D2"))
    (petition,) = petitions(file)
    assert (petition.title, petition.content) == ("路灯不亮", "很黑")
    assert petition.petitioner == Petitioner("甲", "19900000001")


def test_a_column_named_by_hand_goes_before_what_headings_mean(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,事由,备注", "A-1,路灯不亮,很黑")
    (petition,) = petitions(file, mapping={"source_id": "标题", "title": "事由", "content": "备注"})
    assert (petition.source_id, petition.title, petition.content) == ("A-1", "路灯不亮", "很黑")


@pytest.mark.parametrize(
    ("mapping", "reason", "facts"),
    [
        ({"title": "事项"}, "file_no_column", {"file": "a.csv", "column": "事项", "seen": "标题, 备注"}),
        ({"titel": "标题"}, "file_no_field", None),
    ],
)
def test_a_column_or_field_that_is_not_there_is_one_clear_error(
    tmp_path: Path, mapping: dict[str, str], reason: str, facts: dict[str, str] | None
) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,备注", "路灯不亮,很黑")
    with pytest.raises(IntakeFileError) as caught:
        read_file(file, COLUMNS, source="grid", zone=HANGZHOU, mapping=mapping)
    assert caught.value.reason == reason
    assert facts is None or caught.value.facts == facts
