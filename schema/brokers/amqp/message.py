"""A message as it comes off the wire, and the id that tells whether it is the one that was sent.

What no TLS protects may be changed on its way, so the id holds a checksum of the body. Pure.
"""

import zlib
from typing import NamedTuple

CHECKED = "-crc32-"
"""Between the number of a message and the checksum of its body, which together are its id."""


class AmqpMessage(NamedTuple):
    """What a channel delivered; ``tag`` numbers it there."""

    tag: int
    body: bytes
    redelivered: bool
    exchange: str
    key: str
    id: str

    @property
    def sound(self) -> bool:
        """False when the body is another one than was sent; others than we may send without id."""
        _, checked, checksum = self.id.partition(CHECKED)
        return not checked or checksum == str(zlib.crc32(self.body))


def message_id(number: int, body: bytes) -> str:
    """The id of the message number ``number``."""
    return f"{number}{CHECKED}{zlib.crc32(body)}"
