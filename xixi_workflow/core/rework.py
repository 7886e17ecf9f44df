"""The petitioner's verdict and what follows from it: the conditions of rating and reopening (see `conditions.py`)."""

from __future__ import annotations

from datetime import timedelta

from xixi_workflow.core import clocks, commands
from xixi_workflow.core.work import Refused, Work


def rate(work: Work, command: commands.RatePetition) -> Refused | None:
    """A verdict of the petitioner."""
    petition = work.petition
    event = command.happens
    if petition.rating and (command.rating == petition.rating or not _may_rate_again(work)):
        return work.refuse("already_rated", event)
    if refused := _within_window(work, event):
        return refused
    if command.rating == "dissatisfied":
        work.say(command.reason)
        return _next_round(work, event)
    petition.rating, petition.rated_at = command.rating, work.when
    work.say(code=command.rating)
    return None


def _may_rate_again(work: Work) -> bool:
    """Whether this rating takes the place of the one before: the last of a round counts, while the survey's time runs.

    Rule: one counted answer per round, the last within 72 hours wins, all are kept in the journal.
    """
    petition, survey = work.petition, work.policy.survey
    if survey is None or petition.resolved_at is None or petition.rated_at is None:
        return False
    # What was said earlier, and heard of later, is not the last word.
    return petition.rated_at <= work.when <= clocks.due(survey, petition.resolved_at)


def reopen(work: Work, command: commands.ReopenPetition) -> Refused | None:
    """Another round, ordered by the centre."""
    if refused := _within_window(work, "reopen"):
        return refused
    work.say(command.reason)
    return _next_round(work, "reopen")


def _within_window(work: Work, event: str) -> Refused | None:
    closed_at = work.petition.closed_at
    window = timedelta(seconds=work.policy.main.reopening_window)
    if closed_at is not None and work.when > closed_at + window:
        return work.refuse("window_closed", event, days=f"{window.total_seconds() / 86400:g}")
    return None


def _next_round(work: Work, event: str) -> Refused | None:
    petition, most = work.petition, work.policy.main.most_rounds
    if petition.round >= most:
        return work.refuse("too_many_rounds", event, most=str(most))
    petition.round += 1
    petition.handler = petition.result = petition.rating = ""
    petition.resolved_at = petition.closed_at = petition.rated_at = None
    # Each round asks for its own assistance.
    work.end_assists()
    return None
