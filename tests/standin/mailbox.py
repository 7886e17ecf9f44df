"""A mail server on the loopback interface (RFC 5321, no more of it than a client needs): takes mail and remembers it.

with Mailbox() as box:
    send([box.url("chief@example.org")], …)
    box.mails           # email.message.EmailMessage, in the order in which they were taken
    box.refuses = True  # everything from now on
"""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage
from typing import Self


class Mailbox:
    """See the module's docstring. A context manager."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses = False
        box = self

        class Conversation(socketserver.StreamRequestHandler):
            timeout = 20

            def handle(self) -> None:
                box._converse(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, to: str, **more: str) -> str:
        """The address under which Apprise writes to `to` here."""
        options = "".join(f"&{name}={value}" for name, value in more.items())
        return f"mailto://127.0.0.1:{self.port}?mode=insecure&from=xixi@example.org&to={to}{options}"

    def _converse(self, client: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            client.wfile.write(f"{line}\r\n".encode())

        say("220 mailbox")
        while line := client.rfile.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"QUIT":
                say("221 bye")
                return
            if verb == b"MAIL" and self.refuses:
                say("550 not here")
            elif verb == b"DATA":
                say("354 go on")
                self._take(client)
                say("250 taken")
            else:
                say("250 fine")

    def _take(self, client: socketserver.StreamRequestHandler) -> None:
        lines = []
        while (line := client.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
