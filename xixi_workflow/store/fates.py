"""What becomes of messages: the rules by which settlements and receipts move them, the same on both databases.

A message is settled by whoever claimed it, and moved by receipts. The two come from different processes and in any
order, so each reads the rows that it is about to change, locked, and decides on what it finds: texts first, then
messages, each in order of their keys, so that two of them never wait for each other in a circle.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from datetime import datetime

import msgspec

from xixi_workflow.store.rows import Handed, Key, Receipted, Reply, Settled, printable

#: provider, provider's id of a text.
TextKey = tuple[str, str]

#: A receipt moves a text to the right only.
ORDER = {"sent": 0, "undelivered": 1, "delivered": 2}
#: Where a message may stand when a receipt proves that its reader has it. `sending` is left to whoever claimed it;
#: `withheld` and `overtaken` were decisions.
_PROVABLE = ("sent", "uncertain", "undelivered", "waiting", "failed")

#: The column `delivery.parts`.
decode_parts = msgspec.json.Decoder(list[Key]).decode

_NAME = re.compile(r"(-?\d{1,18})/(\d{1,5})/(\d{1,5})", re.ASCII)
_LARGEST_SMALLINT = 32767


class Standing(msgspec.Struct):
    """A message as it stands in the outbox, without what never changes."""

    petition_id: int
    seq: int
    n: int
    state: str
    next_at: datetime | None
    attempts: int
    way: int
    sent_at: datetime | None
    remark: str | None


class Text(msgspec.Struct):
    """A text that a provider took over, as it stands. `channel` is empty while only a receipt has told of it."""

    provider: str
    provider_id: str
    at: datetime
    channel: str
    parts: list[Key]
    state: str
    code: str | None
    receipt_at: datetime | None


class Fates(ABC):
    """`settle` and `receipts` of `rows.Tx`, from what each database does in its own way."""

    def settle(self, settled: list[Settled], handed: list[Handed]) -> None:
        """See `rows.Tx`."""
        # What a provider took over is a fact, whoever the message belongs to by now.
        texts = {(h.provider, h.provider_id): h for h in map(_handed, handed)}
        news = self._hand_over([texts[key] for key in sorted(texts)])
        told: dict[Key, Text] = {}
        for text in sorted(news, key=_rank):
            told.update(dict.fromkeys(text.parts, text))
        standing = self._standing(sorted({(s.petition_id, s.seq, s.n) for s in settled}))
        moved = []
        for s in settled:
            key = (s.petition_id, s.seq, s.n)
            found = standing.get(key)
            if found is None or found.state != "sending" or found.attempts != s.claim:
                continue
            found.state, found.next_at, found.attempts, found.way = s.state, s.next_at, s.attempts, s.way
            # A text that went out before stays known to have gone out.
            found.sent_at = s.sent_at or found.sent_at
            found.remark = None if s.remark is None else printable(s.remark)
            if s.state == "sent" and key in told:
                _follow(told[key], found, newest=True)
            moved.append(found)
        self._move(moved)

    def receipts(self, receipted: list[Receipted]) -> None:
        """See `rows.Tx`."""
        latest: dict[TextKey, Receipted] = {}
        for r in map(_receipted, receipted):
            key = (r.provider, r.provider_id)
            before = latest.setdefault(key, r)
            if ORDER[r.state] > ORDER[before.state]:
                latest[key] = r
            latest[key].message = before.message or r.message
        self._expect(
            [
                Text(r.provider, r.provider_id, r.at, "", [part], "sent", None, None)
                for _, r in sorted(latest.items())
                if (part := _part(r.message)) is not None
            ]
        )
        forward = []
        for text in self._texts(sorted(latest)):
            r = latest[text.provider, text.provider_id]
            fresh = ORDER[r.state] > ORDER[text.state]
            if fresh or (text.receipt_at is None and r.state == text.state):
                text.state, text.code, text.receipt_at = r.state, r.code or None, r.at
                forward.append(text)
            elif not text.channel and r.state == text.state == "sent":
                # Said again: meanwhile its message may have become uncertain.
                forward.append(text)
        self._forward(forward)
        standing = self._standing(sorted({part for text in forward for part in text.parts}))
        moved: dict[Key, Standing] = {}
        for text in sorted(forward, key=_rank):
            for part in text.parts:
                if (found := standing.get(part)) is not None and _follow(
                    text, found, newest=found.remark in (None, text.provider_id)
                ):
                    moved[part] = found
        self._move(list(moved.values()))

    @abstractmethod
    def _hand_over(self, handed: list[Handed]) -> list[Text]:
        """Write what was taken over, leaving alone what receipts have said; returns the texts of which they have."""

    @abstractmethod
    def _expect(self, texts: list[Text]) -> None:
        """Keep a place for texts of which a receipt is the first to tell."""

    @abstractmethod
    def _texts(self, keys: list[TextKey]) -> list[Text]:
        """Those that are known, locked in the order of `keys`."""

    @abstractmethod
    def _forward(self, texts: list[Text]) -> None:
        """Write state, code and `receipt_at`."""

    @abstractmethod
    def _standing(self, keys: list[Key]) -> dict[Key, Standing]:
        """Messages by key, locked in the order of `keys`."""

    @abstractmethod
    def _move(self, standing: list[Standing]) -> None:
        """Write where messages stand."""


def _follow(text: Text, message: Standing, *, newest: bool) -> bool:
    """Let `message` follow what a receipt says of a text that tells it; whether that changes anything.

    `newest`: where `message` is `sent`, it is this text in which it went out last.
    """
    if text.state == "delivered":
        if message.state not in _PROVABLE:
            return False
        message.state, message.next_at = "delivered", None
        message.remark, message.sent_at = text.provider_id, message.sent_at or text.at
        return True
    if text.state == "undelivered":
        # A message that has meanwhile gone out in another text waits for the word on that one.
        if message.state != "uncertain" and (message.state != "sent" or not newest):
            return False
        message.state, message.next_at, message.remark = "undelivered", text.receipt_at, text.code
        return True
    # Only of a text that nobody has written down: then it is the one whose fate was unknown.
    if message.state != "uncertain" or text.channel:
        return False
    message.state, message.next_at = "sent", None
    message.remark, message.sent_at = text.provider_id, message.sent_at or text.at
    return True


def _rank(text: Text) -> int:
    return ORDER[text.state]


def _part(message: str) -> Key | None:
    """The message that we named when the text went out; None for a name that is not ours."""
    found = _NAME.fullmatch(message)
    if found is None:
        return None
    petition_id, seq, n = map(int, found.groups())
    return None if max(seq, n) > _LARGEST_SMALLINT else (petition_id, seq, n)


def _handed(h: Handed) -> Handed:
    return Handed(
        printable(h.provider),
        printable(h.provider_id),
        h.at,
        h.channel,
        printable(h.address),
        h.recipient,
        h.kind,
        h.parts,
        None if h.text is None else printable(h.text),
    )


def _receipted(r: Receipted) -> Receipted:
    return Receipted(printable(r.provider), printable(r.provider_id), r.message, r.state, printable(r.code), r.at)


def numbered(replies: list[Reply]) -> list[tuple[Reply, int, str]]:
    """Every text of `replies` with its place among the answers to its letter."""
    found: list[tuple[Reply, int, str]] = []
    places: Counter[int] = Counter()
    for reply in replies:
        for text in reply.texts:
            found.append((reply, places[reply.letter], text))
            places[reply.letter] += 1
    return found
