"""The floor of HTTP intake: a validated body in, a number out, nothing kept."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel


class Petition(BaseModel):
    """What a source posts."""

    source: str
    source_id: str
    petitioner: str
    phone: str
    title: str
    detail: str


def _end_with(parent: int) -> None:
    # A benchmark that was killed must not leave a server behind.
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def _watched(_: FastAPI) -> AsyncIterator[None]:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    yield


app = FastAPI(lifespan=_watched)


@app.get("/health")
async def health() -> dict[str, bool]:
    """Answer that we are there."""
    return {"ok": True}


@app.post("/petitions", status_code=201)
async def file(petition: Petition) -> dict[str, str]:
    """Validate and forget."""
    return {"no": petition.source_id}
