"""`/metrics` in Prometheus' text format: what every clock process on this database tells of itself, the open work, and
how this process's desk commits.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from xixi_workflow.processes.pulse import BOUNDS
from xixi_workflow.web.commit_sizes import SIZES, CommitSizes
from xixi_workflow.web.observer import Observer


class Metrics(Collector):
    """Collects at the moment of asking; everything that needs the database comes from the observer."""

    def __init__(self, observer: Observer, sizes: CommitSizes) -> None:
        self._observer = observer
        self._sizes = sizes
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """The whole page."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Every family (the registry calls this)."""
        observer = self._observer
        yield _gauge("xixi_database_up", "Whether the database answers.", int(observer.database_answers))
        if observer.prefect != "unused":
            yield _gauge("xixi_prefect_up", "Whether Prefect answers.", int(observer.prefect == "answers"))
        counts, total = self._sizes.counts()
        sizes = HistogramMetricFamily("xixi_group_commit_size", "Commands committed in one transaction.")
        sizes.add_metric([], _cumulative(SIZES, counts), total)
        yield sizes
        yield from self._clocks()
        try:
            view = observer.overview()
        except Exception:
            # Told by xixi_database_up; what is known without the database is still worth having.
            return
        petitions = GaugeMetricFamily("xixi_open_petitions", "Open petitions by clock state.", labels=["clock_state"])
        for clock_state, count in view.open.items():
            petitions.add_metric([clock_state], count)
        yield petitions
        clocks = GaugeMetricFamily("xixi_open_clocks", "Clocks of open petitions.", labels=["clock", "clock_state"])
        for name, states in view.clocks.items():
            for clock_state, count in states.items():
                clocks.add_metric([name, clock_state], count)
        yield clocks
        outbox = GaugeMetricFamily("xixi_outbox_messages", "Messages that wait or failed, by state.", labels=["state"])
        for state in ("waiting", "sending", "sent", "undelivered", "uncertain", "failed"):
            outbox.add_metric([state], view.outbox.get(state, 0))
        yield outbox
        age = (view.at - view.oldest_message).total_seconds() if view.oldest_message else 0.0
        yield _gauge("xixi_outbox_oldest_seconds", "How long the oldest message has been waiting.", max(0.0, age))
        letters = GaugeMetricFamily("xixi_letters", "Letters that nobody has seen to yet, by state.", labels=["state"])
        letters.add_metric(["unread"], view.letters.unread)
        letters.add_metric(["open"], view.letters.open)
        yield letters
        yield _gauge("xixi_petitions_put_off", "Petitions whose decision failed.", view.trouble_count)
        if view.policy is not None:
            yield _gauge("xixi_policy_version", "Version of the policy in force.", view.policy[0])

    def _clocks(self) -> Iterator[Metric]:
        late = HistogramMetricFamily(
            "xixi_alarm_lateness_seconds", "From the due moment to its decision.", labels=["instance"]
        )
        up = GaugeMetricFamily("xixi_clock_up", "Whether the clock process is alive.", labels=["instance"])
        sweeps = CounterMetricFamily("xixi_sweeps", "Looks for due petitions.", labels=["instance"])
        rings = CounterMetricFamily("xixi_sweeps_with_work", "Sweeps that found something.", labels=["instance"])
        put_off = CounterMetricFamily("xixi_decisions_failed", "Decisions that failed.", labels=["instance"])
        silent = GaugeMetricFamily(
            "xixi_silent_findings", "What should have rung and stayed silent, at the last audit.", labels=["instance"]
        )
        events = CounterMetricFamily("xixi_sweep_events", "What the sweeps did.", labels=["instance", "event"])
        sent = CounterMetricFamily("xixi_messages_sent", "Messages sent.", labels=["instance", "kind"])
        texts = CounterMetricFamily("xixi_texts_sent", "Texts that the messages took.", labels=["instance"])
        untold = CounterMetricFamily(
            "xixi_messages_not_told", "Messages not told now, by reason.", labels=["instance", "reason"]
        )
        unsent = CounterMetricFamily("xixi_messages_not_sent", "Attempts that failed.", labels=["instance", "outcome"])
        for one in self._observer.beating:
            pulse, name = one.pulse, one.name
            up.add_metric([name], int(one.alive))
            late.add_metric([name], _cumulative(BOUNDS, pulse.late), pulse.late_sum)
            sweeps.add_metric([name], pulse.sweeps)
            rings.add_metric([name], pulse.rings)
            put_off.add_metric([name], pulse.put_off)
            # No sample before the first audit: an alert can tell "nothing" from "never looked".
            if pulse.audited_at is not None:
                silent.add_metric([name], sum(pulse.silent.values()))
            for event, count in pulse.events.items():
                events.add_metric([name, event], count)
            for kind, count in pulse.sent.items():
                sent.add_metric([name, kind], count)
            for outcome in ("retried", "failed", "uncertain", "undelivered"):
                unsent.add_metric([name, outcome], getattr(pulse, outcome))
            untold.add_metric([name, "withheld"], pulse.withheld)
            untold.add_metric([name, "overtaken"], pulse.overtaken)
            untold.add_metric([name, "put_off"], pulse.put_off_messages)
            texts.add_metric([name], pulse.texts)
        yield from (up, late, sweeps, rings, put_off, silent, events, sent, unsent, untold, texts)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _cumulative(bounds: tuple[float, ...], counts: list[int]) -> list[tuple[str, float]]:
    total = 0
    buckets = []
    for bound, count in zip((*map(float, bounds), float("inf")), counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else repr(bound), float(total)))
    return buckets
