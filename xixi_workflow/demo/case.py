"""One petition as the people around it know it: what they saw on the screen last, and what they mean to do."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from xixi_workflow.core.lifecycle import OPEN
from xixi_workflow.core.petition import Petition


class Case:
    """A petition in the simulated people's heads. `rng` is its own, so no petition's fate depends on another's."""

    __slots__ = (
        "answered",
        "asked_extension",
        "assists",
        "bad_number",
        "handler",
        "interim",
        "judged_returns",
        "last_at",
        "phone",
        "plan",
        "resolve_at",
        "rng",
        "seen",
        "twin",
        "waiting",
    )

    def __init__(self, rng: random.Random, twin: Case | None) -> None:
        self.rng = rng
        #: The earlier petition that tells the same matter.
        self.twin = twin
        #: What the screen showed after the last command; None until it is filed.
        self.seen: Petition | None = None
        #: The team in whose inbox the work order lies; empty once it is opened.
        self.waiting = ""
        self.handler = ""
        #: Intentions made under an older plan are dropped.
        self.plan = 0
        self.resolve_at: datetime | None = None
        #: The last thing that happened to it, so that nobody enters something older.
        self.last_at: datetime | None = None
        self.interim = False
        self.answered = False
        self.asked_extension = False
        self.bad_number = False
        #: The petitioner's number as dialled; empty when none was left.
        self.phone = ""
        self.assists: set[str] = set()
        self.judged_returns = 0

    @property
    def number(self) -> int:
        """The petition's number, 0 before it is filed."""
        return self.seen.id if self.seen else 0

    @property
    def open(self) -> bool:
        """As far as people saw, somebody still owes an answer."""
        return self.seen is not None and self.seen.state in OPEN

    def happens(self, share: float) -> bool:
        """True in `share` of all cases."""
        return self.rng.random() < share

    def wait(self, median: float, spread: float = 0.8, *, most: float = math.inf) -> timedelta:
        """A human delay: log-normal around `median` seconds, at least 20 s, whole seconds."""
        seconds = math.exp(self.rng.gauss(math.log(median), spread))
        return timedelta(seconds=round(min(max(seconds, 20.0), most)))

    def between(self, least: float, most: float) -> timedelta:
        """A delay of `least` to `most` seconds, all equally likely."""
        return timedelta(seconds=round(self.rng.uniform(least, most)))
