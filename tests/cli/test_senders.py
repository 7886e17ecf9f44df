"""`xixi senders`: what is set up is shown without a secret, and a test goes the real way."""

from pathlib import Path

import pytest

from tests.cli.terminal import answer, xixi
from tests.standin.twilio import CUT, TwilioStandIn, refuse


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> TwilioStandIn:
    standin = TwilioStandIn()
    settings = {"ACCOUNT_SID": standin.account, "AUTH_TOKEN": standin.token, "FROM": standin.number}
    for name, value in {**settings, "BASE_URL": standin.url}.items():
        monkeypatch.setenv(f"XIXI_TWILIO_{name}", value)
    return standin


def test_what_is_set_up_is_shown_without_its_secrets(standin: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXI_PUBLIC_URL", "https://xixi.example")
    with standin:
        shown = xixi("senders", "check").stdout
        assert "AC00…0000 +150****0006" in shown
        assert "tells what arrived" in shown
        assert "nobody gets an SMS" not in shown
        assert standin.token not in shown
        told = answer("senders", "check")
        assert told["routes"] == [{"channel": "sms", "prefix": [], "through": ["twilio"]}]


def test_where_messages_are_only_printed_it_says_that_nobody_gets_them() -> None:
    assert "nobody gets an SMS" in xixi("senders", "check").stdout


def test_a_test_message_goes_the_real_way(standin: TwilioStandIn) -> None:
    with standin:
        result = xixi("senders", "try", "199 0000 1234")
        assert result.exit_code == 0
        assert standin.sent("+8619900001234")[0].sid in result.stdout


@pytest.mark.parametrize(
    ("code", "said"), [(21211, "not sent: twilio 21211: no such number"), (0, "sent or not, nobody can tell")]
)
def test_a_test_that_failed_says_why(code: int, said: str, standin: TwilioStandIn) -> None:
    with standin:
        standin.next(refuse(code) if code else CUT)
        result = xixi("senders", "try", "19900001234")
        assert result.exit_code == 1
        assert said in result.stderr
        assert "1990000" not in result.stderr


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXI_TWILIO_FROM", "+15005550006")
    result = xixi("senders", "check")
    assert result.exit_code == 4
    assert result.stderr.startswith("xixi: the senders of messages cannot be set up: XIXI_TWILIO_ACCOUNT_SID")
    assert result.stderr.count("\n") == 1
