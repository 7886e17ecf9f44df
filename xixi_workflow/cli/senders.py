"""`xixi senders`: who carries messages, as this machine is set up, and a test through the real way."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import uuid4

import typer

from xixi_workflow import wiring
from xixi_workflow.adapters.port import Outgoing, Undeliverable, Unsure
from xixi_workflow.adapters.senders_file import AppriseShape, TwilioShape
from xixi_workflow.cli.failures import PROBLEM, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, settings, takes_settings
from xixi_workflow.core.phones import dialled

senders = typer.Typer(no_args_is_help=True, add_completion=False)


@senders.callback()
def group() -> None:
    """发送渠道 Who carries messages: check the settings, or send a test."""


@senders.command()
@takes_settings
def check(as_json: Json = False) -> None:
    """检查 Show the senders and routes in force. Exit code 4, with every mistake, if they cannot be used."""
    shape = wiring.senders_shape(settings())
    # Made as the service makes them, so that a URL which nobody knows is found here and not at night.
    wiring.senders(settings())
    calls = wiring.callers(settings())
    found = []
    for name, one in shape.senders.items():
        about = ""
        if isinstance(one, TwilioShape):
            about = f"{one.account_sid[:4]}…{one.account_sid[-4:]} {one.messaging_service or one.from_}"
        elif isinstance(one, AppriseShape):
            about = ", ".join(one.chats) or "{phone}"
        found.append({"name": name, "kind": one.kind, "about": about, "receipts": name in calls})
    routes = [
        {"channel": channel, "prefix": route.prefix, "through": route.through}
        for channel, some in shape.routes.items()
        for route in some
    ]
    if as_json:
        tell_json({"senders": found, "routes": routes})
        return
    screen = Screen(language())
    for sender in found:
        receipts = screen.pick("有回执", "receipts") if sender["receipts"] else screen.pick("无回执", "no receipts")
        screen.line(str(sender["name"]), str(sender["kind"]), str(sender["about"]), receipts)
    for route in routes:
        screen.line(f"{route['channel']}: {' '.join(route['prefix']) or '*'} → {' → '.join(route['through'])}")


@senders.command("try")
@takes_settings
def try_out(
    address: Annotated[str, typer.Argument(metavar="PHONE|CHAT", help="号码或群名 A number, or the name of a chat.")],
    channel: Annotated[Literal["sms", "chat"], typer.Option(help="渠道 Channel.")] = "sms",
) -> None:
    """测试 Send one test message through the real way. Exit code 1 if it was not taken."""
    screen = Screen(language())
    to = dialled(address) if channel == "sms" else address
    message = Outgoing(f"test/{uuid4().hex}", "test", "", to, "西溪民情处置 测试消息 Xixi test message", "")
    try:
        receipt = wiring.senders(settings())[channel].send(message)
    except Undeliverable as failure:
        raise Stop(f"{screen.pick('未发出', 'not sent')}: {failure.reason}", PROBLEM) from None
    except Unsure as doubt:
        raise Stop(f"{screen.pick('不知是否发出', 'sent or not, nobody can tell')}: {doubt}", PROBLEM) from None
    screen.line(screen.pick("已交付", "taken over"), receipt.provider, receipt.provider_id)
