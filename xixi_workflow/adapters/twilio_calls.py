"""What Twilio calls us for: letters in, and receipts.

A call is believed when its signature fits the address under which Twilio knows us. Behind a reverse proxy that is not
the address under which we hear it, so it is configured and never guessed from headers, which anybody can write.
Whitespace is part of what was signed: nothing is trimmed, and empty fields count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

from twilio.request_validator import RequestValidator

from xixi_workflow.adapters.port import Forged, Incoming, Outcome
from xixi_workflow.adapters.twilio_codes import by_receipt

_SIGNATURE: Final = "x-twilio-signature"
#: Twilio sends a few dozen fields.
_MOST_FIELDS: Final = 300
_STATES: Final[Mapping[str, Literal["sent", "delivered", "undelivered"]]] = {
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "canceled": "undelivered",
}


class TwilioCaller:
    """Reads the calls of one account: `token` is its auth token, `public_url` the address that Twilio was given."""

    def __init__(self, token: str, public_url: str) -> None:
        self._validator = RequestValidator(token)
        self._public = public_url.rstrip("/")

    def incoming(self, target: str, body: bytes, headers: Mapping[str, str]) -> Incoming:
        """The message in a call. See `port.Caller`."""
        fields = self._verified(target, body, headers)
        return Incoming(_one(fields, "MessageSid", "SmsSid"), _one(fields, "From"), _one(fields, "To"), _body(fields))

    def outcome(self, target: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """The receipt in a call. See `port.Caller`. A status that is not known yet moves nothing: it is `sent`."""
        fields = self._verified(target, body, headers)
        sid = _one(fields, "MessageSid", "SmsSid")
        state = _STATES.get(_one(fields, "MessageStatus", "SmsStatus").lower(), "sent")
        message = dict(parse_qsl(urlsplit(target).query)).get("m", "")
        if state != "undelivered":
            return Outcome(sid, message, state)
        code = fields.get("ErrorCode", [""])[0]
        meaning = by_receipt(int(code) if code.isdecimal() else 0)
        return Outcome(sid, message, state, code, not meaning.permanent, meaning.because == "opted_out")

    def _verified(self, target: str, body: bytes, headers: Mapping[str, str]) -> dict[str, list[str]]:
        signature = next((value for name, value in headers.items() if name.lower() == _SIGNATURE), "")
        try:
            fields = _Fields(
                parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
            )
        except ValueError:
            raise Forged("not a form") from None
        if not signature.isascii() or not self._validator.validate(self._public + target, fields, signature):
            raise Forged("the signature does not fit")
        return fields


class _Fields(dict[str, list[str]]):
    """Form fields, of which one may come several times, in the shape that the validator asks for."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _one(fields: Mapping[str, list[str]], *names: str) -> str:
    """The first of these fields that is there. Raises `ValueError` with the name when none is."""
    for name in names:
        if value := fields.get(name, [""])[0]:
            return value
    raise ValueError(f"{names[0]} is missing")


def _body(fields: Mapping[str, list[str]]) -> str:
    """A picture without words is a message as well; a call without the field is not."""
    if "Body" not in fields:
        raise ValueError("Body is missing")
    return fields["Body"][0]
