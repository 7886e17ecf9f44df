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
    #: Who carries messages, as a file; without one it is Twilio by the settings below, or the console.
    senders: Path | None = None
    #: Messages that are with a provider at the same time.
    sms_in_flight: int = Field(8, ge=1, le=64)
    #: Where providers reach this service from outside, for receipts and letters; empty: they do not.
    public_url: str = ""
    twilio_account_sid: str = ""
    #: Opens the account, unless there is an API key; it also signs what Twilio calls.
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_api_key: str = ""
    twilio_api_secret: SecretStr = SecretStr("")
    #: Our number, or a Messaging Service.
    twilio_from: str = ""
    twilio_messaging_service: str = ""
    #: Replaces Twilio's own address: scheme, host and port.
    twilio_base_url: str = ""
    #: Pinged when nothing stayed silent; with `/fail` behind it otherwise. A secret: whoever knows it can silence it.
    heartbeat_url: SecretStr = SecretStr("")
    #: A telephone of the centre's own, which canary petitions are filed for. Empty: there are none.
    canary_phone: SecretStr = SecretStr("")
    #: Where the flows put finished documents, and where the web service hands them out from. Empty: `reports` in
    #: `state_dir`.
    reports_folder: Path | None = None
    #: Who is sent the documents of the scheduled reports: URLs of Apprise (https://github.com/caronc/apprise), blanks
    #: between them. Secrets: whoever has one can write in our name. Empty: nobody.
    report_to: SecretStr = SecretStr("")
    #: Attach the documents to mail, and public ones to whatever takes files; otherwise send the link alone.
    report_attach: bool = True
    #: Megabytes that may be attached to one message; mail servers often refuse more than 25, and mail makes a third
    #: more of a file.
    report_attach_most: int = Field(15, ge=0, le=1000)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def reports(self) -> Path:
        """The folder of finished documents."""
        return self.reports_folder or self.state_dir / "reports"
