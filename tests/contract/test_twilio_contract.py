"""Twilio's own document judges every request of ours, and every answer that our stand-in gives.

Prism stands between the real client and the stand-in as a proxy. What breaks the contract becomes an error, on either
side, so a stand-in that has drifted from Twilio cannot go unnoticed.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.standin.twilio import WRONG, TwilioStandIn, busy, refuse
from xixi_workflow import clock
from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unsure
from xixi_workflow.adapters.twilio_http import TwilioWire
from xixi_workflow.adapters.twilio_sms import TwilioAccount, TwilioSender

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PHONE = "+8619900001234"


def prism_command() -> str | None:
    named = os.environ.get("XIXI_PRISM")
    if named:
        return named
    return shutil.which("prism") or shutil.which("prism", path=str(ROOT / "node_modules" / ".bin"))


PRISM = prism_command()
pytestmark = pytest.mark.skipif(
    PRISM is None or shutil.which("node") is None,
    reason="no Prism: npm install @stoplight/prism-cli, and name it by XIXI_PRISM",
)


@pytest.fixture(scope="module")
def standin() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        yield standin


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


def document() -> dict[str, Any]:
    """Twilio's document, corrected in one point.

    It calls the addresses of pages whole ones (`format: uri`). Twilio gives them without its host, and its own client
    puts the host before them, so a whole one would break the client.
    """
    whole: dict[str, Any] = json.loads((HERE / "twilio_messages_oai.json").read_text("utf-8"))
    listing = whole["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]
    answer = listing["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    for name in ("uri", "first_page_uri", "next_page_uri", "previous_page_uri"):
        assert answer[name].pop("format") == "uri"
    return whole


@pytest.fixture(scope="module")
def judged(standin: TwilioStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the stand-in behind Prism."""
    assert PRISM is not None
    port = free_port()
    law = tmp_path_factory.mktemp("contract") / "twilio.json"
    law.write_text(json.dumps(document()), "utf-8")
    words = [PRISM, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(law), standin.url]
    with TemporaryFile() as said:
        prism = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: answers(port), prism)
            yield f"http://127.0.0.1:{port}"
        finally:
            prism.terminate()
            prism.wait(20)


def answers(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert process.poll() is None, "Prism has stopped by itself"
        assert time.monotonic() < until, "Prism does not answer"
        time.sleep(0.1)


def account(standin: TwilioStandIn, address: str, sender: str = "") -> TwilioAccount:
    return TwilioAccount(
        standin.account,
        standin.token,
        sender=sender or standin.number,
        address=address,
        public_url="https://xixi.example",
        timeout=30,
    )


def client(standin: TwilioStandIn, address: str) -> Client:
    return Client(standin.account, standin.token, http_client=TwilioWire(address, timeout=30))


def outgoing(text: str) -> Outgoing:
    return Outgoing(
        "202606010001/3/0", "dispatch", "甲", PHONE, text, "202606010001", clock.now() - timedelta(seconds=5)
    )


@pytest.mark.parametrize("kind", ["number", "service"])
def test_what_we_send_and_what_we_get_keeps_to_the_contract(kind: str, standin: TwilioStandIn, judged: str) -> None:
    sender = TwilioSender("twilio", account(standin, judged, getattr(standin, kind)))
    receipt = sender.send(outgoing(f"【西溪智治】新工单012345 {kind}"))
    assert receipt == Receipt(standin.sent(PHONE)[-1].sid, "twilio", awaited=True)
    assert standin.sent(PHONE)[-1].callback == "https://xixi.example/sms/twilio/receipt?m=202606010001%2F3%2F0"


def test_looking_for_a_text_keeps_to_the_contract(standin: TwilioStandIn, judged: str) -> None:
    receipt = TwilioSender("twilio", account(standin, judged)).send(outgoing("找得到"))
    # Another process, which was never told what became of it.
    assert TwilioSender("twilio", account(standin, judged)).find(outgoing("找得到")) == receipt
    assert TwilioSender("twilio", account(standin, judged)).find(outgoing("找不到")) is None


def test_pages_and_single_texts_keep_to_the_contract(standin: TwilioStandIn, judged: str) -> None:
    messages = client(standin, judged).messages
    made = [messages.create(to="+8619900005678", from_=standin.number, body=f"第{n}条").sid for n in range(5)]
    first = messages.page(to="+8619900005678", page_size=2)
    assert [message.sid for message in first] == made[:2:-1]
    assert first.next_page_url
    assert [message.sid for message in messages.list(to="+8619900005678", page_size=2)] == made[::-1]
    assert messages(made[0]).fetch().body == "第0条"
    standin.kept(made[0]).status = "delivered"
    assert messages(made[0]).fetch().status == "delivered"


def test_refusals_come_through_as_they_are(standin: TwilioStandIn, judged: str) -> None:
    sender = TwilioSender("twilio", account(standin, judged))
    standin.next(refuse(21211), busy(3))
    with pytest.raises(Undeliverable) as caught:
        sender.send(outgoing("拒绝"))
    assert (caught.value.permanent, caught.value.code) == (True, "21211")
    with pytest.raises(Undeliverable) as caught:
        sender.send(outgoing("太忙"))
    assert (caught.value.because, caught.value.retry_after) == ("busy", 3.0)


def test_the_judge_is_awake_when_the_stand_in_answers_wrongly(standin: TwilioStandIn, judged: str) -> None:
    standin.next(WRONG)
    with pytest.raises(TwilioRestException) as caught:
        client(standin, judged).messages.create(to=PHONE, from_=standin.number, body="错")
    assert caught.value.status == 500
    standin.next(WRONG)
    with pytest.raises(Unsure):
        TwilioSender("twilio", account(standin, judged)).send(outgoing("错"))


def test_the_judge_is_awake_when_we_ask_wrongly(standin: TwilioStandIn, judged: str) -> None:
    before = standin.asked
    with pytest.raises(TwilioRestException) as caught:
        client(standin, judged).messages.create(to=PHONE, messaging_service_sid="no service", body="错")
    assert caught.value.status == 422
    assert standin.asked == before
