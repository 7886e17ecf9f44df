"""Who carries a message, who comes next, and who is left alone for a while. Time is told, never waited for."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from xixi_workflow.adapters.breaker import FAILURES, FIRST_REST, LONGEST_REST, Breaker
from xixi_workflow.adapters.port import Outgoing, Receipt, Sender, Undeliverable, Unknown, Unsure
from xixi_workflow.adapters.senders import NoSender, Route, Senders


class Provider:
    """An outside party: does what it is told, and remembers what it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failure: Callable[[], Exception] | None = None
        self.found: Receipt | Unknown | None = None
        self.asked: list[str] = []
        self.sought: list[str] = []

    def send(self, message: Outgoing) -> Receipt:
        self.asked.append(message.id)
        if self.failure is not None:
            raise self.failure()
        return Receipt(f"{self.name}-{len(self.asked)}", self.name)

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        self.sought.append(message.id)
        if self.failure is not None:
            raise self.failure()
        return self.found


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


def outgoing(n: int = 0, address: str = "+8619900001234") -> Outgoing:
    return Outgoing(f"1/1/{n}", "dispatch", "甲", address, "文", "1", datetime(2026, 6, 1, tzinfo=UTC))


def permanent() -> Exception:
    return Undeliverable(True, "no such number")


def passing() -> Exception:
    return Undeliverable(False, "no reason")


def opted_out() -> Exception:
    return Undeliverable(True, "wants none", because="opted_out")


def busy() -> Exception:
    return Undeliverable(False, "busy", because="busy")


def ours() -> Exception:
    return Undeliverable(False, "credentials", because="ours")


def not_here() -> Exception:
    return Undeliverable(True, "this country is not switched on", because="ours")


def lost() -> Exception:
    return Unsure("no answer")


@pytest.mark.parametrize(
    ("address", "carrier"),
    [
        ("+8613900000000", "a"),
        ("+8613500000000", "b"),
        ("+8615000000000", "c"),
        ("+15005550006", "d"),
        ("10086", "d"),
        ("", "d"),
    ],
)
def test_the_longest_prefix_decides_who_carries_it(address: str, carrier: str) -> None:
    a, b, c, d, other = (Provider(name) for name in ("a", "b", "c", "d", "other"))
    routes = [Route((d,)), Route((c,), ("+86",)), Route((a,), ("+8613", "+852")), Route((b,), ("+86135",))]
    routes.append(Route((other,), ("+8613",)))
    assert Senders("sms", routes).send(outgoing(address=address)).provider == carrier


def test_an_address_without_a_route_goes_no_way_at_all() -> None:
    with pytest.raises(Undeliverable) as caught:
        Senders("sms", [Route((Provider("a"),), ("+86",))]).send(outgoing(address="+15005550006"))
    assert (caught.value.permanent, caught.value.because) == (True, "ours")


@pytest.mark.parametrize("failure", [passing, busy, ours, not_here])
def test_the_next_one_carries_what_the_first_certainly_did_not(failure: Callable[[], Exception]) -> None:
    main, spare = Provider("main"), Provider("spare")
    main.failure = failure
    assert Senders("sms", [Route((main, spare))]).send(outgoing()).provider == "spare"


@pytest.mark.parametrize("failure", [permanent, opted_out, lost])
def test_nobody_else_is_asked_when_it_is_pointless_or_may_have_gone_out(failure: Callable[[], Exception]) -> None:
    main, spare = Provider("main"), Provider("spare")
    main.failure = failure
    with pytest.raises(type(failure())):
        Senders("sms", [Route((main, spare))]).send(outgoing())
    assert spare.asked == []


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (not_here, busy, (False, "busy")),
        (busy, not_here, (False, "busy")),
        (passing, ours, (False, "ours")),
        (not_here, not_here, (True, "ours")),
        (busy, permanent, (True, "message")),
    ],
)
def test_when_nobody_carries_it_the_hopeful_answer_counts(
    first: Callable[[], Exception], second: Callable[[], Exception], told: tuple[bool, str]
) -> None:
    main, spare = Provider("main"), Provider("spare")
    main.failure, spare.failure = first, second
    with pytest.raises(Undeliverable) as caught:
        Senders("sms", [Route((main, spare))]).send(outgoing())
    assert (caught.value.permanent, caught.value.because) == told


@pytest.mark.parametrize("failure", [busy, ours, lost])
def test_a_provider_that_keeps_failing_is_left_alone_and_everybody_is_told_at_once(
    failure: Callable[[], Exception], watch: Watch
) -> None:
    main = Provider("main")
    main.failure = failure
    senders = Senders("sms", [Route((main,))], monotonic=watch)
    for n in range(FAILURES):
        with pytest.raises(type(failure())):
            senders.send(outgoing(n))
    watch.now += 10
    for n in range(1000):
        with pytest.raises(Undeliverable) as caught:
            senders.send(outgoing(n))
        assert (caught.value.because, caught.value.retry_after) == ("busy", FIRST_REST - 10)
    assert len(main.asked) == FAILURES


@pytest.mark.parametrize("failure", [passing, permanent, opted_out, not_here])
def test_failures_of_single_messages_are_no_outage(failure: Callable[[], Exception], watch: Watch) -> None:
    main = Provider("main")
    main.failure = failure
    senders = Senders("sms", [Route((main,))], monotonic=watch)
    for n in range(3 * FAILURES):
        with pytest.raises(Undeliverable):
            senders.send(outgoing(n))
    assert len(main.asked) == 3 * FAILURES


def test_while_the_first_rests_the_second_carries_everything(watch: Watch) -> None:
    main, spare = Provider("main"), Provider("spare")
    main.failure = busy
    senders = Senders("sms", [Route((main, spare))], monotonic=watch)
    for n in range(50):
        assert senders.send(outgoing(n)).provider == "spare"
    assert len(main.asked) == FAILURES
    main.failure = None
    watch.now += FIRST_REST
    assert [senders.send(outgoing(n)).provider for n in range(3)] == ["main"] * 3


def test_too_many_requests_are_honoured_at_once_and_to_the_second(watch: Watch) -> None:
    main = Provider("main")
    main.failure = lambda: Undeliverable(False, "busy", because="busy", retry_after=2.0)
    senders = Senders("sms", [Route((main,))], monotonic=watch)
    waits = []
    for _ in range(3):
        with pytest.raises(Undeliverable) as caught:
            senders.send(outgoing())
        waits.append(caught.value.retry_after)
        watch.now += 0.5
    assert waits == [2.0, 1.5, 1.0]
    assert len(main.asked) == 1
    main.failure = None
    watch.now += 0.5
    assert senders.send(outgoing()).provider == "main"


def test_who_was_asked_last_is_asked_whether_it_went_out() -> None:
    main, spare = Provider("main"), Provider("spare")
    main.failure, spare.failure = busy, lost
    senders = Senders("sms", [Route((main, spare))])
    with pytest.raises(Unsure):
        senders.send(outgoing())
    main.failure = spare.failure = None
    spare.found = Receipt("7", "spare")
    assert senders.find(outgoing()) == Receipt("7", "spare")
    assert (main.sought, len(spare.sought)) == ([], 1)


@pytest.mark.parametrize(
    ("main_has", "spare_has", "found"),
    [
        (None, None, None),
        (None, Unknown(), Unknown()),
        (Unknown(), None, Unknown()),
        (Unknown(), Receipt("7", "spare"), Receipt("7", "spare")),
        (None, Receipt("7", "spare"), Receipt("7", "spare")),
    ],
)
def test_after_a_restart_everybody_on_the_route_is_asked(
    main_has: Unknown | None, spare_has: Receipt | Unknown | None, found: Receipt | Unknown | None
) -> None:
    main, spare = Provider("main"), Provider("spare")
    main.found, spare.found = main_has, spare_has
    assert Senders("sms", [Route((main, spare))]).find(outgoing()) == found


def test_who_rests_is_not_asked_either_and_the_question_stays_open(watch: Watch) -> None:
    main = Provider("main")
    main.failure = lost
    senders = Senders("sms", [Route((main,))], monotonic=watch)
    for _ in range(FAILURES):
        with pytest.raises(Unsure):
            senders.find(outgoing())
    with pytest.raises(Unsure):
        senders.find(outgoing())
    assert len(main.sought) == FAILURES


def test_a_question_that_nobody_can_answer_takes_no_trial_away_from_the_messages(watch: Watch) -> None:
    chat = Provider("chat")
    senders = Senders("chat", [Route((chat,))], monotonic=watch)
    chat.failure = lost
    for n in range(FAILURES):
        with pytest.raises(Unsure):
            senders.send(outgoing(n))
    chat.failure, chat.found = None, Unknown()
    watch.now += FIRST_REST
    assert senders.find(outgoing(0)) == Unknown()
    assert senders.send(outgoing(9)).provider == "chat"


def test_a_channel_that_is_not_set_up_refuses_for_good() -> None:
    chat: Sender = NoSender("chat")
    with pytest.raises(Undeliverable) as caught:
        chat.send(outgoing())
    assert caught.value.permanent
    assert chat.find(outgoing()) is None


def test_a_rest_doubles_after_every_failed_trial_up_to_five_minutes() -> None:
    breaker, now = Breaker(), 0.0
    for _ in range(FAILURES):
        assert breaker.wait(now) == 0
        breaker.failed(now)
    rests = []
    for _ in range(6):
        rests.append(breaker.wait(now))
        now += rests[-1]
        assert breaker.wait(now) == 0
        breaker.failed(now)
    assert rests == [30, 60, 120, 240, LONGEST_REST, LONGEST_REST]


def test_one_alone_tries_after_a_rest_and_the_others_wait_for_it() -> None:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0.0)
    assert [breaker.wait(FIRST_REST) for _ in range(3)] == [0, FIRST_REST, FIRST_REST]
    breaker.succeeded()
    assert [breaker.wait(FIRST_REST) for _ in range(3)] == [0, 0, 0]


def test_a_trial_that_never_ends_does_not_rest_the_provider_for_ever() -> None:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0.0)
    assert breaker.wait(FIRST_REST) == 0
    assert breaker.wait(2 * FIRST_REST) == 0


def test_failures_that_were_on_their_way_do_not_lengthen_the_rest() -> None:
    breaker = Breaker()
    for _ in range(FAILURES + 30):
        breaker.failed(0.0)
    assert breaker.wait(0.0) == FIRST_REST


def test_a_success_in_between_ends_the_count() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed(0.0)
        breaker.succeeded()
    assert breaker.wait(0.0) == 0
