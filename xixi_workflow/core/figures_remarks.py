"""Rules that are no formula, in words: what the appendix of a report says beside the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from xixi_workflow.core import words
from xixi_workflow.core.kpi import Kpi
from xixi_workflow.core.periods import NAMES, Kind
from xixi_workflow.core.policy import Policy


def remarks(
    policy: Policy, kind: Kind, kpis: Mapping[str, Kpi], weights: Mapping[str, Decimal]
) -> list[tuple[str, str]]:
    """Each rule in Chinese and English. `kpis` by key, `weights` of the score."""
    rules, zone, weight = policy.main.report, policy.main.zone, policy.main.fairly_satisfied_weight
    period = NAMES[kind]
    days = {"month": ("自然月", "from the first"), "week": ("自然周（周一至周日）", "from Monday")}[kind]
    repeat, contact = (
        tuple(words.span(span, language) for language in ("zh", "en"))
        for span in (rules.repeat_within, rules.contact_within)
    )
    ranked = kpis.get(rules.ranked_by)
    by = (ranked.zh, ranked.en.lower()) if ranked else (rules.ranked_by, rules.ranked_by)
    parts = [
        "、".join(f"{kpis[key].zh} {_plain(n)}" for key, n in weights.items()),
        ", ".join(f"{kpis[key].en} {_plain(n)}" for key, n in weights.items()),
    ]
    return [
        (
            f"统计周期为{days[0]}（{zone}）。截止时间之后才办结的超时件仍按未办结计。",
            f"A {period[1]} is the city's ({zone}), {days[1]}. What was met after the cut-off is still overdue.",
        ),
        (
            "不予受理、撤诉的工单不计入各项比率，只计入受理和归档件数。",
            "Rejected and withdrawn petitions are in no rate; they count as filed and closed alone.",
        ),
        (
            f"满意率中“基本满意”的权重为 {weight:g}。无分母的比率以“—”表示。百分数四舍五入保留两位小数。",
            f"A fairly satisfied counts {weight:g}. A rate without cases is a dash. Percentages are half up.",
        ),
        (
            f"单位排名按{by[0]}，分母少于 {rules.ranking_minimum} 件的不排名；比率相同者名次并列。",
            f"Teams are ranked by {by[1]} from {rules.ranking_minimum} cases on; equals share a rank.",
        ),
        (
            f"得分为下列指标按权重的平均：{parts[0]}。越低越好的指标按 100 减其百分数计；无分母的指标连同权重不计。",
            f"Score: the mean by weight of {parts[1]}; 100 less the rate where less is better; none without cases.",
        ),
        (
            f"重复诉求：同一电话号码在 {repeat[0]}内就同一类别再次提出。",
            f"Repeated: the same telephone with the same category again within {repeat[1]}.",
        ),
        (
            f"先行联系：派单后 {contact[0]}内联系诉求人为及时；每次派单只计首次联系。",
            f"First contact: in time within {contact[1]} from the dispatch; the first after each dispatch counts.",
        ),
        (
            "超时原因：自起算至到期，用时最多的环节；到期之后的用时不计。",
            "Cause of a breach: where most of the time from start to due went; what came later is no cause.",
        ),
        (
            "净用时扣除挂起时间和已用的延期时间；中位数、P90 取最近秩。",
            "Net spans leave out holds and what was used of extensions. Median and P90 are of the nearest rank.",
        ),
    ]


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
