"""What a command's fields may hold; everything else is refused naming the field."""

from typing import Any

import msgspec
import pytest

from xixi_workflow.core import commands

_FILING = {"source": "visit", "source_id": "1", "title": "路灯不亮"}


@pytest.mark.parametrize(
    ("event", "arguments", "field"),
    [
        ("file", _FILING | {"title": ""}, "title"),
        ("file", _FILING | {"title": "  \n"}, "title"),
        ("file", _FILING | {"title": "路灯\0"}, "title"),
        ("file", _FILING | {"title": "路" * 201}, "title"),
        ("file", _FILING | {"source": "visit\n"}, "source"),
        ("file", _FILING | {"source_id": "a\0b"}, "source_id"),
        ("file", _FILING | {"content": "\0"}, "content"),
        ("file", _FILING | {"petitioner": {"name": "\0"}}, "name"),
        ("file", _FILING | {"received_at": "2026-06-01T08:00:00"}, "received_at"),
        ("file", _FILING | {"surname": "某"}, "surname"),
        ("resolve", {"result": "solved", "answer": " "}, "answer"),
        ("request_extension", {"seconds": 0, "reason": "等配件"}, "seconds"),
        ("request_extension", {"seconds": "nan", "reason": "等配件"}, "seconds"),
        ("rate", {"rating": "great"}, "rating"),
    ],
)
def test_a_wrong_argument_is_refused_naming_its_field(event: str, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        commands.parse(event, arguments)


def test_an_unknown_event_is_not_a_command() -> None:
    with pytest.raises(KeyError):
        commands.parse("explode", {})


def test_every_command_is_found_by_its_event() -> None:
    assert all(kind.event == event for event, kind in commands.COMMANDS.items())
    assert len(commands.COMMANDS) == len(commands.Command.__subclasses__())
