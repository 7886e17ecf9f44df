"""What people make of a text that tells them several things at once: which petitions, and what is asked of each."""

from __future__ import annotations

import re
from typing import Final

from xixi_workflow.core.petition import Petition
from xixi_workflow.core.policy import Policy

#: A petition's number as texts show it.
_NO6: Final = re.compile(r"(?<!\d)\d{6}(?!\d)")
#: What a section of such a text amounts to, as kinds of messages that its reader knows how to answer.
_KINDS: Final = {
    "accept": ("handler_dispatched",),
    "overdue": ("team_overdue", "leader_overdue"),
    "due": ("handler_interim_due", "handler_closure_due"),
}


class Digests:
    """Reads texts that were put together from `policy`'s words."""

    def __init__(self, policy: Policy) -> None:
        self._sections: list[tuple[str, str]] = []
        for words in policy.words.values():
            for asked in ("accept", "overdue", "due", "other"):
                # What stands between the count and the first petition.
                mark = words.digests.get(asked, "").partition("{items}")[0].rpartition("}")[2]
                self._sections += [(asked, mark)] if mark else []

    def read(self, text: str) -> list[tuple[str, str]]:
        """(number as shown, section) of each petition that the text names, in its order."""
        starts = sorted((at, asked) for asked, mark in self._sections if (at := text.find(mark)) >= 0)
        found: dict[str, str] = {}
        for number in _NO6.finditer(text):
            asked = next((name for at, name in reversed(starts) if at < number.start()), "")
            if asked:
                found.setdefault(number[0], asked)
        return list(found.items())


def kinds(asked: str, seen: Petition) -> tuple[str, ...]:
    """What the reader takes a petition of the section `asked` for, who looks it up and finds it as `seen`."""
    if asked != "other":
        return _KINDS[asked]
    if seen.pending:
        return (f"supervisor_{seen.pending}_asked",)
    by_state = {"returned": "operator_returned", "on_hold": "handler_hold_approved", "dispatched": "handler_dispatched"}
    return (by_state[seen.state],) if seen.state in by_state else ()
