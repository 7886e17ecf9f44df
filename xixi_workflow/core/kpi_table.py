"""Every indicator of the house with its formula, as data. Nothing else may divide two counts for a report.

Names of counts
---------------
* `<clock>.<verdict>`: runs of a clock that were due in the month, by verdict at the cut-off (`VERDICTS`).
* `filed` 受理; `dispatched` 派单, each dispatch by the centre; `accepted`, `interim_reported`, `returned`,
  `return_refused`, `urged`, `supervised`, `hold_approved`, `extension_approved`, …: lines of the journal.
* `returned.<reason>`, `resolved.<result>`: the same by reason or result.
* `misdispatched`: returns that the centre agreed to, by dispatching to another team or transferring out; told of the
  team that returned it, at the instant of the decision.
* `contacted.in_time`, `contacted.late`: the first contact of each dispatch; `contacted.again`: any further.
* `rated.satisfied`, `rated.fairly_satisfied`, `rated.dissatisfied`: answers that count (the last one on each answer
  given to the petitioner); `not_rated` asked and not answered, `not_asked` nobody could be asked.
* `closed.<state>`: petitions that came to their end; `closed.first_time`: of `closed.closed`, those never reworked.
* `rework`: rounds of rework that began; `taken_up_again`: of these, those of petitions that were closed.
* `level.<n>`: rings of the ladder at that level, `level.0` a breach without a ladder.
* `repeat`: filings whose petitioner had filed the same matter shortly before.

Petitions that were rejected (不予受理) or withdrawn (撤诉) by the cut-off are left out of every count but `filed`,
`repeat`, `closed.<state>` and `taken_up_again`; their clocks are shown as `<clock>.excluded`, which no formula uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xixi_workflow.core.kpi import Kpi
from xixi_workflow.core.periods import NAMES, Kind

#: Verdicts that the on-time rate is made of, see `petition.Outcome`.
JUDGED: Final = ("on_time", "late", "breached", "unmet")
#: Verdicts of a promise that was not kept.
MISSED: Final = ("late", "breached", "unmet")
#: All verdicts in the order in which they are shown; `excluded`: of a petition that no rate counts.
VERDICTS: Final = (*JUDGED, "ended", "lapsed", "excluded")
RATINGS: Final = ("satisfied", "fairly_satisfied", "dissatisfied")

#: Results of the shipped policy that solve the matter, or leave something of it; the others say neither.
SOLVED: Final = ("solved",)
UNSOLVED: Final = ("partly_solved",)
UNREACHED: Final = ("unreachable",)

#: Which period a case counts in, in words (zh, en), see `counts_in`. Periods are the city's, from midnight on.
COUNTS_IN: Final[dict[str, tuple[str, str]]] = {
    "due": ("按到期时间计入当{}", "in the {} in which the clock was due"),
    "happened": ("按发生时间计入当{}", "in the {} in which it happened"),
    "answered": ("按评价时间计入当{}", "in the {} in which the answer was given"),
    "filed": ("按受理登记时间计入当{}", "in the {} in which it was filed"),
}

_RATED = tuple(f"rated.{rating}" for rating in RATINGS)


def counts_in(kpi: Kpi, kind: Kind) -> tuple[str, str]:
    """Which period a case of `kpi` counts in, in Chinese and English."""
    zh, en = (text.format(name) for text, name in zip(COUNTS_IN[kpi.counts_in], NAMES[kind], strict=True))
    return zh, en


def _judged(clock: str) -> tuple[str, ...]:
    return tuple(f"{clock}.{verdict}" for verdict in JUDGED)


def on_time(clock: str, zh: str, en: str) -> Kpi:
    """The on-time rate of a clock."""
    return Kpi(
        f"{clock}_on_time",
        f"{zh}及时率",
        f"{en} on time",
        (f"{clock}.on_time",),
        _judged(clock),
        f"按时{zh}件数 / 到期应{zh}件数（按时、超时、超时未办、超时终止）",
        f"{en} met at or before due / due (on time, late, still overdue, stopped overdue)",
        "due",
    )


_RESULTS = (
    Kpi(
        "close_rate",
        "结案率",
        "Closed of due",
        ("closure.on_time", "closure.late"),
        _judged("closure"),
        "截止时已办结件数 / 应结案件数",
        "answered by the cut-off / due for closing",
        "due",
    ),
    Kpi(
        "closure_of_dispatched",
        "按时办结率（按派单）",
        "Closure on time, of dispatched",
        ("closure.on_time",),
        ("dispatched",),
        "到期且按时办结件数 / 派单件次",
        "closed on time / dispatched",
        "due",
    ),
    Kpi(
        "overdue_rate",
        "超期率",
        "Overdue",
        ("closure.late", "closure.breached", "closure.unmet"),
        _judged("closure"),
        "超过办结时限件数 / 应结案件数",
        "closure clocks missed / due for closing",
        "due",
        more_is_better=False,
    ),
    Kpi(
        "solved_rate",
        "解决率",
        "Solved",
        tuple(f"resolved.{r}" for r in SOLVED),
        tuple(f"resolved.{r}" for r in (*SOLVED, *UNSOLVED)),
        "办结结果为已解决 /（已解决 + 未完全解决）；解释说明、不属实、无法联系不计",
        "resolved as solved / (solved + partly solved); explained, unfounded and unreachable are left out",
        "happened",
    ),
    Kpi(
        "contact_rate",
        "响应率（已联系）",
        "Petitioner reached",
        ("resolved", *(f"-1*resolved.{r}" for r in UNREACHED)),
        ("resolved",),
        "办结时已联系到诉求人件数 / 办结件数",
        "answers given to a petitioner who was reached / answers given",
        "happened",
    ),
    Kpi(
        "first_contact_rate",
        "先行联系率",
        "First contact in time",
        ("contacted.in_time",),
        ("dispatched",),
        "派单后在规定时间内联系诉求人件次 / 派单件次",
        "petitioner spoken to in time after the dispatch / dispatched",
        "happened",
    ),
    Kpi(
        "first_time_fix",
        "一次办结率",
        "First-time fix",
        ("closed.first_time",),
        ("closed.closed",),
        "归档且从未重办件数 / 归档件数",
        "closed without any rework / closed",
        "happened",
    ),
    Kpi(
        "rework_rate",
        "重办率",
        "Rework",
        ("rework",),
        ("resolved",),
        "重办件次（不满意评价或中心重办）/ 办结件次",
        "rounds of rework begun / answers given",
        "happened",
        more_is_better=False,
    ),
    Kpi(
        "return_rate",
        "退单率",
        "Returned by teams",
        ("returned",),
        ("dispatched",),
        "退单件次 / 派单件次",
        "returned / dispatched",
        "happened",
        more_is_better=False,
    ),
    Kpi(
        "misdispatch_rate",
        "误派率",
        "Misdispatched",
        ("misdispatched",),
        ("dispatched",),
        "退单后改派其他单位或转外部的件次 / 派单件次",
        "returned, and then dispatched to another team or transferred out / dispatched",
        "happened",
        more_is_better=False,
    ),
    Kpi(
        "groundless_return_rate",
        "无理退单率",
        "Returns refused",
        ("return_refused",),
        ("returned",),
        "被驳回的退单件次 / 退单件次",
        "returns refused / returned",
        "happened",
        more_is_better=False,
    ),
)

_OPINION = (
    Kpi(
        "satisfaction",
        "满意率",
        "Satisfaction",
        ("rated.satisfied", "weight*rated.fairly_satisfied"),
        _RATED,
        "（满意 + 基本满意 × 权重）/ 评价件数；未评价不计",
        "(satisfied + weight x fairly satisfied) / rated; who did not answer is left out",
        "answered",
    ),
    Kpi(
        "satisfaction_plain",
        "满意率（含基本满意）",
        "Satisfaction, plain",
        ("rated.satisfied", "rated.fairly_satisfied"),
        _RATED,
        "（满意 + 基本满意）/ 评价件数；未评价不计",
        "(satisfied + fairly satisfied) / rated",
        "answered",
    ),
    Kpi(
        "dissatisfaction",
        "不满意率",
        "Dissatisfaction",
        ("rated.dissatisfied",),
        _RATED,
        "不满意件数 / 评价件数",
        "dissatisfied / rated",
        "answered",
        more_is_better=False,
    ),
    Kpi(
        "dissatisfaction_of_on_time",
        "不满意率（按按时办结）",
        "Dissatisfaction, of closed on time",
        ("rated.dissatisfied",),
        ("closure.on_time",),
        "不满意件数 / 按时办结件数",
        "dissatisfied / closed on time",
        "answered",
        more_is_better=False,
    ),
    Kpi(
        "survey_rate",
        "回访率",
        "Surveyed",
        (*_RATED, "not_rated"),
        (*_RATED, "not_rated", "not_asked"),
        "已回访件数（已评价 + 未评价）/ 办结后应回访件数",
        "asked for a rating (rated or not) / answered petitions whose round came to its end",
        "answered",
    ),
    Kpi(
        "effective_survey_rate",
        "有效回访率",
        "Surveys answered",
        _RATED,
        (*_RATED, "not_rated"),
        "收到评价件数 / 已回访件数",
        "rated / asked for a rating",
        "answered",
    ),
    Kpi(
        "repeat_rate",
        "重复诉求率",
        "Repeated",
        ("repeat",),
        ("filed",),
        "同一诉求人同一类别短期内再次提出件数 / 受理件数",
        "filed again by the same petitioner in the same category shortly after / filed",
        "filed",
        more_is_better=False,
    ),
)


def kpis(clocks: Iterable[tuple[str, str, str]]) -> list[Kpi]:
    """All indicators for clocks given as (name, zh, en): the on-time rate of each, then the others."""
    return [*(on_time(*clock) for clock in clocks), *_RESULTS, *_OPINION]
