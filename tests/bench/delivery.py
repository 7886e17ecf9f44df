"""Messages through Twilio's own client to the stand-in, which runs as a process of its own.

Ours is `deliver` with the real sender on a real outbox: claimed, composed, sent, settled. The floor is a bare loop of
as many threads around `messages.create` of the same client over the same connections, with the texts ready: it
decides nothing and writes nothing down, so what ours takes more is the price of knowing what became of a message.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from twilio.rest import Client

from tests.bench.meter import Meter
from tests.bench.ours_setup import engine_on
from tests.bench.workload import DETAIL, TITLE
from xixi_workflow.adapters.twilio_http import TwilioWire
from xixi_workflow.adapters.twilio_sms import TwilioAccount, TwilioSender
from xixi_workflow.core import commands
from xixi_workflow.engine.deliver import deliver
from xixi_workflow.engine.handle import Request

_TEXT = "【西溪街道】您的诉求已受理，编号000001。我们将在3小时内反馈进展，24小时内答复结果。"


class _Provider(NamedTuple):
    url: str
    account: str
    token: str
    number: str


@contextmanager
def _provider() -> Iterator[_Provider]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.standin.twilio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        try:
            yield _Provider(**json.loads(child.stdout.readline()))
        finally:
            child.stdin.close()


def _number(n: int) -> str:
    return f"1990{n:07}"


def ours(url: str, n: int, in_flight: int, meter: Meter) -> None:
    """See `contestant.Contestant.delivery`."""
    with _provider() as provider, engine_on(url) as engine:
        for low in range(0, n, 500):
            filings = [
                commands.FilePetition(
                    "demo", str(serial), TITLE, DETAIL, petitioner=commands.Petitioner("某某", _number(serial))
                )
                for serial in range(low, min(low + 500, n))
            ]
            engine.handle([Request(0, filing) for filing in filings], now=datetime.now(UTC))
        account = TwilioAccount(provider.account, provider.token, sender=provider.number, address=provider.url)
        channels = {"sms": TwilioSender("twilio", account, in_flight=in_flight)}
        sent = 0
        with meter.running():
            while (done := deliver(engine, channels, now=datetime.now(UTC), in_flight=in_flight)).claimed:
                sent += sum(done.sent.values())
        assert sent == n, (sent, n)


def floor(url: str, n: int, in_flight: int, meter: Meter) -> None:
    """See `contestant.Contestant.delivery`; the database is not touched."""
    del url
    with _provider() as provider:
        wire = TwilioWire(provider.url, in_flight=in_flight)
        messages: Any = Client(provider.account, provider.token, http_client=wire).messages
        numbers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        for serial in range(n):
            numbers.put(f"+86{_number(serial)}")
        for _ in range(in_flight):
            numbers.put(None)
        took: list[str] = []

        def loop() -> None:
            while (number := numbers.get()) is not None:
                took.append(messages.create(to=number, from_=provider.number, body=_TEXT).sid)

        threads = [threading.Thread(target=loop) for _ in range(in_flight)]
        with meter.running():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(set(took)) == n, (len(took), n)
