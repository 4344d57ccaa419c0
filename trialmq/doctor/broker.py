"""The broker: is it reached, is it healthy, is all there, and may this user do its part?

Nothing is left behind, and nothing that runs is disturbed: queues are looked at and not read, and
what a user may do is tried only where its trace goes with the connection.

```
 client        makes a queue of its own, asks the orchestrator who it is
 orchestrator  declares its inbox again (which changes nothing), publishes to a queue of its own
 runner        may do nothing but speak as itself, which an orchestrator would hear: not tried
```
"""

import asyncio
import time
import uuid
from ipaddress import ip_address

from orchestrator.client.client import Client, NoAnswer
from orchestrator.client.transport import BrokerTransport
from schema.broker import Broker
from schema.brokers.address import BrokerAddress
from schema.brokers.amqp.connection import AmqpConnection
from schema.brokers.amqp.timing import Timing
from schema.brokers.connecting import connect
from schema.errors import BrokerError, UnknownName
from schema.identity import (
    Queue,
    QueueKind,
    client_party,
    client_queue,
    clients_inbox,
    orchestrator_party,
    runner_queue,
    runners_inbox,
)
from trialmq.doctor.findings import Finding, doubtful, good, not_here, wrong

TIMING = Timing(connect=4.0, answer=2.0, close=0.5)
ANSWER_SECONDS = 3.0
PROBES = 5
SLOW_SECONDS = 0.1
INIT = "run: trialmq broker init"


async def look_at_broker(address: BrokerAddress, orchestrator: str) -> list[Finding]:
    """Everything there is to know from where this user stands.

    Raises:
        BrokerError: it cannot be reached, or does not let this user in.
    """
    connection = await AmqpConnection.open(address, "trialmq doctor", TIMING)
    try:
        product, version = connection.server
        found = [good("broker", f"{address}: {product} {version}"), _privacy(address)]
        inboxes = (runners_inbox(orchestrator), clients_inbox(orchestrator))
        waiting = {queue.name: await _waiting(connection, queue) for queue in inboxes}
        found.append(_topology(orchestrator, waiting))
        declares_own = await _may_declare(
            connection, client_queue(address.user, uuid.uuid4().hex, orchestrator)
        )
        declares_inbox = None not in waiting.values() and await _may_declare(
            connection, runners_inbox(orchestrator)
        )
        own = await _waiting(connection, runner_queue(address.user, orchestrator))
    finally:
        await connection.close()
    if declares_own and declares_inbox:
        found.append(_almighty(address))
    if declares_own:
        return [*found, *await _as_client(address, orchestrator)]
    if declares_inbox:
        return [*found, *await _as_orchestrator(address, orchestrator)]
    return [*found, _as_runner(address, orchestrator, own)]


def _privacy(address: BrokerAddress) -> Finding:
    if address.tls:
        shown = "with" if address.certfile else "without"
        return good("broker: privacy", f"TLS, {shown} a certificate of our own")
    if _on_this_machine(address.host):
        return good("broker: privacy", "no TLS, and it is on this machine")
    return doubtful(
        "broker: privacy",
        "no TLS: passwords and results travel readable by everyone in between",
        "give the broker a certificate and use amqps:// (docs/security.md)",
    )


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _waiting(connection: AmqpConnection, queue: Queue) -> int | None:
    """How many messages wait; None where there is no such queue."""
    channel = await connection.channel()
    try:
        return await channel.waiting(queue)
    except UnknownName:
        return None
    finally:
        await channel.close()


async def _may_declare(connection: AmqpConnection, queue: Queue) -> bool:
    channel = await connection.channel()
    try:
        await channel.declare(queue)
    except BrokerError as error:
        if "other properties" in str(error):
            raise
        return False
    finally:
        await channel.close()
    return True


def _topology(orchestrator: str, waiting: dict[str, int | None]) -> Finding:
    missing = [name for name, count in waiting.items() if count is None]
    if missing:
        return doubtful(
            "broker: queues",
            f"{' and '.join(missing)} are not there; the orchestrator {orchestrator!r} was never "
            "here, or it has another name",
            f"{INIT}, or start trialmq serve",
        )
    said = ", ".join(f"{_messages(count or 0)} in {name}" for name, count in waiting.items())
    return good("broker: queues", said)


def _messages(count: int) -> str:
    return "1 message waits" if count == 1 else f"{count:,} messages wait"


def _almighty(address: BrokerAddress) -> Finding:
    return doubtful(
        "broker: too many rights",
        f"user {address.user!r} may play every part, so it can speak for every runner",
        "trialmq broker init makes one user a party, each with the least rights",
    )


async def _as_client(address: BrokerAddress, orchestrator: str) -> list[Finding]:
    """Ask who answers, and how quickly."""
    broker = connect(address, client_party(address.user))
    transport = BrokerTransport(broker, address.user, orchestrator)
    async with broker, Client(transport, deadline=ANSWER_SECONDS, repeat=1.0) as client:
        began = time.perf_counter()
        try:
            service = await client.service()
        except NoAnswer:
            return [
                good("broker: rights", f"user {address.user!r} may ask as a client"),
                wrong(
                    "orchestrator",
                    f"{orchestrator!r} did not answer within {ANSWER_SECONDS:g} s",
                    "start trialmq serve, or look at its log",
                ),
            ]
        took = time.perf_counter() - began
        return [
            good("broker: rights", f"user {address.user!r} may ask as a client"),
            good(
                "orchestrator",
                f"{service.orchestrator!r} answers in {took * 1000:.3g} ms: TrialMQ "
                f"{service.version}, term {service.term}, database {service.database}",
            ),
        ]


async def _as_orchestrator(address: BrokerAddress, orchestrator: str) -> list[Finding]:
    """Publish to a queue that only this connection has."""
    rights = good("broker: rights", f"user {address.user!r} may serve as {orchestrator!r}")
    name = runner_queue(f"doctor-{uuid.uuid4().hex}", orchestrator).name
    probe = Queue(name, QueueKind.PRIVATE, PROBES)
    async with connect(address, orchestrator_party(orchestrator)) as broker:
        await broker.declare(probe)
        took = await _probe(broker, probe)
    if took is None:
        return [
            rights,
            wrong(
                "broker: speed",
                "it takes no message: an alarm is on (memory, disk), or it is overloaded",
                "on its machine: rabbitmq-diagnostics alarms",
            ),
        ]
    said = f"a message is confirmed in {took * 1000:.3g} ms"
    if took > SLOW_SECONDS:
        return [
            rights,
            doubtful("broker: speed", said, "look at the network and the broker's load"),
        ]
    return [rights, good("broker: speed", said)]


async def _probe(broker: Broker, queue: Queue) -> float | None:
    """Seconds until a publish is confirmed, the best of some; None where one never was."""
    took: list[float] = []
    for _ in range(PROBES):
        began = time.perf_counter()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if not await broker.publish(queue, b""):
                    return None
        except TimeoutError:
            return None
        took.append(time.perf_counter() - began)
    return min(took)


def _as_runner(address: BrokerAddress, orchestrator: str, waiting: int | None) -> Finding:
    user, name = address.user, runner_queue(address.user, orchestrator).name
    if waiting is None:
        return not_here(
            "broker: rights",
            f"user {user!r} declares nothing, as a runner should; its queue {name} is made when "
            "the orchestrator first hears of it",
        )
    return good(
        "broker: rights",
        f"user {user!r} declares nothing, as a runner should; {_messages(waiting)} in {name}",
    )
