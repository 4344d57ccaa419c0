"""Which messages of a channel are open, and the fewest acknowledgements for those that are done.

AMQP can acknowledge one message or all up to one; whatever is done without a gap from the oldest
open message on goes as one. Pure.
"""


class Acknowledgements:
    """The deliveries of one channel, by tag, in the order of their delivery."""

    def __init__(self) -> None:
        self._open: dict[int, bool] = {}  # tag: whether it is done; oldest first
        self._apart: list[int] = []  # done since the last `take`

    def delivered(self, tag: int) -> None:
        """One more message is open."""
        self._open[tag] = False

    def done(self, tag: int) -> bool:
        """False when it was done before, or never delivered here."""
        if self._open.get(tag, True):
            return False
        self._open[tag] = True
        self._apart.append(tag)
        return True

    def take(self) -> list[tuple[int, bool]]:
        """What to send now, as (tag, whether all before it are meant too)."""
        upto = 0
        for tag, done in self._open.items():
            if not done:
                break
            upto = tag
        apart = [(tag, False) for tag in self._apart if tag > upto]
        for tag in self._apart:
            del self._open[tag]
        self._apart.clear()
        return [(upto, True), *apart] if upto else apart
