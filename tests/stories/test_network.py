"""When the network fails, or too much is to be told at once."""

from __future__ import annotations

from tests.stories.story import CITIZEN, Story, code


def test_many_petitions_at_once_are_one_text_and_not_a_storm(story: Story) -> None:
    story.network.down = True
    numbers = [story.petition() for _ in range(6)]
    story.network.down = False
    story.forward(minutes=2)
    phone = story.phone("urban-1")
    assert len(phone.unread) == 1
    phone.expects("6", code(numbers[0]))


def test_an_outage_of_an_hour_ends_with_a_digest_of_what_is_still_true(story: Story) -> None:
    story.network.down = True
    accepted = story.petition()
    story.phone("urban-1").replies("1")
    waiting = [story.petition() for _ in range(4)]
    story.forward(hours=1)
    story.network.down = False
    story.forward(minutes=10)
    texts = story.texts_to("urban-2")
    assert len(texts) <= 2
    assert all(any(code(n) in text for text in texts) for n in waiting)
    assert not any(code(accepted) in text for text in texts)


def test_nothing_is_lost_while_the_network_is_down(story: Story) -> None:
    story.network.down = True
    number = story.petition()
    story.forward(hours=3)
    assert story.network.carried == []
    story.network.down = False
    story.forward(hours=1)
    story.phone(CITIZEN).sees(code(number))


def test_a_number_that_no_longer_exists_is_told_through_the_next_way(story: Story) -> None:
    story.network.dead.add(story.phone("commander-1").number)
    number = story.petition()
    story.forward(minutes=46)
    assert any(code(number) in text for text in story.texts_to("commander-2"))


def test_no_receipt_in_time_sends_the_text_another_way(story: Story) -> None:
    story.network.awaited = True
    number = story.petition()
    story.forward(minutes=46)
    assert any(code(number) in text for text in story.texts_to("commander-1"))
    before = len(story.texts_to("commander-2"))
    story.forward(minutes=6)
    assert len(story.texts_to("commander-2")) > before


def test_a_text_that_was_delivered_is_not_sent_another_way(story: Story) -> None:
    story.network.awaited = True
    story.petition()
    story.forward(minutes=46)
    story.phone("commander-1").receipt("delivered")
    before = len(story.texts_to("commander-2"))
    story.forward(minutes=9)
    assert len(story.texts_to("commander-2")) == before


def test_a_receipt_that_comes_late_never_undoes_a_delivery(story: Story) -> None:
    story.network.awaited = True
    story.petition()
    story.forward(minutes=46)
    for state in ("delivered", "sent", "undelivered"):
        story.phone("commander-1").receipt(state, "30005")
    before = len(story.texts_to("commander-2"))
    story.forward(minutes=9)
    assert len(story.texts_to("commander-2")) == before
