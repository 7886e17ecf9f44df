"""What is served: `python -m flows.serve` registers the deployments with Prefect and runs what Prefect asks for.

1. The petition database is opened once, to fail at once with one clear line if it cannot be used.
2. Prefect's server is waited for, as long as it takes; nothing else in the house waits for it.
3. Runs that nobody started in time are cancelled: a minute's sweep from an hour ago has nothing left to do.
4. The deployments are registered and served until SIGTERM or Ctrl-C. When the server goes away, back to 2; when it
   has been away and is back before the runner gave up, this program starts itself anew, because Prefect's runner does
   not mend all of itself: cancelling a run from the page stays dead.

Stopping does not pause the schedules (Prefect would do so), so a restart finds them as they were.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import structlog

from flows.environment import prepare, server_url
from flows.schedule import SCHEDULE
from xixi_workflow import clock, wiring
from xixi_workflow.adapters.policy_folder import PolicyFolderError
from xixi_workflow.adapters.prefect_api import PrefectApi
from xixi_workflow.processes.spoken import configure_log
from xixi_workflow.settings import Settings
from xixi_workflow.store.connect import StoreError

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

log = structlog.get_logger()

#: Runs at once on this machine; each is a process of some 100 MB.
LIMIT: Final = 3
#: A scheduled run that is this late will not be run any more.
TOO_LATE: Final = timedelta(minutes=3)
#: Seconds between two looks at a server that is not there, doubled up to the longest.
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0
#: Seconds between two looks at a server that we serve, and how many of them must fail for it to have been away.
LOOK_EVERY: Final = 5.0
AWAY_AFTER: Final = 3
#: Exit codes of the command line: the database or the configuration cannot be used.
UNUSABLE: Final = 4


def main() -> int:
    """Serve until told to stop. Returns the exit code."""
    settings = Settings()
    configure_log(settings)
    try:
        engine = wiring.open_engine(settings, now=clock.now())
        zone = str(engine.policies.in_force.zone)
        engine.store.close()
        prepare(settings)
    except (StoreError, PolicyFolderError, OSError) as error:
        sys.stderr.write(f"xixi flows serve: {error}\n")
        return UNUSABLE
    prefect = PrefectApi(server_url(settings), os.environ.get("PREFECT_API_AUTH_STRING", ""), bound=5.0)
    back = threading.Event()
    threading.Thread(target=_watch, args=(prefect, back), name="prefect-watch", daemon=True).start()
    try:
        while True:
            # Prefect puts its own in this place, and leaves it there when it gives up.
            signal.signal(signal.SIGTERM, _stop)
            wait_for(prefect)
            soon_stale = [
                f"{flow}/{p.deployment}" for flow, plans in SCHEDULE.items() for p in plans if p.cron and not p.late
            ]
            prefect.skip_late(soon_stale, clock.now() - TOO_LATE)
            if serve(zone, settings):
                break
    except (KeyboardInterrupt, SystemExit):
        # Prefect's way to obey SIGTERM is to leave.
        pass
    if back.is_set():
        log.info("serving_anew", url=prefect.url)
        os.execv(sys.executable, [sys.executable, "-m", "flows.serve"])
    return 0


def _watch(prefect: PrefectApi, back: threading.Event) -> None:
    """Once the server has been away for a while and is back, ask the main thread to end, with `back` set."""
    missed = 0
    while True:
        time.sleep(LOOK_EVERY)
        if not prefect.healthy():
            missed += 1
        elif missed >= AWAY_AFTER and "prefect" in sys.modules:
            back.set()
            os.kill(os.getpid(), signal.SIGTERM)
            return
        else:
            missed = 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def wait_for(prefect: PrefectApi) -> None:
    """Until the server is healthy. Says so once when it has to wait."""
    pause = FIRST_PAUSE
    while not prefect.healthy():
        if pause == FIRST_PAUSE:
            log.info("waiting_for_prefect", url=prefect.url)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def serve(zone: str, settings: Settings) -> bool:
    """Serve all deployments. True when told to stop, False when the server went away."""
    import prefect

    # What Prefect's own handler of SIGTERM leaves behind on its way out.
    warnings.filterwarnings("ignore", "coroutine 'Runner.astop' was never awaited", RuntimeWarning)
    try:
        prefect.serve(*deployments(zone, settings), pause_on_shutdown=False, print_starting_message=False, limit=LIMIT)
    except Exception as error:
        # Prefect gives up after three polls without an answer; the schedules and the clock go on without us.
        log.warning("prefect_lost", error=type(error).__name__, exc_info=not _is_about_the_server(error))
        time.sleep(FIRST_PAUSE)
        return False
    return True


def deployments(zone: str, settings: Settings) -> list[RunnerDeployment]:
    """The deployments of every flow, scheduled as `schedule.py` says in the time zone `zone`."""
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    made = []
    for flow, plan in [(one, plan) for one in served() for plan in SCHEDULE[one.name]]:
        scheduled = plan.cron if not plan.needs or getattr(settings, plan.needs) else None
        deployment = flow.to_deployment(
            plan.deployment,
            schedule=Cron(scheduled, timezone=zone) if scheduled else None,
            parameters={"form": plan.form} if plan.form else None,
            description=flow.description,
            tags=["xixi"],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        # Only within an event loop it would be a coroutine.
        assert isinstance(deployment, RunnerDeployment)
        made.append(deployment)
    return made


def served() -> list[Flow[Any, Any]]:
    """Every flow of the house."""
    from flows.audit_silence import audit_silence
    from flows.enforce_time_limits import enforce_time_limits
    from flows.escalate_breaches import escalate_breaches
    from flows.follow_up_satisfaction import follow_up_satisfaction
    from flows.intake_petitions import intake_petitions
    from flows.monthly_report import monthly_report
    from flows.notify_teams import notify_teams
    from flows.route_and_dispatch import route_and_dispatch
    from flows.send_canary import send_canary

    return [
        intake_petitions,
        route_and_dispatch,
        enforce_time_limits,
        escalate_breaches,
        notify_teams,
        follow_up_satisfaction,
        audit_silence,
        send_canary,
        monthly_report,
    ]


def _is_about_the_server(error: BaseException) -> bool:
    """Whether an error only says that the server is away, which needs no traceback."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_about_the_server(one) for one in error.exceptions)
    return type(error).__module__.startswith(("httpx", "httpcore")) or "error threshold" in str(error)


if __name__ == "__main__":
    sys.exit(main())
