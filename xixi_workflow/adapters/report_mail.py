"""Sends finished documents to the addresses of an office, by mail or into team chats, through Apprise.

Every address is a secret: whoever has it can write in the centre's name. So an address is shown as its place in the
list and its kind, and nothing of it is logged (`apprise_chat` silences what Apprise would log).

**What is attached.** Mail goes to readers whom the centre named one by one. A chat's robot writes to a group that
changes, and keeps files on a stranger's server: an internal document, which lists petitions by their numbers, is never
attached there, though the service may take files. A link is sent instead, which asks for the operators' token. What is
public may go to everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import apprise
import structlog
from apprise.attachment.memory import AttachMemory

from xixi_workflow.adapters.apprise_chat import ASSET

log = structlog.get_logger()

#: Seconds for a step of the conversation with a service; a whole document is on its way in one of them.
PATIENCE: Final = 30.0
#: Services that deliver to the readers named in the address and to nobody else.
_MAIL: Final = frozenset(("mailto", "mailtos"))


class Attachment(NamedTuple):
    """A file to send."""

    name: str
    media_type: str
    data: bytes


class Sent(NamedTuple):
    """What became of one address; `to` is its place in the list and its kind, such as `2 mailto`."""

    to: str
    taken: bool
    #: How many of the files went with it.
    attached: int
    #: Why it was not taken; empty otherwise.
    why: str = ""


def addresses(setting: str) -> list[str]:
    """The addresses of a setting: Apprise's URLs with blanks or new lines between them."""
    return setting.split()


def send(
    urls: Iterable[str],
    title: str,
    body: str,
    attachments: Sequence[Attachment] = (),
    *,
    public: bool,
    most: int,
    patience: float = PATIENCE,
) -> list[Sent]:
    """Send a text and files to every address; one that fails does not stop the others. Never raises.

    `public`: the files may be attached wherever the service takes them, otherwise in mail alone. At most `most` bytes
    of them are attached to one message, in their order. Apprise says no and never why, so `why` tells little.
    """
    found = []
    for n, url in enumerate(urls, start=1):
        scheme = url.partition("://")[0].lower() if "://" in url else "?"
        to = f"{n} {scheme}"
        try:
            sent = _tell(to, url, (title, body), _fitting(attachments, most), scheme in _MAIL or public, patience)
        except Exception as error:
            # Its text may quote the address.
            sent = Sent(to, False, 0, type(error).__name__)
        if not sent.taken:
            log.warning("report_not_sent", to=to, why=sent.why)
        found.append(sent)
    return found


def _tell(
    to: str, url: str, said: tuple[str, str], files: Sequence[Attachment], may_attach: bool, patience: float
) -> Sent:
    waits = f"cto={patience}&rto={patience}"
    service: Any = apprise.Apprise.instantiate(f"{url}{'&' if '?' in url else '?'}{waits}", asset=ASSET)
    if service is None:
        return Sent(to, False, 0, "Apprise knows no such address")
    attached = list(files) if may_attach and service.attachment_support else []
    made: Any = AttachMemory
    # Apprise takes a media type without its parameters.
    memory = [made(content=f.data, name=f.name, mimetype=f.media_type.partition(";")[0]) for f in attached]
    title, body = said
    whole = apprise.Apprise(servers=service, asset=ASSET)
    taken = whole.notify(body, title=title, body_format=apprise.NotifyFormat.TEXT, attach=memory or None)
    return Sent(to, True, len(attached)) if taken else Sent(to, False, 0, "refused or not reached")


def _fitting(attachments: Sequence[Attachment], most: int) -> list[Attachment]:
    """Those that fit into `most` bytes together, in their order; what is too large is left out."""
    fitting: list[Attachment] = []
    left = most
    for one in attachments:
        if 0 < len(one.data) <= left:
            fitting.append(one)
            left -= len(one.data)
    return fitting
