"""A document for programs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from tests.core.a_month import a_month
from tests.reports.a_document import PROVENANCE, a_document
from xixi_workflow.adapters import report_files
from xixi_workflow.core.document import Enclosed, Provenance, Table, provenance_of
from xixi_workflow.core.figures import Figures, canonical, digest
from xixi_workflow.core.public import hide
from xixi_workflow.reports.json_file import write


@dataclass
class Written:
    data: bytes
    figures: Figures


def internal() -> Written:
    figures = a_month(40)
    said = msgspec.structs.replace(PROVENANCE, figures=digest(figures))
    return Written(write(a_document(provenance=said), Enclosed(figures, [])), figures)


def test_the_figures_inside_hash_to_what_the_provenance_says() -> None:
    data = internal().data
    inside = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    said = msgspec.json.decode(inside["provenance"], type=Provenance)
    assert hashlib.sha256(bytes(inside["figures"])).hexdigest() == said.figures
    assert report_files.provenance(data) == said


def test_every_text_and_number_of_the_document_is_there() -> None:
    document = a_document()
    said = json.loads(write(document, Enclosed(a_month(5), [])), parse_float=Decimal)["document"]
    tables = [block for block in said["blocks"] if block["type"] == "Table"]
    for table, block in zip(tables, [b for b in document.blocks if isinstance(b, Table)], strict=True):
        cells = [[(c["text"], c.get("number")) for c in row] for row in table["rows"]]
        assert cells == [[(c.text, c.number) for c in row] for row in block.rows]
    assert (said["title"], said["audit"], said["watermark"]) == (document.title, document.audit, document.watermark)


def test_what_is_withheld_from_the_public_is_null_and_a_difference_of_minus_one_is_not() -> None:
    figures = hide(a_month(60, 3, 61))
    assert figures.overview.mom["filed"].by == -1
    written = json.loads(write(a_document(audience="public"), Enclosed(figures, [])))["figures"]
    assert written["overview"]["mom"]["filed"]["by"] == -1
    hidden = [team for team in figures.teams for n in team.counts.values() if n == -1]
    assert hidden
    assert [[None if n == -1 else n for n in dict(sorted(team.counts.items())).values()] for team in figures.teams] == [
        list(team["counts"].values()) for team in written["teams"]
    ]
    rates = [(rate["numerator"], rate["denominator"]) for team in written["teams"] for rate in team["rates"].values()]
    assert (None, None) in rates
    assert -1 not in [part for rate in rates for part in rate]


def test_the_same_document_has_the_same_bytes() -> None:
    assert internal().data == internal().data
    assert canonical(internal().figures) in internal().data


def test_the_provenance_can_be_made_from_the_member() -> None:
    said = json.loads(internal().data)["provenance"]
    assert provenance_of(json.dumps(said)).period == "2026-10"
