"""Every format that is offered can be written, and the file says what it was made of."""

from __future__ import annotations

import pytest

from tests.core.a_month import a_month
from tests.reports.a_document import FACTS, a_document
from xixi_workflow.adapters import report_files
from xixi_workflow.core.document import Enclosed
from xixi_workflow.engine import exports
from xixi_workflow.reports.formats import MEDIA_TYPES, WRITERS


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_every_format_names_its_provenance(name: str) -> None:
    document = a_document()
    data = WRITERS[name](document, Enclosed(a_month(3), FACTS))
    assert report_files.provenance(data) == document.provenance


def test_what_is_exported_can_be_written_and_served() -> None:
    assert {*exports.FORMATS} == {*WRITERS} == {*MEDIA_TYPES}
