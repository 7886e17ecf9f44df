"""Gaps of duty in words that can be read at three in the morning, from the `screens` of the words catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from xixi_workflow.core import words
from xixi_workflow.core.duty_proof import Affected, Gap, Target
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language

_WEEKDAYS: Final = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
#: More categories than these are counted.
_NAMED: Final = 4


def gap(found: Gap, policy: Policy, language: Language) -> str:
    """Who is missing when, and what would then reach nobody."""
    said = policy.words[language].screens
    start, end = found.holes[0]
    between = said["duty_and"]
    facts = {
        "who": between.join(_who(target, policy, language) for target in found.told),
        "first": instant(start, policy, language),
        "until": instant(end, policy, language),
        "last": instant(found.last, policy, language),
        "times": str(len(found.holes)),
        "span": words.span(found.seconds, language),
        "what": _what(found, policy, language),
    }
    return said["duty_gap" if len(found.holes) == 1 else "duty_gaps"].format(**facts)


def instant(at: datetime, policy: Policy, language: Language) -> str:
    """An instant on the city's clock with its weekday: `2026-12-05 周六 20:00`, `Sat 2026-12-05 20:00`."""
    local = at.astimezone(policy.zone)
    day = _WEEKDAYS[language][local.weekday()]
    return f"{local:%Y-%m-%d} 周{day} {local:%H:%M}" if language == "zh" else f"{day} {local:%Y-%m-%d %H:%M}"


def roster(name: str, policy: Policy, language: Language) -> str:
    """The name of a team or role in the reader's language; the code of a role that the words do not name."""
    team = policy.teams.get(name)
    return getattr(team, language) if team else policy.words[language].screens.get(f"role_{name}", name)


def people(codes: tuple[str, ...], policy: Policy, language: Language) -> str:
    """Names of people, `—` for nobody."""
    names = (policy.people[code].name if code in policy.people else code for code in codes)
    return ("、" if language == "zh" else ", ").join(names) or "—"


def _who(target: Target, policy: Policy, language: Language) -> str:
    return policy.words[language].screens[f"duty_{target.kind}"].format(name=roster(target.name, policy, language))


def _what(found: Gap, policy: Policy, language: Language) -> str:
    """`办结（预警、2级）；类别：噪声扰民、…`."""
    said = policy.words[language].screens
    comma = "、" if language == "zh" else ", "
    steps: dict[str, list[Affected]] = {}
    for what in found.affects:
        steps.setdefault(what.clock, []).append(what)
    parts = []
    for clock, affected in steps.items():
        if not clock:
            named = comma.join(words.event(a.step, language) for a in affected[:_NAMED])
            named += "…" if len(affected) > _NAMED else ""
            parts.append(said["duty_notices"].format(names=named))
            continue
        plan = policy.clocks[clock].shape
        levels = [said["duty_warning"] if a.step == "warn" else said["duty_level"].format(level=a.step)
                  for a in affected]  # fmt: skip
        parts.append(f"{getattr(plan, language)} ({comma.join(levels)})")
    text = ("；" if language == "zh" else "; ").join(parts)
    names = [getattr(policy.categories[c], language) for c in found.categories if c in policy.categories]
    if names and len(found.categories) < len(policy.categories):
        shown = comma.join(names[:_NAMED])
        key = "duty_categories" if len(names) <= _NAMED else "duty_more_categories"
        text += said[key].format(names=shown, count=len(names))
    return text
