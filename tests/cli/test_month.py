"""Closing a month at the terminal, correcting it, editing its sentences, and asking of a file whether it is true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.terminal import answer, xixi
from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.exports import Asked, export
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.reports.formats import WRITERS
from xixi_workflow.settings import Settings

#: Long over, whatever the clock of the machine says.
JUNE_29 = datetime(2025, 6, 29, 2, 0, tzinfo=UTC)


@pytest.fixture
def month(database_url: str) -> str:
    """June 2025: one petition answered in time and rated, one that nobody ever touched. Its database."""
    engine = opened(database_url)
    who = c.Petitioner("", "19900000000")
    filings = [c.FilePetition("visit", str(n), "夜间施工噪音扰民", petitioner=who) for n in (1, 2)]
    numbers = [d.number for d in engine.handle([Request(0, f, Actor("operator")) for f in filings], now=JUNE_29)]
    sweep(engine, now=JUNE_29 + timedelta(seconds=1))
    steps: list[tuple[Actor, c.Command]] = [
        (Actor("handler"), c.AcceptPetition()),
        (Actor("handler"), c.ResolvePetition("solved", "已停工")),
        (Actor("petitioner"), c.RatePetition("satisfied")),
    ]
    for minutes, (actor, command) in enumerate(steps, start=5):
        at = JUNE_29 + timedelta(minutes=minutes)
        engine.handle([Request(numbers[0], command, actor)], now=at)
    at = JUNE_29 + timedelta(minutes=10)
    engine.handle([Request(numbers[1], c.AcceptPetition(), Actor("handler"))], now=at)
    while sweep(engine, now=JUNE_29 + timedelta(days=3)).more:
        pass
    engine.store.close()
    return database_url


def opened(url: str) -> Engine:
    return wiring.open_engine(Settings(database_url=url), now=JUNE_29)


def report_late(url: str) -> str:
    """What was done on 29 June is noted only in July; the petition's number."""
    engine = opened(url)
    with engine.store.reading() as db:
        number = db.scalar(sa.text("SELECT max(id) FROM petition"))
    command = c.ResolvePetition("solved", "当时已办")
    request = Request(int(number), command, Actor("operator", "anna"), JUNE_29 + timedelta(hours=1))
    [done] = engine.handle([request], now=JUNE_29 + timedelta(days=4))
    assert done.refused is None
    engine.store.close()
    return str(number)


def issue(url: str, folder: Path, form: str = "json", **more: str) -> Path:
    """A report of June in `folder`."""
    engine = opened(url)
    asked = Asked("2025-06", formats=(form,), **more)  # type: ignore[arg-type]
    [file] = export(engine, asked, WRITERS, by="clerk", now=JUNE_29 + timedelta(days=3))
    engine.store.close()
    path = folder / file.name
    path.write_bytes(file.data)
    return path


def test_a_month_is_frozen_listed_and_the_same_when_it_is_counted_again(month: str) -> None:
    frozen = answer("month", "freeze", "2025-06", "--by", "anna", database=month)
    assert (frozen["period"], frozen["version"], frozen["by"]) == ("2025-06", 1, "anna")
    [listed] = answer("month", "list", database=month)
    assert (listed["report"], listed["root"], listed["changes"]) == (frozen["report"], frozen["root"], 0)
    assert frozen["report"][:12] in xixi("month", "list", database=month).stdout
    assert answer("month", "recount", "2025-06", database=month) == {
        "same": True, "changes": [], "reasons": [], "kept": None,
    }  # fmt: skip
    assert "the same to the byte" in xixi("month", "recount", "2025-06", database=month).stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("freeze", "2025-06"), 3, "2025-06 was frozen already, on "),
        (("freeze", "2199-01"), 3, "2199-01 is not over; it can be frozen from 2199-02-01 00:00 on"),
        (("freeze", "June"), 2, "'June' is not a month or a week"),
        (("recount", "2025-05"), 3, "2025-05 is not frozen; first: xixi month freeze 2025-05"),
        (("text", "2025-06", "--form", "daily"), 3, "unknown form 'daily'; known: "),
        (("text", "2025-06", "--of", "fr"), 2, "choose zh or en"),
        (("edit", "2025-06", "praise-of-us", "Well done"), 3, "there is no sentence 'praise-of-us'; known: "),
        (("issued", "--period", "June"), 2, "'June' is not a month or a week"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_one_line(month: str, words: tuple[str, ...], code: int, told: str) -> None:
    assert xixi("month", "freeze", "2025-06", database=month).exit_code == 0
    refused = xixi("month", *words, database=month)
    assert refused.exit_code == code
    assert told in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("freeze", "June"), "“June”不是月份也不是周"),
        (("text", "2025-06", "--of", "fr"), "只能是 zh 或 en"),
        (("text", "2025-06", "--form", "team"), "请指定单位"),
        (("text", "2025-06", "--form", "team", "--team", "nobody"), "没有单位“nobody”的数字"),
        (("recount", "2025-05"), "先封存：xixi month freeze 2025-05"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_chinese_session_is_refused_in_chinese(month: str, words: tuple[str, ...], told: str) -> None:
    assert told in xixi("month", *words, "--language", "zh", database=month).stderr


def test_every_step_names_the_next_one_and_no_list_is_wider_than_a_page(month: str, tmp_path: Path) -> None:
    frozen = xixi("month", "freeze", "2025-06", database=month).stdout
    assert "→ the documents: xixi report 2025-06 --out DIR" in frozen
    key = answer("month", "text", "2025-06", database=month)[0]["key"]
    shown = xixi("month", "text", "2025-06", database=month).stdout
    assert shown.splitlines()[0] == "2025-06  monthly  version 1"
    assert "xixi month edit 2025-06 KEY TEXT" in shown
    edited = xixi("month", "edit", "2025-06", key, "Well done.", database=month).stdout
    assert "now  Well done." in edited
    assert "xixi report 2025-06 --out DIR" in edited
    issue(month, tmp_path)
    for words in (("month", "list"), ("month", "issued")):
        lines = xixi(*words, database=month).stdout.splitlines()
        assert max(map(len, lines)) <= 100


def test_a_late_report_is_told_with_its_petition_and_becomes_a_correction_when_asked_for(month: str) -> None:
    xixi("month", "freeze", "2025-06", database=month)
    number = report_late(month)
    differs = xixi("month", "recount", "2025-06", database=month)
    assert differs.exit_code == 1
    for part in ("50.00% (1/2)", "100.00% (2/2)", number, "operator:anna", "noted late", "--correct"):
        assert part in differs.stdout
    assert len(answer("month", "list", database=month)) == 1
    told = answer("month", "recount", "2025-06", "--correct", "--by", "bert", database=month)
    assert (told["kept"]["version"], told["kept"]["by"]) == (2, "bert")
    assert [reason["no"] for reason in told["reasons"]] == [number]
    assert [(one["version"], one["reasons"]) for one in answer("month", "list", database=month)] == [(1, 0), (2, 1)]
    assert xixi("month", "recount", "2025-06", database=month).exit_code == 0


def test_chinese_is_the_other_language(month: str) -> None:
    said = xixi("month", "freeze", "2025-06", "--language", "zh", database=month).stdout
    assert "2025-06 已封存（第 1 版）" in said
    assert "已于" in xixi("month", "freeze", "2025-06", "--language", "zh", database=month).stderr
    report_late(month)
    shown = xixi("month", "recount", "2025-06", "--correct", "--language", "zh", database=month).stdout
    for part in ("办结及时率", "补记", "已作更正，存为第 2 版"):
        assert part in shown


def test_a_sentence_is_shown_with_its_sources_edited_and_restored(month: str) -> None:
    before = answer("month", "text", "2025-06", "--of", "zh", database=month)
    key = next(one["key"] for one in before if one.get("sources"))
    draft = next(one["text"] for one in before if one["key"] == key)
    source = next(one["sources"][0] for one in before if one["key"] == key)
    assert (
        f"{source['path']} = {source['text']}" in xixi("month", "text", "2025-06", "--of", "zh", database=month).stdout
    )
    edited = xixi("month", "edit", "2025-06", key, "办理98.76%。", "--of", "zh", "--by", "chief", database=month)
    assert edited.exit_code == 0
    assert "no figure of the draft is 98.76" in edited.stdout
    shown = xixi("month", "text", "2025-06", "--of", "zh", database=month).stdout
    for part in ("办理98.76%。", "chief", f"draft: {draft}"):
        assert part in shown
    # Every language is a text of its own.
    assert "98.76" not in xixi("month", "text", "2025-06", database=month).stdout
    restored = xixi("month", "edit", "2025-06", key, "", "--of", "zh", database=month)
    assert "the draft again" in restored.stdout
    assert answer("month", "text", "2025-06", "--of", "zh", database=month) == before


def test_issued_files_are_listed_with_their_digests(month: str, tmp_path: Path) -> None:
    assert "nothing was issued yet" in xixi("month", "issued", database=month).stdout
    issue(month, tmp_path)
    issue(month, tmp_path, "csv", audience="public")
    told = answer("month", "issued", "--period", "2025-06", database=month)
    assert [(one["format"], one["audience"], one["by"]) for one in told] == [
        ("csv", "public", "clerk"),
        ("json", "internal", "clerk"),
    ]
    assert told[0]["sha256"][:12] in xixi("month", "issued", database=month).stdout
    assert answer("month", "issued", "--period", "2025-05", database=month) == []


# --- is it true -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "csv", "pdf", "xlsx", "docx", "html"])
def test_a_report_as_it_was_issued_is_true_in_every_format(month: str, tmp_path: Path, form: str) -> None:
    xixi("month", "freeze", "2025-06", database=month)
    path = issue(month, tmp_path, form)
    told = answer("verify", "--report", str(path), database=month)
    assert told["sound"] is True
    assert {one["what"]: one["verdict"] for one in told["findings"]} == dict.fromkeys(
        ("file", "journal", "frozen", "figures", "made"), "ok"
    )


def test_what_is_wrong_with_a_report_is_told_line_by_line(month: str, tmp_path: Path) -> None:
    xixi("month", "freeze", "2025-06", database=month)
    path = issue(month, tmp_path)
    fine = xixi("verify", "--report", str(path), database=month)
    assert fine.exit_code == 0
    assert fine.stdout.splitlines()[0] == "the report is what it says it is"
    path.write_bytes(path.read_bytes().replace("2025年".encode(), "2024年".encode(), 1))
    changed = xixi("verify", "--report", str(path), database=month)
    assert changed.exit_code == 1
    assert "✗ the file was changed since" in changed.stdout
    assert "✓ the journal is sound" in changed.stdout
    assert changed.stdout.splitlines()[0] == "the report cannot be relied on, see below"
    said = xixi("verify", "--report", str(path), "--language", "zh", database=month).stdout
    assert said.splitlines()[0] == "报告不可采信，原因见下"


def test_a_report_that_was_corrected_says_so(month: str, tmp_path: Path) -> None:
    xixi("month", "freeze", "2025-06", database=month)
    path = issue(month, tmp_path)
    report_late(month)
    xixi("month", "recount", "2025-06", "--correct", database=month)
    told = xixi("verify", "--report", str(path), database=month)
    assert told.exit_code == 1
    assert "superseded by version 2" in told.stdout


def test_a_tampered_journal_is_found_from_a_report(month: str, tmp_path: Path) -> None:
    xixi("month", "freeze", "2025-06", database=month)
    path = issue(month, tmp_path)
    engine = opened(month)
    with engine.store.writing() as db:
        db.execute(sa.text("UPDATE journal SET actor = 'handler:other' WHERE event = 'resolved'"))
    engine.store.close()
    told = xixi("verify", "--report", str(path), database=month)
    assert told.exit_code == 1
    assert "✗ the journal was changed: seal" in told.stdout


def test_a_file_that_is_no_report_or_is_not_there_is_said_in_one_line(month: str, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("尊敬的领导", encoding="utf-8")
    refused = xixi("verify", "--report", str(letter), database=month)
    assert refused.exit_code == 1
    assert "does not say what it was made of" in refused.stderr
    gone = xixi("verify", "--report", str(tmp_path / "none.pdf"), database=month)
    assert gone.exit_code == 4
    assert "none.pdf is not there" in gone.stderr
    folder = xixi("verify", "--report", str(tmp_path), "--language", "zh", database=month)
    assert folder.exit_code == 4
    assert "是文件夹，请指明一份报告" in folder.stderr
