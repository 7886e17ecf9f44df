"""Killed with SIGKILL at any point: nothing is lost, nothing is decided twice, every message reaches somebody.

The victim says before what it is about to ask for and afterwards what was acknowledged (`victim.py`); the provider's
file (`world.py`) says what reached people. The database must agree with both.
"""

from __future__ import annotations

import logging
import random
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col

from tests.crash.audit import assert_whole, breaches, journals, rows
from tests.crash.hurry import hurried
from tests.crash.world import Provider, Received, can_tell, received
from tests.engine.post import ONE_BY_ONE
from xixi_workflow.clock import now
from xixi_workflow.engine.deliver import LEASE, deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import OutboxRow, PetitionRow

KILLS = 200
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def test_two_hundred_kills_lose_nothing_and_decide_nothing_twice(database_url: str, tmp_path: Path) -> None:
    store = Store(database_url)
    engine = Engine(store)
    policy = hurried()
    engine.publish(policy.canonical, policy.digest, now=now())
    world = tmp_path / "world"

    said = _kill_and_kill(database_url, world)
    assert said["died"] == [[str(int(signal.SIGKILL))]] * KILLS
    in_the_midst = _killed_while(said["all"])
    # Where nobody dies while handling, sweeping or delivering, nothing is proved.
    assert min(in_the_midst[what] for what in ("handle", "sweep", "deliver")) > 0

    later = now() + timedelta(minutes=10)
    while sweep(engine, now=later).more:
        pass
    provider = Provider(world)
    deliver_all(engine, provider.channels, now=later + LEASE, rules=ONE_BY_ONE)

    assert_whole(engine)
    _assert_filings(store, said)
    _assert_notes(store, said)
    resent = _assert_messages(store, said, received(world))
    found = breaches(store)
    assert found
    counts = {
        "kills": KILLS,
        "killed while": dict(in_the_midst),
        "filings acknowledged": len(said["filed"]),
        "petitions": len(rows(store, PetitionRow)),
        "breaches": len(found),
        "messages": len({r.id for r in received(world)}),
        "messages sent again": resent,
    }
    # Shown with --log-cli-level=INFO.
    logging.getLogger(__name__).info("%s: %s", store.shown.split(":")[0], counts)
    store.close()


def _kill_and_kill(url: str, world: Path) -> dict[str, list[list[str]]]:
    """What all victims said, by its first word, and under `all` everything in order."""
    rng = random.Random(20261123)
    # A third dies while it begins, the others after some work.
    lives = [rng.uniform(0, 0.03) if rng.random() < 1 / 3 else rng.uniform(0.03, 0.25) for _ in range(KILLS)]
    nursery = subprocess.run(
        [sys.executable, "-m", "tests.crash.victim", url, "1", str(world)],
        input="".join(f"{life:.6f}\n" for life in lives),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=600,
    )
    assert nursery.returncode == 0, nursery.stderr[-2000:]
    said: dict[str, list[list[str]]] = defaultdict(list)
    for line in nursery.stdout.splitlines():
        word, *rest = line.split()
        said[word].append(rest)
        said["all"].append([word, *rest])
    return said


def _killed_while(said: list[list[str]]) -> Counter[str]:
    """What the victims were doing when they died."""
    died_in: Counter[str] = Counter()
    doing = ""
    for word, *_ in said:
        if word == "died":
            died_in[doing] += 1
        elif word in ("born", "handle", "sweep", "deliver", "rest"):
            doing = word
    return died_in


def _assert_filings(store: Store, said: dict[str, list[list[str]]]) -> None:
    petitions = {row.source_id: row.id for row in rows(store, PetitionRow)}
    for source_id, number in said["filed"]:
        assert petitions[source_id] == int(number)
    assert petitions.keys() <= {source_id for (source_id,) in said["file"]}


def _assert_notes(store: Store, said: dict[str, list[list[str]]]) -> None:
    """A note may be written twice by who asks twice; nobody did."""
    noted = [
        (line.data, number) for number, lines in journals(store).items() for line in lines if line.event == "noted"
    ]
    written = Counter(data.split('"')[3] for data, _ in noted)
    assert set(written.values()) == {1}
    assert {token for token, _ in said["noted"]} <= written.keys() <= {token for (token,) in said["note"]}
    assert {(f'{{"text":"{token}"}}', int(number)) for token, number in said["noted"]} <= set(noted)


def _assert_messages(store: Store, said: dict[str, list[list[str]]], world: list[Received]) -> int:
    """Every message was sent, and again only where the answer was lost; returns how many were."""
    outbox = rows(store, OutboxRow, col(OutboxRow.petition_id), col(OutboxRow.seq), col(OutboxRow.n))
    assert {message.state for message in outbox} == {"sent"}
    assert {f"{m.petition_id}/{m.seq}/{m.n}" for m in outbox} == {r.id for r in world}
    times: dict[str, list[Received]] = defaultdict(list)
    for one in world:
        times[one.id].append(one)
    again = {identity: copies for identity, copies in times.items() if len(copies) > 1}
    for identity, copies in again.items():
        assert not can_tell(identity), f"{identity}: the provider would have told that it had gone out"
        assert len({copy.text for copy in copies}) == 1, f"{identity}: another text the second time"
        generations = [copy.generation for copy in copies]
        # Every copy but the last is of a process that died before it could write the answer down.
        assert len(set(generations)) == len(generations)
    for identity, generation in _settled(said["all"]).items():
        assert times[identity][-1].generation == generation, f"{identity}: sent again after its answer was written down"
    assert again, "no kill fell between sending and writing the answer down"
    return sum(len(copies) - 1 for copies in again.values())


def _settled(said: list[list[str]]) -> dict[str, int]:
    """The messages whose answer was written down for certain, and the generation that did it."""
    settled: dict[str, int] = {}
    generation = 0
    for word, *rest in said:
        if word == "born":
            generation = int(rest[0])
        elif word == "sent":
            settled[rest[0]] = generation
    return settled
