"""Clients at a gateway: refused, bounded, dropped with a reason, there again after a restart."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from orchestrator.client.client import Client
from orchestrator.client.gateway_address import GatewayAddress
from orchestrator.client.websocket import WebSocketTransport
from orchestrator.gateway.connection import Bounds
from orchestrator.service.service import Service
from schema.codec import MESSAGE_BYTES, requests_codec
from schema.commands.service import GetService
from schema.errors import GatewayError
from schema.requests import Request
from schema.secrets import Secret
from tests.gateway.conftest import TOKEN, Doorway
from tests.orchestrator.scripted_runner import ScriptedRunner
from tests.orchestrator.serving import SPEC

PATIENCE_SECONDS = 60.0
BEARER = {"Authorization": f"Bearer {TOKEN.reveal()}"}
LARGE = b"x" * 4_000_000


def client_of(doorway: Doorway, name: str = "alice") -> Client:
    """With the right token."""
    return Client(WebSocketTransport(doorway.address, name), deadline=PATIENCE_SECONDS, repeat=0.1)


@asynccontextmanager
async def raw(doorway: Doorway, client: str = "alice") -> AsyncIterator[ClientConnection]:
    """A connection that does as it likes."""
    async with connect(
        f"{doorway.url}/client?client={client}",
        additional_headers=BEARER,
        max_size=None,
        max_queue=1,
        compression=None,
    ) as connection:
        yield connection


async def closed(connection: ClientConnection) -> tuple[int, str]:
    """Code and reason with which the gateway closes a connection."""
    with pytest.raises(ConnectionClosedError) as caught:
        while True:
            await connection.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def request(number: int, client: str = "alice") -> bytes:
    """A question that is not asked again."""
    asked = Request(id=f"r{number}", client=client, instance="i", command=GetService())
    return requests_codec().encode(asked)


# ---------------------------------------------------------------------- who comes in


async def test_a_wrong_token_is_refused_at_once_and_so_is_none(doorway: Doorway) -> None:
    said = set()
    for token in (None, Secret("wrong"), Secret(TOKEN.reveal() + "x")):
        address = GatewayAddress(url=doorway.url, token=token)
        with pytest.raises(GatewayError, match="refuses the token, or wants one") as caught:
            async with Client(WebSocketTransport(address, "alice")):
                pass
        said.add(str(caught.value))
    assert len(said) == 1


async def test_nobody_there_is_said_at_once(doorway: Doorway) -> None:
    await doorway.close()
    with pytest.raises(GatewayError, match="cannot be reached: Connection refused"):
        async with client_of(doorway):
            pass


async def test_a_foreign_origin_and_a_wrong_name_are_refused(doorway: Doorway) -> None:
    for url, origin, status in (
        (f"{doorway.url}/client?client=alice", "http://evil.example", 403),
        (f"{doorway.url}/client?client=a/b", None, 400),
        (f"{doorway.url}/other?client=alice", None, 404),
    ):
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, origin=origin, additional_headers=BEARER)  # type: ignore[arg-type]
        assert caught.value.response.status_code == status


async def test_a_token_that_is_withdrawn_ends_the_waiting(doorway: Doorway) -> None:
    async with client_of(doorway) as client:
        await client.service()
        await doorway.close()
        doorway.token = Secret("a-new-token-of-the-tests")
        await doorway.open()
        with pytest.raises(GatewayError, match="refuses the token"):
            await client.service()


# ---------------------------------------------------------------------- what it may do


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"x" * (MESSAGE_BYTES + 1), 1009), (b"\xc1", 1007), (request(1, "bob"), 1007), ("{}", 1003)],
    ids=["too large", "garbage", "in another's name", "text"],
)
async def test_what_is_no_request_ends_the_connection_with_a_reason(
    doorway: Doorway, frame: bytes | str, code: int
) -> None:
    async with raw(doorway) as connection:
        await connection.send(frame)
        seen, reason = await closed(connection)
    assert seen == code
    assert reason
    async with client_of(doorway) as client:
        await client.service()


async def test_four_clients_ask_a_lot_at_once_and_hear_their_own_answers(doorway: Doorway) -> None:
    async with (
        client_of(doorway, "a") as a,
        client_of(doorway, "b") as b,
        client_of(doorway, "c") as c,
        client_of(doorway, "d") as d,
    ):
        clients = (a, b, c, d)
        asked = [
            client.service() if i % 2 else client.runners() for i in range(80) for client in clients
        ]
        answers = await asyncio.gather(*asked)
    assert [isinstance(answer, tuple) for answer in answers] == [
        i % 2 == 0 for i in range(80) for _ in clients
    ]


async def test_no_more_requests_are_taken_than_may_be_open(doorway: Doorway) -> None:
    taken: list[bytes] = []
    go = asyncio.Event()
    full = asyncio.Event()

    async def answer(body: bytes, party: str) -> bytes:
        taken.append(body)
        if len(taken) == 3:
            full.set()
        await go.wait()
        return body

    doorway.answer = answer
    await doorway.close()
    doorway.bounds = Bounds(open_requests=3)
    await doorway.open()
    async with raw(doorway) as connection:
        for number in (0, 0, 1, 2, 3, 4):  # the first is asked again while it is open
            await connection.send(request(number))
        await full.wait()
        async with connect(f"{doorway.url}/client?client=bob", additional_headers=BEARER):
            assert taken == [request(0), request(1), request(2)]
        go.set()
        assert {await connection.recv() for _ in range(5)} == {request(n) for n in range(5)}


async def test_who_does_not_read_is_dropped_with_a_reason_and_others_are_served(
    doorway: Doorway, caplog: pytest.LogCaptureFixture
) -> None:
    dropped = asyncio.Event()

    class Hears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            dropped.set()

    async def large(body: bytes, party: str) -> bytes:
        return LARGE

    served, doorway.answer = doorway.answer, large
    await doorway.close()
    doorway.bounds = Bounds(slow_seconds=0.5, waiting_bytes=3 * len(LARGE))
    await doorway.open()
    handler = Hears()
    logging.getLogger("orchestrator.gateway.app").addHandler(handler)
    try:
        async with raw(doorway, "slow") as connection:
            for number in range(16):
                await connection.send(request(number))
            await dropped.wait()
            doorway.answer = served
            async with client_of(doorway) as client:
                await client.service()
            code, reason = await closed(connection)
    finally:
        logging.getLogger("orchestrator.gateway.app").removeHandler(handler)
    assert code == 1008
    assert "answers were not taken for 0.5 s" in reason
    assert f"client slow is dropped: {reason}" in caplog.text


# ---------------------------------------------------------------------- there again


async def test_a_change_whose_answer_a_restart_swallowed_happens_once(
    doorway: Doorway, service: Service, runner: ScriptedRunner
) -> None:
    carried_out = asyncio.Event()

    async def swallow(body: bytes, party: str) -> bytes | None:
        await service.clients.answer(body, party)
        carried_out.set()
        await asyncio.Event().wait()
        return None

    async with client_of(doorway) as client:
        await client.create_study(SPEC)
        doorway.answer = swallow
        changing = asyncio.create_task(client.change_settings("s", {"weight": 2.0}, expected=1))
        await carried_out.wait()
        await doorway.close()
        doorway.answer = service.clients.answer
        await doorway.open()
        assert (await changing).version == 2  # a second execution would have been a conflict
        assert client.connected
