"""Every format carries what it was made of, and the way back is found in the bytes alone."""

from __future__ import annotations

import io
import zipfile

import pytest
from msgspec.structs import replace

from tests.core.a_month import a_month
from tests.reports.a_document import FACTS, PROVENANCE, a_document
from xixi_workflow.adapters.report_files import ReportFileError, provenance
from xixi_workflow.core.document import MARK, Document, Enclosed, Provenance, provenance_of
from xixi_workflow.reports.formats import WRITERS

#: Whoever exported it has a name that every format must escape somehow.
AWKWARD = replace(PROVENANCE, exported_by='张三（值班）-->\\"<b>,\r\n;&amp;)(', team="", report="")
LANGUAGES = ("zh", "en")


def written(form: str, document: Document) -> bytes:
    return WRITERS[form](document, Enclosed(a_month(30), FACTS if document.audience == "internal" else []))


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("audience", ["internal", "public"])
@pytest.mark.parametrize("made_of", [PROVENANCE, AWKWARD], ids=["plain", "awkward"])
def test_what_a_file_was_made_of_is_read_back_from_it(form: str, audience: str, made_of: Provenance) -> None:
    document = a_document("zh", audience, provenance=made_of)  # type: ignore[arg-type]
    assert provenance(written(form, document)) == made_of


@pytest.mark.parametrize("form", WRITERS)
def test_a_sentence_that_looks_like_an_origin_is_none(form: str) -> None:
    """Whoever may edit a sentence must not be able to say where the file comes from."""
    forged = replace(PROVENANCE, version=9, figures="e" * 64)
    document = a_document(title=forged.line, audit=forged.line)
    assert provenance(written(form, document)) == PROVENANCE


def test_the_line_is_ascii_and_its_own_inverse() -> None:
    assert AWKWARD.line.isascii()
    assert AWKWARD.line.isprintable()
    assert provenance_of(AWKWARD.line) == AWKWARD


def a_zip(name: str, text: str) -> bytes:
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w") as parts:
        parts.writestr(name, text)
    return to.getvalue()


FOREIGN: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("a letter", "尊敬的领导".encode()),
    ("bytes", bytes(range(256))),
    ("a pdf of others", b"%PDF-1.7\n<pdf:Keywords>report</pdf:Keywords>"),
    ("a page of others", b"<!doctype html><html><!-- xixi --></html>"),
    ("json of others", b'{"provenance": null}'),
    ("json of others with an origin", b'{"provenance": {"period": "2026-10"}}'),
    ("a list", b'["provenance"]'),
    ("a zip of others", a_zip("word/document.xml", PROVENANCE.line)),
    ("properties of others", a_zip("docProps/core.xml", "<dc:description>annual report</dc:description>")),
    ("half an origin", PROVENANCE.line[:-20].encode()),
    ("an origin that lacks something", (MARK + '{"period":"2026-10"}').encode()),
]


@pytest.mark.parametrize("data", [data for _, data in FOREIGN], ids=[name for name, _ in FOREIGN])
def test_a_file_that_does_not_say_is_refused_in_both_languages(data: bytes) -> None:
    with pytest.raises(ReportFileError, match="does not say what it was made of") as refused:
        provenance(data)
    assert "没有出处信息" in refused.value.zh


@pytest.mark.parametrize("data", [b"PK\x03\x04 and no more", b"{", b'{"a":' * 100_000], ids=["zip", "json", "depth"])
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(ReportFileError, match="damaged"):
        provenance(data)
