"""Processes that die between sending and writing the answer down, and two that deliver at once, against the stand-in.

The sender is the real one, with Twilio's own client; the provider keeps what it took over, so it can be counted.
"""

from __future__ import annotations

import logging
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.postman import LEASE
from tests.engine.centre import filing, outbox
from tests.standin.twilio import TwilioStandIn
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.clock import now
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store

KILLS = 100
MESSAGES = 800
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.crash, pytest.mark.slow]


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        yield standin


def filed(url: str) -> Engine:
    """That many petitions, each of a petitioner with a number of their own; one message waits for each."""
    engine = Engine(Store(url))
    policy = read_policy(shipped_folder())
    engine.publish(policy.canonical, policy.digest, now=now())
    engine.handle([filing(str(n), phone=f"1990002{n:04}") for n in range(MESSAGES)], now=now())
    return engine


def postman(url: str, provider: TwilioStandIn, tells: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.crash.postman", url, provider.url, provider.account, provider.token, tells],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def heard(process: subprocess.Popen[str], lives: list[int]) -> list[list[str]]:
    """What the children said, in order."""
    said, errors = process.communicate("".join(f"{life}\n" for life in lives), timeout=240)
    assert process.returncode == 0, errors[-2000:]
    assert "Traceback" not in errors, errors[-2000:]
    return [line.split() for line in said.splitlines()]


@pytest.mark.parametrize("tells", ["tells", "hides"])
def test_a_hundred_deaths_between_sending_and_settling_lose_nothing_and_repeat_only_what_nobody_can_know(
    database_url: str, provider: TwilioStandIn, tells: str
) -> None:
    engine = filed(database_url)
    rng = random.Random(20261123)
    said = heard(postman(database_url, provider, tells), [rng.randint(1, 6) for _ in range(KILLS)])
    assert Counter(words[1] for words in said if words[0] == "died") == {str(int(signal.SIGKILL)): KILLS}
    time.sleep(LEASE.total_seconds())
    said += heard(postman(database_url, provider, tells), [0])

    assert {m.state for m in outbox(engine)} == {"sent"}
    engine.store.close()
    texts: dict[str, list[str]] = defaultdict(list)
    for text in provider.sent():
        texts[text.to].append(text.body)
    assert len(texts) == MESSAGES
    again = {number: bodies for number, bodies in texts.items() if len(bodies) > 1}
    assert all(len(set(bodies)) == 1 for bodies in again.values())
    resent = sum(len(bodies) - 1 for bodies in again.values())
    takers: dict[str, list[str]] = defaultdict(list)
    asked = Counter(words[1] for words in said if words[0] == "asked")
    for words in said:
        if words[0] == "took":
            takers[words[1]].append(words[2])
    # A child in the middle of a call dies with its killer thread, so the provider may have more than was said.
    assert sum(map(len, takers.values())) <= sum(map(len, texts.values()))
    logging.getLogger(__name__).info(
        "%s, provider %s: %d deaths, %d messages, asked after %d, sent again %d",
        database_url.split(":", maxsplit=1)[0], tells, KILLS, MESSAGES, len(asked), resent,
    )  # fmt: skip
    if tells == "tells":
        assert again == {}
        assert asked
    else:
        # Each copy but the last is of a child that died, and was asked about in vain before it was sent again.
        assert again
        for identity, generations in takers.items():
            assert len(set(generations)) == len(generations), identity
            assert asked[identity] >= len(generations) - 1, identity
        assert resent <= sum(asked.values())


def test_two_processes_that_deliver_at_once_send_each_message_once(database_url: str, provider: TwilioStandIn) -> None:
    engine = filed(database_url)
    postmen = [postman(database_url, provider, "tells") for _ in range(2)]
    for one in postmen:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in postmen:
        assert one.stdin is not None
        one.stdin.write("0\n")
        one.stdin.flush()
    said = [heard(one, []) for one in postmen]
    assert {m.state for m in outbox(engine)} == {"sent"}
    engine.store.close()
    assert Counter(text.to for text in provider.sent()) == {f"+861990002{n:04}": 1 for n in range(MESSAGES)}
    shares = [sum(words[0] == "took" for words in lines) for lines in said]
    assert sum(shares) == MESSAGES
    assert min(shares) > 0, "one of them came too late to compete"
