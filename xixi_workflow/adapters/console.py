"""The sender for a service that has no SMS provider yet: every message is one line on a stream.

A terminal is read over shoulders and its output is kept in log files, so telephone numbers are masked, those inside
the text as well, and a text cannot break out of its line.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import Final, TextIO
from uuid import uuid4

from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable

_MOBILE_IN_TEXT: Final = re.compile(r"(?<!\d)(1\d{2})\d{4}(\d{4})(?!\d)")
#: Line breaks, terminal escapes and whatever else a terminal would act upon.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class ConsoleSender:
    """Prints each message on `stream`. Several threads may send at once: lines never mix."""

    def __init__(self, stream: TextIO, name: str = "console") -> None:
        self.name = name
        self._stream = stream
        self._lock = Lock()

    def send(self, message: Outgoing) -> Receipt:
        """Print the message. Raises `Undeliverable` for a closed or broken stream, to be tried again later."""
        line = f"✉ {_CONTROL.sub(' ', message.to_name)} {masked(message.address)}  {in_one_line(message.text)}\n"
        # A terminal that knows no Chinese shows question marks rather than stop the delivery.
        encoding = self._stream.encoding or "utf-8"
        try:
            with self._lock:
                self._stream.write(line.encode(encoding, "replace").decode(encoding))
                self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise Undeliverable(False, f"the console cannot be written: {type(error).__name__}") from error
        return Receipt(uuid4().hex, self.name)

    def find(self, message: Outgoing) -> None:
        """Always None: nobody can look back at a terminal, and a line printed twice harms nobody."""
        del message


def masked(phone: str) -> str:
    """A telephone number that cannot be dialled: `138****5678`; the last two characters alone of anything short."""
    if len(phone) >= 10:
        return f"{phone[:-8]}****{phone[-4:]}"
    return f"****{phone[-2:]}" if phone else "-"


def in_one_line(text: str) -> str:
    """`text` without control characters, its mobile numbers masked."""
    return _MOBILE_IN_TEXT.sub(r"\1****\2", _CONTROL.sub(" ", text))
