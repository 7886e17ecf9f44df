"""Filing the petitions of a file."""

import json
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.cli.terminal import answer, xixi
from xixi_workflow import clock
from xixi_workflow.engine.bulk import BATCH

GOOD = [("1001", "路灯不亮", "十字路口的路灯坏了"), ("1002", "油烟扰民", "楼下烧烤油烟很大"), ("1003", "井盖松动", "")]


@pytest.fixture(params=["csv", "xlsx", "json"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Three petitions in a file of each kind, with Chinese headings."""
    headings = ("编号", "标题", "内容")
    path = tmp_path / f"petitions.{request.param}"
    if request.param == "csv":
        path.write_text("\n".join(",".join(row) for row in (headings, *GOOD)), encoding="utf-8")
    elif request.param == "json":
        path.write_text(json.dumps([dict(zip(headings, row, strict=True)) for row in GOOD]), encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in (headings, *GOOD):
            sheet.append(row)
        book.save(path)
    return path


def test_a_file_is_filed_once_however_often_it_is_given(file: Path, database_url: str) -> None:
    given = ["intake", str(file), "--source", "visit"]
    assert answer(*given, database=database_url) == {"filed": 3, "repeated": 0, "bad": []}
    assert answer(*given, database=database_url) == {"filed": 0, "repeated": 3, "bad": []}
    assert [line["title"] for line in answer("list", database=database_url)] == [title for _, title, _ in GOOD]


def test_bad_rows_are_listed_with_line_and_reason_and_good_ones_are_kept(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text(
        "id,title,created_at\n1,路灯不亮,2026-11-01 08:00\n2,,2026-11-01 08:00\n3,井盖松动,gestern\n4,油烟扰民,\n",
        encoding="utf-8",
    )
    told = answer("intake", str(file), "--source", "visit", database=database_url, code=1)
    assert told["filed"] == 2
    assert [(row["line"], row["field"]) for row in told["bad"]] == [(3, "title"), (4, "received_at")]
    shown = xixi("intake", str(file), "--source", "visit", database=database_url)
    assert shown.exit_code == 1
    assert "line 3" in shown.stdout
    assert "gestern" in shown.stdout
    assert "filed 0  repeated 2  bad 2" in shown.stdout
    file.write_text(file.read_text(encoding="utf-8").replace("gestern", "2026-11-02 09:00"), encoding="utf-8")
    assert answer("intake", str(file), "--source", "visit", database=database_url, code=1)["filed"] == 1


def test_what_the_engine_refuses_is_a_bad_row_with_its_number(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "future.csv"
    tomorrow = (clock.now() + timedelta(days=2)).isoformat()
    file.write_text(f"id,title,created_at\n7,来自明天,{tomorrow}\n8,井盖松动,\n", encoding="utf-8")
    told = answer("intake", str(file), "--source", "visit", database=database_url, code=1)
    assert told["filed"] == 1
    assert [(row["field"], row["reason"]) for row in told["bad"]] == [("visit 7", "from_the_future")]


def test_more_rows_than_a_batch_are_all_filed(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "many.csv"
    file.write_text("id,title\n" + "".join(f"{n},路灯不亮 {n}\n" for n in range(2 * BATCH + 1)), encoding="utf-8")
    assert answer("intake", str(file), "--source", "visit", database=database_url)["filed"] == 2 * BATCH + 1
    assert len(answer("list", "--limit", "9999", database=database_url)) == 2 * BATCH + 1


def test_rows_that_name_their_source_need_no_option_and_others_are_bad(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "sources.csv"
    file.write_text("id,title,来源\n1,路灯不亮,西湖码\n2,油烟扰民,\n3,井盖松动,visit\n", encoding="utf-8")
    told = answer("intake", str(file), database=database_url, code=1)
    assert told["filed"] == 2
    assert [(row["line"], row["field"]) for row in told["bad"]] == [(3, "source")]


def test_a_column_may_be_named_by_hand(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("what,who knows\n路灯不亮,x\n", encoding="utf-8")
    given = ["intake", str(file), "--source", "visit"]
    assert xixi(*given, database=database_url).exit_code == 4
    assert answer(*given, "--map", "title=what", database=database_url)["filed"] == 1


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--source", "nowhere"], 2, "nowhere"),
        (["--source", "visit", "--map", "title"], 2, "field=column"),
        (["--source", "visit", "--map", "subject=标题"], 2, "subject"),
        (["--source", "visit", "--map", "title=主旨"], 2, "主旨"),
        ([], 2, "--source"),
    ],
)
def test_a_wrong_option_is_named(options: list[str], code: int, said: str, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "petitions.csv"
    file.write_text("标题\n路灯不亮\n", encoding="utf-8")
    result = xixi("intake", str(file), *options, database=database_url)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("name", "data"), [("none.csv", None), ("letter.doc", b"x"), ("empty.csv", b"")])
def test_a_file_that_cannot_be_used_ends_with_code_4(
    name: str, data: bytes | None, tmp_path: Path, database_url: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    result = xixi("intake", str(tmp_path / name), "--source", "visit", database=database_url)
    assert result.exit_code == 4
    assert name in result.stderr
    assert result.stderr.count("\n") == 1
