"""A process that keeps and reads letters until it is killed: `letter_reader.py URL`.

A nursery as in `victim.py`: it reads everything once and forks a reader for every line of its input, a number of
seconds after which it kills that reader with SIGKILL. What the readers say comes out in order:

    keep NAME       it is about to keep this letter
    kept NAME       the letter is durable; a provider would now have its answer
    read            it is about to read letters
"""

from __future__ import annotations

import os
import signal
import sys
import time

from xixi_workflow.adapters.port import Incoming
from xixi_workflow.clock import now
from xixi_workflow.engine import letters
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store

WRITERS = ["+8619900000611", "+8619900000612"]


def live(url: str, generation: int) -> None:
    """Until killed. Every letter is kept twice, as a provider calls again that had no answer."""
    engine = Engine(Store(url))
    engine.policies.refresh()
    count = 0
    while True:
        for writer in WRITERS:
            count += 1
            name = f"{generation}-{count}"
            say(f"keep {name}")
            for _ in range(2):
                letters.receive(engine, "network", Incoming(name, writer, "10690000", f"5 {name}"), now())
            say(f"kept {name}")
        say("read")
        letters.read_letters(engine, now=now())


def say(line: str) -> None:
    """One line that is out before anything else happens."""
    os.write(1, f"{line}\n".encode())


def main(url: str) -> None:
    """The nursery."""
    for generation, line in enumerate(sys.stdin, 1):
        child = os.fork()
        if not child:
            try:
                live(url, generation)
            finally:
                os._exit(1)
        time.sleep(float(line))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        say(f"died {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main(sys.argv[1])
