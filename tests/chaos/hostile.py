"""A runner that has been taken over: it sends what no runner would, as far as its broker lets it.

``python -m tests.chaos.hostile URL ORCHESTRATOR KIND COUNT SEED``, with the record of somebody
else's trial as JSON on standard input. It prints how many messages the broker refused. It is a
process of its own, so that who measures the orchestrator is not held up by making the messages.
"""

import asyncio
import json
import random
import sys
from collections.abc import Callable

import aio_pika
import msgspec
from aiormq.exceptions import AMQPError

from schema.brokers.address import BrokerAddress, broker_address
from schema.brokers.rabbitmq import RabbitMQBroker
from schema.codec import MESSAGE_BYTES, runner_codec
from schema.identity import EXCHANGE, runner_party, runners_inbox
from schema.messages import Final, Heartbeat, LeaseClaim, Record, Records
from schema.trial import Outcome

NAME, VICTIM = "gpu2", "gpu1"
AT_ONCE = 100
LARGE = 0.02
"""The share of messages that are large; more, and it is the broker that is tested."""
FORGED = 20

Make = Callable[[random.Random, Record], bytes]
_encode = runner_codec().encode


def records(runner: str, *every: Record, boot: str = "hostile") -> bytes:
    """Records as a runner of this name sends them."""
    return _encode(Records(runner=runner, boot=boot, records=every))


def changed(mine: Record, **numbers: int) -> Record:
    """The record of another trial, attempt or number."""
    return msgspec.structs.replace(mine, **numbers)


def _flipped(dice: random.Random, mine: Record) -> bytes:
    body = bytearray(records(NAME, mine))
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    return bytes(body)


def _truncated(dice: random.Random, mine: Record) -> bytes:
    body = records(VICTIM, mine)
    return body[: dice.randrange(len(body))]


HUGE = (-(2**63), -1, 0, 2**31, 2**63, 2**64 - 1)
FORGERIES: tuple[Make, ...] = (
    lambda dice, mine: records("../../x\n", mine),
    lambda dice, mine: records(VICTIM, mine),
    lambda dice, mine: records(NAME, mine),
    lambda dice, mine: records(NAME, changed(mine, trial=mine.trial + dice.randrange(1, 99))),
    lambda dice, mine: records(NAME, changed(mine, trial=dice.choice(HUGE))),
    lambda dice, mine: records(NAME, changed(mine, attempt=mine.attempt + 1)),
    lambda dice, mine: records(NAME, changed(mine, attempt=dice.choice(HUGE))),
    lambda dice, mine: records(NAME, changed(mine, seq=dice.choice(HUGE))),
    lambda dice, mine: _encode(
        Heartbeat(runner=VICTIM, boot="hostile", leaving=True, draining=True)
    ),
    lambda dice, mine: _encode(
        Heartbeat(runner=NAME, boot="hostile", leases=(LeaseClaim(mine.trial, mine.attempt, 99),))
    ),
)
LARGE_FORGERIES: tuple[Make, ...] = (
    lambda dice, mine: records(NAME, *[changed(mine, trial=2**40 + n) for n in range(2000)]),
)
MALFORMED: tuple[Make, ...] = (
    lambda dice, mine: b"",
    _truncated,
    _flipped,
    lambda dice, mine: dice.randbytes(dice.randrange(200)),
    lambda dice, mine: b"\xdf\xff\xff\xff\xff" + records(VICTIM, mine),
    lambda dice, mine: b"\xdd\xff\xff\xff\xff",
    lambda dice, mine: msgspec.msgpack.encode({"type": "records", "runner": 7, "records": 1}),
    lambda dice, mine: msgspec.msgpack.encode({"type": "of tomorrow", "runner": NAME}),
    lambda dice, mine: msgspec.msgpack.encode({"type": "hello", "runner": VICTIM, "protocol": 0}),
)
LARGE_MALFORMED: tuple[Make, ...] = (
    lambda dice, mine: b"\x91" * 200_000,
    lambda dice, mine: records(VICTIM, mine) + bytes(MESSAGE_BYTES),
)
KINDS = {"forged": (FORGERIES, LARGE_FORGERIES), "malformed": (MALFORMED, LARGE_MALFORMED)}


def hostile(kind: str, dice: random.Random, mine: Record) -> bytes:
    """One message that changes nothing; ``mine`` is what would change something."""
    small, large = KINDS[kind]
    return dice.choice(large if dice.random() < LARGE else small)(dice, mine)


async def attack(
    address: BrokerAddress, orchestrator: str, kind: str, count: int, seed: int
) -> int:
    """Send it all; how many messages the broker refused by itself."""
    given = json.load(sys.stdin)
    end = Final(outcome=Outcome.COMPLETE, metrics={"score": 99.0})
    mine = Record(**given, body=end)
    dice = random.Random(seed)
    inbox = runners_inbox(orchestrator)
    async with RabbitMQBroker(address, runner_party(NAME)) as broker:
        for _ in range(0, count, AT_ONCE):
            bodies = [hostile(kind, dice, mine) for _ in range(AT_ONCE)]
            await asyncio.gather(*(broker.publish(inbox, body) for body in bodies))
    good = records(VICTIM, changed(mine, seq=given["seq"] + 1), mine)
    refused = 0
    for number in range(FORGED):
        key = f"{runner_party(VICTIM if number % 2 else NAME)}.{inbox.name}"
        refused += not await _published(address, key, good, "" if number % 2 else "guest")
    return refused


async def _published(address: BrokerAddress, key: str, body: bytes, user: str) -> bool:
    """Whether the broker took a message with this key, in the name of this user."""
    connection = await aio_pika.connect(
        host=address.host,
        port=address.port,
        login=address.user,
        password=address.password.reveal(),
    )
    async with connection:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        message = aio_pika.Message(body, user_id=user or None)
        try:
            await exchange.publish(message, key, timeout=10)
        except AMQPError:
            return False
        return True


if __name__ == "__main__":
    url, name, kind, count, seed = sys.argv[1:]
    to = broker_address(url, {}, option="chaos", private=True)
    assert to is not None
    print(asyncio.run(attack(to, name, kind, int(count), int(seed))))
