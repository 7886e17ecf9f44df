"""Files of a report: filled from the frozen period, written by whoever knows the format, and noted before they leave.

A period that is not frozen yet is counted on the spot and called a draft (草稿) on every page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from xixi_workflow.core import correction, public
from xixi_workflow.core.behind import Fact
from xixi_workflow.core.document import Audience, Document, Enclosed, Language, Paragraph, Provenance, Sentence
from xixi_workflow.core.figures import Figures, digest
from xixi_workflow.core.forms.fill import fill as fill_form
from xixi_workflow.core.forms.schema import FormFile
from xixi_workflow.core.frozen import Change, Edit, Issued, Text
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.quoted_numbers import strange_numbers
from xixi_workflow.engine import figures, freeze
from xixi_workflow.engine.freeze import FreezeError
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import frozen as store

log = structlog.get_logger()

#: What is written unless somebody asks for less.
FORMATS: Final = ("xlsx", "pdf", "docx", "html", "csv", "json")
#: Formats that carry the petitions behind the figures; asking for them costs as much as counting the period.
WITH_FACTS: Final = ("html",)

#: A document and what a file encloses -> the bytes of the file, the same for the same.
Writer = Callable[[Document, Enclosed], bytes]


class Asked(msgspec.Struct, frozen=True):
    """Which documents are wanted. `team`: only of a form about one team."""

    period: str
    form: str = "monthly"
    team: str = ""
    language: Language = "zh"
    audience: Audience = "internal"
    formats: tuple[str, ...] = FORMATS

    @property
    def text(self) -> Text:
        """Whose edited sentences these are."""
        return Text(self.period, self.form, self.team, self.language)


class Exported(msgspec.Struct, frozen=True):
    """One file. `sha256` is of `data`, and noted."""

    name: str
    format: str
    data: bytes
    sha256: str


class Taken(msgspec.Struct, frozen=True):
    """Figures to make documents of; `version` 0 and an empty `report` are a draft's. `before`: of a correction, the
    figures that it corrects. `at`: when they were frozen.
    """

    figures: Figures
    digest: str
    version: int
    policy: int
    seal: int
    root: str
    report: str = ""
    at: datetime | None = None
    changes: list[Change] = []
    before: Figures | None = None


def take(engine: Engine, period: str, version: int | None = None) -> Taken:
    """The last frozen version of `period`, or the one named; a draft, counted now, where it is not frozen.

    Raises `ValueError` for anything else than a period, `FreezeError` for a version that is not there.
    """
    found = store.get(engine.store, period, version)
    if found is not None:
        before = store.get(engine.store, period, found.version - 1) if found.version > 1 else None
        return Taken(
            found.figures, found.digest, found.version, found.policy, found.seal, found.root, found.report, found.at,
            found.changes, before.figures if before else None,
        )  # fmt: skip
    if version:
        raise FreezeError(f"{period} 没有第 {version} 版", f"{period} has no version {version}")
    return draft(engine, period, engine.policies.refresh().version)


def draft(engine: Engine, period: str, policy: int) -> Taken:
    """`period` counted now under a policy version, beside the past as far as it is frozen."""
    # The head first, for the reason that `freeze` gives.
    seal, root = store.head(engine.store)
    known = freeze.known_past(engine, freeze.past_of(engine, period))
    found = figures.with_past(engine, period, known, policy=policy)
    return Taken(found, digest(found), 0, policy, seal, root)


def export(
    engine: Engine,
    asked: Asked,
    writers: Mapping[str, Writer],
    *,
    by: str,
    now: datetime,
    taken: Taken | None = None,
) -> list[Exported]:
    """The files that `asked` names, each noted as issued by `by` at `now` before it is handed out.

    `taken` spares counting a draft again for another language or audience. Raises `FreezeError` for a form or format
    that nobody knows, and `ValueError` in words for a form that does not suit what was asked.
    """
    taken = taken or take(engine, asked.period)
    unknown = [name for name in asked.formats if name not in writers]
    if unknown:
        known = ", ".join(writers)
        raise FreezeError(
            f"没有 {', '.join(unknown)} 这种格式；可用：{known}", f"unknown format {', '.join(unknown)}; known: {known}"
        )
    document, shown = fill(engine, asked, taken, by=by, now=now)
    enclosed = Enclosed(shown, facts_of(engine, asked, taken))
    files = []
    for name in asked.formats:
        data = writers[name](document, enclosed)
        files.append(Exported(file_name(asked, taken.version, name), name, data, hashlib.sha256(data).hexdigest()))
    version = taken.version
    told = [
        Issued(
            file.sha256, file.name, asked.period, version, asked.form, asked.team, asked.language, asked.audience,
            file.format, by, now, len(file.data),
        )
        for file in files
    ]  # fmt: skip
    store.issue(engine.store, told)
    log.info("report_exported", period=asked.period, version=version, form=asked.form, audience=asked.audience, by=by)
    return files


def fill(
    engine: Engine, asked: Asked, taken: Taken, *, by: str, now: datetime, until: datetime | None = None
) -> tuple[Document, Figures]:
    """The document and the figures that its audience may see, with the sentences as edited up to `until`.

    Raises as `export` does.
    """
    rules = engine.policies.version(taken.policy)
    form = form_of(engine, asked.form, rules)
    shown, changes = taken.figures, taken.changes
    if asked.audience == "public":
        below = rules.main.report.hide_below
        shown = public.hide(shown, below=below)
        # Of what is withheld the change would tell: compared is what the public saw with what it sees.
        changes = correction.changes(public.hide(taken.before, below=below), shown) if taken.before else []
    provenance = Provenance(
        asked.period, taken.version, asked.form, asked.team, asked.language, asked.audience, taken.digest,
        taken.figures.policy, taken.seal, taken.root, taken.report, taken.figures.cut_off, by, now,
    )  # fmt: skip
    edits = last_edits(engine, asked.text, until)

    def filled(edits: Mapping[str, Edit]) -> Document:
        return fill_form(
            form,
            shown,
            language=asked.language,
            audience=asked.audience,
            provenance=provenance,
            team=asked.team,
            edits=edits,
            corrections=correction.headlines(changes, asked.team),
            dated=taken.at,
        )

    if asked.audience == "public" and edits:
        # Who edits sees figures that the public does not: a number that the public draft does not say stays inside.
        edits = {one.key: edits[one.key] for one in said(filled({})) if _fit(edits.get(one.key), one)}
    return filled(edits), shown


def said(document: Document) -> list[Sentence]:
    """Every sentence of a document, in order."""
    return [one for block in document.blocks if isinstance(block, Paragraph) for one in block.sentences]


def _fit(edit: Edit | None, draft: Sentence) -> bool:
    drafted = [draft.text, *(source.text for source in draft.sources)]
    return edit is not None and not strange_numbers(edit.text, drafted)


def form_of(engine: Engine, name: str, rules: Policy) -> FormFile:
    """The form as it was under `rules`, or as it is today where they do not have it. Raises `FreezeError`."""
    form = rules.forms.get(name) or engine.policies.in_force.forms.get(name)
    if form is None:
        known = ", ".join({**rules.forms, **engine.policies.in_force.forms})
        raise FreezeError(f"没有“{name}”这种报表；可用：{known}", f"unknown form {name!r}; known: {known}")
    return form


def last_edits(engine: Engine, text: Text, until: datetime | None = None) -> dict[str, Edit]:
    """What counts of the edits of a text (those up to `until`), by sentence; without those taken back."""
    last = {edit.key: edit for edit in store.edits(engine.store, text, until)}
    return {key: edit for key, edit in last.items() if edit.text}


def file_name(asked: Asked, version: int, extension: str) -> str:
    """`2026-10-monthly-zh.pdf`, with the team, `public`, `draft` and the number of a correction where they apply."""
    state = {0: "draft", 1: ""}.get(version, f"v{version}")
    audience = "public" if asked.audience == "public" else ""
    parts = (asked.period, asked.form, asked.team, audience, asked.language, state)
    return "-".join(part for part in parts if part) + f".{extension}"


def issued(engine: Engine, period: str = "") -> Sequence[Issued]:
    """Files that left the house, the last first."""
    return store.issued(engine.store, period=period)


def facts_of(engine: Engine, asked: Asked, taken: Taken) -> list[Fact]:
    """The petitions behind the figures; of nobody's concern outside."""
    if asked.audience == "public" or not any(name in WITH_FACTS for name in asked.formats):
        return []
    found = figures.behind(engine, asked.period, cut_off=taken.figures.cut_off, policy=taken.policy)
    filed = sum(fact.n for fact in found if fact.name == "filed")
    # Of too many petitions no filing is told, see `core.behind.tells`.
    if taken.version and filed and filed != taken.figures.overview.counts.get("filed", 0):
        log.warning("petitions_moved_since_freeze", period=asked.period, version=taken.version)
    return found
