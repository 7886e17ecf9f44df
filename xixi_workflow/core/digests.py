"""Several messages for one person told in one text: which petitions, by what is asked, in few SMS segments.

    【西溪街道】4件待签收：000042〔特急〕文三路 占道经营…等4件；1件已超时：000007…。回复“编号 1”签收，如000042 1。

A petition stands in it once, under the most that is asked of the reader. What does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from xixi_workflow.core import words
from xixi_workflow.core.petition import Vars
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.sms import segments
from xixi_workflow.core.words import Language

#: SMS segments that such a text may cost.
DIGEST_SEGMENTS: Final = 3
#: What is asked of the reader, the most pressing first.
Asked = Literal["accept", "overdue", "due", "other"]
ASKED: Final[tuple[Asked, ...]] = ("accept", "overdue", "due", "other")
#: Every text that a digest is made of, and the placeholders that it may have.
DIGESTS: Final[Mapping[str, frozenset[str]]] = {
    "head": frozenset({"signature"}),
    **dict.fromkeys(ASKED, frozenset({"count", "items"})),
    "item": frozenset({"no6", "urgency", "category", "team"}),
    "handler_item": frozenset({"no6", "urgency", "where", "what", "category"}),
    "confidential_item": frozenset({"no6", "urgency"}),
    "between_items": frozenset(),
    "more": frozenset({"count"}),
    "between": frozenset(),
    "how_to_accept": frozenset({"no6"}),
    "how_to_acknowledge": frozenset({"no6"}),
    "tail": frozenset({"tel"}),
}


class Part(msgspec.Struct, frozen=True):
    """One message of a digest and what its petition is about."""

    number: int
    kind: str
    told: Vars
    to_accept: bool
    confidential: bool
    matter: words.Matter

    @property
    def asked(self) -> Asked:
        """What is asked of the reader."""
        if self.to_accept:
            return "accept"
        if self.told.clock:
            return "overdue" if self.told.level else "due"
        return "other"


def can_tell(policy: Policy, language: Language) -> bool:
    """Whether the words for digests are there; a policy of an earlier release has none."""
    return DIGESTS.keys() <= policy.words[language].digests.keys()


def digest(parts: Sequence[Part], policy: Policy, language: Language) -> str:
    """The text; the same for the same parts in the same order."""
    said = policy.words[language].digests
    lead: dict[int, Part] = {}
    for part in sorted(parts, key=lambda p: (ASKED.index(p.asked), -p.told.level, p.number, p.kind)):
        lead.setdefault(part.number, part)
    # Where one of a petition's messages is a handler's, its reader is the handler.
    handlers = {part.number for part in parts if part.kind.startswith("handler_")}
    sections: dict[Asked, list[str]] = {}
    counts: dict[Asked, int] = {}
    #: The first petition that is to be accepted or acknowledged, for the example.
    first: dict[Asked, int] = {}
    for asked in ASKED:
        of = [part for part in lead.values() if part.asked == asked]
        of.sort(key=lambda p: (p.told.urgency != "emergency", p.told.urgency != "urgent", p.number))
        if of:
            counts[asked] = len(of)
            sections[asked] = [_item(part, part.number in handlers, policy, language) for part in of]
            first[asked] = of[0].number
    shown = {asked: len(items) for asked, items in sections.items()}

    def made() -> str:
        told = []
        for asked, items in sections.items():
            listed = said["between_items"].join(items[: shown[asked]])
            if shown[asked] < counts[asked]:
                listed += said["more"].format(count=counts[asked])
            told.append(said[asked].format(count=counts[asked], items=listed))
        text = said["head"].format(signature=getattr(policy.main.signature, language))
        text += said["between"].join(told)
        if "accept" in first:
            text += said["how_to_accept"].format(no6=str(first["accept"])[-6:])
        elif "overdue" in first:
            text += said["how_to_acknowledge"].format(no6=str(first["overdue"])[-6:])
        return text + said["tail"].format(tel=policy.main.telephone)

    text = made()
    while segments(text) > DIGEST_SEGMENTS:
        # The least pressing goes first; every section keeps one as long as another has more.
        least = [asked for asked in reversed(ASKED) if shown.get(asked)]
        cut = next((asked for asked in least if shown[asked] > 1), least[0] if least else None)
        if cut is None:
            break
        # A list of a thousand is far from fitting: halve it first.
        shown[cut] = min(shown[cut] - 1, max(shown[cut] // 2, 24))
        text = made()
    return text


def _item(part: Part, handler: bool, policy: Policy, language: Language) -> str:
    said = policy.words[language].digests
    named = {"no6": str(part.number)[-6:], "urgency": words.urgency(part.told.urgency, language).strip()}
    if part.confidential:
        return said["confidential_item"].format_map(named)
    team, category = policy.teams.get(part.told.team), policy.categories.get(part.told.category)
    named["category"] = getattr(category, language, "")
    if handler:
        place, title, name = part.matter
        named |= {"where": words.brief(place, name, 10), "what": words.brief(title, name, 12)}
        return said["handler_item"].format_map(named)
    named["team"] = getattr(team, language, part.told.team)
    return said["item"].format_map(named)
