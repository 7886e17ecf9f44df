"""When the flows run. The only file that says so: change a line, restart `xixi up` (or `xixi flows serve`).

Cron lines are in the city's own time zone. None: only by hand, or when something happens.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Plan(NamedTuple):
    """When a flow runs. `deployment` is the name under which operators find it."""

    deployment: str
    cron: str | None
    #: The setting without which it runs only by hand.
    needs: str = ""


#: By the flow's name.
SCHEDULE: Final[dict[str, Plan]] = {
    "intake-petitions": Plan("by-hand", None),
    "route-and-dispatch": Plan("every-10-minutes", "*/10 * * * *"),
    "enforce-time-limits": Plan("every-minute", "* * * * *"),
    "escalate-breaches": Plan("on-breach", None),
    "notify-teams": Plan("every-5-minutes", "*/5 * * * *"),
    "follow-up-satisfaction": Plan("every-morning", "30 8 * * *"),
    "audit-silence": Plan("every-5-minutes", "2-59/5 * * * *"),
    "send-canary": Plan("hourly", "17 * * * *", needs="canary_phone"),
    "monthly-report": Plan("first-of-the-month", "0 6 1 * *"),
}
