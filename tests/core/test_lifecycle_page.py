"""The page people read about the lifecycle is the table that is judged by."""

from pathlib import Path

from xixi_workflow.core.lifecycle import TABLE
from xixi_workflow.core.lifecycle_page import page

_PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_lifecycle_page_is_up_to_date() -> None:
    assert _PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_lifecycle_page_has_a_line_for_every_row_of_the_table() -> None:
    lines = [line for line in page().splitlines() if line.startswith("| ") and line.count("|") == 6]
    assert len(lines) == len(TABLE) + 1  # and the heading
