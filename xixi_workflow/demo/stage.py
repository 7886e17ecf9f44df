"""What the people of the simulated world can do: mean something for later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeAlias

from xixi_workflow.core.commands import Command
from xixi_workflow.core.petition import Actor
from xixi_workflow.demo.case import Case
from xixi_workflow.engine.handle import Request

#: Called at the instant itself: the command, or None when it has become pointless.
Make: TypeAlias = Callable[[datetime], Request | None]
#: Called after the command has succeeded.
Then: TypeAlias = Callable[[Case, Request, datetime], None]
#: A reaction to a message: the petition, the person's id (empty for a petitioner), and when it came.
Hears: TypeAlias = Callable[[Case, str, datetime], None]


class Stage(Protocol):
    """Where people act."""

    def later(self, at: datetime, case: Case, make: Make, then: Then | None = None) -> None:
        """At `at`, give the command that `make` makes; `then` if it succeeds."""


def request(case: Case, command: Command, actor: Actor, at: datetime, occurred_at: datetime | None = None) -> Request:
    """A command to the petition of `case`, given at `at`."""
    return Request(case.number, command, actor, occurred_at, at)
