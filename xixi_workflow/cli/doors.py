"""The root of the command line: loads a command's module when it is called for, and ends failures with one line.

Help must answer at once, so the table of commands in `__init__` holds their names and one line each; the modules,
some of which take seconds to import, are read only when their command runs or its own help is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from xixi_workflow.cli.failures import sentence


class Door(NamedTuple):
    """A command: its name, one line about it, and `module:object` (a function or a Typer application) that does it."""

    name: str
    about: str
    target: str


class Doors(TyperGroup):
    """A group whose commands are stubs until one is called for."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in the stub's place."""
        stub = self.commands.get(args[0]) if args else None
        door = getattr(stub.callback, "door", None) if stub is not None else None
        if door is not None:
            self.commands[door.name] = load(door)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a failure that a person can mend is told in one line."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            told = sentence(error)
            if told is None:
                raise
            code, message = told
            typer.echo(f"xixi: {message}", err=True)
            raise typer.Exit(code) from None


def mount(app: typer.Typer, doors: list[Door], panel: str | None = None) -> None:
    """Add a stub for each of `doors` to `app`, which must be made with `cls=Doors`."""
    for door in doors:
        app.command(door.name, help=door.about, rich_help_panel=panel)(_stub(door))


def _stub(door: Door) -> Callable[[], None]:
    def stub() -> NoReturn:
        raise AssertionError(f"{door.name} was not loaded")

    stub.door = door  # type: ignore[attr-defined]
    return stub


def load(door: Door) -> Any:
    """The command behind a door. Raises `ImportError` or `AttributeError` when the table is wrong."""
    module, _, name = door.target.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(door.name)(found)
        found = alone
    command = get_command(found)
    command.name = door.name
    return command
