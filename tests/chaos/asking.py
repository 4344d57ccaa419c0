"""Clients that ask much and read little: ``python -m tests.chaos.asking URL NAME STUDY``.

Each sends its questions at once; it is for whoever started this to freeze it before it reads all
the answers. It says so on standard output when everything is asked.
"""

import asyncio
import sys
import uuid
from contextlib import AsyncExitStack

from orchestrator.client.transport import BrokerTransport
from schema.brokers.address import BrokerAddress, broker_address
from schema.brokers.rabbitmq import RabbitMQBroker
from schema.codec import requests_codec
from schema.commands.trials import GetTrials
from schema.identity import client_party
from schema.requests import Request

CLIENTS = 10
QUESTIONS = 100


async def ask(address: BrokerAddress, orchestrator: str, study: str) -> None:
    """Ask it all, then wait for the end."""
    codec = requests_codec()
    async with AsyncExitStack() as stack:
        sending = []
        for number in range(CLIENTS):
            name, instance = f"client{number}", uuid.uuid4().hex
            broker = RabbitMQBroker(address, client_party(name))
            transport = BrokerTransport(await stack.enter_async_context(broker), name, orchestrator)
            await transport.open(instance, lambda body: None)
            for _ in range(QUESTIONS):
                request = Request(
                    id=uuid.uuid4().hex,
                    client=name,
                    instance=instance,
                    command=GetTrials(study=study),
                )
                sending.append(transport.send(codec.encode(request)))
        sent = await asyncio.gather(*sending)
        print(sum(sent), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    url, name, study = sys.argv[1:]
    to = broker_address(url, {}, option="chaos", private=True)
    assert to is not None
    asyncio.run(ask(to, name, study))
