"""How a process of the service writes its log: structured, on standard error, from the level of the settings up."""

from __future__ import annotations

import logging
import sys

import structlog

from xixi_workflow.settings import Settings


def configure_log(settings: Settings) -> None:
    """Set up the log of this process: readable on a terminal, one JSON object a line everywhere else."""
    # A traceback that shows local variables would show what petitioners wrote and their numbers.
    level = getattr(logging, settings.log_level.upper())
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            *([] if on_terminal else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if on_terminal
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # "Maximum number of running instances reached": the alarm was armed while it rang, which is how it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
