"""Makes senders and callers of what the installation has configured."""

from __future__ import annotations

import sys
from typing import Final
from urllib.parse import urlsplit

from xixi_workflow.adapters.console import ConsoleSender
from xixi_workflow.adapters.port import Caller, Sender
from xixi_workflow.adapters.senders import NoSender, Route, Senders
from xixi_workflow.adapters.senders_file import (
    AppriseShape,
    ConsoleShape,
    SendersError,
    SendersShape,
    TwilioShape,
)

#: Ways to reach a person (`policy_schema.Person.ways`).
CHANNELS: Final = ("sms", "chat")


def channels(shape: SendersShape, public_url: str, in_flight: int) -> dict[str, Sender]:
    """A sender for every channel; one that has no route refuses everything. Raises `SendersError`."""
    _check_public(shape, public_url)
    made = {name: _sender(name, one, public_url, in_flight) for name, one in shape.senders.items()}
    found: dict[str, Sender] = {}
    for channel in CHANNELS:
        routes = [
            Route(tuple(made[name] for name in route.through), tuple(route.prefix))
            for route in shape.routes.get(channel, ())
        ]
        found[channel] = Senders(channel, routes) if routes else NoSender(channel)
    return found


def callers_of(shape: SendersShape, public_url: str) -> dict[str, Caller]:
    """Who may call us, by the name of the sender; nobody without a public address. Raises `SendersError`."""
    _check_public(shape, public_url)
    found: dict[str, Caller] = {}
    if public_url:
        from xixi_workflow.adapters.twilio_calls import TwilioCaller

        for name, one in shape.senders.items():
            if isinstance(one, TwilioShape):
                found[name] = TwilioCaller(one.auth_token, public_url)
    return found


def _check_public(shape: SendersShape, public_url: str) -> None:
    if not public_url:
        return
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise SendersError("XIXI_PUBLIC_URL: an address like https://xixi.example is wanted")
    for name, one in shape.senders.items():
        if isinstance(one, TwilioShape) and not one.auth_token:
            raise SendersError(
                f"the auth token of {name} is missing: with XIXI_PUBLIC_URL set Twilio calls us, and what it calls is "
                "signed with the token, also where an API key opens the account"
            )


def _sender(name: str, shape: TwilioShape | AppriseShape | ConsoleShape, public_url: str, in_flight: int) -> Sender:
    # Both libraries take a good part of a second to load: only who uses one waits for it.
    if isinstance(shape, TwilioShape):
        from xixi_workflow.adapters.twilio_sms import TwilioAccount, TwilioSender

        account = TwilioAccount(
            sid=shape.account_sid,
            token=shape.auth_token,
            key=shape.api_key,
            key_secret=shape.api_secret,
            sender=shape.messaging_service or shape.from_,
            public_url=public_url,
            address=shape.base_url,
            timeout=shape.timeout,
        )
        return TwilioSender(name, account, in_flight=in_flight)
    if isinstance(shape, AppriseShape):
        from xixi_workflow.adapters.apprise_chat import AppriseSender

        chats = {chat: [urls] if isinstance(urls, str) else urls for chat, urls in shape.chats.items()}
        try:
            return AppriseSender(name, chats=chats, template=shape.url)
        except ValueError as error:
            raise SendersError(f"{name}: {error}") from None
    return ConsoleSender(sys.stdout, name)
