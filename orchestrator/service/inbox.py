"""What waits for the next turn of a service, in the order in which it came.

After a turn that failed each of its messages has one of its own, so that the one at fault is found.
"""

from collections import deque
from collections.abc import Sequence

from schema.broker import Delivery

TURN_MESSAGES = 512
TURN_BYTES = 256 * 1024
"""A turn takes no more than this at once, so that the event loop is never held for long."""


class Inbox:
    """The messages of runners that were not taken in yet."""

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._alone = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, delivery: Delivery) -> None:
        """One more has arrived."""
        self._waiting.append(delivery)

    def put_back(self, deliveries: Sequence[Delivery]) -> None:
        """These are taken again, before all others and each alone."""
        self._waiting.extendleft(reversed(deliveries))
        self._alone += len(deliveries)

    def take(self) -> list[Delivery]:
        """What the next turn deals with."""
        if self._alone:
            self._alone -= 1
            return [self._waiting.popleft()]
        taken: list[Delivery] = []
        size = 0
        while self._waiting and len(taken) < TURN_MESSAGES and size < TURN_BYTES:
            delivery = self._waiting.popleft()
            size += len(delivery.body)
            taken.append(delivery)
        return taken
