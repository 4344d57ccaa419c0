"""A TCP proxy between a client and a broker that does to the wire what networks do."""

import asyncio
import socket
import struct
from typing import Self

UP, DOWN = "up", "down"  # towards the broker; towards the client
CUT = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing resets instead of saying goodbye


class Proxy:
    """Listens on ``port`` while entered; its faults hold for present and future connections."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._swallowed: set[str] = set()
        self._corrupted: set[str] = set()
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

    def corrupt(self, direction: str) -> None:
        """From now on every byte in this direction is another one."""
        self._corrupted.add(direction)

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
                    data = bytes(byte ^ 0x55 for byte in data)
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()
