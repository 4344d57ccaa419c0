"""Acknowledgements are gathered, and mean exactly the messages that are done."""

from hypothesis import given
from hypothesis import strategies as st

from schema.brokers.amqp.acknowledgements import Acknowledgements


def test_what_is_done_without_a_gap_goes_as_one() -> None:
    acknowledgements = Acknowledgements()
    for tag in range(1, 6):
        acknowledgements.delivered(tag)
    for tag in (2, 1, 4):
        assert acknowledgements.done(tag)
    assert acknowledgements.take() == [(2, True), (4, False)]
    assert acknowledgements.done(3)
    assert acknowledgements.take() == [(3, True)]
    assert not acknowledgements.done(3)
    assert acknowledgements.take() == []


@given(st.permutations(range(1, 13)), st.sets(st.integers(0, 11)), st.integers(0, 12))
def test_in_whatever_order_each_message_that_is_done_is_acknowledged_once(
    order: list[int], pauses: set[int], count: int
) -> None:
    acknowledgements = Acknowledgements()
    for tag in range(1, 13):
        acknowledgements.delivered(tag)
    unacknowledged = set(range(1, 13))

    def send() -> None:
        for tag, multiple in acknowledgements.take():
            meant = {t for t in unacknowledged if t <= tag} if multiple else {tag}
            assert meant <= unacknowledged
            assert tag in meant  # RabbitMQ closes the channel upon a tag that it does not know
            unacknowledged.difference_update(meant)

    for position, tag in enumerate(order[:count]):
        assert acknowledgements.done(tag)
        if position in pauses:
            send()
    send()
    assert unacknowledged == set(order[count:])
