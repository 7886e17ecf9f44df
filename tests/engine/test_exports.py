"""Files leave the house with their origin written inside and in our book; anybody can ask whether they are true."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from tests.engine.centre import sweep_all
from tests.engine.test_freeze import FROZEN, NEXT_DAY, OUTCOME, at, live, number_of, resolve_late, tamper
from xixi_workflow.core.document import Document, Enclosed, Provenance, provenance_of
from xixi_workflow.core.figures import digest
from xixi_workflow.engine import exports, sentences
from xixi_workflow.engine.check_report import Finding, check, sound
from xixi_workflow.engine.exports import Asked, Exported, export, issued
from xixi_workflow.engine.freeze import FreezeError, freeze, frozen, recount
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.tables import metadata

JOURNAL = metadata.tables["journal"]
NOVEMBER = Asked("2026-11", formats=("html",))


def plain(document: Document, enclosed: Enclosed) -> bytes:
    """A format of our own: everything that a writer is given."""
    told = {"line": document.provenance.line, "document": document, "enclosed": enclosed}
    return msgspec.json.encode(told)


WRITERS = {"html": plain, "csv": lambda document, _: document.provenance.line.encode()}


@pytest.fixture
def month(engine: Engine) -> Engine:
    live(engine)
    sweep_all(engine, now=NEXT_DAY)
    return engine


@pytest.fixture
def closed(month: Engine) -> Engine:
    freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    return month


def one(engine: Engine, asked: Asked = NOVEMBER, now: datetime = NEXT_DAY) -> Exported:
    [file] = export(engine, asked, WRITERS, by="clerk", now=now)
    return file


def says(file: Exported) -> Provenance:
    return provenance_of(msgspec.json.decode(file.data)["line"])


def document(file: Exported) -> Document:
    return msgspec.convert(msgspec.json.decode(file.data)["document"], Document)


def asked_of(engine: Engine, file: Exported, data: bytes | None = None) -> dict[str, Finding]:
    return {finding.what: finding for finding in check(engine, data or file.data, says(file), WRITERS)}


def test_every_file_is_noted_before_it_is_handed_out(closed: Engine) -> None:
    asked = replace(NOVEMBER, formats=("html", "csv"))
    files = export(closed, asked, WRITERS, by="clerk", now=NEXT_DAY)
    assert [file.name for file in files] == ["2026-11-monthly-zh.html", "2026-11-monthly-zh.csv"]
    assert [file.sha256 for file in files] == [hashlib.sha256(file.data).hexdigest() for file in files]
    noted = list(issued(closed))[::-1]
    assert [(n.sha256, n.name, n.format, n.bytes) for n in noted] == [
        (file.sha256, file.name, file.format, len(file.data)) for file in files
    ]
    assert {(n.version, n.by, n.at, n.audience) for n in noted} == {(1, "clerk", NEXT_DAY, "internal")}
    assert list(issued(closed, "2026-10")) == []


def test_a_file_that_cannot_be_written_is_not_noted(closed: Engine) -> None:
    def broken(document: Document, enclosed: Enclosed) -> bytes:
        raise RuntimeError("no font")

    with pytest.raises(RuntimeError):
        export(closed, replace(NOVEMBER, formats=("html", "pdf")), {**WRITERS, "pdf": broken}, by="x", now=NEXT_DAY)
    assert list(issued(closed)) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (replace(NOVEMBER, formats=("odt",)), "unknown format odt; known: html, csv"),
        (replace(NOVEMBER, form="daily"), "unknown form 'daily'; known: .*monthly"),
        (replace(NOVEMBER, period="November"), "is not a month or a week"),
        (replace(NOVEMBER, period="2026-W48"), "is about a month, and 2026-W48 is none"),
    ],
    ids=["format", "form", "period", "kind"],
)
def test_what_nobody_can_write_is_refused_in_words(closed: Engine, asked: Asked, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        one(closed, asked)
    assert list(issued(closed)) == []


def test_a_month_that_is_not_frozen_is_exported_as_a_draft(month: Engine) -> None:
    file = one(month)
    assert file.name == "2026-11-monthly-zh-draft.html"
    assert (says(file).version, says(file).report) == (0, "")
    assert "草稿" in document(file).watermark
    assert frozen(month, "2026-11") is None


def test_a_frozen_month_is_exported_as_it_was_signed_whatever_is_known_since(closed: Engine) -> None:
    before = one(closed)
    resolve_late(closed, number_of(closed, 2), happened=at(hours=5), now=NEXT_DAY)
    after = one(closed)
    kept = frozen(closed, "2026-11")
    assert kept is not None
    assert says(before) == says(after)
    assert (says(after).version, says(after).report, says(after).figures) == (1, kept.report, kept.digest)
    assert document(before) == document(after)
    assert "草稿" not in document(after).watermark


def test_a_corrected_month_says_what_was_corrected(closed: Engine) -> None:
    resolve_late(closed, number_of(closed, 2), happened=at(hours=5), now=NEXT_DAY)
    recount(closed, "2026-11", by="bert", now=NEXT_DAY, keep=True)
    file = one(closed)
    assert (file.name, says(file).version) == ("2026-11-monthly-zh-v2.html", 2)
    text = file.data.decode()
    assert "33.33% (1/3)" in text
    assert "66.67% (2/3)" in text


def test_the_public_gets_no_facts_and_no_number_that_is_withheld(closed: Engine) -> None:
    resolve_late(closed, number_of(closed, 2), happened=at(hours=5), now=NEXT_DAY)
    recount(closed, "2026-11", by="bert", now=NEXT_DAY, keep=True)
    inside, outside = one(closed), one(closed, replace(NOVEMBER, audience="public"))
    assert msgspec.json.decode(inside.data)["enclosed"]["facts"]
    told = msgspec.json.decode(outside.data)
    assert told["enclosed"]["facts"] == []
    assert outside.name == "2026-11-monthly-public-zh-v2.html"
    # One of three, later two of three: both are counts that point at people.
    assert "1/3" not in outside.data.decode()
    assert "2/3" not in outside.data.decode()
    # The file says of which figures it is a part; not what they are.
    assert says(outside).figures == says(inside).figures
    shown = exports.take(closed, "2026-11").figures
    assert digest(shown) == says(outside).figures


# --- sentences ------------------------------------------------------------------------------------------------------


def first_with_numbers(engine: Engine) -> tuple[str, str]:
    """Key and text of a sentence that quotes a figure."""
    found = next(s for s in sentences.sentences(engine, NOVEMBER, now=NEXT_DAY) if s.sources)
    return found.key, found.text


def test_every_sentence_says_which_figures_its_numbers_are(closed: Engine) -> None:
    found = sentences.sentences(closed, NOVEMBER, now=NEXT_DAY)
    assert len({one.key for one in found}) == len(found) > 3
    for sentence in found:
        assert all(source.path and source.text in sentence.text for source in sentence.sources)
        assert (sentence.draft, sentence.edited_by, sentence.edited_at) == ("", "", None)


def test_an_edit_stands_in_the_place_of_the_draft_and_the_draft_is_kept_beside_it(closed: Engine) -> None:
    key, draft = first_with_numbers(closed)
    before = one(closed)
    later = NEXT_DAY + timedelta(hours=1)
    told = sentences.edit(closed, NOVEMBER, key, "各单位  办理及时。", by="chief", now=later)
    assert (told.edit.n, told.edit.was, told.edit.text, told.strange) == (1, draft, "各单位 办理及时。", [])
    after = one(closed, now=later)
    [sentence] = [s for s in exports.said(document(after)) if s.key == key]
    assert (sentence.text, sentence.draft) == ("各单位 办理及时。", draft)
    assert (sentence.edited_by, sentence.edited_at) == ("chief", later)
    assert [s.text for s in exports.said(document(before)) if s.key == key] == [draft]
    # The other language is another text.
    english = sentences.sentences(closed, replace(NOVEMBER, language="en"), now=later)
    assert all(not s.draft for s in english)


def test_the_last_edit_counts_an_empty_one_restores_the_draft_and_none_is_lost(closed: Engine) -> None:
    key, draft = first_with_numbers(closed)
    for n, text in enumerate(["一稿", "二稿", ""]):
        sentences.edit(closed, NOVEMBER, key, text, by="chief", now=NEXT_DAY + timedelta(minutes=n))
    kept = sentences.edits(closed, NOVEMBER)
    assert [(e.n, e.was, e.text) for e in kept] == [(1, draft, "一稿"), (2, "一稿", "二稿"), (3, "二稿", "")]
    [sentence] = [s for s in sentences.sentences(closed, NOVEMBER, now=NEXT_DAY) if s.key == key]
    assert (sentence.text, sentence.draft) == (draft, "")


def test_a_sentence_that_does_not_exist_is_refused_with_those_that_do(closed: Engine) -> None:
    key, _ = first_with_numbers(closed)
    with pytest.raises(FreezeError, match=rf"there is no sentence 'praise-of-us'; known: .*{key}"):
        sentences.edit(closed, NOVEMBER, "praise-of-us", "很好", by="chief", now=NEXT_DAY)
    with pytest.raises(FreezeError, match="at most 2000 characters"):
        sentences.edit(closed, NOVEMBER, key, "好" * 2001, by="chief", now=NEXT_DAY)
    assert sentences.edits(closed, NOVEMBER) == []


def test_a_number_for_which_no_figure_vouches_is_told_and_stays_inside(closed: Engine) -> None:
    key, _ = first_with_numbers(closed)
    told = sentences.edit(closed, NOVEMBER, key, "本月办理98.76%，另有4321件。", by="chief", now=NEXT_DAY)
    assert told.strange == ["98.76", "4321"]
    assert "4321件" in one(closed).data.decode()
    public = document(one(closed, replace(NOVEMBER, audience="public")))
    assert all("4321" not in sentence.text for sentence in exports.said(public))
    # Words alone may go out.
    sentences.edit(closed, NOVEMBER, key, "各单位办理及时。", by="chief", now=NEXT_DAY)
    public = document(one(closed, replace(NOVEMBER, audience="public")))
    said = {sentence.key: sentence.text for sentence in exports.said(public)}
    assert said.get(key, "各单位办理及时。") == "各单位办理及时。"


# --- is it true -----------------------------------------------------------------------------------------------------


def test_a_file_as_it_was_issued_is_true_in_every_point(closed: Engine) -> None:
    key, _ = first_with_numbers(closed)
    sentences.edit(closed, NOVEMBER, key, "各单位办理及时。", by="chief", now=NEXT_DAY)
    file = one(closed)
    # What is edited later is not this file's.
    sentences.edit(closed, NOVEMBER, key, "", by="chief", now=NEXT_DAY + timedelta(minutes=1))
    found = asked_of(closed, file)
    assert {what: finding.verdict for what, finding in found.items()} == dict.fromkeys(
        ("file", "journal", "frozen", "figures", "made"), "ok"
    )
    assert sound(list(found.values()))


def test_a_public_file_is_true_though_it_withholds_figures(closed: Engine) -> None:
    found = asked_of(closed, one(closed, replace(NOVEMBER, audience="public")))
    assert {finding.verdict for finding in found.values()} == {"ok"}


def test_a_file_that_was_changed_is_told_from_one_that_was_never_issued(closed: Engine) -> None:
    file = one(closed)
    found = asked_of(closed, file, file.data.replace(b"2026", b"2027", 1))
    assert found["file"].verdict == "wrong"
    assert "the file was changed since: none of the 1 issued with it" in found["file"].en
    assert not sound(list(found.values()))
    foreign = replace(says(file), exported_by="nobody")
    assert "no such file was issued" in check(closed, b"other", foreign, WRITERS)[0].en


def test_a_file_with_other_figures_is_in_the_wrong_and_not_the_database(closed: Engine) -> None:
    file = one(closed)
    forged = {f.what: f for f in check(closed, file.data, replace(says(file), figures="0" * 64), WRITERS)}
    assert forged["frozen"].verdict == forged["figures"].verdict == "wrong"
    assert forged["figures"].en == "counted again, figures are as kept and not as the file says"


def test_a_journal_that_was_changed_is_found_from_the_file(closed: Engine) -> None:
    file = one(closed)
    tamper(closed.store, sa.update(JOURNAL).where(JOURNAL.c.event == "resolved").values(actor="handler:other"))
    found = asked_of(closed, file)
    assert found["journal"].verdict == "wrong"
    assert "the journal was changed: seal" in found["journal"].en


@pytest.mark.parametrize("change", [{"root": "1" * 64}, {"seal": 10**6}], ids=["root", "seal"])
def test_a_root_that_the_journal_never_had_is_found(closed: Engine, change: dict[str, object]) -> None:
    file = one(closed)
    found = {f.what: f for f in check(closed, file.data, replace(says(file), **change), WRITERS)}
    assert found["journal"].verdict == found["frozen"].verdict == "wrong"


def test_a_frozen_row_that_was_changed_is_found_from_the_file(closed: Engine) -> None:
    file = one(closed)
    tamper(closed.store, sa.update(FROZEN).values(by="somebody"))
    found = asked_of(closed, file)
    assert found["frozen"].verdict == "wrong"
    assert "does not fit its hash" in found["frozen"].en
    tamper(closed.store, sa.delete(FROZEN))
    assert "has no frozen version 1" in asked_of(closed, file)["frozen"].en


def test_a_verdict_that_was_changed_past_the_journal_is_found_by_counting_again(closed: Engine) -> None:
    file = one(closed)
    tamper(closed.store, sa.update(OUTCOME).where(OUTCOME.c.result == "late").values(result="on_time"))
    found = asked_of(closed, file)
    assert found["journal"].verdict == found["frozen"].verdict == "ok"
    assert found["figures"].verdict == "wrong"
    assert "past it" in found["figures"].en


def test_a_late_report_and_then_its_correction_show_on_the_file_that_was_signed_before(closed: Engine) -> None:
    file = one(closed)
    resolve_late(closed, number_of(closed, 2), happened=at(hours=5), now=NEXT_DAY)
    found = asked_of(closed, file)
    assert found["figures"].verdict == "wrong"
    assert "1 petition(s) since" in found["figures"].en
    recount(closed, "2026-11", by="bert", now=NEXT_DAY, keep=True)
    found = asked_of(closed, file)
    assert (found["figures"].verdict, found["newer"].verdict) == ("note", "wrong")
    assert "superseded by version 2" in found["newer"].en
    assert {f.verdict for what, f in asked_of(closed, one(closed)).items() if what != "made"} == {"ok"}


def test_a_draft_is_called_one_and_gives_way_to_the_frozen_month(month: Engine) -> None:
    file = one(month)
    found = asked_of(month, file)
    assert found["frozen"].verdict == "note"
    assert sound(list(found.values()))
    freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    found = asked_of(month, file)
    assert "version 1 counts, not this draft" in found["newer"].en
    assert not sound(list(found.values()))
