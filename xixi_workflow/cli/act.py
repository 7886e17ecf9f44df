"""`xixi act NO COMMAND`: every command of the lifecycle by hand. Its options are the command's own fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import typer

from xixi_workflow import clock
from xixi_workflow.cli.failures import REFUSED, USAGE, Stop
from xixi_workflow.cli.listing import nearest
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, showing, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.commands import COMMANDS, Command, parse
from xixi_workflow.core.lifecycle import EVENTS, ROLES, TABLE
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import read_span
from xixi_workflow.core.work import Refused
from xixi_workflow.engine.handle import Done, Request

#: Given by the engine alone, or by a file or a form: no person types them.
_NOT_BY_HAND = ("file", "adopt", "follow", "time_passed")
#: Fields that the judge fills.
_NOT_SAID = ("judged",)

_ACTORS = ", ".join(role for role in ROLES if role != "system")
By = Annotated[str, typer.Option("--by", metavar="ROLE[:ID]", help=f"办理人 Who acts: {_ACTORS}.")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="WHEN", help="发生时间 When it happened, if earlier: 2026-11-23T09:30, local time."),
]
Fields = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="字段 Any field of the command, by its name.")
]

act = typer.Typer(no_args_is_help=True, add_completion=False)


@act.callback(subcommand_metavar="COMMAND [OPTIONS]")
def to_petition(
    ctx: typer.Context, no: Annotated[int, typer.Argument(metavar="NO", help="单号 The petition's number.")]
) -> None:
    """办理 Give a petition any command of the lifecycle, for example

    xixi act 20261123000042 dispatch --team police --by operator:anna

    A refusal says why and what is possible now; its exit code is 3 and nothing is changed.
    """
    ctx.obj = no


def _command(event: str, kind: type[Command]) -> Callable[..., None]:
    """The function behind `xixi act NO event`, with an option for each field of `kind`."""
    hints = get_type_hints(kind, include_extras=True)
    fields = [f for f in msgspec.structs.fields(kind) if f.name in hints and f.name not in _NOT_SAID]

    @takes_settings
    def command(
        ctx: typer.Context, by: By = "operator", at: At = None, given: Fields = None, as_json: Json = False, **said: Any
    ) -> None:
        arguments: dict[str, Any] = {name: value for name, value in said.items() if value not in (None, [])}
        arguments |= _pairs(given or [])
        _give(ctx.obj, event, arguments, by, at, as_json=as_json)

    context, *others = inspect.signature(command).parameters.values()
    options = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_option(field.name, hints[field.name], required=field.required),
        )
        for field in fields
    ]
    showing(command, [context, *options, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in others)])
    command.__doc__ = f"{EVENTS[event].zh} {EVENTS[event].en}: {', '.join(_who(event))}."
    return command


def _who(event: str) -> list[str]:
    """The roles that may cause `event` in some state."""
    who = {role for row in TABLE if row.event == event for role in row.who}
    return [role for role in ROLES if role in who and role != "system"]


def _option(name: str, hint: Any, *, required: bool) -> Any:
    shown = "SPAN" if name == "seconds" else name.upper()
    values = [v for v in get_args(_bare(hint)) if isinstance(v, str)]
    about = "时长 A span: 90m, 3h, 1d12h." if name == "seconds" else "、".join(values)
    kind: Any = list[str] | None if get_origin(_bare(hint)) is tuple else str | None
    needed = " *" if required else ""
    return Annotated[kind, typer.Option(f"--{name.replace('_', '-')}", metavar=shown, help=about + needed)]


def _bare(hint: Any) -> Any:
    """The type inside `Annotated` and `| None`."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    inner = [a for a in get_args(hint) if a is not type(None)]
    return _bare(inner[0]) if type(None) in get_args(hint) and len(inner) == 1 else hint


def _pairs(given: list[str]) -> dict[str, Any]:
    """`field=value` arguments; a field that comes twice is a list."""
    pairs: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise Stop(f"--set {text}: write field=value", USAGE)
        pairs[name] = [*_listed(pairs[name]), value] if name in pairs else value
    return pairs


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _give(no: int, event: str, arguments: dict[str, Any], by: str, at: str | None, *, as_json: bool) -> None:
    tongue = language()
    try:
        actor = Actor.parse(by)
    except ValueError as error:
        raise Stop(f"--by {by}: {error}; choose one of {', '.join(ROLES)}", USAGE) from None
    with open_engine() as engine:
        policy = engine.policies.in_force
        command = _read(event, arguments, policy, tongue)
        request = Request(no, command, actor, _instant(at, policy) if at else None)
        [done] = engine.handle([request], now=clock.now())
    screen = Screen(tongue, policy.zone)
    if done.refused is not None:
        _tell_refusal(screen, done.refused, actor, policy, as_json=as_json)
        raise typer.Exit(REFUSED)
    _tell(screen, done, policy, as_json=as_json)


def _read(event: str, arguments: dict[str, Any], policy: Policy, tongue: words.Language) -> Command:
    """The command; a wrong field is wrong usage, said in the reader's language."""
    field = "seconds"
    try:
        if isinstance(arguments.get("seconds"), str):
            arguments["seconds"] = read_span(arguments["seconds"])
        if "assisting" in arguments:
            arguments["assisting"] = _listed(arguments["assisting"])
        return parse(event, arguments)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        # `Object missing required field `text`` names the field in its sentence and not in its path.
        missing = problem.split("`")[1] if "field `" in problem else ""
        field = path.rstrip("`") or missing or event
        if missing and not path:
            option = f"--{missing.replace('_', '-')}"
            told = f"缺少 {option}；全部选项：xixi act NO {event} --help"
            raise Stop(
                told if tongue == "zh" else f"{option} is missing; all options: xixi act NO {event} --help", USAGE
            ) from None
        said = policy.words[tongue].refusals["bad_field"].format(field=field, problem=problem)
    except ValueError as error:
        said = policy.words[tongue].refusals["bad_field"].format(field=field, problem=error)
    raise Stop(said, USAGE)


def _instant(text: str, policy: Policy) -> datetime:
    """An ISO instant, on the city's clock where it names no zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"--at {text}: write for example 2026-11-23T09:30 or 2026-11-23T01:30:00Z", USAGE) from None
    return at if at.tzinfo else at.replace(tzinfo=policy.zone)


def _tell_refusal(screen: Screen, refused: Refused, actor: Actor, policy: Policy, *, as_json: bool) -> None:
    said = words.refusal(refused, policy, role=actor.role, language=screen.language)
    if as_json:
        tell_json({"refused": refused.code, "message": said, "allowed": refused.allowed, "state": refused.state})
    typer.echo(f"xixi: {said}", err=True)


def _tell(screen: Screen, done: Done, policy: Policy, *, as_json: bool) -> None:
    petition = done.petition
    if petition is None:
        raise AssertionError("a request is either done or refused")
    if as_json:
        told = {"no": petition.no, "state": petition.state, "team": petition.lead, "round": petition.round}
        tell_json({**told, "handler": petition.handler, "clocks": {c.name: c.due_at for c in petition.clocks}})
        return
    due = nearest(petition, policy)
    plan = policy.clocks.get(due.name) if due else None
    promise = f"{screen.name(plan.shape if plan else None, due.name)} {screen.at(due.due_at)}" if due else ""
    team = screen.name(policy.teams.get(petition.lead), petition.lead)
    screen.line(petition.no, words.state(petition.state, screen.language), team, promise)


for _event, _kind in COMMANDS.items():
    if _event not in _NOT_BY_HAND:
        act.command(_event)(_command(_event, _kind))
