"""SMS through Twilio, with Twilio's own client.

A message has no idempotency key at Twilio, so a request whose answer was lost is never repeated here: `send` raises
`Unsure`, and `find` looks for the text among those that Twilio has for the number. What Twilio says in words is
dropped, because it quotes the number and may quote the text: reasons are `twilio_codes`' own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec
from twilio.base import values
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest import Client

from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unknown, Unsure
from xixi_workflow.adapters.twilio_codes import Meaning, at_sending, by_receipt
from xixi_workflow.adapters.twilio_http import NotAsked, TwilioWire

#: Texts to a number that `find` looks at, newest first, in one request.
LOOK_BACK: Final = 200
#: By how much Twilio's clock may be behind ours; it also drops fractions of a second.
SKEW: Final = timedelta(seconds=60)
#: Twilio orders by the time of sending: behind a text this much older than the attempt, ours does not come any more.
ORDERLY: Final = timedelta(days=1)
#: Ids that this process was given, kept to tell our texts apart.
REMEMBERED: Final = 20_000
#: What a trial account puts before every text.
TRIAL: Final = "Sent from your Twilio trial account - "
_LOST: Final = ("failed", "undelivered", "canceled")


class TwilioAccount(msgspec.Struct, frozen=True):
    """Access to an account.

    `token` signs what Twilio calls; it also opens the account, unless there is an API key (`SK…`) for that. `sender` is
    a number, an alphanumeric sender, or a Messaging Service (`MG…`). With `public_url`, where Twilio reaches us, it is
    asked for receipts. `address` (scheme, host, port) replaces Twilio's own. `timeout` in seconds is for each wait.
    """

    sid: str
    token: str = ""
    key: str = ""
    key_secret: str = ""
    sender: str = ""
    public_url: str = ""
    address: str = ""
    timeout: float = 10.0

    def __repr__(self) -> str:
        return f"TwilioAccount({self.sid!r})"


class TwilioSender:
    """Sends SMS for an account. Threads share it; up to `in_flight` of them have a connection each.

    Receipts are asked for at `{public_url}/sms/{name}/receipt?m={Outgoing.id}`.
    """

    def __init__(self, name: str, account: TwilioAccount, *, in_flight: int = 32) -> None:
        self.name = name
        self._wire = TwilioWire(account.address, timeout=account.timeout, in_flight=in_flight)
        user, secret = (account.key, account.key_secret) if account.key else (account.sid, account.token)
        # A region or an edge of the environment would lead elsewhere than the settings say.
        nowhere = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}
        client = Client(user, secret, account.sid, http_client=self._wire, environment=nowhere)
        self._messages: Any = client.messages
        kind = "messaging_service_sid" if account.sender.startswith("MG") else "from_"
        self._from: dict[str, str] = {kind: account.sender}
        public = account.public_url.rstrip("/")
        self._callback = f"{public}/sms/{quote(name, safe='')}/receipt?m=" if public else ""
        self._given: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def send(self, message: Outgoing) -> Receipt:
        """Hand it to Twilio. See `port.Sender`; `Unsure` when Twilio may or may not have it."""
        if not message.address:
            raise Undeliverable(True, "no number", code="21604")
        callback = self._callback + quote(message.id, safe="") if self._callback else values.unset
        try:
            made = self._messages.create(to=message.address, body=message.text, status_callback=callback, **self._from)
        except NotAsked as error:
            raise Undeliverable(False, f"{self.name}: cannot be reached ({error})", because="busy") from None
        except (TwilioRestException, TwilioServiceException) as error:
            raise self._failure(error) from None
        except Exception as error:
            raise Unsure(f"{self.name}: {type(error).__name__}") from None
        if not made.sid:
            raise Unsure(f"{self.name}: an answer without an id")
        if made.status in _LOST:
            raise self._undeliverable(by_receipt(made.error_code or 0), made.error_code or 0)
        self._remember(made.sid, message.id)
        return Receipt(made.sid, self.name, bool(self._callback))

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        """The text among those that Twilio has for the number: the same words, made since the first attempt.

        Told by words and time alone, so two of them are `Unknown`, and so is a text whose words Twilio was asked to
        forget. One that this process noted for another message is left out. No filter by date is used: Twilio's looks
        at the time of sending, which a text in its queue does not have yet. Raises `Unsure` when Twilio gives no list.
        """
        if message.tried_at is None or not message.address:
            return None
        since = message.tried_at - SKEW
        try:
            listed = self._messages.list(to=message.address, limit=LOOK_BACK, page_size=LOOK_BACK)
        except Exception as error:
            raise Unsure(f"{self.name}: cannot be asked ({_code(error) or type(error).__name__})") from None
        ours, hidden = [], False
        for text in listed:
            if text.direction == "inbound" or not _made_since(text.date_created, since):
                continue
            if not text.body:
                hidden = True
            elif text.body in (message.text, TRIAL + message.text) and self._may_be(text.sid, message.id):
                ours.append(text)
        if len(ours) == 1:
            # Without receipts nobody would tell that it was lost: it is no news to anybody if it goes out again.
            lost = ours[0].status in _LOST and not self._callback
            return None if lost else Receipt(ours[0].sid, self.name, bool(self._callback))
        seen_all = len(listed) < LOOK_BACK or not _made_since(listed[-1].date_created, since - ORDERLY)
        return Unknown() if ours or hidden or not seen_all else None

    def _failure(self, error: TwilioRestException | TwilioServiceException) -> Exception:
        """What an error answer means. 5xx may come after the text was taken over."""
        if error.status >= 500 or error.status < 300:
            return Unsure(f"{self.name}: HTTP {error.status}")
        code = _code(error)
        meaning = at_sending(code, error.status)
        return self._undeliverable(meaning, code or error.status)

    def _undeliverable(self, meaning: Meaning, code: int) -> Undeliverable:
        reason = f"{self.name} {code}: {meaning.text}"
        wait = self._wire.retry_after if meaning.because == "busy" else None
        return Undeliverable(meaning.permanent, reason, because=meaning.because, code=str(code), retry_after=wait)

    def _remember(self, sid: str, message: str) -> None:
        with self._lock:
            self._given[sid] = message
            if len(self._given) > REMEMBERED:
                self._given.popitem(last=False)

    def _may_be(self, sid: str, message: str) -> bool:
        with self._lock:
            return self._given.get(sid, message) == message


def _made_since(made: datetime | None, since: datetime) -> bool:
    return made is None or made >= since


def _code(error: Exception) -> int:
    """Twilio's code; 0 where the answer had none, which the client replaces by the HTTP status."""
    code = getattr(error, "code", 0)
    return code if isinstance(code, int) and code >= 1000 else 0
