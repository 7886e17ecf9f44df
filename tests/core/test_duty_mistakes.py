"""Mistakes about people, teams and rosters: each case spoils the shipped configuration in a single spot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.spoilt import CENTRE, GONE, POLICE, TEAMS, problems

MISTAKES: list[tuple[tuple[str, str, Any], tuple[str | int, ...], str]] = [
    ((TEAMS, "teams/police/lead", "nobody"), ("teams", "police", "lead"), "unknown person 'nobody'; known: "),
    ((TEAMS, "teams/police/handlers/1", "x"), ("teams", "police", "handlers", 1), "unknown person 'x'; known: "),
    (
        (TEAMS, "people/operator-2/phone", "+8619900000001"),
        ("people", "operator-2", "phone"),
        "the same number as operator-1",
    ),
    (
        (
            TEAMS,
            "people/police-1",
            {"name": "甲", "phone": "19900000111", "joins": "2027-01-02", "leaves": "2027-01-01"},
        ),
        ("people", "police-1", "leaves"),
        "leaves before the first day",
    ),
    (
        (TEAMS, "people/police-1/phone", GONE),
        ("people", "police-1"),
        "no way leads to this person: give a phone for sms",
    ),
    (
        (TEAMS, "people/police-1", {"name": "甲", "ways": ["chat"], "phone": "19900000111"}),
        ("people", "police-1"),
        "no way leads to this person: ",
    ),
    (
        (TEAMS, "people/police-1/backup", "nobody"),
        ("people", "police-1", "backup"),
        "unknown person 'nobody'; known: ",
    ),
    (
        (TEAMS, "people/police-1/backup", "police-1"),
        ("people", "police-1", "backup"),
        "the backups go in a circle: police-1 → police-1",
    ),
    (
        (POLICE, "rosters/police/shifts/0/people", ["traffic-1"]),
        ("rosters", "police", "shifts", 0, "people", 0),
        "traffic-1 is on duty but no handler of police, and could not accept",
    ),
    (
        (POLICE, "rosters/police/shifts/1/people", ["x"]),
        ("rosters", "police", "shifts", 1, "people", 0),
        "unknown person 'x'; known: ",
    ),
    (
        (POLICE, "rosters/police/overrides", [{"from": "2027-01-01 08:00", "to": "2027-01-02 08:00", "people": ["x"]}]),
        ("rosters", "police", "overrides", 0, "people", 0),
        "unknown person 'x'; known: ",
    ),
    (
        (POLICE, "rosters/commander", {"shifts": [{"people": ["commander-1"]}]}),
        ("rosters", "commander"),
        "the shifts of commander are in duty/centre.yaml too; a roster stands in one file",
    ),
    (
        (POLICE, "rosters/polize", {"overrides": []}),
        ("rosters", "polize"),
        "unknown team or role 'polize'; known: ",
    ),
    ((CENTRE, "rosters/supervisor", GONE), ("rosters",), "somebody must be supervisor"),
    (
        (CENTRE, "rosters/handler", {"shifts": [{"people": ["police-1"]}]}),
        ("rosters", "handler"),
        "this name has a fixed meaning; choose",
    ),
    (
        (CENTRE, "rosters/commander/shifts/2/rotate/people", ["commander-1"]),
        ("rosters", "commander", "shifts", 2, "rotate", "people"),
        "a rotation of one never hands over; write people instead",
    ),
    (
        (CENTRE, "rosters/commander/calendar", "offices"),
        ("rosters", "commander", "calendar"),
        "unknown calendar 'offices'; known: always, office",
    ),
    (
        (CENTRE, "rosters/commander/calendar", GONE),
        ("rosters", "commander", "shifts", 0, "days"),
        "workday and holiday need a calendar; ",
    ),
    (
        (CENTRE, "rosters/commander/shifts/2/rotate/every", "1y"),
        ("rosters", "commander", "shifts", 2, "rotate", "every"),
        "'1y' is not the length of a turn; write for example 12h, 1d, 1w, 2w or 1mo",
    ),
    (
        (CENTRE, "rosters/commander/shifts/2/rotate/since", "2026-02-30 08:00"),
        ("rosters", "commander", "shifts", 2, "rotate", "since"),
        """'2026-02-30 08:00' is not a time; write "YYYY-MM-DD HH:MM", """,
    ),
    (
        (CENTRE, "rosters/commander/shifts/2/times", ["8-12"]),
        ("rosters", "commander", "shifts", 2, "times", 0),
        """'8-12' is not a part of a day; write "HH:MM-HH:MM", """,
    ),
    (
        (CENTRE, "rosters/chief_leader/shifts/0", {"days": ["mon"]}),
        ("rosters", "chief_leader", "shifts", 0),
        "write either people or rotate",
    ),
    (
        (CENTRE, "rosters/chief_leader/shifts/0/dates", {"from": "2027-02-01", "to": "2027-01-01"}),
        ("rosters", "chief_leader", "shifts", 0, "dates"),
        "the last day is before the first",
    ),
]


@pytest.mark.parametrize(
    ("change", "place", "message"), MISTAKES, ids=[f"{n}-{'.'.join(map(str, m[1]))}" for n, m in enumerate(MISTAKES)]
)
def test_a_mistake_is_named_at_its_place(
    change: tuple[str, str, Any], place: tuple[str | int, ...], message: str
) -> None:
    found = [p.message for p in problems(change) if (p.file, p.path) == (change[0], place)]
    assert len(found) == 1
    assert found[0].startswith(message)
