"""A document as JSON, for programs: one object with three members.

* `provenance`: what the file was made of.
* `document`: texts, tables and charts as they are printed, each number beside its text.
* `figures`: the period's figures. Of an internal document these are the canonical bytes (`core/figures.py`), whose
  SHA-256 is `provenance.figures`; of a public one the figures that the public may see, a withheld number being null.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import msgspec

from xixi_workflow.core.document import Document, Enclosed
from xixi_workflow.core.figures import WITHHELD, Figures, canonical

#: Members that may be less than nothing: differences.
_SIGNED: Final = ("by", "points", "percent")
_encode: Final = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode


def write(document: Document, enclosed: Enclosed) -> bytes:
    """The file's bytes, UTF-8, one line."""
    said = {
        name: getattr(document, name) for name in document.__struct_fields__ if name not in ("provenance", "blocks")
    }
    members = [
        ("provenance", _encode(document.provenance)),
        ("document", _encode({**said, "blocks": document.blocks})),
        # Put in as they are: another encoder might write the same numbers with other bytes.
        ("figures", canonical(enclosed.figures) if document.audience == "internal" else _public(enclosed.figures)),
    ]
    return b"{" + b",\n".join(b'"%s":%s' % (name.encode(), value) for name, value in members) + b"}\n"


def _public(figures: Figures) -> bytes:
    return _encode(_blanked(json.loads(canonical(figures), parse_float=Decimal)))


def _blanked(node: Any, name: str = "") -> Any:
    if isinstance(node, dict):
        return {key: _blanked(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_blanked(value) for value in node]
    return None if node == WITHHELD and name not in _SIGNED else node
