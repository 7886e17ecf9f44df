"""When petitions arrive: the hourly shape of a city's summer day, drawn with a seed.

A simulated day does not depend on the machine's clock, the database or Python's hash seed, so the same seed gives the
same petitions at the same instants everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.core.commands import FilePetition

#: Service requests of one summer Saturday in New York City by hour of the day, 00 to 23, counted from a public sample
#: of NYC 311 requests created between 02:00 on 2026-06-27 and 02:00 on 2026-06-28 (NYC Open Data, 6,952 requests):
#: late evening is the peak, the hours before dawn the trough.
HOURLY_WEIGHTS: Final = (
    500, 314, 198, 129, 90, 110, 112, 167, 241, 333, 364, 336,
    305, 330, 248, 257, 289, 266, 274, 307, 320, 437, 552, 473,
)  # fmt: skip

#: How long a source keeps a petition before we hear of it: usually seconds, sometimes it was down.
_USUAL_DELAY = 4.0
_LATE_SHARE = 0.02
_LATE_DELAY = (90.0, 1500.0)
#: Neighbours report the same matter: how many petitions repeat another one, and how fresh that one is.
_TWIN_SHARE = 0.03
_TWIN_WITHIN = timedelta(hours=8)


class Arrival(NamedTuple):
    """A petition on its way to us. `twin` is the place in the list of the arrival that it repeats, or -1."""

    at: datetime
    filing: FilePetition
    twin: int


def instants(count: int, days: int, start: datetime, zone: ZoneInfo, rng: random.Random) -> list[datetime]:
    """`count` instants (UTC, whole seconds, sorted) over `days` local days from the local midnight `start`.

    Every day is equally likely, the hours follow `HOURLY_WEIGHTS` on the city's wall clock.
    """
    midnight = start.astimezone(zone).replace(tzinfo=None)
    hours = rng.choices(range(24), HOURLY_WEIGHTS, k=count)
    local = [midnight + timedelta(days=rng.randrange(days), hours=hour, seconds=rng.randrange(3600)) for hour in hours]
    return sorted(at.replace(tzinfo=zone).astimezone(UTC) for at in local)


def arrivals(
    filings: Sequence[FilePetition], days: int, start: datetime, zone: ZoneInfo, rng: random.Random
) -> list[Arrival]:
    """The `filings` in the order in which they reach us, each received by its source a little earlier."""
    shuffled = list(filings)
    rng.shuffle(shuffled)
    made: list[Arrival] = []
    for received_at, filing in zip(instants(len(shuffled), days, start, zone, rng), shuffled, strict=True):
        late = rng.random() < _LATE_SHARE
        delay = rng.uniform(*_LATE_DELAY) if late else rng.expovariate(1 / _USUAL_DELAY)
        twin = _twin(made, received_at, filing, rng)
        said = made[twin].filing if twin >= 0 else filing
        made.append(Arrival(received_at + timedelta(seconds=round(delay)), _with(filing, said, received_at), twin))
    return made


def _twin(made: list[Arrival], at: datetime, filing: FilePetition, rng: random.Random) -> int:
    if rng.random() >= _TWIN_SHARE or not made or filing.confidential:
        return -1
    place = max(0, len(made) - rng.randint(1, 6))
    other = made[place]
    fresh = other.filing.received_at is not None and at - other.filing.received_at <= _TWIN_WITHIN
    return place if fresh and other.twin < 0 and not other.filing.confidential else -1


def _with(filing: FilePetition, said: FilePetition, received_at: datetime) -> FilePetition:
    """`filing` telling the matter of `said`, which is the same petition unless it is a twin."""
    return msgspec.structs.replace(
        filing,
        received_at=received_at,
        title=said.title,
        content=said.content,
        nature=said.nature,
        urgency=said.urgency,
        community=said.community,
        address=said.address,
    )
