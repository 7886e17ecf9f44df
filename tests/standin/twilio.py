"""A stand-in for Twilio's Messages API, on the loopback interface, with Twilio's habits and none of its prices.

It keeps what it takes over, so that a message can be listed, fetched and reported on; it refuses as Twilio does; and
it can be told to have a bad day, for the next request, for a number, or for everybody:

    with TwilioStandIn() as standin:
        account = TwilioAccount(standin.account, standin.token, sender=standin.number, address=standin.url)
        standin.next(refuse(21610), busy(2), HANG)         # what the next three requests to send get
        standin.numbers["+8619900000001"] = refuse(21211)  # what this number gets, always
        standin.everybody = ERROR                          # what everybody gets, until it is None again
        standin.sent("+8619900000002")                     # the texts taken over for a number, oldest first
        standin.text_from("+8619900000002", "1", url)      # a signed webhook: somebody writes to us
        standin.receipt(sid, "delivered")                  # a signed receipt to the text's own StatusCallback

Receipts are sent by hand, in whatever order and number the test needs; `standin.receipts = ("sent", "delivered")`
sends these by itself for every text that has a StatusCallback. An `url` may be a public one that nobody can reach:
`standin.reach["https://xixi.example"] = "http://127.0.0.1:8000"` says where it is answered, and the signature is still
made for the public one, as behind a reverse proxy.

`python -m tests.standin.twilio` is the same in a process of its own: it says where it is in one line of JSON and stops
when its standard input ends.
"""

from __future__ import annotations

import base64
import itertools
import json
import sys
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec
from twilio.request_validator import RequestValidator

from tests.standin.loopback import Answer, Asked, Loopback
from tests.standin.twilio_rules import OPT_IN, OPT_OUT, Refusal, segments, wrong_request
from xixi_workflow import clock


class Behaviour(msgspec.Struct, frozen=True):
    """What a request to send gets. `keep`: the message is taken over, whatever the sender hears of it.

    `refusal` none: it is accepted. `answer` as `loopback.Answer`; `wrong` is a body that breaks Twilio's contract.
    """

    keep: bool = True
    refusal: Refusal | None = None
    after: float = 0.0
    answer: Literal["given", "never", "cut", "wrong"] = "given"


def refuse(code: int, status: int = 400, *, problem: bool = False) -> Behaviour:
    """Refused with a code of Twilio's; `problem`: in the newer form of errors, RFC 9457."""
    return Behaviour(keep=False, refusal=Refusal(code, "Refused by the stand-in.", status, problem=problem))


def busy(retry_after: int) -> Behaviour:
    """Too many requests; come again after so many seconds."""
    return Behaviour(keep=False, refusal=Refusal(20429, "Too Many Requests", 429, retry_after=retry_after))


def slow(seconds: float) -> Behaviour:
    """Accepted at once, answered late."""
    return Behaviour(after=seconds)


#: Accepted, and the sender never hears of it.
HANG = Behaviour(answer="never")
#: Accepted, and the connection breaks instead of an answer.
CUT = Behaviour(answer="cut")
#: The connection breaks, and nothing was accepted.
CUT_BEFORE = Behaviour(keep=False, answer="cut")
#: Twilio's own failure: nothing was accepted, or it was all the same.
ERROR = Behaviour(keep=False, refusal=Refusal(20500, "Internal Server Error", 500))
ERROR_AFTER = Behaviour(refusal=Refusal(20500, "Internal Server Error", 500))
#: Accepted, with an answer that Twilio's own document forbids.
WRONG = Behaviour(answer="wrong")


class Text(msgspec.Struct):
    """A message as the stand-in keeps it."""

    sid: str
    to: str
    sender: str
    body: str
    service: str
    callback: str
    created: datetime
    direction: str = "outbound-api"
    status: str = "queued"
    code: int | None = None
    date_sent: datetime | None = None


class Called(msgspec.Struct):
    """What our side answered to a webhook."""

    status: int
    body: str


class TwilioStandIn:
    """See the module's docstring. A context manager; `clock` dates the messages."""

    def __init__(self, *, port: int = 0, clock: Callable[[], datetime] = clock.now) -> None:
        self.account = "AC" + "0" * 32
        self.token = "standin-auth-token"
        #: API keys that may be used instead of the token.
        self.keys = {"SK" + "1" * 32: "standin-key-secret"}
        self.number = "+15005550006"
        self.service = "MG" + "2" * 32
        self.clock = clock
        self.numbers: dict[str, Behaviour] = {}
        self.everybody: Behaviour | None = None
        self.opted_out: set[str] = set()
        self.receipts: Sequence[str] = ()
        #: Seconds until every answer is given, and requests a second above which more are refused.
        self.latency = 0.0
        self.rate: int | None = None
        self.reach: dict[str, str] = {}
        #: Requests to send that were heard, whatever became of them.
        self.asked = 0
        self._script: deque[Behaviour] = deque()
        self._texts: dict[str, Text] = {}
        self._by_number: defaultdict[str, list[Text]] = defaultdict(list)
        self._ids = itertools.count(1)
        self._this_second: Counter[int] = Counter()
        self._caller = httpx.Client(trust_env=False, verify=False, timeout=10)
        self._callers = ThreadPoolExecutor(4)
        self._lock = threading.Lock()
        self._http = Loopback(self._answer, port)
        self.url = self._http.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Reset every connection and stop."""
        self._http.close()
        self._callers.shutdown()
        self._caller.close()

    # ------------------------------------------------------------ the handle

    def next(self, *behaviours: Behaviour) -> None:
        """What the next requests to send get, one each, before any other rule."""
        self._script.extend(behaviours)

    def sent(self, to: str = "") -> list[Text]:
        """The texts taken over for a number, or for all, oldest first."""
        with self._lock:
            texts = [*self._by_number[to]] if to else [*self._texts.values()]
        return [text for text in texts if text.direction != "inbound"]

    def kept(self, sid: str) -> Text:
        """The text of this id."""
        return self._texts[sid]

    def text_from(self, phone: str, body: str, url: str, *, to: str = "", sid: str = "") -> Called:
        """Somebody writes to us: kept, opt-out words obeyed, posted to `url`. The same `sid` again: a repetition."""
        text = Text(sid or self._sid(), to or self.number, phone, body, "", url, self.clock(), "inbound", "received")
        if sid not in self._texts:
            self._keep(text)
        word = body.strip().upper()
        if word in OPT_OUT:
            self.opted_out.add(phone)
        elif word in OPT_IN:
            self.opted_out.discard(phone)
        fields = dict.fromkeys(("FromCity", "FromState", "FromZip", "ToCity", "ToState", "ToZip", "ToCountry"), "")
        fields |= {"ToCountry": "US", "SmsMessageSid": text.sid, "NumMedia": "0", "SmsSid": text.sid}
        fields |= {"SmsStatus": "received", "Body": body, "FromCountry": "CN", "To": text.to, "From": phone}
        fields |= {"NumSegments": str(segments(body)), "MessageSid": text.sid, "AccountSid": self.account}
        return self.call(url, fields | {"ApiVersion": "2010-04-01"})

    def receipt(self, sid: str, status: str, *, code: int | None = None) -> Called:
        """Say what became of a text, to its StatusCallback. Late, early, twice or out of order: as it is called."""
        text = self._texts[sid]
        text.status, text.code = status, code
        if status == "sent":
            text.date_sent = self.clock()
        fields = {"ApiVersion": "2010-04-01", "AccountSid": self.account, "From": text.sender, "To": text.to}
        fields |= {"SmsSid": sid, "MessageSid": sid, "SmsStatus": status, "MessageStatus": status}
        if code is not None:
            fields["ErrorCode"] = str(code)
        if text.service:
            fields["MessagingServiceSid"] = text.service
        return self.call(text.callback, fields)

    def call(self, url: str, fields: dict[str, str], *, signature: str | None = None) -> Called:
        """Post form fields to us, signed as Twilio signs; `signature` forges one."""
        if signature is None:
            signature = RequestValidator(self.token).compute_signature(url, fields)
        where = next(
            (to + url.removeprefix(public) for public, to in self.reach.items() if url.startswith(public)), url
        )
        headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
        said = self._caller.post(where, content=urlencode(fields), headers=headers)
        return Called(said.status_code, said.text)

    # ------------------------------------------------------------ the provider

    def _answer(self, asked: Asked) -> Answer:
        parts = urlsplit(asked.target)
        answer = self._refused(asked, parts.path) or self._routed(asked, parts.path, parts.query)
        if self.latency and answer.how == "given":
            answer.after += self.latency
        return answer

    def _refused(self, asked: Asked, path: str) -> Answer | None:
        given = base64.b64decode(asked.headers.get("authorization", "")[6:]).decode().partition(":")
        if (given[0], given[2]) not in {(self.account, self.token), *self.keys.items()}:
            return _error(Refusal(20003, "Authenticate", 401))
        if not path.startswith(f"/2010-04-01/Accounts/{self.account}/Messages"):
            return _error(Refusal(20404, "The requested resource was not found", 404))
        return None

    def _routed(self, asked: Asked, path: str, query: str) -> Answer:
        name = path.rpartition("/")[2].removesuffix(".json")
        if name == "Messages":
            if asked.method == "POST":
                return self._create(dict(parse_qsl(asked.body.decode(), keep_blank_values=True)))
            return self._list(path, dict(parse_qsl(query)))
        text = self._texts.get(name)
        if text is None:
            return _error(Refusal(20404, "The requested resource was not found", 404))
        if asked.method == "DELETE":
            with self._lock:
                self._by_number[text.to].remove(self._texts.pop(name))
            return Answer(204)
        if asked.method == "POST":
            fields = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
            text.body, text.status = fields.get("Body", text.body), fields.get("Status", text.status)
        return _json(200, self._shown(text))

    def _create(self, fields: dict[str, str]) -> Answer:
        self.asked += 1
        to = fields.get("To", "")
        behaviour = self._script.popleft() if self._script else self.numbers.get(to, self.everybody)
        if behaviour is None:
            behaviour = Behaviour()
            refusal = self._too_many() or wrong_request(fields, {self.number}, {self.service}, self.opted_out)
            if refusal is not None:
                return _error(refusal)
        text = None
        if behaviour.keep:
            sender, service = fields.get("From", ""), fields.get("MessagingServiceSid", "")
            text = Text(
                self._sid(), to, sender, fields["Body"], service, fields.get("StatusCallback", ""), self.clock()
            )
            self._keep(text)
        if behaviour.refusal is not None:
            answer = _error(behaviour.refusal)
        elif text is None:
            answer = Answer()
        else:
            shown = self._shown(text)
            answer = _json(201, shown | {"to": 7, "status": "bogus"} if behaviour.answer == "wrong" else shown)
            if self.receipts and text.callback:
                self._callers.submit(self._report, text.sid)
        if behaviour.answer != "wrong":
            answer.how = behaviour.answer
        answer.after = behaviour.after
        return answer

    def _report(self, sid: str) -> None:
        for status in self.receipts:
            self.receipt(sid, status)

    def _too_many(self) -> Refusal | None:
        if self.rate is None:
            return None
        second = int(self.clock().timestamp())
        self._this_second[second] += 1
        over = self._this_second[second] > self.rate
        return Refusal(20429, "Too Many Requests", 429, retry_after=1) if over else None

    def _sid(self) -> str:
        return f"SM{next(self._ids):032x}"

    def _keep(self, text: Text) -> None:
        with self._lock:
            self._texts[text.sid] = text
            self._by_number[text.to].append(text)

    def _list(self, path: str, query: dict[str, str]) -> Answer:
        texts = self._by_number[query["To"]] if "To" in query else [*self._texts.values()]
        found = [text for text in reversed(texts) if _fits(text, query)]
        size, page = min(int(query.get("PageSize", "50")), 1000), int(query.get("Page", "0"))
        shown = found[page * size : (page + 1) * size]

        def uri(number: int) -> str:
            token = {"PageToken": f"PA{shown[-1].sid}"} if number > page else {}
            return f"{path}?{urlencode(query | {'PageSize': size, 'Page': number} | token)}"

        body = {
            "messages": [self._shown(text) for text in shown],
            "uri": uri(page),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if len(found) > (page + 1) * size else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + len(shown) - 1 if shown else page * size,
        }
        return _json(200, body)

    def _shown(self, text: Text) -> dict[str, Any]:
        created = format_datetime(text.created)
        uri = f"/2010-04-01/Accounts/{self.account}/Messages/{text.sid}"
        # A Messaging Service has not chosen a number yet, so it cannot count segments either.
        open_choice = bool(text.service) and text.status in ("queued", "accepted")
        return {
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": text.body,
            "date_created": created,
            "date_sent": format_datetime(text.date_sent) if text.date_sent else None,
            "date_updated": created,
            "direction": text.direction,
            "error_code": text.code,
            "error_message": None,
            "from": text.sender or None,
            "messaging_service_sid": text.service or None,
            "num_media": "0",
            "num_segments": "0" if open_choice else str(segments(text.body)),
            "price": None,
            "price_unit": "USD",
            "sid": text.sid,
            "status": "accepted" if open_choice and text.status == "queued" else text.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": text.to,
            "uri": f"{uri}.json",
        }


def _fits(text: Text, query: dict[str, str]) -> bool:
    if query.get("From", text.sender) != text.sender:
        return False
    asked = {name: query[name][:10] for name in ("DateSent", "DateSent<", "DateSent>") if name in query}
    if not asked:
        return True
    day = text.date_sent.date().isoformat() if text.date_sent else ""
    return bool(day) and asked.get("DateSent>", day) <= day <= asked.get("DateSent<", day) == asked.get("DateSent", day)


def _json(status: int, body: object) -> Answer:
    return Answer(status, msgspec.json.encode(body), {"content-type": "application/json"})


def _error(refusal: Refusal) -> Answer:
    answer = _json(refusal.status, refusal.body())
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def main() -> None:
    """Serve until standard input ends."""
    with TwilioStandIn() as standin:
        where = {"url": standin.url, "account": standin.account, "token": standin.token, "number": standin.number}
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
