"""The sentences of a report as they were drafted, and as people made them; an edit is kept beside the draft."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from xixi_workflow.core.document import Sentence
from xixi_workflow.core.frozen import Edit
from xixi_workflow.core.quoted_numbers import strange_numbers
from xixi_workflow.engine.exports import Asked, Taken, fill, said, take
from xixi_workflow.engine.freeze import FreezeError
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import frozen as store

#: Characters of an edited sentence.
LONGEST: Final = 2000


class Edited(msgspec.Struct, frozen=True):
    """An edit that was kept. `strange`: its numbers that stand in no figure of the draft; nobody vouches for them."""

    edit: Edit
    strange: list[str] = []


def sentences(engine: Engine, asked: Asked, *, now: datetime, taken: Taken | None = None) -> list[Sentence]:
    """Every sentence of a document in its order, with what its numbers come from; edited ones carry their draft.

    Raises as `exports.export` does.
    """
    document, _ = fill(engine, asked, taken or take(engine, asked.period), by="", now=now)
    return said(document)


def edit(engine: Engine, asked: Asked, key: str, text: str, *, by: str, now: datetime) -> Edited:
    """Put `text` in the place of a drafted sentence, for every document made from now on; "" restores the draft.

    Raises `FreezeError` for a sentence that the document does not have.
    """
    found = {one.key: one for one in sentences(engine, asked, now=now)}
    if key not in found:
        known = ", ".join(found)
        raise FreezeError(f"没有“{key}”这一句；可改的有：{known}", f"there is no sentence {key!r}; known: {known}")
    text = " ".join(text.split())
    if len(text) > LONGEST:
        raise FreezeError(f"一句最多 {LONGEST} 字", f"a sentence has at most {LONGEST} characters")
    before = found[key]
    kept = store.add_edit(engine.store, asked.text, key=key, was=before.text, text=text, by=by, at=now)
    # What an edited sentence still quotes is a part of what its draft did.
    drafted = [before.draft or before.text, *(source.text for source in before.sources)]
    return Edited(kept, strange_numbers(text, drafted))


def edits(engine: Engine, asked: Asked) -> list[Edit]:
    """Every edit of a document's sentences, of each sentence in order."""
    return store.edits(engine.store, asked.text)
