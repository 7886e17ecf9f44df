"""Exit codes, and how a failure becomes one clear line on standard error instead of a traceback."""

from __future__ import annotations

from typing import Any, Final

# 0 is for everything that went well.
#: The command worked and found something wrong: a bad row, a mistake in the configuration, a changed journal.
PROBLEM: Final = 1
#: The command line itself is wrong.
USAGE: Final = 2
#: The engine refused a command; nothing was changed.
REFUSED: Final = 3
#: The database, the configuration or a file cannot be used.
UNUSABLE: Final = 4
#: Ctrl-C, by the convention of shells.
INTERRUPTED: Final = 130

_DATABASE_PACKAGES = ("sqlalchemy", "psycopg", "sqlite3")


class Stop(Exception):  # noqa: N818 - it says what it does
    """Ends a command with `message` on standard error and exit code `code`."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def in_words(error: ValueError, language: str) -> str:
    """What an error of the core or the engine says, in the reader's language where it knows both."""
    return str(getattr(error, language, error))


def sentence(error: BaseException) -> tuple[int, str] | None:
    """Exit code and text of a failure that a person can mend; None for a fault of ours, which keeps its traceback."""
    if isinstance(error, Stop):
        return error.code, error.message
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, BrokenPipeError):
        return None
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return UNUSABLE, f"{where}{error.strerror or error}"
    unusable = _unusable(error)
    return None if unusable is None else (UNUSABLE, unusable)


def _unusable(error: BaseException) -> str | None:
    # Only packages that are loaded already can have raised: nothing heavy is imported to find out.
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if "xixi_workflow.store.connect.StoreError" in kinds:
        return str(error)
    if "xixi_workflow.adapters.policy_folder.PolicyFolderError" in kinds:
        return f"the configuration cannot be used:\n{error}"
    if "xixi_workflow.adapters.senders_file.SendersError" in kinds:
        return f"the senders of messages cannot be set up: {error}"
    if "xixi_workflow.core.policy_build.PolicyError" in kinds:
        return f"the stored policy cannot be used: {error}"
    if "pydantic_core._pydantic_core.ValidationError" in kinds and getattr(error, "title", "") == "Settings":
        return _settings(error)
    if any(kind.split(".")[0] in _DATABASE_PACKAGES for kind in kinds):
        return f"the database cannot be used: {_cause(error)}"
    return None


def _settings(error: BaseException) -> str:
    problems: list[dict[str, Any]] = getattr(error, "errors", list)()
    told = [f"XIXI_{'_'.join(map(str, p['loc'])).upper()}: {p['msg']}" for p in problems]
    return "a setting is wrong: " + "; ".join(told)


def _cause(error: BaseException) -> str:
    """The driver's own words, without the statement and its parameters, which may quote a petitioner."""
    said = str(getattr(error, "orig", None) or error.__cause__ or error).strip()
    return said.splitlines()[0] if said else type(error).__name__
