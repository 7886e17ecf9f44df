"""`xixi letters` and `xixi messages`: what people wrote and nobody could answer for us, and what reached nobody.

The operators' list: the text is shown, the number it came from is masked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec
import typer

from xixi_workflow import clock
from xixi_workflow.adapters.console import in_one_line, masked
from xixi_workflow.cli.failures import REFUSED, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import contacts, writers
from xixi_workflow.store.contacts import StoredLetter, Trouble

Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="来信编号 The letter's number.")]
Limit = Annotated[int, typer.Option(min=1, max=10000, help="最多列出 At most so many.")]

letters = typer.Typer(no_args_is_help=False, add_completion=False, invoke_without_command=True)

#: A letter that was kept so long ago should have been read.
_READ_AFTER: Final = timedelta(minutes=1)
#: Characters of a letter that the list shows.
_SHOWN: Final = 160
_STATES: Final = {
    "new": ("未读", "unread"),
    "done": ("已照办", "done"),
    "asked": ("已回问", "asked back"),
    "open": ("待处理", "waits"),
    "closed": ("已处理", "closed"),
}
_FATES: Final = {
    "failed": ("发送失败", "failed"),
    "uncertain": ("结果不明", "outcome unknown"),
    "undelivered": ("未送达", "undelivered"),
    "withheld": ("未发（对方不要或已够）", "withheld"),
}


@letters.callback()
@takes_settings
def waiting(ctx: typer.Context, limit: Limit = 100, as_json: Json = False) -> None:
    """来信 Letters that wait for an operator, the oldest first. Numbers are masked."""
    if ctx.invoked_subcommand is not None:
        return
    now = clock.now()
    with open_engine() as engine:
        found = contacts.open_letters(engine.store, limit)
        unread = [
            letter
            for number in writers.unread(engine.store, now - _READ_AFTER, limit)
            if (letter := contacts.letter(engine.store, number)) is not None
        ]
        policy = engine.policies.in_force
        count = contacts.waiting_counts(engine.store).open
    everything = [*unread, *found]
    if as_json:
        tell_json([_as_data(letter) for letter in everything])
        return
    screen = Screen(language(), policy.zone)
    say = screen.pick
    for letter in everything:
        _line(screen, letter, policy)
    screen.line(
        say(f"{count} 封来信待处理", f"{count} letter(s) wait for an operator"),
        say(f"{len(unread)} 封读不了，见日志", f"{len(unread)} could not be read, see the log") if unread else "",
        style="bold" if everything else "",
    )
    if found:
        screen.line(_how_to_close(screen, str(found[0].id)))


@letters.command()
@takes_settings
def show(number: Id, as_json: Json = False) -> None:
    """查看 One letter: who, when, the whole text, and what became of it."""
    with open_engine() as engine:
        letter = _find(engine, number)
        policy = engine.policies.in_force
    if as_json:
        tell_json(_as_data(letter))
        return
    screen = Screen(language(), policy.zone)
    say = screen.pick
    screen.line(f"#{letter.id}", screen.at(letter.at), masked(letter.address), _who(screen, letter, policy))
    screen.line(_state(screen, letter), _outcome(screen, letter), letter.closed_by, style="bold")
    if letter.petition_id:
        screen.line(say("工单", "Petition"), str(letter.petition_id))
    for line in letter.body.splitlines() or [say("（没有文字）", "(no text)")]:
        screen.line("  " + line)
    if letter.state == "open":
        screen.line(_how_to_close(screen, str(letter.id)))


@letters.command()
@takes_settings
def close(
    number: Id,
    by: Annotated[str, typer.Option("--by", metavar="ID", help="处理人 Who has seen to it.")] = "operator",
    as_json: Json = False,
) -> None:
    """办结 Note that somebody has seen to a letter, so that it leaves the list."""
    with open_engine() as engine:
        if not contacts.close_letter(engine.store, number, by):
            letter = _find(engine, number)
            screen = Screen(language())
            told = screen.pick(f"来信 {number} 不待处理：", f"letter {number} does not wait: ")
            raise Stop(told + _state(screen, letter), REFUSED)
        letter = _find(engine, number)
    if as_json:
        tell_json(_as_data(letter))
    else:
        screen = Screen(language())
        screen.line(screen.pick(f"来信 {number} 已处理", f"letter {number} is closed"))


@takes_settings
def messages(
    failed: Annotated[
        bool, typer.Option("--failed", help="未送达 Those that did not arrive; so far there is no other list.")
    ] = True,
    days: Annotated[int, typer.Option(min=1, max=366, help="天数 Days to look back.")] = 7,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """消息 Messages that reached nobody as far as is known, the latest first."""
    del failed
    now = clock.now()
    with open_engine() as engine:
        found = contacts.undelivered_messages(engine.store, now - timedelta(days=days), limit)
        policy = engine.policies.in_force
    if as_json:
        tell_json([_trouble_as_data(trouble) for trouble in found])
        return
    screen = Screen(language(), policy.zone)
    say = screen.pick
    headings = [
        say("首次发送", "First tried"), say("工单", "Petition"), say("种类", "Kind"), say("收件", "To"),
        say("状态", "State"), say("原因", "Why"), say("下次", "Again at"),
    ]  # fmt: skip
    screen.table("", headings, [_trouble(screen, trouble, policy) for trouble in found])
    count = say(f"{days} 天内 {len(found)} 条消息未送达", f"{len(found)} message(s) of {days} day(s) did not arrive")
    screen.line(count, style="bold" if found else "")
    if found:
        screen.line(
            say(
                "没有收到的人请打电话告知；号码有误，改 teams.yaml 后 xixi config publish",
                "telephone those who were not told; a wrong number of ours: mend teams.yaml, then xixi config publish",
            )
        )


def _find(engine: Engine, number: int) -> StoredLetter:
    letter = contacts.letter(engine.store, number)
    if letter is None:
        screen = Screen(language())
        raise Stop(screen.pick(f"没有编号为 {number} 的来信。", f"There is no letter {number}."), REFUSED)
    return letter


def _line(screen: Screen, letter: StoredLetter, policy: Policy) -> None:
    """A letter in the list: who and when, below it the beginning of what it says."""
    about = screen.pick("工单 ", "petition ") + str(letter.petition_id) if letter.petition_id else ""
    who = _who(screen, letter, policy)
    when = words.local(letter.at, policy)
    screen.line(f"#{letter.id}", when, masked(letter.address), who, about, _state(screen, letter), style="bold")
    said = " ".join(letter.body.split()) or screen.pick("（没有文字）", "(no text)")
    screen.line("    " + (said if len(said) <= _SHOWN else said[: _SHOWN - 1] + "…"))


def _how_to_close(screen: Screen, number: str) -> str:
    close = f"xixi letters close {number} --by "
    return screen.pick(f"处理完后：{close}您的代号", f"when you have seen to it: {close}YOUR-ID")


def _who(screen: Screen, letter: StoredLetter, policy: Policy) -> str:
    if letter.person:
        person = policy.people.get(letter.person)
        return person.name if person else letter.person
    known = screen.pick("诉求人", "petitioner"), screen.pick("未知", "unknown")
    return known[0] if letter.petition_id else known[1]


def _state(screen: Screen, letter: StoredLetter) -> str:
    names = _STATES.get(letter.state)
    return names[screen.language == "en"] if names else letter.state


def _outcome(screen: Screen, letter: StoredLetter) -> str:
    return words.event(letter.outcome, screen.language)


def _as_data(letter: StoredLetter) -> dict[str, Any]:
    told = msgspec.structs.asdict(letter) | {"address": masked(letter.address), "to": masked(letter.to)}
    told["body"] = "\n".join(in_one_line(line) for line in letter.body.splitlines())
    told["petition_id"] = str(letter.petition_id) if letter.petition_id else None
    return told


def _trouble(screen: Screen, trouble: Trouble, policy: Policy) -> list[Any]:
    names = _FATES.get(trouble.state)
    person = policy.people.get(trouble.recipient)
    petitioner = screen.pick("诉求人", "petitioner")
    about = str(trouble.petition) if trouble.petition > 0 else screen.pick("来信", "letter") + f" {-trouble.petition}"
    return [
        words.local(trouble.at, policy),
        about,
        words.kind(trouble.kind if trouble.petition > 0 else "reply", policy, screen.language),
        petitioner if trouble.recipient == "petitioner" else person.name if person else trouble.recipient,
        names[screen.language == "en"] if names else trouble.state,
        trouble.remark,
        words.local(trouble.next_at, policy) if trouble.next_at else None,
    ]


def _trouble_as_data(trouble: Trouble) -> dict[str, Any]:
    about = {"no": str(trouble.petition)} if trouble.petition > 0 else {"letter": -trouble.petition}
    return about | {name: value for name, value in trouble._asdict().items() if name != "petition"}
