"""A TCP proxy between a client and a broker that does to the wire what networks do."""

import asyncio
import random
import socket
import struct
from typing import Self

UP, DOWN = "up", "down"  # towards the broker; towards the client
CUT = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing resets instead of saying goodbye


class Proxy:
    """Listens on ``port`` while entered; its faults hold for present and future connections.

    ``connections`` counts all that were ever made.
    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.connections = 0
        self._target_port = target_port
        self._swallowed: set[str] = set()
        self._corrupted: dict[str, tuple[float, random.Random]] = {}
        self._seconds = 0.0
        self._bytes_per_second = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.reset()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def swallow(self, *directions: str) -> None:
        """Bytes in these directions vanish; both is a partition. What was under way is lost."""
        self._swallowed |= set(directions)

    def corrupt(self, direction: str, chance: float = 1.0, seed: int = 0) -> None:
        """From now on a byte in this direction is, by this chance, another one."""
        self._corrupted[direction] = chance, random.Random(seed)

    def slow(self, seconds: float, bytes_per_second: float) -> None:
        """Bytes arrive so much later, and no more than so many; 0 is at once, and all."""
        self._seconds, self._bytes_per_second = seconds, bytes_per_second

    def heal(self) -> None:
        """Connections made from now on are sound; those that lost bytes are not, and are reset."""
        self._swallowed.clear()
        self._corrupted.clear()
        self.reset()

    def reset(self) -> None:
        """Every connection ends with a TCP reset."""
        for writer in self._writers:
            if not writer.is_closing():
                connection: socket.socket = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CUT)
            writer.transport.abort()
        self._writers.clear()

    async def _connected(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        try:
            from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            to_client.transport.abort()
            return
        self.connections += 1
        self._writers |= {to_client, to_broker}
        for direction, source, sink in (
            (UP, from_client, to_broker),
            (DOWN, from_broker, to_client),
        ):
            pump = asyncio.create_task(self._pump(direction, source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self, direction: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await source.read(1 << 16):
                if direction in self._swallowed:
                    continue
                if direction in self._corrupted:
                    data = _corrupted(data, *self._corrupted[direction])
                if self._bytes_per_second:
                    await asyncio.sleep(len(data) / self._bytes_per_second)
                if self._seconds:
                    loop = asyncio.get_running_loop()
                    loop.call_later(self._seconds, _write, sink, data)
                    continue
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


def _corrupted(data: bytes, chance: float, by: random.Random) -> bytes:
    return bytes(byte ^ 0x55 if by.random() < chance else byte for byte in data)


def _write(sink: asyncio.StreamWriter, data: bytes) -> None:
    if not sink.is_closing():
        sink.write(data)
