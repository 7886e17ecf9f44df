"""Documents sent by mail and into chats: real conversations with a mail server and a robot of our own."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.standin.loopback import Answer, Asked, Loopback
from tests.standin.mailbox import Mailbox
from xixi_workflow.adapters.report_mail import Attachment, Sent, addresses, send

PDF = Attachment("2026-10-monthly-zh.pdf", "application/pdf", b"%PDF-1.7 " + bytes(range(256)) * 40)
CSV = Attachment("2026-10-monthly-zh.csv", "text/csv; charset=utf-8", "编号,件数\r\n".encode())
MOST = 1_000_000
#: Nobody listens at port 9 of the loopback interface.
DEAD = "json://127.0.0.1:9/dead"


class Robot:
    """A chat's robot that could take files."""

    def __init__(self) -> None:
        self.status = 200
        self.told: list[dict[str, Any]] = []
        self._http = Loopback(self._take)
        self.url = f"json://127.0.0.1:{self._http.port}/secret-token"

    def _take(self, asked: Asked) -> Answer:
        if self.status == 200:
            self.told.append(json.loads(asked.body))
        return Answer(self.status)

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def robot() -> Iterator[Robot]:
    robot = Robot()
    yield robot
    robot.close()


def test_a_mail_carries_its_files_byte_for_byte() -> None:
    with Mailbox() as box:
        found = send([box.url("chief@example.org")], "10 月通报", "受理 12 件", [PDF, CSV], public=False, most=MOST)
        assert found == [Sent("1 mailto", True, 2)]
        [mail] = box.mails
    assert mail["subject"] == "10 月通报"
    assert "chief@example.org" in mail["to"]
    files = {part.get_filename(): part for part in mail.iter_attachments()}
    assert {name: part.get_payload(decode=True) for name, part in files.items()} == {
        PDF.name: PDF.data,
        CSV.name: CSV.data,
    }
    assert files[PDF.name].get_content_type() == "application/pdf"
    bodies = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert any("受理 12 件" in text for text in bodies)


def test_an_internal_document_is_never_attached_in_a_chat(robot: Robot) -> None:
    assert send([robot.url], "t", "see the link", [PDF], public=False, most=MOST) == [Sent("1 json", True, 0)]
    [told] = robot.told
    assert (told["message"], told.get("attachments", [])) == ("see the link", [])


def test_a_public_document_goes_wherever_files_are_taken(robot: Robot) -> None:
    assert send([robot.url], "t", "b", [PDF], public=True, most=MOST) == [Sent("1 json", True, 1)]
    [told] = robot.told
    [file] = told["attachments"]
    assert base64.b64decode(file["base64"]) == PDF.data
    assert file["filename"] == PDF.name


def test_an_address_that_fails_stops_nobody_and_is_shown(robot: Robot) -> None:
    with Mailbox() as box:
        urls = [DEAD, "nonsense", "no-such-kind://x", robot.url, box.url("chief@example.org")]
        found = send(urls, "t", "b", [CSV], public=False, most=MOST, patience=5)
        assert [(one.to, one.taken) for one in found] == [
            ("1 json", False),
            ("2 ?", False),
            ("3 no-such-kind", False),
            ("4 json", True),
            ("5 mailto", True),
        ]
        assert all(one.why for one in found if not one.taken)
        box.refuses = True
        robot.status = 500
        found = send(urls[3:], "t", "b", [CSV], public=False, most=MOST, patience=5)
        assert [(one.taken, one.attached) for one in found] == [(False, 0), (False, 0)]
        assert len(box.mails) == 1


def test_what_does_not_fit_is_left_out_and_the_rest_is_sent() -> None:
    with Mailbox() as box:
        most = len(CSV.data) + 1
        [sent] = send([box.url("chief@example.org")], "t", "b", [PDF, CSV], public=False, most=most)
        assert sent.attached == 1
        assert [part.get_filename() for part in box.mails[0].iter_attachments()] == [CSV.name]
        # Each fits, but not both together.
        twice = [CSV, CSV._replace(name="second.csv")]
        [sent] = send([box.url("chief@example.org")], "t", "b", twice, public=False, most=2 * len(CSV.data) - 1)
        assert sent.attached == 1
        [sent] = send([box.url("chief@example.org")], "t", "b", [PDF], public=False, most=0)
        assert (sent.taken, sent.attached) == (True, 0)


def test_no_secret_of_an_address_is_logged_or_told(capfd: pytest.CaptureFixture[str]) -> None:
    secret = "s3cret-robot-key"
    urls = [f"json://user:{secret}@127.0.0.1:9/{secret}", f"mailto://u:{secret}@127.0.0.1:9?to={secret}@example.org"]
    with capture_logs() as logged:
        found = send([*urls, f"{secret}"], "t", "b", [CSV], public=True, most=MOST, patience=5)
    assert [one.taken for one in found] == [False] * 3
    assert [line["event"] for line in logged] == ["report_not_sent"] * 3
    out = capfd.readouterr()
    assert secret not in f"{out.out}{out.err}{found}{logged}"


def test_a_service_that_never_answers_is_given_up(robot: Robot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        urls = [f"json://127.0.0.1:{port}/x", f"mailto://127.0.0.1:{port}?to=a@example.org&mode=insecure", robot.url]
        found = send(urls, "t", "b", public=True, most=MOST, patience=0.3)
    assert [one.taken for one in found] == [False, False, True]


def test_addresses_stand_apart_by_blanks_or_lines() -> None:
    assert addresses(" mailto://a?to=x,y\n  json://b ") == ["mailto://a?to=x,y", "json://b"]
    assert addresses("") == []
