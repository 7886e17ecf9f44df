"""Every mistake in the forms, where it stands: each path, condition and text is compiled against the figures' types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from xixi_workflow.core.forms.conditions import Scope, compile_condition
from xixi_workflow.core.forms.names import names_of
from xixi_workflow.core.forms.paths import Names, PathError
from xixi_workflow.core.forms.rows import compile_rows
from xixi_workflow.core.forms.schema import (
    BlockShape,
    ChartShape,
    EachShape,
    FormFile,
    SentenceShape,
    TableShape,
    TextShape,
    Told,
    Wording,
    is_form,
)
from xixi_workflow.core.forms.tables import compile_chart, compile_table
from xixi_workflow.core.forms.text import EACH, compile_text
from xixi_workflow.core.policy_problem import Files, Path, Problem


def forms(files: Files) -> Iterator[Problem]:
    """What is wrong in the forms of a configuration."""
    names = names_of(files)
    for file in files:
        if is_form(file):
            yield from _Check(file, files[file], names).all()


class _Check:
    def __init__(self, file: str, form: FormFile, names: Names) -> None:
        self.file, self.form, self.names = file, form, names
        self.team = form.scope == "team"
        self.scope = Scope(None, self.team, names)
        self.seen: dict[tuple[str, str], Path] = {}

    def all(self) -> Iterator[Problem]:
        form = self.form
        yield from self.told(form, ())
        yield from self.wording(form.title, ("title",), self.scope)
        if form.subtitle:
            yield from self.wording(form.subtitle, ("subtitle",), self.scope)
        for n, block in enumerate(form.blocks):
            yield from self.block(block, ("blocks", n))

    def block(self, shape: BlockShape, at: Path) -> Iterator[Problem]:
        yield from self.told(shape, at)
        yield from self.tried((*at, "when"), lambda: compile_condition(shape.when, self.scope))
        if shape.heading:
            yield from self.wording(shape.heading, (*at, "heading"), self.scope)
        if shape.text:
            yield from self.text(shape.text, (*at, "text"))
        if shape.table:
            yield from self.table(shape.table, (*at, "table"))
        if shape.chart:
            yield from self.chart(shape.chart, (*at, "chart"))

    def text(self, shape: TextShape, at: Path) -> Iterator[Problem]:
        yield from self.key(shape.key, at)
        for n, sentence in enumerate(shape.sentences):
            yield from self.sentence(sentence, (*at, "sentences", n))

    def sentence(self, shape: SentenceShape, at: Path) -> Iterator[Problem]:
        yield from self.key(shape.key, at, "sentence")
        yield from self.told(shape, at)
        yield from self.tried((*at, "when"), lambda: compile_condition(shape.when, self.scope))
        yield from self.wording(shape, at, self.scope, lists=shape.each is not None)
        if shape.otherwise and "public" in shape.audiences:
            message = (
                "not for the public, to whom other sentences of the paragraph may be withheld: audiences: [internal]"
            )
            yield Problem(self.file, (*at, "otherwise"), message)
        if shape.each:
            yield from self.each(shape.each, (*at, "each"))
            for language in ("zh", "en"):
                if f"{{{EACH}}}" not in getattr(shape, language):
                    yield Problem(self.file, (*at, language), f"the text has no {{{EACH}}} for the list to stand in")

    def each(self, shape: EachShape, at: Path) -> Iterator[Problem]:
        try:
            rows = compile_rows(shape, team=self.team, names=self.names)
        except PathError as error:
            yield Problem(self.file, (*at, *error.at), str(error))
        else:
            yield from self.wording(shape, at, Scope(rows.row, self.team, self.names))

    def table(self, shape: TableShape, at: Path) -> Iterator[Problem]:
        yield from self.key(shape.key, at)
        # Column by column, so that one mistake does not hide the next; what is wrong with the rows is said once.
        found = [
            Problem(self.file, (*at, *(n if step == 0 else step for step in problem.path)), problem.message)
            for n, column in enumerate(shape.columns)
            for problem in self.tried((), self._compiled(shape.model_copy(update={"columns": [column]})))
        ]
        yield from dict.fromkeys(found)
        seen: set[str] = set()
        for n, column in enumerate(shape.columns):
            yield from self.told(column, (*at, "columns", n))
            if column.key in seen:
                yield Problem(self.file, (*at, "columns", n, "key"), f"{column.key} is there twice")
            seen.add(column.key)

    def _compiled(self, shape: TableShape) -> Callable[[], Any]:
        return lambda: compile_table(shape, team=self.team, names=self.names)

    def chart(self, shape: ChartShape, at: Path) -> Iterator[Problem]:
        yield from self.key(shape.key, at)
        yield from self.tried(at, lambda: compile_chart(shape, team=self.team, names=self.names))

    def key(self, key: str, at: Path, kind: str = "part") -> Iterator[Problem]:
        """Edits find their sentence by its key, and files their parts."""
        if (kind, key) in self.seen:
            yield Problem(self.file, (*at, "key"), f"{key} is a key already, of {_place(self.seen[kind, key])}")
        self.seen.setdefault((kind, key), at)

    def told(self, shape: Told | FormFile, at: Path) -> Iterator[Problem]:
        if not shape.audiences:
            yield Problem(self.file, (*at, "audiences"), "nobody may read it; name internal, public or both")

    def wording(self, shape: Wording, at: Path, scope: Scope, *, lists: bool = False) -> Iterator[Problem]:
        yield from self.tried((*at, "zh"), lambda: compile_text(shape.zh, scope, lists=lists))
        yield from self.tried((*at, "en"), lambda: compile_text(shape.en, scope, lists=lists))

    def tried(self, at: Path, compiled: Callable[[], Any]) -> Iterator[Problem]:
        try:
            compiled()
        except PathError as error:
            yield Problem(self.file, (*at, *error.at), str(error))


def _place(at: Path) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in at)
