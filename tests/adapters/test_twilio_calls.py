"""Twilio's calls to us: believed only when they are signed, and read as they are."""

from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from xixi_workflow.adapters.port import Caller, Forged, Incoming, Outcome
from xixi_workflow.adapters.twilio_calls import TwilioCaller

TOKEN = "a-token-of-the-tests"
PUBLIC = "https://xixi.example"
LETTER = {"MessageSid": "SM1", "From": "+8619900001234", "To": "+15005550006", "Body": " 1。 ", "FromCity": ""}
RECEIPT = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+8619900001234", "ErrorCode": ""}


def caller() -> Caller:
    return TwilioCaller(TOKEN, PUBLIC + "/")


def signed(target: str, fields: dict[str, str], *, token: str = TOKEN, public: str = PUBLIC) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(public + target, fields)}


def receive(fields: dict[str, str], target: str = "/sms/twilio") -> Incoming:
    return caller().incoming(target, urlencode(fields).encode(), signed(target, fields))


def receipt(fields: dict[str, str], target: str = "/sms/twilio/receipt?m=202606010001%2F3%2F0") -> Outcome:
    return caller().outcome(target, urlencode(fields).encode(), signed(target, fields))


def test_a_letter_is_read_as_it_was_written() -> None:
    assert receive(LETTER) == Incoming("SM1", "+8619900001234", "+15005550006", " 1。 ")


def test_new_fields_are_no_trouble() -> None:
    assert receive(LETTER | {"SomethingNew": "值"}).provider_id == "SM1"


def test_a_picture_without_words_is_an_empty_letter() -> None:
    assert receive(LETTER | {"Body": ""}).body == ""


@pytest.mark.parametrize("field", ["MessageSid", "From", "To", "Body"])
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        receive({name: value for name, value in LETTER.items() if name != field})


def test_the_older_name_of_the_id_will_do() -> None:
    assert receive({name.replace("MessageSid", "SmsSid"): value for name, value in LETTER.items()}).provider_id == "SM1"


@pytest.mark.parametrize(
    ("what", "target", "body", "headers"),
    [
        ("no signature", "/sms/twilio", urlencode(LETTER), {}),
        ("another token", "/sms/twilio", urlencode(LETTER), signed("/sms/twilio", LETTER, token="other")),
        ("another place", "/sms/other", urlencode(LETTER), signed("/sms/twilio", LETTER)),
        ("another query", "/sms/twilio?m=2", urlencode(LETTER), signed("/sms/twilio?m=1", LETTER)),
        ("plain http", "/sms/twilio", urlencode(LETTER), signed("/sms/twilio", LETTER, public="http://xixi.example")),
        ("changed words", "/sms/twilio", urlencode(LETTER | {"Body": "2"}), signed("/sms/twilio", LETTER)),
        ("trimmed words", "/sms/twilio", urlencode(LETTER | {"Body": "1。"}), signed("/sms/twilio", LETTER)),
        ("a field more", "/sms/twilio", urlencode(LETTER | {"More": "1"}), signed("/sms/twilio", LETTER)),
        ("a field less", "/sms/twilio", urlencode(LETTER).replace("FromCity=", ""), signed("/sms/twilio", LETTER)),
        ("a signature nobody can read", "/sms/twilio", urlencode(LETTER), {"X-Twilio-Signature": "签名"}),
    ],
)
def test_a_call_that_twilio_did_not_sign_is_forged(what: str, target: str, body: str, headers: dict[str, str]) -> None:
    del what
    with pytest.raises(Forged):
        caller().incoming(target, body.encode(), headers)
    with pytest.raises(Forged):
        caller().outcome(target, body.encode(), headers)


def test_bytes_that_are_no_form_are_forged() -> None:
    with pytest.raises(Forged):
        caller().incoming("/sms/twilio", b"\xff\xfe=%00", {"x-twilio-signature": "x"})


def test_the_port_and_the_case_of_a_header_do_not_matter() -> None:
    headers = {"x-twilio-signature": signed("/sms/twilio", LETTER, public=PUBLIC + ":443")["X-Twilio-Signature"]}
    assert caller().incoming("/sms/twilio", urlencode(LETTER).encode(), headers).body == " 1。 "


def test_a_field_that_comes_twice_is_signed_twice() -> None:
    pairs = [*LETTER.items(), ("MediaUrl", "b"), ("MediaUrl", "a")]

    class Pairs(dict[str, str]):
        def getlist(self, name: str) -> list[str]:
            return [value for key, value in pairs if key == name]

    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/sms/twilio", Pairs(pairs))
    body = urlencode(pairs).encode()
    assert caller().incoming("/sms/twilio", body, {"X-Twilio-Signature": signature}).provider_id == "SM1"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", "sent"),
        ("accepted", "sent"),
        ("scheduled", "sent"),
        ("sending", "sent"),
        ("sent", "sent"),
        ("something new", "sent"),
        ("delivered", "delivered"),
        ("read", "delivered"),
    ],
)
def test_a_receipt_says_how_far_the_text_is(status: str, state: str) -> None:
    outcome = receipt(RECEIPT | {"MessageStatus": status})
    assert outcome == Outcome("SM1", "202606010001/3/0", state)  # type: ignore[arg-type]  # a table's text


@pytest.mark.parametrize("status", ["undelivered", "failed", "canceled"])
@pytest.mark.parametrize(
    ("code", "passing", "opted_out"),
    [
        ("30003", True, False),
        ("30005", False, False),
        ("21610", False, True),
        ("30002", True, False),
        ("30999", True, False),
        ("", True, False),
        ("text", True, False),
    ],
)
def test_a_failed_text_says_whether_another_attempt_may_help(
    status: str, code: str, passing: bool, opted_out: bool
) -> None:
    outcome = receipt(RECEIPT | {"MessageStatus": status, "ErrorCode": code})
    assert outcome == Outcome("SM1", "202606010001/3/0", "undelivered", code, passing, opted_out)


def test_a_receipt_without_our_name_is_one_for_the_provider_s_id_alone() -> None:
    assert receipt(RECEIPT, "/sms/twilio/receipt").message == ""


def test_a_receipt_without_a_status_is_none() -> None:
    with pytest.raises(ValueError, match="MessageStatus"):
        receipt({"MessageSid": "SM1"})
