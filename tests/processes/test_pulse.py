from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.engine.ledger import Delivered
from xixi_workflow.engine.sweep import Fact, Swept
from xixi_workflow.processes.pulse import BOUNDS, Tally, decode_pulse, share_within

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def fact(event: str, late: float) -> Fact:
    return Fact(20261123000001, event, NOW, late, "", "")


def test_what_the_sweeps_and_deliveries_did_is_added_up() -> None:
    tally = Tally(pid=7, now=NOW)
    tally.swept(Swept(looked=0), now=NOW)
    tally.swept(
        Swept(looked=3, counts={"breached": 2, "routed": 1}, put_off=1, facts=[fact("breached", 0.004)] * 2), now=NOW
    )
    tally.delivered(Delivered(claimed=3, sent={"citizen_received": 2}, retried=1))
    tally.delivered(Delivered(claimed=1, sent={"citizen_received": 1}))
    pulse = decode_pulse(tally.pulse(policy=4, next_alarm=NOW + timedelta(seconds=9)))
    assert (pulse.sweeps, pulse.rings, pulse.looked, pulse.put_off) == (2, 1, 3, 1)
    assert (pulse.events, pulse.sent, pulse.retried) == ({"breached": 2, "routed": 1}, {"citizen_received": 3}, 1)
    assert (pulse.last_ring, pulse.next_alarm, pulse.policy) == (NOW, NOW + timedelta(seconds=9), 4)
    assert share_within(pulse, 0.5) == 0.004


@pytest.mark.parametrize("event", ["routed", "dispatched"])
def test_what_has_no_moment_of_its_own_is_never_late(event: str) -> None:
    tally = Tally(pid=7, now=NOW)
    tally.swept(Swept(looked=1, facts=[fact(event, 5.0)]), now=NOW)
    assert share_within(decode_pulse(tally.pulse(policy=1, next_alarm=None)), 0.5) is None


@given(st.lists(st.floats(0, 10_000), min_size=1), st.sampled_from([0.5, 0.99]))
def test_a_share_is_never_told_smaller_than_it_is(lates: list[float], share: float) -> None:
    tally = Tally(pid=7, now=NOW)
    tally.swept(Swept(looked=1, facts=[fact("breached", late) for late in lates]), now=NOW)
    told = share_within(decode_pulse(tally.pulse(policy=1, next_alarm=None)), share)
    assert told is not None
    assert sum(late <= told for late in lates) >= share * len(lates) - 1e-9
    assert told <= max(lates)
    assert told in (*BOUNDS, max(lates))
