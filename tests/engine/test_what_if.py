"""A month under other rules, from real databases: nothing is written, and the unchanged rules change nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.centre import HANDLER, SUPERVISOR, T0, accepted, act, after, contents, file, outbox, sweep_all
from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core import commands as c
from xixi_workflow.core import what_if
from xixi_workflow.core.periods import period_span
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build
from xixi_workflow.demo import samples
from xixi_workflow.demo.drive import Wanted, demonstrate, first_midnight
from xixi_workflow.engine import duty, figures
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.what_if import WhatIf, simulate
from xixi_workflow.settings import Settings
from xixi_workflow.store import what_if as store
from xixi_workflow.store.views import page

MONTH = "2026-11"
DECEMBER = datetime.fromisoformat("2026-12-15T00:00:00+00:00")
RESOLVE = c.ResolvePetition("solved", "已解决")
LEAD = {"urban-1", "urban-2", "urban-3", "urban-4"}


def edited(folder: Path, *changes: tuple[str, str, str]) -> Policy:
    """The shipped configuration with texts replaced: (file, old, new)."""
    place = Path(shutil.copytree(shipped_folder(), folder / "other", ignore=shutil.ignore_patterns("samples")))
    for name, old, new in changes:
        text = (place / name).read_text(encoding="utf-8")
        assert old in text
        (place / name).write_text(text.replace(old, new), encoding="utf-8")
    return read_policy(place)


def run(engine: Engine, until: datetime, since: datetime = T0) -> None:
    """Sweep every minute in which something may happen: a night of alarms a minute apart would be long."""
    at = since
    while at < until:
        sweep_all(engine, now=at)
        at += timedelta(minutes=1) if at - since < timedelta(hours=1) else timedelta(hours=1)


def story(engine: Engine) -> dict[str, int]:
    """One petition answered after 20 hours, one that nobody touches, one with an extension."""
    quick, never, longer = file(engine, "quick", "never", "longer")
    sweep_all(engine, now=T0)
    for number in (quick, longer):
        accepted(act(engine, number, c.AcceptPetition("urban-1"), HANDLER, now=after(minutes=2)))
        accepted(act(engine, number, c.ReportInterim("已到现场"), HANDLER, now=after(hours=1)))
    run(engine, after(hours=19))
    accepted(act(engine, longer, c.RequestExtension(6 * 3600, "需要时间"), HANDLER, now=after(hours=19)))
    accepted(act(engine, longer, c.ApproveExtension(), SUPERVISOR, now=after(hours=19, minutes=5)))
    accepted(act(engine, quick, RESOLVE, HANDLER, now=after(hours=20)))
    run(engine, after(hours=29), after(hours=20))
    accepted(act(engine, longer, RESOLVE, HANDLER, now=after(hours=29)))
    run(engine, after(days=5), after(hours=29))
    return {"quick": quick, "never": never, "longer": longer}


def by_clock(found: WhatIf) -> dict[str, tuple[int, int]]:
    return {one.clock: (one.newly_missed, one.no_longer_missed) for one in found.clocks}


def test_the_unchanged_policy_gives_the_recorded_verdicts_and_the_figures_of_the_month(
    engine: Engine, policy: Policy
) -> None:
    story(engine)
    before = contents(engine.store)
    found = simulate(engine, policy, MONTH, now=DECEMBER)
    assert contents(engine.store) == before
    assert (found.petitions, found.worse, found.better, found.unreadable) == (3, 0, 0, 0)
    assert found.check.verdicts == found.check.verdicts_same > 0
    assert (found.not_done, found.stood_in) == ([], [])
    assert all(p.then == p.now for p in found.people)
    assert all(k.then == k.now for k in found.kinds)
    assert all(both.then == both.now for both in found.levels.values())
    rates = {c.clock: c.on_time for c in figures.count(engine, MONTH).timeliness}
    for one in found.clocks:
        assert (one.then.on_time, one.then.due) == (int(rates[one.clock].numerator), rates[one.clock].denominator)


def test_a_shorter_promise_names_who_would_have_missed_it(engine: Engine, tmp_path: Path) -> None:
    numbers = story(engine)
    other = edited(tmp_path, ("policy.yaml", "    limit: 24h\n", "    limit: 12h\n"))
    found = simulate(engine, other, MONTH, now=DECEMBER)
    [closure] = [one for one in found.clocks if one.clock == "closure"]
    assert (closure.newly_missed, closure.no_longer_missed, closure.still_missed) == (2, 0, 1)
    assert (closure.then.on_time, closure.then.due, closure.now.on_time, closure.now.due) == (2, 3, 0, 3)
    assert [(one.petition, one.now.late if one.now else 0) for one in closure.newly] == [
        (numbers["longer"], 17 * 3600),
        (numbers["quick"], 8 * 3600),
    ]
    assert {key: n for key, n in by_clock(found).items() if key != "closure"} == dict.fromkeys(
        {one.clock for one in found.clocks} - {"closure"}, (0, 0)
    )
    assert [(x.event, x.code, x.n, x.petitions) for x in found.not_done] == [
        ("approve_extension", "nothing_pending", 1, [numbers["longer"]]),
        ("request_extension", "after_due", 1, [numbers["longer"]]),
    ]
    assert (found.worse, found.worse_by_refusal) == (2, 1)
    assert found.levels[1].now > found.levels[1].then
    assert sum(k.now.segments for k in found.kinds) > sum(k.then.segments for k in found.kinds)
    assert len(simulate(engine, other, MONTH, now=DECEMBER, listed=1).clocks[-1].newly) == 1


def test_a_longer_promise_names_who_would_have_kept_it(engine: Engine, tmp_path: Path) -> None:
    numbers = story(engine)
    other = edited(tmp_path, ("policy.yaml", "    limit: 24h\n", "    limit: 10d\n"))
    found = simulate(engine, other, MONTH, now=DECEMBER)
    [closure] = [one for one in found.clocks if one.clock == "closure"]
    assert (closure.newly_missed, closure.no_longer_missed, closure.now.due) == (0, 1, 0)
    [kept] = closure.no_longer
    # Ten days end in December: by the end of the month it is neither kept nor missed.
    assert (kept.petition, kept.then.result if kept.then else "", kept.now) == (numbers["never"], "breached", None)
    assert (found.worse, found.better) == (0, 1)
    assert found.levels[1].now < found.levels[1].then


def test_another_roster_changes_who_is_told_and_no_promise(engine: Engine, tmp_path: Path) -> None:
    story(engine)
    swapped = [
        ("duty/centre.yaml", "people: [deputy-leader-1], days", "people: [XX], days"),
        ("duty/centre.yaml", "people: [deputy-leader-2], days", "people: [deputy-leader-1], days"),
        ("duty/centre.yaml", "people: [XX], days", "people: [deputy-leader-2], days"),
    ]
    found = simulate(engine, edited(tmp_path, *swapped), MONTH, now=DECEMBER)
    assert (found.worse, found.better) == (0, 0)
    changed = {p.person: (p.then.messages, p.now.messages) for p in found.people if p.then != p.now}
    assert changed.keys() == {"deputy-leader-1", "deputy-leader-2"}
    assert changed["deputy-leader-1"] == changed["deputy-leader-2"][::-1]
    assert changed["deputy-leader-1"][0] > 0


def test_what_was_asked_of_the_running_service_is_a_deed(engine: Engine, policy: Policy, tmp_path: Path) -> None:
    # The commander's duty is taken over for the days in which the untouched petition climbs its ladder.
    duty.take_over(engine, "commander", "supervisor-2", until=after(days=10), told={}, now=after(seconds=-5))
    story(engine)
    told = {m.recipient for m in outbox(engine, "leader_overdue")}
    assert "supervisor-2" in told
    assert not told & {"commander-1", "commander-2"}
    longer = edited(tmp_path, ("policy.yaml", "    limit: 3h\n", "    limit: 4h\n"))
    for other in (policy, longer):
        found = simulate(engine, other, MONTH, now=DECEMBER)
        who = {p.person: (p.then.level, p.now.level) for p in found.people}
        assert who["supervisor-2"] == (2, 2)
        assert not who.keys() & {"commander-1", "commander-2"}


def test_somebody_who_is_not_in_the_other_roster_is_stood_in_for(engine: Engine, policy: Policy) -> None:
    story(engine)
    documents = {name: policy.documents[name] for name in policy.documents}
    teams = documents["teams.yaml"]
    handlers = [who for who in teams["teams"]["urban"]["handlers"] if who != "urban-1"]
    urban = teams["teams"]["urban"] | {"handlers": handlers}
    documents["teams.yaml"] = teams | {"teams": teams["teams"] | {"urban": urban}}
    rosters = documents["duty/urban.yaml"]["rosters"]
    documents["duty/urban.yaml"] = {"rosters": rosters | {"urban": {"shifts": [{"people": handlers}]}}}
    found = simulate(engine, build(documents), MONTH, now=DECEMBER)
    assert [(x.event, x.code, x.n) for x in found.stood_in] == [("accept", "not_of_this_team", 2)]
    assert (found.worse, found.better, found.not_done) == (0, 0, [])
    who = {p.person: (p.then.messages, p.now.messages) for p in found.people if p.person in LEAD}
    assert who["urban-1"][0] > 0 == who["urban-1"][1]


def test_other_category_rules_route_the_petitions_to_other_teams(engine: Engine, tmp_path: Path) -> None:
    story(engine)
    urban = next(c_ for c_ in read_policy(shipped_folder()).categories.values() if c_.code == "UM01")
    assert urban.team == "urban"
    text = (shipped_folder() / "categories.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "code: UM01" in line)
    found = simulate(
        engine,
        edited(tmp_path, ("categories.yaml", line, line.replace("team: urban", "team: market"))),
        MONTH,
        now=DECEMBER,
    )
    who = {p.person: (p.then.messages, p.now.messages) for p in found.people}
    assert who["market-lead"][0] == 0 < who["market-lead"][1]
    assert [(x.event, x.n) for x in found.stood_in] == [("accept", 2)]
    assert (found.worse, found.better) == (0, 0)


def test_what_the_house_routed_by_words_is_routed_by_the_other_words(engine: Engine, policy: Policy) -> None:
    story(engine)
    file_ = policy.documents["categories.yaml"]
    moved = {"UM01": [], "PS01": ["夜市占道经营"]}
    categories = [one | {"words": moved.get(one["code"], one["words"])} for one in file_["categories"]]
    other = build(policy.documents | {"categories.yaml": file_ | {"categories": categories}})
    found = simulate(engine, other, MONTH, now=DECEMBER)
    who = {p.person: (p.then.messages, p.now.messages) for p in found.people}
    assert who["police-lead"][0] == 0 < who["police-lead"][1]
    assert [(x.event, x.code, x.n) for x in found.stood_in] == [("accept", "not_of_this_team", 2)]


def test_a_period_that_is_not_over_is_lived_up_to_now(engine: Engine, policy: Policy) -> None:
    story(engine)
    found = simulate(engine, policy, MONTH, now=after(hours=10))
    [closure] = [one for one in found.clocks if one.clock == "closure"]
    assert found.until == after(hours=10)
    assert closure.then.due == 0
    assert found.check.verdicts == found.check.verdicts_same > 0


def test_a_month_before_and_a_month_after_see_only_what_is_theirs(engine: Engine, policy: Policy) -> None:
    story(engine)
    empty = simulate(engine, policy, "2026-10", now=DECEMBER)
    assert (empty.petitions, empty.people, empty.kinds) == (0, [], [])
    later = simulate(engine, policy, "2026-12", now=DECEMBER)
    assert later.petitions == 3
    assert {one.clock: one.then.due for one in later.clocks if one.then.due} == {}


@pytest.mark.parametrize("period", ["2027-01", "2026-13", "soon"])
def test_what_is_no_period_or_has_not_begun_is_refused(engine: Engine, policy: Policy, period: str) -> None:
    with pytest.raises(ValueError, match=period):
        simulate(engine, policy, period, now=DECEMBER)


def test_progress_is_told_up_to_the_last_petition(
    engine: Engine, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    story(engine)
    monkeypatch.setattr(store, "PORTION", 2)
    heard: list[tuple[int, int]] = []
    found = simulate(engine, policy, MONTH, now=DECEMBER, progress=lambda done, of: heard.append((done, of)))
    assert heard == [(2, 3), (3, 3)]
    assert found.petitions == 3


# --- a simulated month ------------------------------------------------------------------------------------------------


@pytest.fixture
def lived_month(empty_database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """Four days of a demonstration, with everything that people do in it."""
    settings = Settings(database_url=empty_database_url, config=shipped_folder())
    zone = wiring.read_config(settings).zone
    engine = wiring.open_engine(settings, now=first_midnight(zone), upgrade=True)
    rows = samples.read(shipped_folder() / "samples" / "petitions.csv")
    report = Wanted(tmp_path / "report", formats=("json",))
    demonstrate(engine, rows, count=80, days=4, seed=3, report=report, told=lambda progress: None)
    yield engine
    engine.store.close()


def test_a_month_lived_again_is_the_recorded_month_message_for_message(lived_month: Engine, policy: Policy) -> None:
    engine, month = lived_month, "2026-06"
    found = simulate(engine, policy, month, now=DECEMBER)
    assert found.check.exact
    assert found.check.verdicts > 300
    assert found.check.messages > 500
    assert found.petitions == 80
    start, end = period_span(month, policy.zone)
    recorded: Counter[tuple[object, ...]] = Counter()
    again: Counter[tuple[object, ...]] = Counter()
    for portion in store.lives(engine.store, store.numbers(engine.store, since=start, start=start, end=end)):
        for life in portion:
            kept = page(engine.store, life.number)
            assert kept is not None
            noticed = {entry.seq: entry.noticed_at for entry in kept.journal}
            told = [(life.number, m.kind, m.to, str(m.vars), noticed[m.seq]) for m in kept.messages]
            recorded.update(one for one in told if one[-1] < end)
            course, _ = what_if.lived(
                life.journal, number=life.number, policy_at=lambda _: engine.policies.in_force, since=start, until=end
            )
            again.update((life.number, t.message.kind, t.message.to, str(t.message.vars), t.at) for t in course.told)
    assert again == recorded
    rates = {c_.clock: c_.on_time for c_ in figures.count(engine, month).timeliness}
    for one in found.clocks:
        assert (one.then.on_time, one.then.due) == (int(rates[one.clock].numerator), rates[one.clock].denominator)
