"""The canary (演练): a petition of nobody's, filed to see whether everything still works.

It goes the way of every petition as far as that bothers no handler: filed, noticed by the alarm clock, routed; its
petitioner, a telephone of the centre's own, is told that it was received. There it ends: instead of being dispatched it
is withdrawn by the same look that routed it, so that no clock of it ever runs out and nobody is called at three in the
morning, whoever dies meanwhile. It counts in no figure and no report.
"""

from __future__ import annotations

from typing import Final

from xixi_workflow.core.commands import FilePetition, Petitioner, RoutePetition, WithdrawPetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy

#: The source that it comes from; `sources.yaml` names it. Nobody else may file from there.
SOURCE: Final = "canary"
FILED_BY: Final = Actor("system", SOURCE)
WITHDRAWN_BY: Final = Actor("petitioner", SOURCE)
WITHDRAW: Final = WithdrawPetition()


def filing(source_id: str, phone: str, language: str) -> FilePetition:
    """A canary for the telephone `phone`. No word of its title may point to a category."""
    who = Petitioner(phone=phone, language="en" if language == "en" else "zh")
    return FilePetition(SOURCE, source_id, "演练", "演练，无需处理。", petitioner=who, surveyable=False)


def route(policy: Policy) -> RoutePetition:
    """Where it is routed: to the centre itself."""
    return RoutePetition(policy.fallback, reason="演练")
