"""Petitions in the small city as somebody was told about them, and letters about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.core.lives import HANDLER, RESOLVE, SMALL, Life, after
from xixi_workflow.core.commands import Command
from xixi_workflow.core.replies import Case, Meant
from xixi_workflow.core.reply_citizens import read_citizen
from xixi_workflow.core.reply_staff import read_staff

FIRST, SECOND, THIRD = 20260601000041, 20260601000042, 20260601000107
#: Filed the day before, with the serial of `SECOND`.
YESTERDAY = 20260531000042


def case(life: Life, kind: str = "handler_dispatched", at: str = "20s", **more: str) -> Case:
    """The petition, told of by `kind` at that moment and by others at theirs."""
    return Case(life.petition, {kind: after(at)} | {name: after(when) for name, when in more.items()})


def staff(text: str, *cases: Case, who: str | list[str] = "police-1", now: datetime | None = None) -> Meant:
    people = [who] if isinstance(who, str) else who
    return read_staff(text, people=people, cases=cases, policy=SMALL, language="zh", now=now or after("2h"))


def citizen(
    text: str, *cases: Case, replied: Mapping[str, datetime] | None = None, now: datetime | None = None
) -> Meant:
    return read_citizen(text, cases=cases, replied=replied or {}, policy=SMALL, now=now or after("30h"))


def asked(meant: Meant) -> list[tuple[int, Command]]:
    """The commands that a letter gives."""
    return [(ask.number, ask.command) for ask in meant.asks]


def carried(meant: Meant, life: Life, at: str = "2h") -> Life:
    """The life after the letter's commands, which must not be refused."""
    for ask in meant.asks:
        life.does(ask.command, ask.actor, after(at))
    return life


def resolved(number: int = FIRST, at: str = "20h") -> Life:
    """Answered, and the petitioner asked for a rating."""
    return Life(SMALL, number=number).in_progress().does(RESOLVE, HANDLER, after(at))
