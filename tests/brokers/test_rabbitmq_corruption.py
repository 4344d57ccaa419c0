"""What is not protected by TLS may arrive as something else than was sent."""

import aio_pika

from schema.brokers.amqp.message import message_id
from schema.brokers.rabbitmq import RabbitMQBroker
from schema.identity import Queue
from tests.brokers.members import Inbox, address_of, bodies
from tests.rabbitmq_node import RabbitMQNode


async def test_a_message_that_was_changed_on_its_way_is_dropped(rabbitmq: RabbitMQNode) -> None:
    queue, inbox = Queue("test.changed"), Inbox()
    async with RabbitMQBroker(address_of(rabbitmq), "o.main") as party:
        await party.declare(queue)
        await party.consume(queue, inbox)
        for body, sent in ((b"0.9", b"0.5"), (b"0.5", b"0.5")):
            await put(rabbitmq, queue, body, message_id(1, sent))
        await put(rabbitmq, queue, b"of somebody who says nothing of it", "1")
        assert await party.publish(queue, b"of ours")
        arrived = await inbox.take(3)
    assert bodies(arrived) == [b"0.5", b"of somebody who says nothing of it", b"of ours"]


async def put(node: RabbitMQNode, queue: Queue, body: bytes, told: str) -> None:
    """A message into the queue under this id."""
    address = address_of(node)
    connection = await aio_pika.connect(
        host=address.host,
        port=address.port,
        login=address.user,
        password=address.password.reveal(),
    )
    async with connection:
        channel = await connection.channel()
        message = aio_pika.Message(body, message_id=told)
        await channel.default_exchange.publish(message, queue.name)
