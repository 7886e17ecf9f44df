"""What Twilio's codes mean for a message, as a table.

Twilio splits and adds codes without notice and asks that nothing hangs on a single one, so the defaults matter more
than the rows: a code that is not here is taken by its range (`at_sending`, `by_receipt`).

`permanent`: another attempt would fail as well. `because` as in `port.Undeliverable`. Meanings are ours, because
Twilio's own sentences quote the number and sometimes the text. Source: Twilio's pages on single
codes where they could be had, and secondary pages for the rest; `more_info` of every error names the page to check.
"""

from __future__ import annotations

from typing import Final

import msgspec

from xixi_workflow.adapters.port import Because


class Meaning(msgspec.Struct, frozen=True):
    """What a code says about the message and its next attempt."""

    permanent: bool
    because: Because
    text: str


def _message(text: str) -> Meaning:
    return Meaning(True, "message", text)


def _passing(text: str) -> Meaning:
    return Meaning(False, "message", text)


def _ours(text: str) -> Meaning:
    return Meaning(False, "ours", text)


def _here(text: str) -> Meaning:
    """Our settings stand against this message, not against others: another provider may carry it."""
    return Meaning(True, "ours", text)


def _busy(text: str) -> Meaning:
    return Meaning(False, "busy", text)


CODES: Final[dict[int, Meaning]] = {
    # the account
    10001: _ours("the account is not active"),
    20003: _ours("the credentials are refused"),
    20005: _ours("the account is not active"),
    20006: _ours("the credentials may not do this"),
    20008: _ours("these are test credentials"),
    20404: _ours("no such account"),
    # taking nothing now
    14107: _busy("too many messages at once"),
    20429: _busy("too many requests at once"),
    21611: _busy("the queue of our number is full"),
    21730: _busy("under maintenance"),
    # the recipient
    21211: _message("no such number"),
    21217: _message("no such number"),
    21265: _message("a short code cannot be written to"),
    21266: _message("our own number cannot be written to"),
    21610: Meaning(True, "opted_out", "the recipient wants no messages"),
    21614: _message("not a mobile number"),
    21635: _message("a landline"),
    # the text
    21602: _message("the text is empty"),
    21604: _message("no number"),
    21617: _message("the text is too long"),
    21619: _message("the text is empty"),
    # our settings against this message
    21408: _here("this country is not switched on"),
    21608: _here("a trial account may not write to this number"),
    21612: _here("no route from our number to this one"),
    21910: _here("no route from our number to this one"),
    # our settings against every message
    21212: _ours("our number is wrong"),
    21601: _ours("our number cannot send messages"),
    21603: _ours("our number is missing"),
    21606: _ours("our number cannot send messages"),
    21609: _ours("our public address is wrong"),
    21659: _ours("our number is not one of the account"),
    21660: _ours("our number is not one of the account"),
    21701: _ours("no such Messaging Service"),
    21703: _ours("the Messaging Service has no number"),
    21704: _ours("the Messaging Service has no number"),
    21705: _ours("no such Messaging Service"),
    # by receipt: after Twilio has taken it over
    30001: _passing("the queue is full"),
    30002: _ours("the account is suspended"),
    30003: _passing("the handset cannot be reached"),
    30004: _message("the recipient's network blocks it"),
    30005: _message("no such handset"),
    30006: _message("a landline, or its network cannot be reached"),
    30007: _message("filtered as unwanted"),
    30008: _passing("the network gave no reason"),
    30010: _ours("above the price that was set"),
    30022: _passing("too many messages for the network"),
    30032: _ours("our number is not verified"),
    30034: _ours("our number is not registered"),
    30036: _passing("it waited too long"),
    30410: _passing("the network did not answer"),
    63038: _busy("the account's daily limit is reached"),
}


def at_sending(code: int, status: int) -> Meaning:
    """Why a request to send was refused: Twilio's code (0: none) and the HTTP status, which is 3xx or 4xx."""
    known = CODES.get(code)
    if known is not None:
        return known
    if status == 429:
        return _busy("too many requests at once")
    if 21000 <= code < 22000:
        return _message("refused")
    if 30000 <= code < 31000:
        return _passing("refused")
    if status in (401, 403, 404, 407) or status < 400 or not code or code // 1000 == 20:
        # Not Twilio's voice, or about the account: the text has not been judged at all.
        return _ours("refused")
    return _message("refused")


def by_receipt(code: int) -> Meaning:
    """Why a text that was taken over did not arrive; `code` 0 when the receipt told none."""
    known = CODES.get(code)
    if known is not None:
        return known
    return _message("refused") if 21000 <= code < 22000 else _passing("no reason that is known")
