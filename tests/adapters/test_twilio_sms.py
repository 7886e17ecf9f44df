"""Twilio's sender: how it asks, what it makes of the answers, and how it finds what it lost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.standin.twilio import CUT, CUT_BEFORE, ERROR, ERROR_AFTER, HANG, Behaviour, TwilioStandIn, refuse, slow
from xixi_workflow.adapters import twilio_sms
from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unknown, Unsure
from xixi_workflow.adapters.twilio_sms import TwilioAccount, TwilioSender

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHONE = "+8619900001234"
TEXT = "【西溪智治】新工单012345"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def twilios_clock() -> Clock:
    return Clock()


@pytest.fixture
def standin(twilios_clock: Clock) -> Iterator[TwilioStandIn]:
    with TwilioStandIn(clock=twilios_clock) as standin:
        yield standin


def account(standin: TwilioStandIn, *, public: str = "", sender: str = "") -> TwilioAccount:
    sender = sender or standin.number
    return TwilioAccount(
        standin.account, standin.token, sender=sender, public_url=public, address=standin.url, timeout=0.5
    )


def sender_of(standin: TwilioStandIn, *, public: str = "") -> TwilioSender:
    return TwilioSender("twilio", account(standin, public=public))


def outgoing(text: str = TEXT, *, tried_at: datetime | None = NOON, n: int = 0) -> Outgoing:
    return Outgoing(f"202606010001/3/{n}", "dispatch", "甲", PHONE, text, "202606010001", tried_at)


def test_a_public_address_asks_for_receipts_under_our_own_name(standin: TwilioStandIn) -> None:
    receipt = sender_of(standin, public="https://xixi.example/").send(outgoing())
    assert receipt == Receipt(standin.sent()[0].sid, "twilio", awaited=True)
    assert standin.sent()[0].callback == "https://xixi.example/sms/twilio/receipt?m=202606010001%2F3%2F0"


def test_without_a_public_address_no_receipt_is_asked_for(standin: TwilioStandIn) -> None:
    assert not sender_of(standin).send(outgoing()).awaited
    assert standin.sent()[0].callback == ""


def test_a_messaging_service_sends_instead_of_a_number(standin: TwilioStandIn) -> None:
    TwilioSender("twilio", account(standin, sender=standin.service)).send(outgoing())
    assert (standin.sent()[0].service, standin.sent()[0].sender) == (standin.service, "")


def test_an_api_key_opens_the_account_without_its_token(standin: TwilioStandIn) -> None:
    (key, secret), *_ = standin.keys.items()
    by_key = TwilioAccount(standin.account, key=key, key_secret=secret, sender=standin.number, address=standin.url)
    TwilioSender("twilio", by_key).send(outgoing())
    assert [text.body for text in standin.sent()] == [TEXT]


def test_the_account_shows_no_secret_of_its_own(standin: TwilioStandIn) -> None:
    assert standin.token not in repr(account(standin))


@pytest.mark.parametrize("problem", [False, True], ids=["old form", "RFC 9457"])
def test_both_forms_of_error_are_understood(problem: bool, standin: TwilioStandIn) -> None:
    standin.next(refuse(21610, problem=problem))
    with pytest.raises(Undeliverable) as caught:
        sender_of(standin).send(outgoing())
    assert (caught.value.because, caught.value.code) == ("opted_out", "21610")
    assert caught.value.reason == "twilio 21610: the recipient wants no messages"


def test_who_writes_stop_is_opted_out_and_start_takes_it_back(standin: TwilioStandIn) -> None:
    standin.opted_out.add(PHONE)
    with pytest.raises(Undeliverable) as caught:
        sender_of(standin).send(outgoing())
    assert caught.value.because == "opted_out"
    standin.opted_out.clear()
    sender_of(standin).send(outgoing())


@pytest.mark.parametrize("rate", [1, 3])
def test_more_than_the_account_may_send_is_busy_until_it_says(rate: int, standin: TwilioStandIn) -> None:
    standin.rate = rate
    sender = sender_of(standin)
    for n in range(rate):
        sender.send(outgoing(n=n))
    with pytest.raises(Undeliverable) as caught:
        sender.send(outgoing(n=rate))
    assert (caught.value.because, caught.value.retry_after) == ("busy", 1.0)
    assert len(standin.sent()) == rate


@pytest.mark.parametrize("lost", [HANG, CUT, ERROR_AFTER], ids=["hang", "cut", "500"])
def test_a_text_whose_answer_was_lost_is_found_by_another_process(lost: Behaviour, standin: TwilioStandIn) -> None:
    standin.next(lost)
    with pytest.raises(Unsure):
        sender_of(standin).send(outgoing())
    found = sender_of(standin, public="https://xixi.example").find(outgoing())
    assert found == Receipt(standin.sent()[0].sid, "twilio", awaited=True)


@pytest.mark.parametrize("lost", [CUT_BEFORE, ERROR], ids=["cut", "500"])
def test_a_text_that_never_arrived_is_not_found(lost: Behaviour, standin: TwilioStandIn) -> None:
    standin.next(lost)
    sender = sender_of(standin)
    with pytest.raises(Unsure):
        sender.send(outgoing())
    assert sender.find(outgoing()) is None


def test_a_slow_answer_within_the_time_is_an_answer(standin: TwilioStandIn) -> None:
    standin.next(slow(0.1))
    assert sender_of(standin).send(outgoing()).provider_id == standin.sent()[0].sid


def test_the_same_words_from_before_the_attempt_are_another_message(
    standin: TwilioStandIn, twilios_clock: Clock
) -> None:
    twilios_clock.now = NOON - timedelta(minutes=5)
    sender_of(standin).send(outgoing())
    assert sender_of(standin).find(outgoing()) is None


def test_twilios_clock_may_be_a_little_behind_ours(standin: TwilioStandIn, twilios_clock: Clock) -> None:
    twilios_clock.now = NOON - twilio_sms.SKEW
    sender_of(standin).send(outgoing())
    assert isinstance(sender_of(standin).find(outgoing()), Receipt)


def test_a_text_that_is_known_to_be_another_message_is_not_taken_for_this_one(standin: TwilioStandIn) -> None:
    sender = sender_of(standin)
    sender.send(outgoing(n=1))
    assert sender.find(outgoing(n=2)) is None
    standin.next(HANG)
    with pytest.raises(Unsure):
        sender.send(outgoing(n=2))
    assert sender.find(outgoing(n=2)) == Receipt(standin.sent()[1].sid, "twilio")


def test_two_texts_that_could_be_it_leave_it_open(standin: TwilioStandIn) -> None:
    standin.next(HANG, HANG)
    for n in range(2):
        with pytest.raises(Unsure):
            sender_of(standin).send(outgoing(n=n))
    assert sender_of(standin).find(outgoing()) == Unknown()


def test_a_text_whose_words_are_hidden_leaves_it_open(standin: TwilioStandIn) -> None:
    receipt = sender_of(standin).send(outgoing())
    standin.kept(receipt.provider_id).body = ""
    assert sender_of(standin).find(outgoing()) == Unknown()


def test_a_trial_accounts_text_is_known_in_spite_of_what_twilio_puts_before_it(standin: TwilioStandIn) -> None:
    receipt = sender_of(standin).send(outgoing())
    standin.kept(receipt.provider_id).body = twilio_sms.TRIAL + TEXT
    assert sender_of(standin).find(outgoing()) == receipt


def test_a_list_that_does_not_reach_back_far_enough_leaves_it_open(
    standin: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_sms, "LOOK_BACK", 3)
    for n in range(3):
        sender_of(standin).send(outgoing(f"别的{n}", n=n))
    assert sender_of(standin).find(outgoing()) == Unknown()


def test_a_text_that_failed_counts_as_sent_only_where_its_receipt_is_awaited(standin: TwilioStandIn) -> None:
    receipt = sender_of(standin).send(outgoing())
    standin.kept(receipt.provider_id).status = "undelivered"
    assert sender_of(standin).find(outgoing()) is None
    found = sender_of(standin, public="https://xixi.example").find(outgoing())
    assert found == Receipt(receipt.provider_id, "twilio", awaited=True)


@pytest.mark.parametrize("trouble", ["credentials", "away"])
def test_when_twilio_cannot_be_asked_the_question_stays_open(trouble: str, standin: TwilioStandIn) -> None:
    sender = sender_of(standin)
    if trouble == "away":
        standin.close()
    else:
        standin.token = "another"
    with pytest.raises(Unsure) as caught:
        sender.find(outgoing())
    assert PHONE[3:] not in str(caught.value)
