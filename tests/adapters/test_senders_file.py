"""Senders as an installation configures them: by settings, or by a file whose every mistake has its line."""

import io
from pathlib import Path

import pytest

from tests.standin.twilio import TwilioStandIn
from tests.standin.webhook import Webhook
from xixi_workflow import wiring
from xixi_workflow.adapters.port import Outgoing, Undeliverable
from xixi_workflow.adapters.senders_file import SendersError
from xixi_workflow.settings import Settings

PHONE = "+8619900001234"
SID = "AC" + "0" * 32
SECRET = "not-to-be-shown"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of anybody's is read."""
    monkeypatch.chdir(tmp_path)


def set_up(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(f"XIXI_{name.upper()}", value)
    return Settings()


def outgoing(address: str = PHONE) -> Outgoing:
    return Outgoing("1/1/0", "dispatch", "甲", address, "【西溪智治】新工单", "1")


def test_without_any_setting_everything_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    settings = set_up(monkeypatch)
    senders = wiring.senders(settings)
    assert {channel: sender.send(outgoing()).provider for channel, sender in senders.items()} == {
        "sms": "console",
        "chat": "console",
    }
    assert screen.getvalue() == "✉ 甲 +86199****1234  【西溪智治】新工单\n" * 2
    assert wiring.callers(settings) == {}


@pytest.mark.parametrize("access", ["token", "key"])
@pytest.mark.parametrize("sender", ["from", "messaging_service"])
def test_settings_make_one_sender_named_twilio(access: str, sender: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with TwilioStandIn() as standin:
        (key, secret), *_ = standin.keys.items()
        by = {"twilio_auth_token": standin.token} if access == "token" else {}
        by |= {"twilio_api_key": key, "twilio_api_secret": secret} if access == "key" else {}
        by |= {f"twilio_{sender}": standin.number if sender == "from" else standin.service}
        settings = set_up(monkeypatch, twilio_account_sid=standin.account, twilio_base_url=standin.url, **by)
        receipt = wiring.senders(settings)["sms"].send(outgoing())
        assert (receipt.provider, receipt.provider_id) == ("twilio", standin.sent(PHONE)[0].sid)
        with pytest.raises(Undeliverable, match="not set up"):
            wiring.senders(settings)["chat"].send(outgoing("centre"))


def test_a_public_address_lets_twilio_call_us(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = set_up(
        monkeypatch,
        twilio_account_sid=SID,
        twilio_auth_token=SECRET,
        twilio_from="+15005550006",
        public_url="https://xixi.example",
    )
    assert [*wiring.callers(settings)] == ["twilio"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"twilio_auth_token": SECRET}, "XIXI_TWILIO_ACCOUNT_SID"),
        ({"twilio_account_sid": "AC1", "twilio_auth_token": SECRET, "twilio_from": "1"}, "XIXI_TWILIO_ACCOUNT_SID"),
        ({"twilio_account_sid": SID, "twilio_from": "1"}, "XIXI_TWILIO_AUTH_TOKEN, or XIXI_TWILIO_API_KEY and"),
        ({"twilio_account_sid": SID, "twilio_api_key": "SK1", "twilio_from": "1"}, "XIXI_TWILIO_API_SECRET"),
        ({"twilio_account_sid": SID, "twilio_auth_token": SECRET}, "XIXI_TWILIO_FROM or XIXI_TWILIO_MESSAGING_SERVICE"),
        (
            {
                "twilio_account_sid": SID,
                "twilio_auth_token": SECRET,
                "twilio_from": "1",
                "twilio_messaging_service": "MG" + "2" * 32,
            },
            "either XIXI_TWILIO_FROM or",
        ),
        (
            {"twilio_account_sid": SID, "twilio_auth_token": SECRET, "twilio_messaging_service": "MG1"},
            "XIXI_TWILIO_MESSAGING_SERVICE",
        ),
        (
            {"twilio_account_sid": SID, "twilio_auth_token": SECRET, "twilio_from": "1", "twilio_base_url": "host:1"},
            "XIXI_TWILIO_BASE_URL",
        ),
        (
            {"twilio_account_sid": SID, "twilio_auth_token": SECRET, "twilio_from": "1", "public_url": "xixi.example"},
            "XIXI_PUBLIC_URL",
        ),
        (
            {
                "twilio_account_sid": SID,
                "twilio_api_key": "SK1",
                "twilio_api_secret": SECRET,
                "twilio_from": "1",
                "public_url": "https://xixi.example",
            },
            "auth token of twilio is missing",
        ),
    ],
)
def test_a_setting_that_is_wrong_or_missing_is_named_and_no_secret_is_shown(
    settings: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SendersError) as caught:
        wiring.senders(set_up(monkeypatch, **settings))
    assert sentence in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


FILE = """\
senders:
  main:
    kind: twilio
    account_sid: {account}
    auth_token: env:MAIN_TOKEN
    from: "{number}"
    base_url: {url}
    timeout: 5
  spare: {{kind: apprise, url: env:SPARE_URL}}
  robots:
    kind: apprise
    chats:
      centre: env:ROBOT_URL
      leaders: [env:ROBOT_URL, env:MAIL_URL]
routes:
  sms:
    - {{prefix: ["+8613", "+8615"], through: [main, spare]}}
    - {{through: [spare]}}
  chat:
    - through: [robots]
"""


def test_a_file_names_senders_and_routes_and_takes_secrets_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TwilioStandIn() as standin, Webhook() as hook:
        path = tmp_path / "senders.yaml"
        path.write_text(FILE.format(account=standin.account, number=standin.number, url=standin.url), "utf-8")
        monkeypatch.setenv("MAIN_TOKEN", standin.token)
        monkeypatch.setenv("SPARE_URL", f"json://127.0.0.1:{hook.port}/sms/{{phone}}")
        # What stands in `.env` counts as well.
        (tmp_path / ".env").write_text(
            f"ROBOT_URL=json://127.0.0.1:{hook.port}/robot\nMAIL_URL=json://127.0.0.1:{hook.port}/mail\n"
        )
        settings = set_up(monkeypatch, senders=str(path), public_url="https://xixi.example")
        senders = wiring.senders(settings)
        assert senders["sms"].send(outgoing("+8613900000000")).provider == "main"
        assert senders["sms"].send(outgoing(PHONE)).provider == "spare"
        assert len(hook.messages(f"/sms/{PHONE}")) == 1
        standin.close()
        assert senders["sms"].send(outgoing("+8613900000000")).provider == "spare"
        assert senders["chat"].send(outgoing("leaders")).provider == "robots"
        assert (len(hook.messages("/robot")), len(hook.messages("/mail"))) == (1, 1)
        assert [*wiring.callers(settings)] == ["main"]


GOOD = "senders:\n  main: {kind: console}\nroutes:\n  sms:\n    - through: [main]\n"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, "senders: Field required"),
        ("senders: [", 1, "not YAML"),
        (GOOD + "more: 1\n", 6, "more"),
        (GOOD.replace("[main]", "[spare]"), 0, "no sender is named spare"),
        (GOOD.replace("sms", "fax"), 4, "routes.fax"),
        (GOOD.replace("console", "pigeon"), 2, "pigeon"),
        (GOOD + "routes: {}\n", 6, "routes is written twice"),
        ("senders:\n  m:\n    kind: apprise\n    url: json://h/{phone}\n", 4, "write env:NAME"),
        ("senders:\n  m:\n    kind: apprise\n    url: env:UNSET_HERE\n", 4, "UNSET_HERE is not set"),
        (f"senders:\n  m:\n    kind: twilio\n    account_sid: {SID}\n    auth_token: {SECRET}\n", 5, "write env:NAME"),
        (f"senders:\n  m:\n    kind: twilio\n    account_sid: {SID}\n    api_key: SK1\n", 2, "api_secret"),
        (f"senders:\n  m:\n    kind: twilio\n    account_sid: {SID}\n    timeout: long\n", 5, "timeout"),
        ("senders:\n  m:\n    kind: apprise\n", 2, "either chats"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(
    text: str, line: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "senders.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SendersError) as caught:
        wiring.senders(set_up(monkeypatch, senders=str(path)))
    assert any(
        told.startswith(f"{path}:{line or ''}") and sentence in told for told in str(caught.value).splitlines()
    ), str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_url_that_nobody_knows_is_told_without_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "senders.yaml"
    path.write_text("senders:\n  m: {kind: apprise, url: env:SPARE_URL}\nroutes: {sms: [{through: [m]}]}\n")
    monkeypatch.setenv("SPARE_URL", f"pigeon://{SECRET}/{{phone}}")
    with pytest.raises(SendersError, match="none that Apprise knows") as caught:
        wiring.senders(set_up(monkeypatch, senders=str(path)))
    assert SECRET not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SendersError, match=r"away\.yaml: cannot be read"):
        wiring.senders(set_up(monkeypatch, senders=str(tmp_path / "away.yaml")))


def test_the_file_in_the_handbook_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "senders.md").read_text("utf-8")
    path = tmp_path / "senders.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], "utf-8")
    for name in ("DINGTALK_URL", "WECOM_URL", "MAIL_URL"):
        monkeypatch.setenv(name, "json://127.0.0.1/x")
    monkeypatch.setenv("SPARE_URL", "vonage://abcdef01:notasecret1@15005550006/{phone}")
    monkeypatch.setenv("MAIN_ACCOUNT", SID)
    monkeypatch.setenv("MAIN_TOKEN", SECRET)
    monkeypatch.setenv("MAIN_SERVICE", "MG" + "2" * 32)
    assert {*wiring.senders(set_up(monkeypatch, senders=str(path)))} == {"sms", "chat"}
