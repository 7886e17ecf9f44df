"""Killed with SIGKILL while letters are kept and read: none is lost, none is carried out twice, each has one reply."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from tests.crash.audit import assert_whole
from tests.engine.centre import file, lines, rows, sweep_all
from tests.engine.post import ONE_BY_ONE, Post
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.clock import now
from xixi_workflow.core.policy_build import build
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.letters import read_letters
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import LetterRow, OutboxRow

KILLS = 60
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def test_sixty_kills_lose_no_letter_and_carry_none_out_twice(database_url: str) -> None:
    engine = Engine(Store(database_url))
    documents = json.loads(read_policy(shipped_folder()).canonical)
    # Here the guard against talking machines would hide a lost reply.
    documents["policy.yaml"].setdefault("sms", {})["replies_per_hour"] = 100
    policy = build(documents)
    engine.publish(policy.canonical, policy.digest, now=now())
    # A team without a roster: everybody of it is told, whatever the hour.
    file(engine, "1", now=now(), title="小区垃圾三天无人清运")
    sweep_all(engine, now=now())
    deliver_all(engine, Post().channels, now=now(), rules=ONE_BY_ONE)

    rng = random.Random(20261123)
    spans = [rng.uniform(0.05, 0.6) for _ in range(KILLS)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.letter_reader", database_url],
        input="".join(f"{span}\n" for span in spans),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    said = [line.split() for line in done.stdout.splitlines()]
    assert [word[1] for word in said if word[0] == "died"] == [str(-signal.SIGKILL)] * KILLS
    # Where nobody dies while reading, nothing is proved.
    before = Counter(a[0] for a, b in pairwise(said) if b[0] == "died")
    assert min(before["keep"], before["read"]) > 0, before

    while read_letters(engine, now=now()).more:
        pass
    kept = {word[1] for word in said if word[0] == "kept"}
    found = {row.provider_id: row for row in rows(engine.store, LetterRow)}
    assert kept <= found.keys() <= {word[1] for word in said if word[0] == "keep"}
    carried_out = Counter(facts["text"] for _, _, _, facts in lines(engine, "help_asked"))
    assert carried_out == Counter(dict.fromkeys(found, 1))
    assert {row.state for row in found.values()} == {"done"}
    replies = Counter(-row.petition_id for row in rows(engine.store, OutboxRow) if row.petition_id < 0)
    assert set(replies.values()) <= {1}
    assert replies.keys() <= {row.id for row in found.values()}
    assert len(replies) >= 100
    assert_whole(engine)
    engine.store.close()
