"""Living a petition's journal again: the same judge, the same instants, and so the same state, clocks and messages.

The journal holds what was asked and when it was heard, never what followed from it: consequences are judged anew and
compared with the lines that were written then. Nothing else is needed but the policy of the time, with its roster.

One decision wrote one or more lines. A decision about a command is: what time did up to the command, the command, what
followed from it, and what time did after it up to the moment at which it was decided. Where the lines could have been
written by a look at the clock and then a command at the same moment, or by the command alone, both ways are tried; they
lead to the same state and the same messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeGuard

import msgspec

from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import COMMANDS, Command
from xixi_workflow.core.lifecycle import EVENT_OF
from xixi_workflow.core.petition import Actor, Entry, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.work import Decision, Refused

#: Journal names of what time alone does.
TIME_FACTS: Final = frozenset(("warned", "breached", "escalated", "hold_ended", "survey_lapsed"))

_DECODERS: Final = {event: msgspec.json.Decoder(kind) for event, kind in COMMANDS.items()}
_FILED: Final = msgspec.json.Decoder(judge.Filed)


class Replayed(NamedTuple):
    """One decision, made again. `before` is None for the filing."""

    before: Petition | None
    entries: Sequence[Entry]
    decision: Decision


class ReplayError(Exception):
    """Judged again, the journal does not say the same. `seq` is the line from which on."""

    def __init__(self, petition_id: int, seq: int, what: str) -> None:
        super().__init__(f"petition {petition_id}, line {seq}: {what}")
        self.petition_id = petition_id
        self.seq = seq


def replay(entries: Sequence[Entry], *, petition_id: int, policy_for: Callable[[Entry], Policy]) -> Iterator[Replayed]:
    """Every decision of a whole journal, in order, made again.

    `entries` are all lines of one petition, from seq 0 on. `policy_for` gives the policy under which a line was
    judged: the version stamped on the petition with the roster of that moment. Raises `ReplayError` where the journal
    and the judge disagree: a line was changed, left out or added, or the policy is not the one of then.
    """
    petition: Petition | None = None
    done = 0
    while done < len(entries):
        decision = _again(petition, entries[done:], petition_id, policy_for(entries[done]))
        lines = entries[done : done + len(decision.entries)]
        yield Replayed(petition, lines, decision)
        petition = decision.petition
        done += len(lines)


def command_of(entry: Entry) -> Command:
    """The command that wrote a line. Raises `KeyError` for a line that no command writes (time, filing)."""
    event = EVENT_OF[entry.event]
    decoder = _DECODERS["rate" if event == "rate_dissatisfied" else event]
    return decoder.decode(entry.data or "{}")


def _again(petition: Petition | None, entries: Sequence[Entry], petition_id: int, policy: Policy) -> Decision:
    first = entries[0]
    now = first.noticed_at
    said = "the judge says otherwise"
    try:
        if petition is None:
            facts = _FILED.decode(first.data)
            made = judge.file(facts, Actor.parse(first.actor), policy, number=petition_id, now=now)
            if _same(made, entries):
                return made
        else:
            entry = next((e for e in entries if e.event not in TIME_FACTS), None)
            if entry is not None and entry.noticed_at == now:
                late = entry.at if entry.at != now else None
                actor = Actor.parse(entry.actor)
                made = judge.decide(petition, command_of(entry), actor, policy, now=now, occurred_at=late)
                if _same(made, entries):
                    return made
                if isinstance(made, Refused):
                    said = f"refused as {made.code}"
            if first.event in TIME_FACTS:
                made = judge.let_time_pass(petition, policy, now=now)
                if _same(made, entries):
                    return made
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        said = f"unreadable ({error})"
    raise ReplayError(petition_id, first.seq, said)


def _same(made: Decision | Refused, entries: Sequence[Entry]) -> TypeGuard[Decision]:
    """Whether `made` is a decision that writes the next lines, and at least one of them."""
    if isinstance(made, Refused) or not made.entries:
        return False
    return made.entries == list(entries[: len(made.entries)])
