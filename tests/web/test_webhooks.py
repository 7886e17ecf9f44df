"""What providers tell us: signed by them, kept before it is answered, harmless when it comes again."""

from __future__ import annotations

import io
import logging
import signal
import socket
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
import pytest
import sqlalchemy as sa
import structlog
import uvicorn
from twilio.request_validator import RequestValidator

from tests.engine.centre import file, rows, sweep_all
from tests.engine.post import ONE_BY_ONE, Post
from tests.processes.running import wait_for
from tests.standin.twilio import Called, TwilioStandIn
from xixi_workflow import clock
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.adapters.twilio_calls import TwilioCaller
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import DeliveryRow, LetterRow
from xixi_workflow.web.answers import answer
from xixi_workflow.web.door import Door, Receive, Scope, Send
from xixi_workflow.web.webhooks import LARGEST, PATH, Webhooks

PUBLIC = "https://xixi.example:8443/behind"
INCOMING, RECEIPT = f"{PUBLIC}/sms/twilio/incoming", f"{PUBLIC}/sms/twilio/receipt"
HANDLER = "+8619900000311"


class Town(NamedTuple):
    engine: Engine
    standin: TwilioStandIn
    #: Where the application answers, without its public name.
    url: str

    def letters(self) -> list[str]:
        """What was kept, in order."""
        return [row.body for row in rows(self.engine.store, LetterRow)]

    def answered(self) -> bool:
        return all(row.state != "new" for row in rows(self.engine.store, LetterRow))


async def _nothing_else(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await answer(send, 404, b"")


@pytest.fixture(scope="module")
def policy() -> tuple[bytes, str]:
    read = read_policy(shipped_folder())
    return read.canonical, read.digest


@pytest.fixture
def town(database_url: str, policy: tuple[bytes, str]) -> Iterator[Town]:
    """The webhooks behind the real door and a real server, and a provider that signs."""
    engine = Engine(Store(database_url))
    engine.publish(*policy, now=clock.now())
    with TwilioStandIn() as standin:
        webhooks = Webhooks(engine, {"twilio": TwilioCaller(standin.token, PUBLIC)}, clock.now, "zh")
        door = Door(_nothing_else, "token", "zh", {}, {PATH: webhooks})
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(door, lifespan="off", access_log=False, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        standin.reach[PUBLIC] = url
        wait_for(lambda: server.started)
        yield Town(engine, standin, url)
        server.handle_exit(signal.SIGTERM, None)
        thread.join()
        webhooks.close()
    engine.store.close()


def test_a_letter_is_kept_answered_with_an_empty_document_and_read(town: Town) -> None:
    called = town.standin.text_from(HANDLER, "１。", INCOMING)
    assert called.status == 200
    document = ET.fromstring(called.body.encode())
    assert (document.tag, len(document), document.text) == ("Response", 0, None)
    assert town.letters() == ["１。"]
    wait_for(town.answered)


def test_a_letter_is_kept_to_the_letter(town: Town) -> None:
    for body in ("  1 \n", "&amp;=%20+中文😀", "", "3 " + "字" * 1500):
        assert town.standin.text_from(HANDLER, body, INCOMING).status == 200
    assert town.letters() == ["  1 \n", "&amp;=%20+中文😀", "", "3 " + "字" * 1500]
    [first, *_] = rows(town.engine.store, LetterRow)
    assert (first.provider, first.address, first.to) == ("twilio", HANDLER, town.standin.number)


def test_the_same_call_again_and_at_once_keeps_one_letter(town: Town) -> None:
    with ThreadPoolExecutor(8) as pool:
        called = list(pool.map(lambda n: town.standin.text_from(HANDLER, "1", INCOMING, sid=f"SM{n % 3}"), range(24)))
    assert {c.status for c in called} == {200}
    assert len(town.letters()) == 3
    wait_for(town.answered)


Signed = Callable[[Town], Called]


def signed(town: Town, url: str = INCOMING, **fields: str) -> Called:
    """A call that Twilio signed for `url`, heard at our own address of that path."""
    said = {"MessageSid": "SM1", "From": HANDLER, "To": town.standin.number, "Body": "1"} | fields
    return town.standin.call(url, said)


def elsewhere(town: Town, public: str) -> Called:
    """A call that was signed for another public address than ours, and is heard by us."""
    town.standin.reach[public] = town.url
    return signed(town, f"{public}/sms/twilio/incoming")


def changed(town: Town) -> Called:
    """A call that was overheard, and sent again with another text."""
    fields = {"MessageSid": "SM1", "From": HANDLER, "To": town.standin.number, "Body": "1"}
    signature = RequestValidator(town.standin.token).compute_signature(INCOMING, fields)
    return town.standin.call(INCOMING, fields | {"Body": "2 1"}, signature=signature)


@pytest.mark.parametrize(
    "call",
    [
        lambda town: town.standin.call(INCOMING, {"MessageSid": "SM1"}, signature="Zm9yZ2Vk"),
        lambda town: town.standin.call(INCOMING, {"MessageSid": "SM1"}, signature=""),
        changed,
        lambda town: elsewhere(town, "http://xixi.example:8443/behind"),
        lambda town: elsewhere(town, "https://xixi.example:9443/behind"),
        lambda town: elsewhere(town, "https://xixi.example:8443"),
        lambda town: elsewhere(town, "https://other.example:8443/behind"),
    ],
    ids=[
        "forged",
        "empty",
        "another text",
        "http for https",
        "another port",
        "another path",
        "another host",
    ],
)
def test_what_the_provider_did_not_sign_for_us_is_refused_and_not_kept(call: Signed, town: Town) -> None:
    assert call(town).status == 403
    assert town.letters() == []


def test_fields_that_we_do_not_know_are_ignored(town: Town) -> None:
    assert signed(town, ChannelPrefix="x", Brand_New="字段", NumMedia="3").status == 200
    assert town.letters() == ["1"]


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To", "Body"])
def test_a_field_that_is_missing_is_named(missing: str, town: Town) -> None:
    fields = {"MessageSid": "SM1", "From": HANDLER, "To": "+1", "Body": "1"}
    del fields[missing]
    called = town.standin.call(INCOMING, fields)
    assert called.status == 400
    assert missing in called.body
    assert town.letters() == []


@pytest.mark.parametrize(
    "path", ["/sms/", "/sms/twilio", "/sms/other/incoming", "/sms/twilio/else", "/sms/twilio/incoming/x"]
)
def test_an_unknown_sender_or_address_is_not_found(path: str, town: Town) -> None:
    assert httpx.post(town.url + path, content=b"Body=1", trust_env=False).status_code == 404


def test_only_post_is_taken_and_not_more_than_64_kb(town: Town) -> None:
    get = httpx.get(f"{town.url}/sms/twilio/incoming", trust_env=False)
    assert (get.status_code, get.headers["allow"]) == (405, "POST")
    large = httpx.post(f"{town.url}/sms/twilio/incoming", content=b"B" * (LARGEST + 1), trust_env=False)
    assert large.status_code == 413
    assert (
        "64 kB"
        in httpx.post(
            f"{town.url}/sms/twilio/incoming",
            content=b"B" * (LARGEST + 1),
            headers={"accept-language": "en"},
            trust_env=False,
        ).text
    )
    for body in (b"", b"\xff\xfe", b"&&&===", urlencode({"a": "b"}).encode() * 1000, b"%00=%zz"):
        assert httpx.post(f"{town.url}/sms/twilio/receipt", content=body, trust_env=False).status_code == 403
    assert town.letters() == []


def test_everything_else_still_needs_the_token(town: Town) -> None:
    assert httpx.get(f"{town.url}/metrics", trust_env=False).status_code == 401
    assert httpx.post(f"{town.url}/smsx/twilio/incoming", trust_env=False).status_code == 401


def test_receipts_move_a_text_forward_whatever_their_order(town: Town) -> None:
    file(town.engine, "1", now=clock.now())
    sweep_all(town.engine, now=clock.now())
    deliver_all(town.engine, Post(name="twilio", awaited=True).channels, now=clock.now(), rules=ONE_BY_ONE)
    [text, *_] = rows(town.engine.store, DeliveryRow)

    def receipt(status: str, **more: str) -> tuple[int, str, str | None]:
        fields = {"MessageSid": text.provider_id, "MessageStatus": status, "To": text.address, **more}
        called = town.standin.call(f"{RECEIPT}?m=1%2F2%2F0", fields)
        [found] = [r for r in rows(town.engine.store, DeliveryRow) if r.provider_id == text.provider_id]
        return called.status, found.state, found.code

    assert receipt("sent") == (204, "sent", None)
    assert receipt("undelivered", ErrorCode="30003") == (204, "undelivered", "passing 30003")
    assert receipt("delivered") == (204, "delivered", None)
    for late in ("sent", "undelivered", "queued", "something new"):
        assert receipt(late, ErrorCode="30005") == (204, "delivered", None)


def test_a_receipt_for_a_text_that_is_not_ours_is_taken_and_forgotten(town: Town) -> None:
    called = town.standin.call(RECEIPT, {"MessageSid": "SM404", "MessageStatus": "delivered"})
    assert called.status == 204
    assert rows(town.engine.store, DeliveryRow) == []


def test_without_the_database_the_provider_is_told_to_come_again(town: Town) -> None:
    with town.engine.store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE letter RENAME TO letter_away"))
    called = signed(town)
    assert called.status == 503
    with town.engine.store.writing() as connection:
        connection.execute(sa.text("ALTER TABLE letter_away RENAME TO letter"))
    assert town.letters() == []
    assert signed(town).status == 200
    assert town.letters() == ["1"]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the service logs, at every level, however a test before this one has set the log."""
    stream = io.StringIO()
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    yield stream
    structlog.configure(**before)


def test_nothing_personal_is_logged(town: Town, log: io.StringIO) -> None:
    town.standin.text_from(HANDLER, "某某路1号的秘密", INCOMING)
    town.standin.call(INCOMING, {"MessageSid": "SM1", "From": HANDLER, "Body": "秘密"}, signature="x")
    wait_for(town.answered)
    said = log.getvalue()
    assert "letter_received" in said
    assert "call_forged" in said
    for secret in ("秘密", HANDLER, HANDLER[3:]):
        assert secret not in said
