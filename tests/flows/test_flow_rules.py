"""Rules for the flows that no linter knows."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import flows
from flows.schedule import SCHEDULE
from flows.serve import deployments, served
from xixi_workflow.settings import Settings

FOLDER = Path(str(flows.__file__)).parent
SOURCES = sorted(FOLDER.glob("*.py"))
#: What is no flow: `serve.py` waits in a loop for its server, which holds no petition.
SUPPORT = {"__init__", "environment", "forms", "schedule", "serve", "show", "work"}
FLOWS = [path for path in SOURCES if path.stem not in SUPPORT]


def imported(tree: ast.AST) -> set[str]:
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_holds_no_loop(path: Path) -> None:
    loops = [
        n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.For | ast.AsyncFor | ast.While)
    ]
    assert [loop.lineno for loop in loops] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_flow_speaks_to_a_database_by_itself(path: Path) -> None:
    found = imported(ast.parse(path.read_text("utf-8")))
    assert not [name for name in found if name.split(".")[0] in ("sqlalchemy", "sqlmodel", "sqlite3", "psycopg")]
    # The exception that the store ends with is the one thing that a door has to know of it.
    assert {n for n in found if n.startswith("xixi_workflow.store")} <= {"xixi_workflow.store.connect"}


def test_every_flow_file_is_one_flow_that_is_served_and_scheduled() -> None:
    assert {path.stem.replace("_", "-") for path in FLOWS} == {flow.name for flow in served()} == set(SCHEDULE)


def test_only_one_file_says_when() -> None:
    words = ("cron", "interval", "rrule", "Cron(", "Interval(", "RRule(")
    saying = {path.stem for path in SOURCES if any(word in path.read_text("utf-8") for word in words)}
    # `serve.py` hands the lines of `schedule.py` to Prefect.
    assert saying == {"schedule", "serve"}


def test_a_flow_is_asynchronous_has_one_form_and_is_never_tried_again_by_itself() -> None:
    for flow in served():
        assert flow.isasync, flow.name
        assert list(flow.parameters.properties) == ["form"], flow.name
        assert not flow.retries, flow.name


def test_every_field_of_a_form_is_titled_in_chinese_first() -> None:
    untitled = []
    for flow in served():
        for name, form in flow.parameters.definitions.items():
            for field, shape in form.get("properties", {}).items():
                title = shape.get("title", "")
                if not title or not "\u4e00" <= title[0] <= "\u9fff":
                    untitled.append(f"{name}.{field}: {title}")
    assert untitled == []


def test_deployments_are_loaded_by_module_so_that_they_run_from_any_folder() -> None:
    made = deployments("Asia/Shanghai", Settings())
    assert [one.entrypoint for one in made] == [
        f"flows.{flow.name.replace('-', '_')}.{flow.name.replace('-', '_')}"
        for flow in served()
        for _ in SCHEDULE[flow.name]
    ]


@pytest.mark.parametrize(
    "module",
    [
        "xixi_workflow.cli.flows",
        "xixi_workflow.adapters.prefect_api",
        "xixi_workflow.engine.report_breaches",
        "flows.environment",
        "flows.schedule",
        "flows.serve",
    ],
)
def test_prefect_is_not_loaded_by(module: str) -> None:
    # It takes seconds, and reads its settings at that moment: `serve` must have put them in place.
    code = f"import sys, {module}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
