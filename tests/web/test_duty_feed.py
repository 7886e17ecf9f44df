"""Calendars over HTTP: the address is the key, and it opens one calendar."""

from __future__ import annotations

import icalendar
import pytest

from tests.processes.running import TOKEN, Running
from xixi_workflow.processes.token import feed_key

pytestmark = pytest.mark.slow


def path(name: str, key: str) -> str:
    return f"/duty/{name}.ics?key={key}"


@pytest.mark.parametrize("name", ["police", "commander", "police-1", "market"])
def test_a_calendar_is_open_to_whoever_has_its_address(name: str, service: Running) -> None:
    found = service.ask(path(name, feed_key(TOKEN, name)), token=None)
    assert found.status == 200
    assert found.headers["content-type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(found.body)
    assert isinstance(calendar, icalendar.Calendar)
    # A team without a roster is on duty as a whole; a person in one has turns of duty.
    assert calendar.walk("VEVENT")
    assert "1990000" not in found.body


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("police", ""),
        ("police", feed_key(TOKEN, "traffic")),
        ("police", feed_key("another token of ours", "police")),
        ("nobody", feed_key(TOKEN, "nobody")),
        ("../police", feed_key(TOKEN, "police")),
    ],
)
def test_a_wrong_key_and_an_unknown_name_look_alike(name: str, key: str, service: Running) -> None:
    found = service.ask(path(name, key), token=None)
    assert (found.status, found.json["error"]) == (404, "not_found")


def test_a_calendar_cannot_be_written(service: Running) -> None:
    assert service.ask(path("police", feed_key(TOKEN, "police")), b"BEGIN:VCALENDAR", token=None).status == 405
