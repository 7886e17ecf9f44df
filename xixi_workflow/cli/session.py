"""What every command needs: the settings with the command line's own, the language, and the engine on its database.

`--database` and `--language` are laid over the environment (`XIXI_DATABASE_URL`, `XIXI_LANGUAGE`) while a command
runs, so that everything it starts, other processes too, sees the same settings.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, TypeVar, get_args

import typer

if TYPE_CHECKING:
    from xixi_workflow.core.words import Language
    from xixi_workflow.engine.handle import Engine
    from xixi_workflow.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

Tongue = Literal["zh", "en"]
_PANEL = "设置 Settings"
Database = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="数据库 Petition database.", rich_help_panel=_PANEL)
]
LanguageOption = Annotated[
    str | None, typer.Option("--language", metavar="zh|en", help="语言 Language.", rich_help_panel=_PANEL)
]
#: For every command that a program may read.
Json = Annotated[bool, typer.Option("--json", help="输出 JSON · One JSON value on standard output.")]
ConfigFolder = Annotated[
    Path | None, typer.Option("--config", metavar="DIR", help="配置目录 Configuration folder.", rich_help_panel=_PANEL)
]


@contextmanager
def overriding(database: str | None, language: str | None) -> Iterator[None]:
    """Lay the command line's settings over the environment. Raises `typer.BadParameter` for an unknown language."""
    if language is not None and language not in get_args(Tongue):
        raise typer.BadParameter("choose zh or en", param_hint="--language")
    given = {"XIXI_DATABASE_URL": database, "XIXI_LANGUAGE": language}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update({name: value for name, value in given.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def takes_settings(command: Callable[P, T]) -> Callable[..., T]:
    """Give a command `--database` and `--language`, so that they may stand behind its name as well as before it."""

    @functools.wraps(command)
    def with_settings(*args: Any, database: str | None, language: str | None, **options: Any) -> T:
        with overriding(database, language):
            return command(*args, **options)

    return showing(with_settings, [*_parameters(command), *_SETTINGS])


_SETTINGS = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
    for name, kind in (("database", Database), ("language", LanguageOption))
]


def _parameters(command: Callable[..., Any]) -> list[inspect.Parameter]:
    every = inspect.signature(command, eval_str=True).parameters.values()
    return [p for p in every if p.kind is not inspect.Parameter.VAR_KEYWORD]


def showing(command: Callable[P, T], parameters: list[inspect.Parameter]) -> Callable[P, T]:
    """`command` with these parameters for its command line."""
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def settings() -> Settings:
    """The settings in force for this command."""
    from xixi_workflow.settings import Settings

    return Settings()


def language() -> Language:
    """The language of this command's output; that of the settings, Chinese when they cannot be read."""
    try:
        return settings().language
    except ValueError:
        return "zh"


@contextmanager
def open_engine() -> Iterator[Engine]:
    """The engine on the petition database, closed afterwards. Raises `StoreError` when it cannot be used."""
    import structlog

    from xixi_workflow import clock, wiring

    # Standard output is the command's answer; a retried transaction is no news to the person at the terminal.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(40),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    engine = wiring.open_engine(settings(), now=clock.now())
    try:
        yield engine
    finally:
        engine.store.close()
