"""A frozen period: its figures, what they were counted from, and one hash over all of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final, Literal

import msgspec

from xixi_workflow.core.figures import Figures, read

#: Why a petition counts otherwise than it did: an event before the cut-off that was noted only after the freeze, or a
#: category, team or urgency that was changed since.
Why = Literal["late", "relabelled"]
#: The hash of the journal before its first seal.
NO_ROOT: Final = bytes(32).hex()


class Change(msgspec.Struct, frozen=True):
    """One figure that is another in a correction; `path` is its place in the figures, the texts are without language.

    A figure that is only on one side has an empty text on the other.
    """

    path: str
    zh: str
    en: str
    before: str
    after: str


class Reason(msgspec.Struct, frozen=True):
    """A line of the journal, written after the freeze, that changed what the petition `no` counts as.

    `event` is the journal's word. `by` is the role, and the account of whoever works here; a petitioner has none.
    """

    no: str
    event: str
    at: datetime
    noted_at: datetime
    by: str
    why: Why


class Frozen(msgspec.Struct, frozen=True):
    """Version `version` of a frozen period: 1 is the freeze, each later one a correction (更正).

    `text` is `figures.canonical`. `past` are the periods it was compared with: the version that was frozen then, 0
    where one was counted on the spot. `seal` and `root` are the journal's head before anything was counted.
    `changes` and `reasons` are against the version before, empty in the first. `report` is `hash_of` the rest.
    """

    period: str
    version: int
    cut_off: datetime
    at: datetime
    by: str
    policy: int
    past: dict[str, int]
    text: bytes
    digest: str
    seal: int
    root: str
    changes: list[Change] = []
    reasons: list[Reason] = []
    report: str = ""

    @property
    def figures(self) -> Figures:
        """The figures. Raises `msgspec.ValidationError` when this release cannot read them."""
        return read(self.text)


def hash_of(frozen: Frozen) -> str:
    """SHA-256 (hex) of one canonical JSON of all but the hash itself; the figures stand in it by their digest."""
    said = {name: getattr(frozen, name) for name in frozen.__struct_fields__ if name not in ("text", "report")}
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def sealed(frozen: Frozen) -> Frozen:
    """The same with its digest and hash."""
    with_digest = msgspec.structs.replace(frozen, digest=hashlib.sha256(frozen.text).hexdigest())
    return msgspec.structs.replace(with_digest, report=hash_of(with_digest))


def is_sound(frozen: Frozen) -> bool:
    """Whether the stored figures and the hash are those of the rest: nobody changed the row in between."""
    return frozen == sealed(frozen)


class Listed(msgspec.Struct, frozen=True):
    """A line of the list of frozen periods: everything small, `changes` and `reasons` as how many there are."""

    period: str
    version: int
    cut_off: datetime
    at: datetime
    by: str
    policy: int
    digest: str
    seal: int
    root: str
    report: str
    changes: int
    reasons: int


class Edit(msgspec.Struct, frozen=True):
    """What somebody wrote in the place of a drafted sentence; an empty `text` is the draft again."""

    key: str
    n: int
    was: str
    text: str
    by: str
    at: datetime


class Text(msgspec.Struct, frozen=True):
    """Which text of a period is meant; `team` is empty unless the form is about one."""

    period: str
    form: str = "monthly"
    team: str = ""
    language: str = "zh"


class Issued(msgspec.Struct, frozen=True):
    """A file that left the house; `version` 0 is a draft, `bytes` its length."""

    sha256: str
    name: str
    period: str
    version: int
    form: str
    team: str
    language: str
    audience: str
    format: str
    by: str
    at: datetime
    bytes: int
