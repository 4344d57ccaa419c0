"""Where a service listens: an address, and its sockets, open before anything else is started.

From then on whoever connects only waits until he is served; nothing of the web is loaded for it.
"""

import errno
import socket
from ipaddress import ip_address
from typing import Any

import msgspec

from schema.errors import WrongInput

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8484
PORTS_TRIED = 100
STALLED_MILLISECONDS = 60_000
"""A peer that takes nothing for so long is given up by the kernel, whatever waits for it."""


class Busy(WrongInput):
    """Another process listens there."""


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """An address; with ``or_next`` one of the ports after it where others have it already.

    Port 0 is one that the system chooses.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    or_next: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str, option: str = "--listen") -> Listen:
    """``8484``, ``0.0.0.0:8484``, ``[::1]:8484`` or ``name:8484``.

    Raises:
        WrongInput: it is something else.
    """
    host, colon, port = text.strip().rpartition(":")
    named = host.removeprefix("[").removesuffix("]") if colon else DEFAULT_HOST
    number = int(port) if port.isdecimal() and port.isascii() else -1
    if not named or not 0 <= number <= 65535 or (":" in named and not host.startswith("[")):
        raise WrongInput(f"{option} {text}: write HOST:PORT or PORT, as 127.0.0.1:{DEFAULT_PORT}")
    return Listen(host=named, port=number)


def is_local(listen: Listen) -> bool:
    """Can only this machine reach the address?

    Raises:
        WrongInput: the host's name means nothing here.
    """
    return all(ip_address(where[0]).is_loopback for _, where in _resolved(listen))


def bind(listen: Listen) -> socket.socket:
    """A socket that listens there.

    Raises:
        Busy: every port that may be is another process's.
        WrongInput: it is no address of this machine, or the port is not for us.
    """
    family, where = _resolved(listen)[0]
    last = min(listen.port + PORTS_TRIED, 65536) if listen.or_next else listen.port + 1
    for port in range(listen.port, last):
        try:
            return _bound(family, (where[0], port, *where[2:]))
        except Busy:
            if port == last - 1:
                raise
    raise AssertionError


def _bound(family: socket.AddressFamily, where: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections have it of their listener
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MILLISECONDS)
        listener.bind(where)
        listener.listen(128)
    except OSError as error:
        listener.close()
        address = Listen(host=where[0], port=where[1])
        if error.errno == errno.EADDRINUSE:
            raise Busy(f"{address} is in use by another process") from error
        raise WrongInput(f"cannot listen at {address}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


def _resolved(listen: Listen) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    try:
        found = socket.getaddrinfo(
            listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise WrongInput(f"cannot listen at {listen}: {error.strerror}") from error
    return [(family, address) for family, _, _, _, address in found]
