"""What petitions say: the project's own samples, or any CSV with the columns `title` and `detail`."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from xixi_workflow.core.commands import FilePetition, Petitioner, Urgency
from xixi_workflow.core.policy import Policy

_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_URGENCIES: Final[dict[str, Urgency]] = {"normal": "normal", "urgent": "urgent", "emergency": "emergency"}
#: The source of rows that name none that the configuration knows.
_SOURCE = "demo"
#: Share of petitioners who leave a number, and of those who read English.
_REACHABLE = 0.95
_ENGLISH = 0.02


class BadSamples(Exception):  # noqa: N818 - it says what the file is
    """The file cannot be used; the message is one plain sentence for whoever named it."""


class Sample(msgspec.Struct, frozen=True):
    """One row: what was said, and where and how, as far as the file tells."""

    title: str
    detail: str
    source: str = ""
    source_id: str = ""
    channel: str = ""
    nature: str = ""
    urgency: str = ""
    community: str = ""
    address: str = ""
    confidential: bool = False


def read(path: Path) -> list[Sample]:
    """The rows of a CSV (UTF-8 or GB 18030) that say something. Raises `BadSamples` if there are none."""
    rows = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        headings = {heading.strip().lower(): heading for heading in rows.fieldnames or () if heading}
        missing = [name for name in ("title", "detail") if name not in headings]
        if missing:
            raise BadSamples(f"{path} has no column {' and no column '.join(missing)}")
        samples = [_sample(row, headings) for row in rows]
    except csv.Error as error:
        raise BadSamples(f"{path} is not a CSV file: line {rows.line_num}: {error}") from None
    samples = [sample for sample in samples if sample.title]
    if not samples:
        raise BadSamples(f"{path} has no row with a title or a detail")
    return samples


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadSamples(f"cannot read {path}: {error.strerror}") from None
    for encoding in _ENCODINGS:
        try:
            # A NUL cannot be stored by every database and means nothing in a text.
            return data.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise BadSamples(f"{path} is not a text in UTF-8 or GB 18030")


def _sample(row: dict[str, str], headings: dict[str, str]) -> Sample:
    def value(name: str, most: int) -> str:
        return (row.get(headings.get(name, "")) or "").strip()[:most]

    detail = value("detail", 20_000)
    return Sample(
        title=value("title", 200) or detail[:30],
        detail=detail,
        source=value("source", 40),
        source_id=value("source_id", 80) or value("id", 80),
        channel=value("channel", 40),
        nature=value("nature", 40),
        urgency=value("urgency", 40),
        community=value("community", 60),
        address=value("address", 300),
        confidential=value("confidential", 10).lower() in ("true", "1", "yes", "是"),
    )


def filings(samples: Sequence[Sample], count: int, policy: Policy, rng: random.Random) -> list[FilePetition]:
    """`count` petitions made of the samples in their order, over again with new ids when there are too few.

    The petitioners are nobody: no name, and a number that is plainly not a real one.
    """
    known = policy.sources.sources
    fallback = _SOURCE if _SOURCE in known else next(iter(known))
    uses: Counter[tuple[str, str]] = Counter()
    taken: set[tuple[str, str]] = set()
    made = []
    for place in range(count):
        sample = samples[place % len(samples)]
        source = sample.source if sample.source in known else fallback
        key = (source, sample.source_id or str(place % len(samples) + 1))
        source_id = key[1]
        while (source, source_id) in taken:
            uses[key] += 1
            source_id = f"{key[1]}-{uses[key] + 1}"
        taken.add((source, source_id))
        phone = f"1990000{2000 + place % 8000:04}" if rng.random() < _REACHABLE else ""
        reads_english = rng.random() < _ENGLISH
        made.append(
            FilePetition(
                source,
                source_id,
                sample.title,
                sample.detail,
                channel=sample.channel,
                nature=sample.nature,
                urgency=_URGENCIES.get(sample.urgency, "normal"),
                community=sample.community,
                address=sample.address,
                petitioner=Petitioner("", phone, "en" if reads_english else "zh"),
                confidential=sample.confidential,
            )
        )
    return made
