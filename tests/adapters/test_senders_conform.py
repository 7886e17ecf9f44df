"""The one suite that every way to reach people passes, whatever is behind it."""

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import product

import pytest

from tests.standin.loopback import Answer
from tests.standin.twilio import CUT, ERROR, ERROR_AFTER, HANG, Behaviour, TwilioStandIn, busy, refuse
from tests.standin.webhook import Webhook
from xixi_workflow.adapters.apprise_chat import AppriseSender
from xixi_workflow.adapters.console import ConsoleSender
from xixi_workflow.adapters.port import Outgoing, Receipt, Sender, Undeliverable, Unknown
from xixi_workflow.adapters.senders import Route, Senders
from xixi_workflow.adapters.twilio_sms import TwilioAccount, TwilioSender

PHONE = "+8619900001234"
TEXT = "【西溪街道】您的诉求已受理,编号012345。"


def outgoing(text: str = TEXT, address: str = PHONE, n: int = 0) -> Outgoing:
    tried = datetime(2026, 6, 1, 9, tzinfo=UTC)
    return Outgoing(f"202606010001/3/{n}", "citizen_received", "甲", address, text, "202606010001", tried)


class Party:
    """An outside party with the sender that speaks to it. `trouble`: what it can be told to suffer from."""

    def __init__(self, sender: Sender, trouble: dict[str, Callable[[], object]]) -> None:
        self.sender = sender
        self.trouble = trouble
        #: What has arrived, in any order.
        self.texts: Callable[[], list[str]] = list
        #: The text that was noted under a receipt's id, where the party has ids.
        self.noted: Callable[[Receipt], str] | None = None


def console(stack: ExitStack) -> Party:
    stream = stack.enter_context(io.StringIO())
    party = Party(ConsoleSender(stream), {"passing": stream.close})
    party.texts = lambda: [line.split("  ")[1] for line in stream.getvalue().splitlines()]
    return party


TROUBLE = {
    "permanent": refuse(21211),
    "passing": refuse(30008),
    "opted_out": refuse(21610),
    "busy": busy(7),
    "ours": refuse(20003, 401),
    "lost": HANG,
    "broken": CUT,
    "failing": ERROR,
    "failing late": ERROR_AFTER,
}


def account(standin: TwilioStandIn) -> TwilioAccount:
    return TwilioAccount(standin.account, standin.token, sender=standin.number, address=standin.url, timeout=0.5)


def twilio(stack: ExitStack, *names: str) -> Party:
    names = names or ("twilio",)
    standins = [stack.enter_context(TwilioStandIn()) for _ in names]
    senders = [TwilioSender(name, account(standin)) for name, standin in zip(names, standins, strict=True)]

    def suffer(behaviour: Behaviour) -> None:
        for standin in standins:
            standin.everybody = behaviour

    def vanish() -> None:
        for standin in standins:
            standin.close()

    trouble: dict[str, Callable[[], object]] = {name: partial(suffer, what) for name, what in TROUBLE.items()}
    trouble["gone"] = vanish
    sender = senders[0] if len(senders) == 1 else Senders("sms", [Route(tuple(senders))])
    party = Party(sender, trouble)
    party.texts = lambda: [text.body for standin in standins for text in standin.sent()]
    party.noted = lambda receipt: next(t.body for t in standins[0].sent() if t.sid == receipt.provider_id)
    return party


def router(stack: ExitStack) -> Party:
    return twilio(stack, "main", "spare")


def chat(stack: ExitStack) -> Party:
    hook = stack.enter_context(Webhook())
    sender = AppriseSender("robots", chats={PHONE: [f"json://127.0.0.1:{hook.port}/centre"]}, answer_within=0.5)

    def suffer(answer: Answer) -> None:
        hook.answer = answer

    party = Party(
        sender,
        {"passing": lambda: suffer(Answer(500)), "lost": lambda: suffer(Answer(how="never"))},
    )
    party.texts = lambda: hook.messages("/centre")
    return party


def provider_by_url(stack: ExitStack) -> Party:
    hook = stack.enter_context(Webhook())
    sender = AppriseSender("spare", template=f"json://127.0.0.1:{hook.port}/to/{{phone}}")

    def refuse_all() -> None:
        hook.answer = Answer(403)

    party = Party(sender, {"passing": refuse_all})
    party.texts = lambda: hook.messages(f"/to/{PHONE}")
    return party


PARTIES: dict[str, Callable[[ExitStack], Party]] = {
    "console": console,
    "twilio": twilio,
    "two of them": router,
    "chat": chat,
    "provider by URL": provider_by_url,
}

SUFFERS = {
    "console": {"passing"},
    "twilio": {*TROUBLE, "gone"},
    "two of them": {*TROUBLE, "gone"},
    "chat": {"passing", "lost"},
    "provider by URL": {"passing"},
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def suffering(*names: str) -> list[tuple[str, str]]:
    """Every party that can suffer from one of these, with what it suffers from."""
    return [(party, trouble) for party, trouble in product(PARTIES, names) if trouble in SUFFERS[party]]


@pytest.mark.parametrize("name", PARTIES)
def test_a_message_arrives_as_it_is_and_has_a_receipt(name: str, stack: ExitStack) -> None:
    party = PARTIES[name](stack)
    receipt = party.sender.send(outgoing())
    assert party.texts() == [TEXT]
    assert receipt.provider_id
    assert receipt.provider
    assert not receipt.awaited


@pytest.mark.parametrize("name", PARTIES)
def test_the_same_words_twice_have_two_receipts(name: str, stack: ExitStack) -> None:
    party = PARTIES[name](stack)
    assert party.sender.send(outgoing()) != party.sender.send(outgoing(n=1))


@pytest.mark.parametrize(("name", "trouble"), suffering("permanent", "passing", "opted_out", "busy", "ours", "gone"))
def test_a_known_failure_says_whether_to_try_again_and_whose_fault_it_is(
    name: str, trouble: str, stack: ExitStack
) -> None:
    party = PARTIES[name](stack)
    party.trouble[trouble]()
    with pytest.raises(Undeliverable) as caught:
        party.sender.send(outgoing())
    failure = caught.value
    expected = {
        "permanent": (True, "message", None),
        "passing": (False, "message", None),
        "opted_out": (True, "opted_out", None),
        "busy": (False, "busy", 7.0),
        "ours": (False, "ours", None),
        "gone": (False, "busy", None),
    }
    assert (failure.permanent, failure.because, failure.retry_after) == expected[trouble]


@pytest.mark.parametrize(("name", "trouble"), suffering("lost", "broken", "failing", "failing late"))
def test_an_unknown_outcome_is_no_known_failure(name: str, trouble: str, stack: ExitStack) -> None:
    party = PARTIES[name](stack)
    party.trouble[trouble]()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it must not be the known one
        party.sender.send(outgoing())
    assert not isinstance(caught.value, Undeliverable)
    # Nobody else was asked to carry it as well.
    assert len(party.texts()) <= 1


@pytest.mark.parametrize("name", PARTIES)
def test_a_message_that_was_never_tried_is_not_claimed_to_be_there(name: str, stack: ExitStack) -> None:
    party = PARTIES[name](stack)
    assert party.sender.find(outgoing()) in (None, Unknown())


@pytest.mark.parametrize("name", PARTIES)
def test_nobody_without_an_address_gets_anything(name: str, stack: ExitStack) -> None:
    party = PARTIES[name](stack)
    if name == "console":
        party.sender.send(outgoing(address=""))
        return
    with pytest.raises(Undeliverable) as caught:
        party.sender.send(outgoing(address=""))
    assert caught.value.permanent
    assert party.texts() == []


@pytest.mark.parametrize(("name", "trouble"), suffering(*TROUBLE, "gone"))
def test_no_failure_and_no_log_holds_a_number_or_the_text(
    name: str, trouble: str, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    party = PARTIES[name](stack)
    party.trouble[trouble]()
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as caught:  # noqa: PT011
        party.sender.send(outgoing())
    told = f"{caught.value} {getattr(caught.value, 'reason', '')} {caught.value.__cause__} {caplog.text}"
    for secret in (PHONE, PHONE[3:], "01234", "诉求", "standin-auth-token"):
        assert secret not in told


@pytest.mark.parametrize("name", PARTIES)
def test_thirty_two_threads_send_everything_once_and_under_its_own_name(name: str, stack: ExitStack) -> None:
    party = PARTIES[name](stack)
    receipts: dict[str, Receipt] = {}

    def work(worker: int) -> None:
        for n in range(4):
            text = f"{worker}-{n}"
            receipts[text] = party.sender.send(outgoing(text, n=worker * 100 + n))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(party.texts()) == sorted(receipts)
    assert len(receipts) == 128
    assert len({receipt.provider_id for receipt in receipts.values()}) == 128
    if party.noted is not None:
        assert {text: party.noted(receipt) for text, receipt in receipts.items()} == {text: text for text in receipts}
