"""Shows what a run did: artifacts, the run's name and tags.

By the time anything is shown the work is committed, so a Prefect that is slow, full or gone costs the picture and
nothing else: failures here are logged and never fail the run. Outside a run nothing is shown, so the body of a flow
can be called without any Prefect (`flow.fn(...)`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import structlog
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.states import Failed

log = structlog.get_logger()


async def table(key: str, rows: Sequence[dict[str, str]], description: str) -> None:
    """A table artifact; the same `key` again is its next version."""
    if FlowRunContext.get() is not None:
        await _shown(key, acreate_table_artifact(table=list(rows), key=key, description=description))


async def markdown(key: str, text: str, description: str) -> None:
    """A markdown artifact; the same `key` again is its next version."""
    if FlowRunContext.get() is not None:
        await _shown(key, acreate_markdown_artifact(markdown=text, key=key, description=description))


async def link(key: str, url: str, text: str) -> None:
    """A link artifact that is shown as `text`; the same `key` again is its next version."""
    if FlowRunContext.get() is not None:
        await _shown(key, acreate_link_artifact(link=url, link_text=text, key=key, description=text))


async def name(run_name: str, tags: Sequence[str] = ()) -> None:
    """Give this run a name that says what it did, and more tags."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    async with get_client() as client:
        all_tags = sorted({*context.flow_run.tags, *tags})
        await _shown("name", client.update_flow_run(context.flow_run.id, name=run_name, tags=all_tags))


def red(why: str, result: Any) -> Any:
    """What a flow returns when its work is done and has found something wrong: in a run a failed state that says why,
    so that an operator sees red; outside of one `result` itself.
    """
    if FlowRunContext.get() is None:
        return result
    # Prefect takes what a failed state holds for an exception, so it holds nothing but the sentence.
    return Failed(name="Alarm", message=why)


async def _shown(what: str, showing: Awaitable[object]) -> None:
    try:
        await showing
    except Exception as error:
        log.warning("not_shown_in_prefect", what=what, error=type(error).__name__)
