"""The whole service with a provider of messages: a petition lives from intake to closed, and nobody opens a page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes.running import Running, running, wait_for
from tests.standin.twilio import Called, TwilioStandIn
from xixi_workflow.adapters.policy_folder import shipped_folder

pytestmark = pytest.mark.slow

PUBLIC = "https://xixi.example"
#: A team without a roster, so that the same people are on duty whenever the test runs.
HANDLER, COLLEAGUE = "+8619900000611", "+8619900000612"
CITIZEN = "+8619900009001"


class Street:
    """Telephones on the stand-in's network, and the service behind its public address."""

    def __init__(self, standin: TwilioStandIn, service: Running) -> None:
        self.standin, self.service = standin, service
        standin.reach[PUBLIC] = f"http://127.0.0.1:{service.port}"
        self._read: dict[str, int] = {}
        self._written = 1 << 64

    def hears(self, phone: str, *fragments: str) -> str:
        """Wait for a text that holds all of these and that was not heard before."""

        def look() -> str | None:
            texts = self.standin.sent(phone)
            for n in range(self._read.get(phone, 0), len(texts)):
                if all(fragment in texts[n].body for fragment in fragments):
                    self._read[phone] = n + 1
                    return texts[n].body
            return None

        return wait_for(look)

    def writes(self, phone: str, body: str) -> None:
        """Write to the centre through the provider, which calls until it is answered, and must be answered well."""
        self._written += 1
        sid = f"SM{self._written:032x}"

        def call() -> Called | None:
            try:
                return self.standin.text_from(phone, body, f"{PUBLIC}/sms/twilio/incoming", sid=sid)
            except httpx.TransportError:
                return None

        called = wait_for(call)
        assert called.status in (200, 204), called


@contextmanager
def street(folder: Path, database: str, change: Callable[[str], str] = lambda text: text) -> Iterator[Street]:
    """`xixi up` with Twilio settings that point at the stand-in. Nobody is spared at night: tests run at any hour."""
    config = folder / "config"
    shutil.copytree(shipped_folder(), config)
    policy = config / "policy.yaml"
    text = policy.read_text(encoding="utf-8")
    assert "quiet: {messages: [citizen_survey]" in text
    policy.write_text(change(text.replace("quiet: {messages: [citizen_survey]", "quiet: {messages: []")), "utf-8")
    with TwilioStandIn() as standin:
        standin.receipts = ("sent", "delivered")
        environment = {
            "XIXI_CONFIG": str(config),
            "XIXI_PUBLIC_URL": PUBLIC,
            "XIXI_TWILIO_ACCOUNT_SID": standin.account,
            "XIXI_TWILIO_AUTH_TOKEN": standin.token,
            "XIXI_TWILIO_FROM": standin.number,
            "XIXI_TWILIO_BASE_URL": standin.url,
        }
        with running(folder, database, environment=environment) as service:
            yield Street(standin, service)


def test_a_petition_lives_from_intake_to_closed_with_nothing_but_sms(database_url: str, tmp_path: Path) -> None:
    with street(tmp_path, database_url) as town:
        filed = town.service.file(
            "1", address="某某路1号", petitioner={"name": "某某某", "phone": CITIZEN.removeprefix("+86")}
        )
        no = filed.json["no"]
        code = no[-6:]

        def state() -> str:
            return str(town.service.petition(no)["state"])

        town.hears(CITIZEN, "受理", code)
        town.hears(HANDLER, code, "某某路1号", "垃圾")
        town.hears(COLLEAGUE, code)
        town.writes(HANDLER, "1")
        town.hears(HANDLER, "签收", code)
        assert state() == "in_progress"
        town.writes(HANDLER, "3 已联系清运车，今晚到")
        town.hears(CITIZEN, code, "已联系清运车，今晚到")
        town.writes(HANDLER, "4 垃圾已清走")
        town.hears(CITIZEN, code, "垃圾已清走")
        town.hears(CITIZEN, code, "1满意")
        town.writes(CITIZEN, "3 只清了一半")
        town.hears(HANDLER, code, "重新办理")
        town.hears(CITIZEN, code, "重新办理")
        assert state() == "dispatched"
        town.writes(HANDLER, f"{code} 1")
        town.hears(HANDLER, "签收", code)
        town.writes(HANDLER, "4 已全部清走")
        town.hears(CITIZEN, code, "已全部清走")
        town.hears(CITIZEN, code, "1满意")
        town.writes(CITIZEN, "１。")
        wait_for(lambda: state() == "closed")
        assert town.service.petition(no)["rating"] == "satisfied"
        # Neither a telephone number, nor a name, nor a word of what was said is in what the service printed.
        for secret in (CITIZEN[3:], HANDLER[3:], "某某某", "清运车", town.standin.token):
            assert secret not in town.service.output


def test_a_call_that_the_provider_did_not_sign_changes_nothing(database_url: str, tmp_path: Path) -> None:
    with street(tmp_path, database_url) as town:
        no = town.service.file("1").json["no"]
        town.hears(HANDLER, no[-6:])
        fields = {"MessageSid": "SM1", "From": HANDLER, "To": town.standin.number, "Body": "1"}
        forged = town.standin.call(f"{PUBLIC}/sms/twilio/incoming", fields, signature="Zm9yZ2Vk")
        assert forged.status == 403
        town.writes(HANDLER, "3 已到现场")
        town.hears(HANDLER)
        assert town.service.petition(no)["state"] == "dispatched"


def test_what_was_told_while_the_web_process_was_dead_is_not_lost(database_url: str, tmp_path: Path) -> None:
    with street(tmp_path, database_url) as town:
        no = town.service.file("1").json["no"]
        town.hears(HANDLER, no[-6:])
        town.service.part("xixi_workflow.web").kill()
        # The port stays open: the provider waits for the next web process, or its call breaks and it calls again.
        town.writes(HANDLER, "1")
        wait_for(lambda: town.service.petition(no)["state"] == "in_progress")


def test_when_nobody_accepts_the_lead_is_told(database_url: str, tmp_path: Path) -> None:
    def in_a_hurry(text: str) -> str:
        assert text.count("limit: 15m") == 1
        return text.replace("limit: 15m", "limit: 2s")

    with street(tmp_path, database_url, in_a_hurry) as town:
        no = town.service.file("1").json["no"]
        town.hears("+8619900000601", no[-6:])
        assert town.service.petition(no)["state"] == "dispatched"
