"""A process that files, handles, sweeps and delivers until it is killed: `victim.py URL SEED WORLD`.

Starting Python and reading the configuration takes seconds and would make the kills rare. So this is a nursery: it
reads everything once and forks a victim for every line of its input, a number of seconds after which it kills the
victim with SIGKILL and takes the next line. What the victims say on the way comes out in order on standard output:

    born GENERATION                 a victim begins
    file SOURCE_ID / note TOKEN     it is about to ask for this
    filed SOURCE_ID NUMBER          its filing was acknowledged
    noted TOKEN NUMBER              its note was acknowledged
    sent ID                         `deliver` returned after sending this message
    handle, sweep, deliver, rest    what it does from here on, until it says something else
    died SIGNAL                     negative: it was not killed but failed
"""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.crash.world import Provider
from tests.engine.post import ONE_BY_ONE
from xixi_workflow.clock import now
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor, Petition
from xixi_workflow.engine import deliver as delivery
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.connect import Store

TITLES = ("夜市占道经营", "路灯不亮", "小区电动车进楼道充电", "工地夜间施工噪声", "无标题")
OPERATOR, SUPERVISOR, HANDLER = Actor("operator", "operator-1"), Actor("supervisor"), Actor("handler")
PETITIONER = Actor("petitioner")


class Victim:
    """One life. `number` of a petition is learnt by filing it, also by filing again what an earlier life filed."""

    def __init__(self, engine: Engine, world: Path, rng: random.Random, generation: int) -> None:
        self._engine = engine
        self._provider = Provider(world, generation, takes=0.002)
        self._rng = rng
        self._generation = generation
        self._count = 0
        self._known: dict[int, Petition | None] = {}

    def live(self) -> None:
        """Until killed."""
        self._file([f"{self._generation - 1}-{n}" for n in (1, 2)])
        steps: list[Callable[[], None]] = [self._file_new, self._act, self._act, self._act, self._sweep, self._deliver]
        while True:
            self._rng.choice(steps)()

    def _file_new(self) -> None:
        self._file([self._token() for _ in range(self._rng.randint(1, 2))])

    def _token(self) -> str:
        self._count += 1
        return f"{self._generation}-{self._count}"

    def _file(self, source_ids: list[str]) -> None:
        say(*(f"file {source_id}" for source_id in source_ids), "handle")
        person = c.Petitioner("某某", "19900000000")
        filings = [
            c.FilePetition("demo", i, self._rng.choice(TITLES), f"内容 {i}", petitioner=person) for i in source_ids
        ]
        answers = self._engine.handle([Request(0, filing) for filing in filings], now=now())
        say(*(f"filed {i} {answer.number}" for i, answer in zip(source_ids, answers, strict=True)), "rest")
        self._known |= {answer.number: answer.petition for answer in answers}

    def _act(self) -> None:
        numbers = self._rng.sample(list(self._known), k=min(len(self._known), 5))
        requests = [self._command(number) for number in numbers]
        said = []
        for number in numbers[:2]:
            token = self._token()
            said.append((token, number))
            requests.append(Request(number, c.AddNote(token), OPERATOR))
        say(*(f"note {token}" for token, _ in said), "handle")
        answers = self._engine.handle(requests, now=now())
        for answer in answers:
            if answer.petition is not None:
                self._known[answer.number] = answer.petition
        say(*(f"noted {token} {number}" for token, number in said), "rest")

    def _command(self, number: int) -> Request:
        """Something that may be asked for now, or nearly: refusals belong to life too."""
        petition = self._known[number]
        other = self._rng.choice(list(self._known))
        by_state: dict[str, list[tuple[c.Command, Actor]]] = {
            "routed": [(c.DispatchPetition(), OPERATOR)],
            "returned": [(c.DispatchPetition("police"), OPERATOR), (c.RefuseReturn("属职责范围"), OPERATOR)],
            "dispatched": [(c.AcceptPetition(), HANDLER), (c.ReturnPetition("not_my_duty"), HANDLER)],
            "in_progress": [
                (c.ReportInterim("正在处理"), HANDLER),
                (c.RequestHold("third_party", seconds=0.5), HANDLER),
                (c.ApproveHold(), SUPERVISOR),
                (c.RequestExtension(1.0, "需要时间"), HANDLER),
                (c.ApproveExtension(), SUPERVISOR),
                (c.AskAssist("community"), HANDLER),
                (c.FinishAssist("community"), HANDLER),
                (c.MergePetition(other), OPERATOR),
                (c.ResolvePetition("solved", "已解决"), HANDLER),
            ],
            "on_hold": [(c.Resume(), HANDLER)],
            "resolved": [(c.RatePetition("satisfied"), PETITIONER), (c.RatePetition("dissatisfied"), PETITIONER)],
            "closed": [(c.ReopenPetition("新情况"), SUPERVISOR)],
        }
        always: list[tuple[c.Command, Actor]] = [(c.UrgePetition(), PETITIONER), (c.Acknowledge(), SUPERVISOR)]
        state = petition.state if petition else "dispatched"
        return Request(number, *self._rng.choice(by_state.get(state, always) * 3 + always))

    def _sweep(self) -> None:
        say("sweep")
        swept = sweep(self._engine, now=now(), limit=50)
        say("rest")
        for fact in swept.facts:
            self._known.setdefault(fact.petition, None)

    def _deliver(self) -> None:
        say("deliver")
        delivery.deliver(self._engine, self._provider.channels, now=now(), limit=8, rules=ONE_BY_ONE)
        say(*(f"sent {identity}" for identity in self._provider.sent), "rest")
        self._provider.sent.clear()


def say(*words: str) -> None:
    """One write, so that a line is said whole or not at all."""
    os.write(1, "".join(f"{word}\n" for word in words).encode())


def main() -> None:
    """Raise and kill victims until the input ends."""
    url, seed, world = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    # Longer than a delivery takes, short enough for a later victim to find what an earlier one left behind.
    delivery.LEASE = timedelta(seconds=0.5)
    engine = Engine(Store(url))
    engine.policies.refresh()
    engine.policies.router(engine.policies.in_force.version)
    # A connection must not be shared with a child.
    engine.store.close()
    gc.freeze()
    for generation, line in enumerate(sys.stdin, start=1):
        pid = os.fork()
        if pid == 0:
            try:
                say(f"born {generation}")
                Victim(engine, world, random.Random(f"{seed}/{generation}"), generation).live()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        time.sleep(float(line))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        say(f"died {-os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
