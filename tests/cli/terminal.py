"""Running `xixi` as a person or a program would, inside this process."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from xixi_workflow.cli import app


def xixi(*words: str, database: str = "", typed: str | None = None) -> Result:
    """One command; English, so that what it says can be compared."""
    before = ["--database", database] if database else []
    return CliRunner().invoke(app, ["--language", "en", *before, *words], input=typed)


def answer(*words: str, database: str = "", code: int = 0) -> Any:
    """The JSON value that a command prints when asked for one, having ended with `code`."""
    result = xixi(*words, "--json", database=database)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)
