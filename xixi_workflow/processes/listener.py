"""The address that the service listens on, taken before anything else is started."""

from __future__ import annotations

import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"


class CannotStart(Exception):  # noqa: N818 - it says what is the matter
    """The service cannot start; the message is one plain sentence for an operator."""


def shown(host: str) -> str:
    """A host that a browser on this machine can open."""
    if host in ("0.0.0.0", "::"):
        return LOOPBACK
    return f"[{host}]" if ":" in host else host


def bound(host: str, port: int, option: str) -> socket.socket:
    """A listening socket. Raises `CannotStart` when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror):
            raise CannotStart(f"{host} is not an address of this machine (--host)") from None
        raise CannotStart(
            f"port {port} on {host} cannot be used: {error.strerror}; choose another with {option}"
        ) from None
    return listener
