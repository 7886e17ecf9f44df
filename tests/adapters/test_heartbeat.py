"""The heartbeat against a real HTTP server: what it asks, whatever is answered, and that its address stays secret."""

import io
import logging
import socket
from collections.abc import Iterator

import pytest
import structlog

from tests.standin.loopback import Answer, Asked, Loopback
from xixi_workflow.adapters.heartbeat import Heartbeat

SECRET = "0a1b2c3d-plainly-not-a-real-key"


class Outside:
    """Somebody who listens: what he was asked, and the status that he answers with."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.status = 200
        self.server = Loopback(self._answer)
        self.url = f"{self.server.url}/ping/{SECRET}"

    def _answer(self, asked: Asked) -> Answer:
        self.asked.append((asked.method, asked.target, asked.body.decode()))
        return Answer(self.status, b"OK")


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    listener = Outside()
    yield listener
    listener.server.close()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, by our own logger and by those of others, at every level."""
    stream = io.StringIO()
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream), cache_logger_on_first_use=False)
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)
    structlog.configure(**before)


def test_all_is_well_and_something_is_not_are_two_addresses(outside: Outside) -> None:
    heartbeat = Heartbeat(outside.url)
    assert heartbeat.beat(0)
    assert heartbeat.beat(3)
    assert outside.asked == [
        ("POST", f"/ping/{SECRET}", "findings: 0\n"),
        ("POST", f"/ping/{SECRET}/fail", "findings: 3\n"),
    ]


@pytest.mark.parametrize(
    ("given", "asked"),
    [("/", "/fail"), ("/a/", "/a/fail"), ("/a?rid=1&x=%2F", "/a/fail?rid=1&x=%2F"), ("", "/fail")],
)
def test_fail_stands_behind_the_path_of_any_address(outside: Outside, given: str, asked: str) -> None:
    assert Heartbeat(f"{outside.server.url}{given}").beat(1)
    assert [path for _, path, _ in outside.asked] == [asked]


@pytest.mark.parametrize("status", [301, 400, 404, 503])
def test_an_answer_that_is_no_yes_is_a_warning(outside: Outside, log: io.StringIO, status: int) -> None:
    outside.status = status
    assert Heartbeat(outside.url).beat(0) is False
    assert "heartbeat_not_heard" in log.getvalue()
    assert str(status) in log.getvalue()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/{secret}", "nonsense {secret}", "ftp://h/{secret}", "{secret}"]
)
def test_an_address_that_answers_nothing_is_a_warning_and_no_failure(log: io.StringIO, address: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert Heartbeat(address.format(port=port, secret=SECRET)).beat(0) is False
    assert "heartbeat_not_heard" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_one_who_takes_the_call_and_says_nothing_is_not_waited_for(log: io.StringIO) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/{SECRET}"
        assert Heartbeat(url, patience=0.1).beat(0) is False
    assert "Timeout" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_the_address_is_in_no_log_even_when_all_goes_well(outside: Outside, log: io.StringIO) -> None:
    assert Heartbeat(outside.url).beat(0)
    assert SECRET not in log.getvalue()
