"""A month counted by the database is the month counted petition by petition, on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from tests.store.by_hand import ByHand, Hand, nearest_rank
from tests.store.random_month import JULY, JUNE, let_pass, live_a_month, pages, phones
from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import FilePetition, Petitioner
from xixi_workflow.core.figures import Figures, Group, canonical, digest, read
from xixi_workflow.core.figures_count import DIMENSIONS
from xixi_workflow.core.kpi_table import JUDGED
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.figures import count, with_past
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.settings import Settings

SEEDS = (1, 2, 3, 4)


def by_hand(engine: Engine, figures: Figures) -> ByHand:
    hand = Hand(figures.start, figures.end, figures.cut_off, engine.policies.in_force)
    return hand.count(pages(engine), phones(engine))


def groups(figures: Figures, kind: str) -> dict[str, Group]:
    return {g.code: g for g in getattr(figures, DIMENSIONS[kind])}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_database_counts_what_the_pages_show(database_url: str, seed: int) -> None:
    engine = live_a_month(database_url, seed)
    # At the month's end, and with the knowledge of some days later.
    asked = (("2026-06", None), ("2026-06", JULY + timedelta(days=2)), ("2026-07", None), ("2026-W24", None))
    for period, cut_off in asked:
        found = count(engine, period, cut_off=cut_off)
        hand = by_hand(engine, found)
        assert found.overview.counts == hand.counts.get(("all", ""), {})
        for kind in DIMENSIONS:
            expected = {code: counts for (of, code), counts in hand.counts.items() if of == kind}
            assert {code: g.counts for code, g in groups(found, kind).items()} == expected, kind
        for clock in found.timeliness:
            raw = hand.raw.get(("all", "", clock.clock), [])
            assert clock.due == sum(
                n for name, n in found.overview.counts.items() if name.startswith(f"{clock.clock}.")
            )
            assert clock.raw.n == clock.net.n == len(raw)
            if raw:
                assert (clock.raw.median, clock.raw.p90) == (nearest_rank(raw, 50), nearest_rank(raw, 90))
                net = hand.net[clock.clock]
                assert (clock.net.median, clock.net.p90) == (nearest_rank(net, 50), nearest_rank(net, 90))
                assert (clock.raw.mean, clock.net.mean) == (sum(raw) // len(raw), sum(net) // len(net))
            for day in range(7):
                for hour in range(24):
                    assert clock.week_judged[day][hour] == hand.judged_hours[clock.clock, day, hour]
        for (kind, code, clock_name), raw in hand.raw.items():
            if kind != "all":
                spans = groups(found, kind)[code].spans[clock_name]
                assert (spans.n, spans.median, spans.p90) == (len(raw), nearest_rank(raw, 50), nearest_rank(raw, 90))
        assert {s.state: (s.spans.n, s.seconds, s.spans.median, s.net.median) for s in found.stages} == {
            state: (len(stays), sum(n for _, n in stays), *(nearest_rank([*of], 50) for of in zip(*stays, strict=True)))
            for state, stays in hand.stages.items()
        }
        assert {
            (cause.clock, team, why): n
            for cause in found.breaches.clocks
            for team, counts in cause.by_team.items()
            for why, n in counts.items()
        } == hand.causes
        assert {
            (int(o.no), o.clock, o.key, o.due_at): (o.cause, o.late, o.level) for o in found.breaches.overdue
        } == hand.missed
        levels = {(clock, level): n for clock, of in found.breaches.levels_by_clock.items() for level, n in of.items()}
        assert levels == hand.levels
        assert {n.code: n.n for n in found.overview.open_by_state} == hand.open_at_end
        assert found.overview.open_at_start == sum(hand.open_at_start.values())
        assert [[hand.filed_hours[day, hour] for hour in range(24)] for day in range(7)] == found.overview.week
    engine.store.close()


@pytest.fixture(scope="session")
def a_month(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """One eventful month."""
    engine = live_a_month(_fresh(tmp_path_factory), 10, petitions=150)
    found = with_past(engine, "2026-06")
    engine.store.close()
    return found


def _fresh(folders: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{folders.mktemp('month') / 'xixi.db'}"
    wiring.open_engine(Settings(database_url=url), now=JUNE - timedelta(days=10), upgrade=True).store.close()
    return url


def test_the_random_month_has_a_bit_of_everything(a_month: Figures) -> None:
    counts = a_month.overview.counts
    wanted: tuple[str, ...] = (
        "filed",
        "dispatched",
        "returned",
        "return_refused",
        "rework",
        "taken_up_again",
        "repeat",
        "not_rated",
    )
    wanted += ("misdispatched", "contacted.in_time", "contacted.late", "contacted.again")
    assert [name for name in wanted if not counts.get(name)] == []
    assert {f"closure.{v}" for v in (*JUDGED, "excluded")} <= {name for name, n in counts.items() if n}
    assert {f"closed.{s}" for s in ("closed", "rejected", "withdrawn", "transferred")} <= counts.keys()
    causes = {c.code for clock in a_month.breaches.clocks for c in clock.causes if c.n}
    assert causes >= {"intake", "acceptance", "field", "return"}
    assert a_month.overview.open_at_start > 0
    stays = {stage.state: stage for stage in a_month.stages}
    assert stays["on_hold"].net == stays["on_hold"].spans
    assert stays["in_progress"].net.mean != stays["in_progress"].spans.mean


def test_totals_foot(a_month: Figures) -> None:
    o, counts = a_month.overview, a_month.overview.counts
    opened = o.open_at_start + counts["filed"] + counts["taken_up_again"]
    assert opened - counts["closed"] == o.open_at_end
    assert counts["closed"] == sum(
        n for name, n in counts.items() if name.startswith("closed.") and "first" not in name
    )
    for clock in a_month.timeliness:
        assert clock.due == sum(clock.verdicts.values())
        judged = sum(clock.verdicts[v] for v in JUDGED)
        assert judged == sum(map(sum, clock.week_judged))
        assert clock.verdicts["on_time"] == sum(map(sum, clock.week_on_time))
        # An answer to the survey is no promise of ours.
        promised = (0, 0) if clock.clock == "survey" else (clock.verdicts["on_time"], judged)
        assert (int(clock.on_time.numerator), clock.on_time.denominator) == promised
        for verdict, n in clock.verdicts.items():
            for kind in DIMENSIONS:
                assert n == sum(g.counts.get(f"{clock.clock}.{verdict}", 0) for g in groups(a_month, kind).values())
        missed = sum(clock.verdicts[v] for v in ("late", "breached", "unmet"))
        assert missed == sum(c.missed for c in a_month.breaches.clocks if c.clock == clock.clock)
    for cause in a_month.breaches.clocks:
        assert cause.missed == sum(c.n for c in cause.causes) == sum(sum(t.values()) for t in cause.by_team.values())
    for name in ("returned", "resolved", "rework", "closed", "rated.satisfied", "not_rated"):
        for kind in DIMENSIONS:
            assert counts[name] == sum(g.counts.get(name, 0) for g in groups(a_month, kind).values()), (name, kind)
    for part in (o.by_source, o.by_channel, o.by_nature, o.by_urgency):
        assert sum(one.n for one in part) == counts["filed"] == sum(map(sum, o.week))
    assert sum(item.n for item in a_month.hot) <= counts["filed"]
    assert sum(one.n for one in o.by_result) == counts["resolved"]
    assert sum(one.n for one in o.returns_by_reason) == counts["returned"]


def test_a_month_says_whose_it_is_and_its_parts_agree(a_month: Figures) -> None:
    assert (a_month.city_zh, a_month.city_en) == ("杭州市西湖区西溪街道", "Xixi Sub-district, Hangzhou")
    days = (a_month.end - a_month.start).days
    assert a_month.overview.daily is not None
    assert abs(a_month.overview.daily * days - a_month.overview.counts["filed"]) <= Decimal("0.005") * days
    of_groups = {group.code: group.counts.get("resolved", 0) for group in a_month.category_groups}
    by_parent: Counter[str] = Counter()
    for category in a_month.categories:
        by_parent[category.parent] += category.counts.get("resolved", 0)
    assert of_groups == dict(by_parent)
    told = a_month.satisfaction
    assert told.dissatisfaction.numerator == told.dissatisfied
    assert all(d.counts_in_zh and d.counts_in_en for d in a_month.definitions)


def test_every_indicator_is_there_with_its_definition_and_equal_figures_have_equal_bytes(a_month: Figures) -> None:
    assert {d.key for d in a_month.definitions} == a_month.overview.rates.keys()
    text = canonical(a_month)
    again = read(text)
    assert again == a_month
    assert canonical(again) == text
    assert digest(again) == digest(a_month)
    assert b"." in text
    assert b'"percent":"' not in text


def test_a_month_is_compared_with_those_before_it_that_are_known(database_url: str) -> None:
    engine = live_a_month(database_url, 5)
    may, june = count(engine, "2026-05"), count(engine, "2026-06")
    assert {change.points for change in june.overview.mom.values()} == {None}
    beside = count(engine, "2026-06", past={"2026-05": may, "2025-06": may})
    filed, before = june.overview.counts["filed"], may.overview.counts["filed"]
    assert beside.overview.mom["filed"].by == beside.overview.yoy["filed"].by == filed - before
    now, then = june.overview.rates["closure_on_time"].percent, may.overview.rates["closure_on_time"].percent
    assert now is not None
    assert then is not None
    assert beside.overview.mom["closure_on_time"].points == now - then
    assert [p.period for p in beside.trend][::12] == ["2025-06", "2026-06"]
    assert [p.period for p in beside.trend if p.filed is not None] == ["2025-06", "2026-05", "2026-06"]
    assert beside.trend[-1].rates["closure_on_time"] == june.overview.rates["closure_on_time"]
    ranks = {row.code: row.rank for row in may.ranking.rows}
    assert {row.code: row.before for row in beside.ranking.rows} == {
        r.code: ranks.get(r.code) for r in june.ranking.rows
    }
    for item in beside.hot:
        was = groups(may, "category")[item.code].counts.get("filed", 0) if item.code in groups(may, "category") else 0
        assert item.mom.by == item.n - was
    # What is compared is all that the past changes.
    assert beside.teams[0].counts == june.teams[0].counts
    assert with_past(engine, "2026-06", {"2025-06": may}) == beside
    engine.store.close()


def test_a_snapshot_of_another_format_is_refused(a_month: Figures) -> None:
    text = canonical(a_month).replace(b'"format":1,', b'"format":2,')
    with pytest.raises(msgspec.ValidationError, match="format 2"):
        read(text)


def test_a_quiet_month_has_no_rates_and_no_changes(a_month: Figures, tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = wiring.open_engine(Settings(database_url=_fresh(tmp_path_factory)), now=JUNE)
    quiet = with_past(engine, "2026-06")
    engine.store.close()
    assert quiet.overview.counts == {}
    assert {r.percent for r in quiet.overview.rates.values()} == {None}
    assert (quiet.teams, quiet.stages, quiet.hot, quiet.breaches.overdue) == ([], [], [], [])
    assert [point.filed for point in quiet.trend] == [None] * 12 + [0]
    assert quiet.overview.mom["filed"].percent is None
    assert quiet.definitions == a_month.definitions


def live_through(engine: Engine, source_id: str, *steps: tuple[datetime, c.Command | None]) -> None:
    """One petition; None is its filing."""
    number = 0
    for at, command in steps:
        let_pass(engine, at)
        filing = FilePetition("visit", source_id, "路灯不亮", petitioner=Petitioner("某", "19900000000"))
        request = Request(number, command or filing, Actor("operator"))
        done = engine.handle([request], now=at)[0]
        assert done.refused is None
        number = done.number
    let_pass(engine, at)


def test_what_counts_in_which_month_is_told_to_the_microsecond(database_url: str) -> None:
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE - timedelta(days=9))
    instant, minute, day = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)
    accept, resolve, satisfied = c.AcceptPetition(), c.ResolvePetition("solved", "已修"), c.RatePetition("satisfied")
    # Its minute ends at the city's midnight sharp and so was due in June; so was its day, and at due is on time.
    received = JUNE - minute
    live_through(engine, "1", (received, None), (received + 2 * instant, accept), (received + day, resolve))
    # Filed in May, due one microsecond before June.
    early = JUNE - minute - instant
    live_through(engine, "2", (early, None), (early + 2 * instant, accept))
    for n, rated_at in enumerate((JULY - instant, JULY)):
        filed_at = JULY - day + n * instant
        steps = ((filed_at, None), (filed_at + minute, accept), (filed_at + 2 * minute, resolve), (rated_at, satisfied))
        live_through(engine, f"rated {n}", *steps)
    may, june, july = (count(engine, month).overview.counts for month in ("2026-05", "2026-06", "2026-07"))

    def found(name: str) -> tuple[int, int, int]:
        return may.get(name, 0), june.get(name, 0), july.get(name, 0)

    assert found("filed") == (2, 2, 0)
    assert found("response.on_time") == (1, 3, 0)
    # Those of 30 June are due one day later, on 1 July.
    assert (june["closure.on_time"], july["closure.on_time"]) == (1, 2)
    assert found("rated.satisfied") == (0, 1, 1)
    engine.store.close()


def test_what_is_met_after_the_cut_off_is_still_overdue_in_every_later_count(database_url: str) -> None:
    engine = wiring.open_engine(Settings(database_url=database_url), now=JULY - timedelta(days=2))
    at = JULY - timedelta(days=1, hours=1)
    filing = FilePetition("visit", "1", "路灯不亮", petitioner=Petitioner("某", "19900000000"))
    number = engine.handle([Request(0, filing)], now=at)[0].number
    for minute, command in enumerate((c.DispatchPetition("urban"), c.AcceptPetition())):
        engine.handle([Request(number, command, Actor("operator"))], now=at + timedelta(minutes=minute))
    let_pass(engine, JULY)
    before = count(engine, "2026-06")
    assert before.overview.counts["closure.breached"] == 1
    assert before.breaches.overdue[0].late == 3600
    later = JULY + timedelta(hours=5)
    engine.handle([Request(number, c.ResolvePetition("solved", "已修"), Actor("operator"))], now=later)
    let_pass(engine, later + timedelta(days=30))
    assert canonical(count(engine, "2026-06")) == canonical(before)
    assert count(engine, "2026-06", cut_off=later + timedelta(hours=1)).overview.counts["closure.late"] == 1
    engine.store.close()


def test_a_breach_that_a_late_event_withdrew_is_no_verdict(database_url: str) -> None:
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE)
    filing = FilePetition("visit", "1", "路灯不亮", petitioner=Petitioner("某", "19900000000"))
    number = engine.handle([Request(0, filing)], now=JUNE)[0].number
    asked = [c.RoutePetition("SA02"), c.DispatchPetition(), c.AcceptPetition(), c.RequestHold("third_party")]
    for minute, command in enumerate(asked):
        who = Actor("operator") if minute < 2 else Actor("handler", "citycare-1")
        done = engine.handle([Request(number, command, who)], now=JUNE + timedelta(seconds=10 * minute))
        assert done[0].refused is None
    let_pass(engine, JUNE + timedelta(hours=25))
    assert count(engine, "2026-06").overview.counts["closure.breached"] == 1
    approval = Request(number, c.ApproveHold(), Actor("supervisor", "supervisor-1"), JUNE + timedelta(hours=20))
    assert engine.handle([approval], now=JUNE + timedelta(hours=26))[0].refused is None
    after = count(engine, "2026-06")
    assert not any(name.startswith("closure.") for name in after.overview.counts)
    engine.store.close()


def test_a_clock_due_long_after_its_petition_was_over_is_found(database_url: str) -> None:
    """An extension of five days on a closing of today moves nothing far; a promise of a quarter of a year does."""
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE - timedelta(days=60))
    at = JUNE - timedelta(days=40)
    filing = FilePetition("visit", "1", "路灯不亮", petitioner=Petitioner("某", "19900000000"))
    number = engine.handle([Request(0, filing)], now=at)[0].number
    engine.handle([Request(number, c.TransferOut("110"), Actor("operator"))], now=at + timedelta(minutes=5))
    with engine.store.writing() as db:
        due = JUNE + timedelta(days=3)
        value = due if db.dialect.name == "postgresql" else int(due.timestamp() * 1e6)
        db.exec_driver_sql(
            f"UPDATE outcome SET due_at = {'%s' if db.dialect.name == 'postgresql' else '?'} WHERE clock = 'closure'",
            (value,),
        )
    assert count(engine, "2026-06").overview.counts["closure.on_time"] == 1
    engine.store.close()
