"""What Twilio refuses by itself, and how it says so."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any
from urllib.parse import urlsplit

import msgspec

#: Words that Twilio obeys before we hear of them, as whole messages.
OPT_OUT = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
OPT_IN = frozenset({"START", "UNSTOP"})
_NUMBER = re.compile(r"\+[1-9]\d{6,14}|\d{3,6}")


class Refusal(msgspec.Struct, frozen=True):
    """An answer that is an error; `problem`: in the form of RFC 9457."""

    code: int
    message: str
    status: int = 400
    retry_after: int | None = None
    problem: bool = False

    def body(self) -> dict[str, Any]:
        """The error as JSON holds it."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        if self.problem:
            told = {"type": more, "title": "Refused", "detail": self.message}
            return told | {"status": self.status, "code": self.code}
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


def wrong_request(
    fields: dict[str, str], numbers: Container[str], services: Container[str], opted_out: Container[str]
) -> Refusal | None:
    """What is wrong with a request to send. As Twilio's, a message quotes the number that it complains of."""
    to, sender, body = fields.get("To", ""), fields.get("From", ""), fields.get("Body", "")
    service, callback = fields.get("MessagingServiceSid", ""), fields.get("StatusCallback", "")
    rules = [
        (not to, Refusal(21604, "A 'To' phone number is required.")),
        (not body, Refusal(21602, "Message body is required.")),
        (not sender and not service, Refusal(21603, "A 'From' phone number is required.")),
        (_NUMBER.fullmatch(to) is None, Refusal(21211, f"Invalid 'To' Phone Number: {to}")),
        (sender and sender not in numbers, Refusal(21606, f"The From phone number {sender} is not yours.")),
        (service and service not in services, Refusal(21705, "The Messaging Service Sid is invalid.")),
        (len(body) > 1600, Refusal(21617, "The concatenated message body exceeds the 1600 character limit.")),
        (callback and not _is_url(callback), Refusal(21609, f"The StatusCallback URL {callback} is not valid.")),
        (to in opted_out, Refusal(21610, "Attempt to send to unsubscribed recipient")),
    ]
    return next((refusal for broken, refusal in rules if broken), None)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def segments(body: str) -> int:
    """How many SMS carry the text: 160 or 153 characters of ASCII each, 70 or 67 units of UCS-2."""
    plain = body.isascii()
    length = len(body) if plain else len(body.encode("utf-16-le")) // 2
    one, many = (160, 153) if plain else (70, 67)
    return 1 if length <= one else -(-length // many)
