"""When the flows run. The only file that says so: change a line, restart `xixi up` (or `xixi flows serve`).

Cron lines are in the city's own time zone. None: only by hand, or when something happens.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Plan(NamedTuple):
    """When a flow runs. `deployment` is the name under which operators find it."""

    deployment: str
    cron: str | None
    #: The setting without which it runs only by hand.
    needs: str = ""
    #: What the form has when the schedule fills it in; its defaults for everything else.
    form: dict[str, Any] | None = None
    #: A run that is late is still wanted: a month that nobody closed at six in the morning is closed when all is back.
    late: bool = False


#: By the flow's name.
SCHEDULE: Final[dict[str, list[Plan]]] = {
    "intake-petitions": [Plan("by-hand", None)],
    "route-and-dispatch": [Plan("every-10-minutes", "*/10 * * * *")],
    "enforce-time-limits": [Plan("every-minute", "* * * * *")],
    "escalate-breaches": [Plan("on-breach", None)],
    "notify-teams": [Plan("every-5-minutes", "*/5 * * * *")],
    "follow-up-satisfaction": [Plan("every-morning", "30 8 * * *")],
    "audit-silence": [Plan("every-5-minutes", "2-59/5 * * * *")],
    "send-canary": [Plan("hourly", "17 * * * *", needs="canary_phone")],
    "monthly-report": [
        Plan("by-hand", None),
        Plan("every-monday", "30 6 * * 1", form={"form": "weekly", "freeze": True, "send": True}, late=True),
        Plan("first-of-the-month", "0 6 1 * *", form={"freeze": True, "send": True}, late=True),
    ],
}
