"""The shipped configuration in a hurry: every clock and ladder is over within seconds of real time."""

from __future__ import annotations

import json

from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build

#: Far above what fits into the minute of a test, so that no petition runs out of rounds.
_MOST_ROUNDS = 20


def hurried() -> Policy:
    """Hours become fractions of a second; names, people, ladders' levels and notices stay as they are shipped."""
    documents = json.loads(read_policy(shipped_folder()).canonical)
    main = documents["policy.yaml"]
    limits = {"response": "0.2s", "interim": "0.4s", "closure": "0.9s", "acceptance": "0.3s", "assistance": "0.5s"}
    for name, limit in limits.items():
        main["clocks"][name]["limit"] = limit
        if warn := main["clocks"][name].get("warn"):
            warn["at"] = ["50%", "-0.05s"]
    main["clocks"]["survey"]["limit"] = "0.6s"
    for steps in main["ladders"].values():
        for place, step in enumerate(steps):
            step["after"] = f"{place * 0.2:g}s"
            if "repeat" in step:
                step["repeat"] = "1m"  # nearer ones would be refused as a storm
    main |= {"longest_extension": "2s", "longest_hold": "2s", "reopening_window": "1h", "most_rounds": _MOST_ROUNDS}
    return build(documents)
