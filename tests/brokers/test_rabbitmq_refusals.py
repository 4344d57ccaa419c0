"""What a person is told who cannot connect to RabbitMQ, or may not do something there."""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from schema.brokers.address import BrokerAddress
from schema.brokers.amqp import refusals
from schema.brokers.amqp.timing import Timing
from schema.brokers.rabbitmq import RabbitMQBroker
from schema.errors import BrokerError, UnknownName
from schema.identity import Queue, QueueKind, runner_queue, runners_inbox
from tests.brokers.members import Inbox, address_of, bodies
from tests.certificates import Signed
from tests.rabbitmq_node import RabbitMQNode, free_ports

QUICK = Timing(connect=2.0, answer=2.0, close=1.0, shortest_pause=0.02, longest_pause=0.05)

Changed = Callable[[RabbitMQNode], BrokerAddress]


def tls(node: RabbitMQNode, **changes: object) -> BrokerAddress:
    address = address_of(node, port=node.tls_port)
    return msgspec.structs.replace(
        address, host="localhost", tls=True, cafile=str(node.certificates.authority), **changes
    )


def certified(node: RabbitMQNode) -> BrokerAddress:
    certificate, key = node.certificates.client
    return tls(node, certfile=str(certificate), keyfile=str(key))


async def refusal(address: BrokerAddress) -> str:
    """The sentence with which entering fails."""
    with pytest.raises(BrokerError) as caught:
        async with RabbitMQBroker(address, "r.gpu1", timing=QUICK):
            pass
    sentence = str(caught.value)
    assert sentence.startswith(f"broker {address}: ")
    assert "\n" not in sentence
    return sentence


WRONG: dict[str, tuple[Changed, str]] = {
    "password": (
        lambda node: address_of(node, password="wrong"),
        "does not accept this password for the user 'guest'.*TRIALMQ_BROKER_PASSWORD",
    ),
    "user": (lambda node: address_of(node, "nobody"), "this password for the user 'nobody'"),
    "port": (lambda node: address_of(node, port=free_ports(1)[0]), "nothing listens on port"),
    "host": (
        lambda node: msgspec.structs.replace(address_of(node), host="no-such-host.invalid"),
        "there is no host 'no-such-host.invalid'",
    ),
    "missing vhost": (
        lambda node: address_of(node, vhost="missing"),
        "virtual host 'missing': it does not exist.*add_vhost missing",
    ),
    "closed vhost": (
        lambda node: address_of(node, "gpu1", vhost="closed"),
        "user 'gpu1' may not enter it.*set_permissions -p closed gpu1",
    ),
    "plain to TLS": (lambda node: address_of(node, port=node.tls_port), "write amqps://"),
    "TLS to plain": (lambda node: tls(node, port=node.port), "does not speak TLS; write amqp://"),
    "unknown authority": (
        lambda node: msgspec.structs.replace(certified(node), cafile=""),
        r"certificate is not trusted.*\?cafile=ca.pem",
    ),
    "no certificate of ours": (tls, "certfile"),
    "unreadable certificate": (
        lambda node: tls(node, certfile="absent.pem", keyfile="absent.key"),
        "cannot use .*absent.pem and absent.key",
    ),
}


@pytest.mark.parametrize(("address", "sentence"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_with_an_address_is_said(
    rabbitmq: RabbitMQNode, address: Changed, sentence: str
) -> None:
    said = await refusal(address(rabbitmq))
    assert re.search(sentence, said), said


async def test_with_certificates_of_both_sides_messages_pass(rabbitmq: RabbitMQNode) -> None:
    async with RabbitMQBroker(certified(rabbitmq), "o.main", timing=QUICK) as broker:
        queue = Queue("test.tls", QueueKind.PRIVATE, 10)
        await broker.declare(queue)
        inbox = Inbox()
        await broker.consume(queue, inbox)
        assert await broker.publish(queue, b"sealed")
        assert bodies(await inbox.take(1)) == [b"sealed"]


# ---------------------------------------------------------------------- something else is there

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stranger(answer: Answer, signed: Signed | None = None) -> AsyncIterator[int]:
    """A server on some port that is no RabbitMQ."""
    context = None
    if signed is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.certificate, signed.key)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the other side gives up
    writer.close()


async def web_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(8)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def test_a_host_that_never_answers_is_given_up(rabbitmq: RabbitMQNode) -> None:
    async with stranger(silent) as port:
        assert "no answer within 2 seconds" in await refusal(address_of(rabbitmq, port=port))


async def test_another_service_at_that_port_is_told_apart(rabbitmq: RabbitMQNode) -> None:
    async with stranger(web_server) as port:
        said = await refusal(address_of(rabbitmq, port=port))
    assert "did not answer as an AMQP broker does" in said


async def test_an_expired_certificate_is_told_apart(rabbitmq: RabbitMQNode) -> None:
    async with stranger(silent, rabbitmq.certificates.expired) as port:
        assert "certificate has expired" in await refusal(tls(rabbitmq, port=port))


async def test_a_certificate_of_another_host_is_told_apart(rabbitmq: RabbitMQNode) -> None:
    async with stranger(silent, rabbitmq.certificates.client) as port:
        assert "certificate is not for 'localhost'" in await refusal(tls(rabbitmq, port=port))


@pytest.mark.parametrize(
    ("product", "version", "refused"),
    [
        ("RabbitMQ", "3.9.29", True),
        ("RabbitMQ", "3.10.0", False),
        ("RabbitMQ", "4.3.1-rc.1", False),
        ("RabbitMQ", "unversioned", False),
        ("LavinMQ", "2.1.0", False),
    ],
)
def test_a_broker_that_is_too_old_is_refused(
    rabbitmq: RabbitMQNode, product: str, version: str, refused: bool
) -> None:
    assert bool(refusals.too_old(address_of(rabbitmq), product, version)) is refused


# ---------------------------------------------------------------------- patience


async def test_who_is_patient_is_told_once_and_connected_as_soon_as_the_broker_is_there(
    rabbitmq: RabbitMQNode, caplog: pytest.LogCaptureFixture
) -> None:
    [port] = free_ports(1)
    patient = RabbitMQBroker(address_of(rabbitmq, port=port), "r.gpu1", patient=True, timing=QUICK)
    entering = asyncio.create_task(patient.__aenter__())
    with caplog.at_level(logging.WARNING, "schema"):
        while not caplog.messages:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # several more attempts
    assert not entering.done()
    assert len({*caplog.messages}) == 1
    assert len(caplog.messages) == 2  # each of the two connections says it once
    assert "nothing listens on port" in caplog.messages[0]
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering


# ---------------------------------------------------------------------- permissions


async def test_a_runner_may_do_its_work_and_nothing_else(rabbitmq: RabbitMQNode) -> None:
    mine, its = runner_queue("gpu1"), runner_queue("gpu2")
    async with (
        RabbitMQBroker(address_of(rabbitmq), "o.main", timing=QUICK) as orchestrator,
        RabbitMQBroker(address_of(rabbitmq, "gpu1"), "r.gpu1", timing=QUICK) as runner,
    ):
        for queue in (runners_inbox(), mine, its):
            await orchestrator.declare(queue)
        heard, orders = Inbox(), Inbox()
        await orchestrator.consume(runners_inbox(), heard)
        await runner.consume(mine, orders)
        assert await orchestrator.publish(mine, b"order")
        assert bodies(await orders.take(1)) == [b"order"]
        assert await runner.publish(runners_inbox(), b"report")
        [report] = await heard.take(1)
        assert (report.sender, report.body) == ("r.gpu1", b"report")
        await report.acknowledge()

        with pytest.raises(BrokerError, match="lacks the read permission"):
            await runner.consume(its, Inbox())
        with pytest.raises(BrokerError, match="lacks the configure permission"):
            await runner.declare(Queue("tmq.other", QueueKind.CONTROL))
        with pytest.raises(UnknownName, match="there is no queue"):
            await runner.consume(Queue("tmq.nothing"), Inbox())


async def test_a_runner_cannot_send_in_the_name_of_another(rabbitmq: RabbitMQNode) -> None:
    async with (
        RabbitMQBroker(address_of(rabbitmq), "o.main", timing=QUICK) as orchestrator,
        RabbitMQBroker(address_of(rabbitmq, "gpu1"), "r.gpu2", timing=QUICK) as forger,
        RabbitMQBroker(address_of(rabbitmq, "gpu1"), "r.gpu1", timing=QUICK) as honest,
    ):
        await orchestrator.declare(runners_inbox())
        heard = Inbox()
        await orchestrator.consume(runners_inbox(), heard)
        assert not await forger.publish(runners_inbox(), b"forged")
        assert await honest.publish(runners_inbox(), b"honest")
        assert bodies(await heard.take(1)) == [b"honest"]


async def test_a_queue_made_with_other_properties_is_told(rabbitmq: RabbitMQNode) -> None:
    async with RabbitMQBroker(address_of(rabbitmq), "o.main", timing=QUICK) as broker:
        await broker.declare(Queue("test.twice", QueueKind.CONTROL, 10))
        with pytest.raises(BrokerError, match="was made with other properties"):
            await broker.declare(Queue("test.twice", QueueKind.CONTROL, 20))
