"""Puts the parts together for a door: opens the database, checks its schema, puts the configuration in force."""

from __future__ import annotations

import gc
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_settings import DotEnvSettingsSource

from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.adapters.port import Caller, Sender
from xixi_workflow.adapters.senders_file import SendersShape, read_senders, twilio_of
from xixi_workflow.adapters.senders_setup import callers_of, channels
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine import duty
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings
from xixi_workflow.store import migrate
from xixi_workflow.store.connect import Store, StoreError

if TYPE_CHECKING:
    from xixi_workflow.adapters.heartbeat import Heartbeat
    from xixi_workflow.adapters.report_mail import Sent
    from xixi_workflow.engine.report_issue import Issue, Made, Order


def open_store(settings: Settings, *, upgrade: bool = False) -> Store:
    """The petition database, its schema checked, or brought up to date with `upgrade`.

    Raises `StoreError` with one plain sentence when it cannot be used.
    """
    url = settings.database_url
    if url.startswith("sqlite:///"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot create {folder}: {error.strerror}") from error
    store = Store(url)
    if upgrade:
        migrate.upgrade(store)
    else:
        migrate.check(store)
    return store


def read_config(settings: Settings) -> Policy:
    """The configuration folder as a policy. Raises `PolicyFolderError` with every problem, by file and line."""
    return read_policy(settings.config or shipped_folder())


def open_engine(settings: Settings, *, now: datetime, upgrade: bool = False) -> Engine:
    """An engine with a policy in force. A database without one gets the configuration folder's."""
    engine = Engine(open_store(settings, upgrade=upgrade))
    try:
        engine.policies.refresh()
    except LookupError:
        publish(engine, read_config(settings), now=now)
    _calm_the_collector()
    return engine


def _calm_the_collector() -> None:
    """Collect garbage rarely: a batch makes tens of thousands of objects, all freed by reference counting.

    With Python's default of every 700 new objects the collector took a third of the CPU of a batch (measured: .41
    against .27 ms a petition), and found nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def publish(engine: Engine, policy: Policy, *, now: datetime) -> int:
    """Put `policy`, which was read from a folder, in force; returns its version.

    What was asked of the running service about the roster stays asked (see `engine/duty.py`).
    """
    return duty.publish(engine, lambda before: duty.carried(policy, before, now=now), now=now)


def heartbeat(settings: Settings) -> Heartbeat | None:
    """Whom to tell outside that all is well; None where nobody listens."""
    url = settings.heartbeat_url.get_secret_value()
    if not url:
        return None
    from xixi_workflow.adapters.heartbeat import Heartbeat

    return Heartbeat(url)


def issue_report(engine: Engine, settings: Settings, order: Order, *, by: str, now: datetime) -> Issue:
    """Make the documents of `order` in the folder of the settings. Raises what `report_issue.issue` raises."""
    # What writes documents takes a second to load, and most of the house never does.
    from xixi_workflow.adapters.report_folder import ReportFolder
    from xixi_workflow.engine import report_issue
    from xixi_workflow.reports.formats import WRITERS

    return report_issue.issue(engine, order, WRITERS, ReportFolder(settings.reports), by=by, now=now)


def send_report(engine: Engine, settings: Settings, issue: Issue) -> list[Sent]:
    """Send an issue to everybody whom the settings name; what became of each.

    Raises `OSError` where a document is gone from its folder.
    """
    from xixi_workflow.adapters import report_mail
    from xixi_workflow.engine import report_issue
    from xixi_workflow.reports.formats import MEDIA_TYPES

    urls = report_mail.addresses(settings.report_to.get_secret_value())
    title, body = report_issue.letter(issue, engine, lambda file: report_link(settings, file))
    wanted = issue.files if settings.report_attach else []
    most = settings.report_attach_most * 1_000_000
    files = [
        report_mail.Attachment(file.name, MEDIA_TYPES[file.format], file.path.read_bytes())
        for file in wanted
        if file.size <= most
    ]
    return report_mail.send(urls, title, body, files, public=issue.order.audience == "public", most=most)


def report_link(settings: Settings, file: Made) -> str:
    """Where a reader finds a document: its page where the service has an address outside, else its path."""
    base = settings.public_url.rstrip("/")
    return f"{base}/reports/{file.name}" if base else str(file.path)


def senders(settings: Settings) -> dict[str, Sender]:
    """Who carries messages to people, by channel (`sms`, `chat`); the console until somebody is configured.

    Raises `SendersError` with one sentence for each setting that is wrong or missing.
    """
    return channels(senders_shape(settings), settings.public_url, settings.sms_in_flight)


def callers(settings: Settings) -> dict[str, Caller]:
    """Providers that call us back, by the name of their sender. Raises as `senders` does."""
    return callers_of(senders_shape(settings), settings.public_url)


def senders_shape(settings: Settings) -> SendersShape:
    """Senders and routes as they are configured, secrets and all. Raises as `senders` does."""
    if settings.senders is not None:
        # What stands in `.env` counts as the environment for the settings, so it does for the file.
        found = DotEnvSettingsSource(Settings, case_sensitive=True).env_vars
        return read_senders(settings.senders, {name: value or "" for name, value in found.items()} | dict(os.environ))
    return twilio_of(
        {
            "account_sid": settings.twilio_account_sid,
            "auth_token": settings.twilio_auth_token.get_secret_value(),
            "api_key": settings.twilio_api_key,
            "api_secret": settings.twilio_api_secret.get_secret_value(),
            "from": settings.twilio_from,
            "messaging_service": settings.twilio_messaging_service,
            "base_url": settings.twilio_base_url,
        }
    )
