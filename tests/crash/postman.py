"""A process that delivers through a provider: `postman.py URL PROVIDER ACCOUNT TOKEN tells|hides`.

Loading everything takes seconds, so this is a nursery like `victim.py`: for every line of its input it forks a child
that delivers until it has sent that many texts, and kills itself with SIGKILL when the provider has answered the last
of them, before the answer is written down. A child with `0` lives until nothing is left to send. On standard output:

    ready                  everything is loaded
    born PID
    took ID PID            the provider has answered for this message
    asked ID               the provider is asked whether it has this message
    died SIGNAL            0: it came to its end
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from datetime import timedelta

import twilio.rest.api  # noqa: F401 - the client would load it in every child anew, half a second each

from tests.crash.victim import say
from xixi_workflow.adapters.port import Outgoing, Receipt, Unknown
from xixi_workflow.adapters.twilio_sms import TwilioAccount, TwilioSender
from xixi_workflow.clock import now
from xixi_workflow.engine import deliver as delivery
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store

#: Longer than a delivery of these few takes; what a dead child left behind is free after that.
LEASE = timedelta(seconds=0.4)
FROM = "+15005550006"


class Doomed:
    """The real sender of a process that dies after so many answers. `tells`: its provider can be asked afterwards."""

    def __init__(self, sender: TwilioSender, last: int, *, tells: bool) -> None:
        self.name = sender.name
        self._sender = sender
        self._last = last
        self._tells = tells
        self._count = 0
        self._lock = threading.Lock()

    def send(self, message: Outgoing) -> Receipt:
        receipt = self._sender.send(message)
        say(f"took {message.id} {os.getpid()}")
        with self._lock:
            self._count += 1
            if self._count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        return receipt

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        say(f"asked {message.id}")
        return self._sender.find(message) if self._tells else Unknown()


def work(engine: Engine, sender: Doomed) -> None:
    """Deliver until nothing is left."""
    while delivery.deliver(engine, {"sms": sender}, now=now(), limit=12, in_flight=4).claimed:
        pass


def main() -> None:
    """Raise children until the input ends."""
    url, provider, account, token, tells = sys.argv[1:]
    delivery.LEASE = LEASE
    engine = Engine(Store(url))
    engine.policies.refresh()
    # A connection must not be shared with a child.
    engine.store.close()
    gc.freeze()
    say("ready")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                say(f"born {os.getpid()}")
                sender = TwilioSender("twilio", TwilioAccount(account, token, sender=FROM, address=provider))
                work(engine, Doomed(sender, int(line), tells=tells == "tells"))
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        say(f"died {-os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
