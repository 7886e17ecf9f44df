"""Settings of one installation, from the environment (`XIXI_…`) or a `.env` file in the working folder.

What a city decides is not here but in `config/`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting; each has a default that works on one machine."""

    model_config = SettingsConfigDict(env_prefix="XIXI_", env_file=".env", extra="ignore")

    #: SQLite file or PostgreSQL database of the petitions.
    database_url: str = "sqlite:///var/xixi.db"
    #: Folder of the configuration; empty means the one that came with the program.
    config: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    #: Guards the API. Empty: one is made at the first start and kept in `token` beside the database.
    token: SecretStr = SecretStr("")
    #: Language of the command line and of the status page.
    language: Literal["zh", "en"] = "zh"
    #: Start and watch a Prefect server; false where another machine has it.
    prefect: bool = True
    prefect_port: int = Field(4200, ge=0, le=65535)
    #: An existing Prefect server to use instead of starting one.
    prefect_api_url: str = ""
    #: Where the service keeps what is neither petitions nor configuration (Prefect's own database, logs).
    state_dir: Path = Path("var")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
