"""Excel and JSON files of petitions, and files that are something else than their suffix says."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.intake_samples import COLUMNS, HANGZHOU, POLICY, bad, csv_file, petitions, read, titles, xlsx_file
from xixi_workflow.adapters import intake_files
from xixi_workflow.adapters.intake_files import read_file, sentence
from xixi_workflow.adapters.intake_json import json_rows
from xixi_workflow.adapters.intake_rows import BadRow, Encoding, IntakeFileError
from xixi_workflow.core.commands import FilePetition

# --- Excel ----------------------------------------------------------------------------------------------------------


def test_gaps_formulas_and_error_cells_of_a_spreadsheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cell, value in {
        "A1": "标题",
        "B1": "地址",
        "A2": "好的",
        "A5": "=A2&A2",  # no result: nothing has ever calculated it
        "A7": "又一个",
        "B7": "#N/A",
        "A9": "最后",
        "B9": "'=A1",
    }.items():
        sheet[cell] = value
    sheet["B7"].data_type = "e"
    sheet["A900"] = " "
    book.save(tmp_path / "a.xlsx")
    assert titles(tmp_path / "a.xlsx") == ["好的", "最后"]
    assert bad(tmp_path / "a.xlsx") == [(5, "title", "row_formula"), (7, "address", "row_cell_error")]


def test_the_result_of_a_formula_is_read_where_the_file_has_one(tmp_path: Path) -> None:
    plain = xlsx_file(tmp_path / "plain.xlsx", [["标题", "地址"], ["路灯", "x"], ["井盖", "y"], ["垃圾", "z"]])
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                at = data.index(b'<c r="B3"')
                end = data.index(b"</c>", at) + 4
                data = data[:at] + b'<c r="B3" t="str"><f>A3&amp;"!"</f><v>some road</v></c>' + data[end:]
            target.writestr(name, data)
    assert [p.address for p in petitions(tmp_path / "a.xlsx")] == ["x", "some road", "z"]


def test_the_first_visible_sheet_with_headings_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    cover, hidden, data = book.active, book.create_sheet("旧"), book.create_sheet("数据")
    assert cover is not None
    cover.append(["填表说明"])
    hidden.append(["标题"])
    hidden.append(["旧的"])
    hidden.sheet_state = "hidden"
    data.append(["标题"])
    data.append(["新的"])
    book.save(tmp_path / "a.xlsx")
    assert titles(tmp_path / "a.xlsx") == ["新的"]


def test_numbers_that_a_spreadsheet_keeps_as_floats_read_as_they_look(tmp_path: Path) -> None:
    file = xlsx_file(tmp_path / "a.xlsx", [["标题", "编号", "电话"], [12.0, 20260601.0, 19900001234.0], [1.5, 7, None]])
    assert [(p.title, p.source_id, p.petitioner.phone) for p in petitions(file)] == [
        ("12", "20260601", "19900001234"),
        ("1.5", "7", ""),
    ]


def test_a_sheet_that_breaks_off_keeps_the_rows_before(tmp_path: Path) -> None:
    whole = xlsx_file(tmp_path / "whole.xlsx", [["标题"], *([f"标题{n}"] for n in range(2000))])
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if name == "xl/worksheets/sheet1.xml" else data)
    rows = read(tmp_path / "a.xlsx")
    *before, last = rows
    assert len(before) > 500
    assert all(isinstance(row, FilePetition) for row in before)
    assert isinstance(last, BadRow)
    assert last.reason == "row_rest_lost"


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"title": "a"}, {"标题": "b", "detail": null}]', ["a", "b"]),
        ('{"title": "a"}\n{"title": "b"}\n', ["a", "b"]),
        ('{\n  "title": "a"\n}\n\n{"title": "b"}', ["a", "b"]),
        ('\ufeff  [\n{"title": 5}\n]\n', ["5"]),
        ("[]", []),
    ],
)
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_arrays_and_lines_of_json_are_read_whatever_the_suffix(
    tmp_path: Path, text: str, expected: list[str], suffix: str
) -> None:
    assert titles(csv_file(tmp_path / f"a{suffix}", text)) == expected


def test_a_broken_line_of_json_lines_costs_itself_alone(tmp_path: Path) -> None:
    lines = ['{"title": "a"}', '{"title": "b', '{"title": NaN}', '"c"', "", '{"title": ["d"]}', '{"title": "\\ud83d"}']
    file = csv_file(tmp_path / "a.jsonl", *lines, '{"title": "e"}', "{}")
    assert titles(file) == ["a", "e"]
    assert bad(file) == [
        (2, "", "row_not_json"),
        (3, "", "row_not_json"),
        (4, "", "row_not_object"),
        (6, "title", "row_bad_value"),
        (7, "title", "row_bad_text"),
        (9, "title", "row_no_text"),
    ]


@pytest.mark.parametrize("rest", ['{"title": "b', '{"title": "b"}, {"ti', '{"title": "b"}, ', "nonsense]"])
def test_an_array_that_breaks_off_keeps_the_rows_before(tmp_path: Path, rest: str) -> None:
    file = csv_file(tmp_path / "a.json", "[", '{"title": "a"},', rest)
    assert titles(file) == (["a", "b"] if '"b"}' in rest else ["a"])
    assert bad(file) == [(3, "", "row_rest_lost")]


LONG = st.integers(0, 70_000).map(lambda n: '"\\字\n' * (n // 4))
OBJECTS = st.lists(st.fixed_dictionaries({"title": LONG}, optional={"x": LONG, "嵌套": LONG}), max_size=4)


@given(OBJECTS, st.booleans())
def test_objects_that_the_window_cuts_are_read_whole(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, str]], lines: bool
) -> None:
    written = "\n".join(json.dumps(o, ensure_ascii=False) for o in objects) if lines else json.dumps(objects, indent=1)
    file = csv_file(tmp_path_factory.mktemp("json") / "a.json", written or "[]")
    rows = list(json_rows(file, Encoding("utf-8")))
    assert [row[1] for row in rows if not isinstance(row, BadRow)] == objects
    assert len(rows) == len(objects)


# --- files that are something else ----------------------------------------------------------------------------------


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")


def excel(path: Path) -> None:
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    path.write_bytes(book.getvalue())


def torn(path: Path) -> None:
    excel(path)
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("name", "write", "said"),
    [
        ("a.csv", excel, "a.csv ends in .csv but is xlsx; mend its name, or save it as xlsx in a spreadsheet program"),
        (
            "a.xlsx",
            lambda p: p.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600)),
            "a.xlsx ends in .xlsx but is xls; ",
        ),
        ("a.xlsx", lambda p: p.write_text("标题,内容\n"), "a.xlsx ends in .xlsx but is text; "),
        ("a.xlsx", zipped, "a.xlsx ends in .xlsx but is zip; "),
        ("a.xlsx", torn, "a.xlsx is damaged and cannot be opened"),
        ("a.csv", lambda p: p.write_text("<html><table><tr><td>标题"), "a.csv ends in .csv but is html; "),
        ("a.csv", lambda p: p.write_bytes(b"%PDF-1.7 ..."), "a.csv ends in .csv but is pdf; "),
        ("a.csv", lambda p: p.write_text('[{"title": "a"}]'), "a.csv ends in .csv but is json; "),
        ("a.json", lambda p: p.write_text("标题,内容\n"), "a.json ends in .json but is text; "),
        ("a.csv", lambda p: p.write_bytes(b""), "a.csv is empty"),
        ("a.csv", lambda p: p.write_bytes(b"\n \n"), "a.csv is empty"),
        (
            "a.doc",
            lambda p: p.write_text("标题"),
            "the format of a.doc is not known; use csv, tsv, xlsx, json or jsonl",
        ),
        (
            "a.csv",
            lambda p: p.write_bytes(b"title\n\xff\xff\xff\n"),
            "the encoding of a.csv is not known; save it as UTF-8",
        ),
        (
            "a.csv",
            lambda p: p.write_text("甲,19900001234"),
            "the first rows of a.csv have no title or content column; seen: ",
        ),
        ("a.csv", lambda p: None, "a.csv cannot be read: No such file or directory"),
        ("a.csv", lambda p: p.mkdir(), "a.csv cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_sentence(
    tmp_path: Path, name: str, write: Callable[[Path], object], said: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(IntakeFileError) as caught:
        read_file(tmp_path / name, COLUMNS, source="grid", zone=HANGZHOU)
    assert sentence(caught.value, POLICY, "en").startswith(said)
    assert "19900001234" not in sentence(caught.value, POLICY, "zh")


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    folder = Path(intake_files.__file__).parent
    text = "".join(file.read_text("utf-8") for file in folder.glob("intake_*.py"))
    used = {*re.findall(r'"((?:row|file)_[a-z_0-9]+)"', text)}
    for language in ("zh", "en"):
        assert used == {key for key in POLICY.words[language].screens if key.startswith(("row_", "file_"))}


def test_a_bad_row_says_why_in_the_readers_language_without_the_number_itself(tmp_path: Path) -> None:
    file = csv_file(tmp_path / "a.csv", "标题,联系电话,紧急程度", "a,打1990000123打,", "b,,火急")
    phone, urgency = (row for row in read(file) if isinstance(row, BadRow))
    assert sentence(phone, POLICY, "zh") == "“联系电话”里没有电话号码"
    assert sentence(urgency, POLICY, "en") == (
        '"紧急程度": 火急 is not known; use 一般, 紧急, 特急, normal, urgent, emergency'
    )
