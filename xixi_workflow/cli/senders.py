"""`xixi senders`: who carries messages, as this machine is set up, and a test through the real way."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

import typer

from xixi_workflow import wiring
from xixi_workflow.adapters.port import Outgoing, Undeliverable, Unsure
from xixi_workflow.adapters.senders_file import AppriseShape, ConsoleShape, TwilioShape
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
    routes: list[dict[str, Any]] = [
        {"channel": channel, "prefix": route.prefix, "through": route.through}
        for channel, some in shape.routes.items()
        for route in some
    ]
    if as_json:
        tell_json({"senders": found, "routes": routes})
        return
    screen = Screen(language())
    say = screen.pick
    rows: list[list[Any]] = []
    for sender in found:
        receipts = say("有送达回执", "tells what arrived") if sender["receipts"] else say("无送达回执", "no receipts")
        rows.append([sender["name"], sender["kind"], sender["about"], receipts])
    screen.table(say("发送方", "Senders"), [say("名称", "Name"), say("种类", "Kind"), say("账号", "Account"), ""], rows)
    names = {"sms": say("短信", "SMS"), "chat": say("群聊", "Chat")}
    ways = [
        [names[str(r["channel"])], " ".join(r["prefix"]) or say("全部", "all"), " → ".join(r["through"])]
        for r in routes
    ]
    headings = [say("渠道", "Channel"), say("号码前缀", "Prefix"), say("依次经由", "Through, in turn")]
    screen.table(say("路由", "Routes"), headings, ways)
    printed = [name for name, one in shape.senders.items() if isinstance(one, ConsoleShape)]
    if any(name in route["through"] for route in routes for name in printed):
        screen.line(
            say(
                "注意：console 只把消息写进日志，没有人会收到短信。填 XIXI_TWILIO_… 或发送方文件，见 docs/senders.md",
                "Note: console only prints messages; nobody gets an SMS. Set XIXI_TWILIO_… or a senders file: "
                "docs/senders.md",
            ),
            style="bold red",
        )
    screen.line(say("试发一条：xixi senders try 手机号", "Send a test: xixi senders try PHONE"))


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
    screen.line(screen.pick("已交给", "taken over by"), receipt.provider, receipt.provider_id)
