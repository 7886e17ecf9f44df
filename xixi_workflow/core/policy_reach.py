"""What can happen at all: clocks, warnings and notices of a policy held against the lifecycle table.

A clock that waits for an event which cannot come, or which always comes too late to matter, is a mistake that no
petition shows: it looks like a team that never delivers. So it is looked for before the policy is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from xixi_workflow.core.lifecycle import EVENTS, FINAL, STATES, TABLE, State
from xixi_workflow.core.policy import category_codes
from xixi_workflow.core.policy_problem import Files, Path, Problem, unknown
from xixi_workflow.core.policy_schema import CalendarsFile, CategoriesFile, ClockShape, PolicyFile, Urgency

#: Facts of a clock. They are told by its `warn` and its ladder; nothing can hang on them.
CLOCK_FACTS = frozenset({"warn", "breach", "escalate"})
#: The events of an assisting team's sub-task.
ASSIST_EVENTS = frozenset({"ask_assist", "accept_assist", "finish_assist"})
#: Events whose command can carry a deadline of its own (`seconds`).
DEADLINE_EVENTS = frozenset({"supervise"})
_ENDED: frozenset[State] = frozenset({*FINAL, "closed"})


def clock_events(files: Files) -> Iterator[Problem]:
    """Events and states that a clock names: they must exist, and be possible while it runs."""
    main: PolicyFile | None = files.get("policy.yaml")
    for name, clock in main.clocks.items() if main else ():
        at: Path = ("clocks", name)
        named = [*_unknown_events(clock, at), *_unknown_states(clock, at)]
        yield from named
        both = {*clock.starts} & {*clock.meets, *clock.ends}
        if both and not clock.restarts:
            yield Problem("policy.yaml", at, f"{', '.join(sorted(both))} both starts and stops this clock")
        for key in ("starts", "meets"):
            if not getattr(clock, key):
                yield Problem("policy.yaml", (*at, key), f"nothing {key} this clock")
        if clock.counts_from == "receipt" and "file" not in clock.starts:
            message = "only a clock started by file can count from the receipt"
            yield Problem("policy.yaml", (*at, "counts_from"), message)
        if not named and clock.starts:
            yield from _assist_scope(clock, at)
            yield from _impossible(clock, at)
            yield from _lapse(clock, at)
            yield from _own_deadline(clock, at)


def _unknown_events(clock: ClockShape, at: Path) -> Iterator[Problem]:
    for key in ("starts", "meets", "ends"):
        for i, event in enumerate(getattr(clock, key)):
            if event not in EVENTS:
                yield Problem("policy.yaml", (*at, key, i), unknown("event", event, EVENTS))
            elif event in CLOCK_FACTS:
                yield Problem("policy.yaml", (*at, key, i), f"{event} is what a clock does; no clock can wait for it")


def _unknown_states(clock: ClockShape, at: Path) -> Iterator[Problem]:
    for i, state in enumerate(clock.pauses_in):
        if state not in STATES:
            yield Problem("policy.yaml", (*at, "pauses_in", i), unknown("state", state, STATES))


def _assist_scope(clock: ClockShape, at: Path) -> Iterator[Problem]:
    """The clock of a sub-task belongs to one team, and only the sub-task's own events name that team."""
    if clock.scope == "assist":
        for key in ("starts", "meets"):
            for i, event in enumerate(getattr(clock, key)):
                if event not in ASSIST_EVENTS:
                    message = f"{event} is not about an assisting team; use {', '.join(sorted(ASSIST_EVENTS))}"
                    yield Problem("policy.yaml", (*at, key, i), message)


def _impossible(clock: ClockShape, at: Path) -> Iterator[Problem]:
    states = runs_in(clock)
    possible = {row.event for row in TABLE if row.state in states}
    for key in ("meets", "ends"):
        for i, event in enumerate(getattr(clock, key)):
            if event not in possible:
                message = f"{event} cannot happen while this clock runs (states: {_list(states)})"
                yield Problem("policy.yaml", (*at, key, i), message)
    for i, state in enumerate(clock.pauses_in):
        if state not in states:
            message = f"this clock never runs in {state}, only in {_list(states)}"
            yield Problem("policy.yaml", (*at, "pauses_in", i), message)
    if states and states <= {*clock.pauses_in}:
        yield Problem("policy.yaml", (*at, "pauses_in"), "this clock would always be paused")


def _lapse(clock: ClockShape, at: Path) -> Iterator[Problem]:
    """Only a resolved petition may be closed by silence."""
    if clock.when_due == "lapse" and (elsewhere := runs_in(clock) - {"resolved"}):
        message = (
            "a clock that lapses closes the petition, so it may run in the state resolved alone; "
            f"it would also run in {_list(elsewhere)}: name what leaves resolved in `ends`"
        )
        yield Problem("policy.yaml", (*at, "when_due"), message)


def _own_deadline(clock: ClockShape, at: Path) -> Iterator[Problem]:
    """A run whose limit comes with the command may be short, so nothing may hang on the configured limit."""
    if not clock.limit_by_command:
        return
    if not DEADLINE_EVENTS & {*clock.starts}:
        known = ", ".join(sorted(DEADLINE_EVENTS))
        message = f"no command that starts this clock carries a deadline; only {known} does"
        yield Problem("policy.yaml", (*at, "limit_by_command"), message)
    for i, text in enumerate(clock.warn.at if clock.warn else ()):
        if text.startswith("-"):
            message = f"the deadline that comes with the command may be shorter than {text[1:]}; write a share, as 80%"
            yield Problem("policy.yaml", (*at, "warn", "at", i), message)


def ladder_choices(files: Files) -> Iterator[Problem]:
    """Which petitions climb which ladder: each choice must be possible, and nobody may fall between them."""
    main: PolicyFile | None = files.get("policy.yaml")
    categories: CategoriesFile | None = files.get("categories.yaml")
    codes = category_codes(categories.categories) if categories else None
    for name, clock in main.clocks.items() if main else ():
        # What a petition can be when the clock is breached; "" is one that is not routed yet.
        kinds = {"", *(code for found in (codes or {}).values() for code in found)}
        if codes is None:
            kinds |= {code for choice in clock.ladders for code in choice.categories}
        left = {(code, urgency) for code in kinds for urgency in get_args(Urgency)}
        for i, choice in enumerate(clock.ladders):
            at: Path = ("clocks", name, "ladders", i)
            if main and choice.ladder not in main.ladders:
                yield Problem("policy.yaml", (*at, "ladder"), unknown("ladder", choice.ladder, main.ladders))
            named = set(kinds) if not choice.categories else set[str]()
            for n, category in enumerate(choice.categories):
                if codes is not None and category not in codes:
                    yield Problem("policy.yaml", (*at, "categories", n), unknown("category or group", category, codes))
                named |= codes.get(category, frozenset({category})) if codes is not None else {category}
            fits = {(c, u) for c in named for u in choice.urgencies or get_args(Urgency)}
            if choice.categories and clock.starts and runs_in(clock) <= {"received"}:
                message = "no petition has a category yet while this clock runs"
                yield Problem("policy.yaml", (*at, "categories"), message)
            elif named and not fits & left:
                yield Problem("policy.yaml", at, "can never fit: the choices above it take all its petitions")
            left -= fits
        if clock.ladders and left and not clock.ladder:
            message = "petitions that fit none of these have no ladder; name one in `ladder`"
            yield Problem("policy.yaml", ("clocks", name, "ladders"), message)
        if clock.ladders and not left and clock.ladder:
            message = f"{clock.ladder} is never climbed: every petition fits one of `ladders`"
            yield Problem("policy.yaml", ("clocks", name, "ladder"), message)


def ladder_steps(files: Files) -> Iterator[Problem]:
    """Ladders that nothing climbs, and steps that no petition lives to see."""
    main: PolicyFile | None = files.get("policy.yaml")
    calendars: CalendarsFile | None = files.get("calendars.yaml")
    if main is None:
        return
    users: dict[str, list[ClockShape]] = {name: [] for name in main.ladders}
    misspelt = False
    for clock in main.clocks.values():
        for ladder in {*([clock.ladder] if clock.ladder else ()), *(c.ladder for c in clock.ladders)}:
            misspelt = misspelt or ladder not in users
            users.setdefault(ladder, []).append(clock)
    plain = {name for name, shape in calendars.calendars.items() if shape.always} if calendars else set[str]()
    lapse = min((c.limit for c in main.clocks.values() if c.when_due == "lapse"), default=None)
    for name, steps in main.ladders.items():
        # Where a name is misspelt, the ladder that was meant is not to blame.
        if steps and not users[name] and not misspelt:
            yield Problem("policy.yaml", ("ladders", name), "no clock climbs this ladder")
        for i, step in enumerate(steps):
            # A clock that runs while the petitioner is asked ends with the survey, which closes the petition.
            seen = [c for c in users[name] if not (lapse is not None and _over(c, step.after, lapse, plain))]
            if users[name] and not seen:
                yield Problem("policy.yaml", ("ladders", name, i), "no petition lives so long: the survey closes it")


def _over(clock: ClockShape, after: float, lapse: float, plain: set[str]) -> bool:
    """Whether a survey of `lapse` seconds closes every petition before `clock` has been overdue for `after`."""
    return clock.calendar in plain and runs_in(clock) <= {"resolved"} and clock.limit + after >= lapse


def clock_limits(files: Files) -> Iterator[Problem]:
    """A step that must come before another needs the shorter limit, or its clock could never run out first."""
    main: PolicyFile | None = files.get("policy.yaml")
    clocks = main.clocks if main else {}
    if main and not any("resolve" in c.starts and c.when_due == "lapse" for c in clocks.values()):
        message = "no clock started by resolve lapses: a petition that nobody rates would never be closed"
        yield Problem("policy.yaml", ("clocks",), message)
    for name, clock in clocks.items():
        for later, other in clocks.items():
            comparable = clock.calendar == other.calendar and clock.scope == other.scope == "petition"
            judged = clock.when_due == other.when_due == "breach"
            judged = judged and not (clock.limit_by_command or other.limit_by_command)
            if name != later and comparable and judged and _comes_first(clock, other) and clock.limit >= other.limit:
                message = f"must be shorter than the limit of {later}, which cannot be met before this clock stops"
                yield Problem("policy.yaml", ("clocks", name, "limit"), message)


def _comes_first(clock: ClockShape, other: ClockShape) -> bool:
    """Whether, started together, nothing can meet `other` before `clock` stops; endings aside, which stop both."""
    together = {*clock.starts} & {*other.starts}
    answers = {row.event for row in TABLE if row.event in other.meets and row.to not in FINAL}
    if not together or not answers or answers <= {*clock.starts}:
        return False
    states = _reach({row.to for row in TABLE if row.event in together}, {*clock.meets, *clock.ends})
    first = answers - {*clock.meets, *clock.ends}
    return not any(row.event in first for row in TABLE if row.state in states)


def notice_events(files: Files) -> Iterator[Problem]:
    """Events that a notice hangs on must exist and be events of the petition."""
    main: PolicyFile | None = files.get("policy.yaml")
    for event in main.notices if main else ():
        if event not in EVENTS:
            yield Problem("policy.yaml", ("notices", event), unknown("event", event, EVENTS))
        elif event in CLOCK_FACTS:
            message = f"{event} is told by the clock's own `warn` and ladder; a notice on it would never be sent"
            yield Problem("policy.yaml", ("notices", event), message)


def runs_in(clock: ClockShape) -> frozenset[State]:
    """The states of a petition in which `clock` can be running."""
    return _reach({row.to for row in TABLE if row.event in clock.starts}, {*clock.meets, *clock.ends})


def runs_after(clock: ClockShape, event: str) -> bool:
    """Whether `clock` can be running just after `event`."""
    if event in clock.starts:
        return True
    states = runs_in(clock)
    return event not in {*clock.meets, *clock.ends} and any(
        row.event == event and row.state in states and row.to not in _ENDED for row in TABLE
    )


def _reach(start: set[State], stops: set[str]) -> frozenset[State]:
    """Every state that can follow those of `start` without one of the events `stops`; an ended petition has none."""
    found = {state for state in start if state not in _ENDED}
    waiting = list(found)
    while waiting:
        state = waiting.pop()
        for row in TABLE:
            if row.state == state and row.event not in stops and row.to not in _ENDED and row.to not in found:
                found.add(row.to)
                waiting.append(row.to)
    return frozenset(found)


def _list(states: frozenset[State]) -> str:
    return ", ".join(state for state in STATES if state in states) or "none"
