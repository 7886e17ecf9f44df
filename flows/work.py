"""Runs a flow's work: opens the engine, does the job in a thread, closes the database.

A flow is asynchronous because a synchronous one ends a second late (Prefect joins a thread that sleeps in steps of a
second), and the engine is synchronous: so the job has a thread, and the event loop is never held up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from xixi_workflow import clock, wiring
from xixi_workflow.engine.handle import Engine
from xixi_workflow.processes.spoken import configure_log
from xixi_workflow.settings import Settings

T = TypeVar("T")


async def at_work(job: Callable[[Engine, Settings], T]) -> T:
    """What `job` returns. Raises `StoreError` when the petition database cannot be used, and whatever `job` raises."""

    def run() -> T:
        settings = Settings()
        configure_log(settings)
        engine = wiring.open_engine(settings, now=clock.now())
        try:
            return job(engine, settings)
        finally:
            engine.store.close()

    return await asyncio.to_thread(run)
