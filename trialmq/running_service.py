"""The file beside a database that says where its running service listens: ``NAME.db.service``.

So the commands of this machine find it by the database alone. Only the owner can read it, since
the token is in it; and the process that wrote it holds a lock on it for as long as it lives, so
what a killed one left behind is recognised.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from orchestrator.client.gateway_address import GatewayAddress
from schema.secrets import Secret


class _Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """What is written in the file; ``host`` is the machine that the URL is meant on."""

    process: int
    host: str
    url: str
    token: str | None


@contextmanager
def announced(database: Path, address: GatewayAddress) -> Iterator[None]:
    """While it is open, `running_service` finds this process at ``address``.

    Where the file cannot be written there is none, and nothing else is wrong.
    """
    token = None if address.token is None else address.token.reveal()
    said = _Announcement(
        process=os.getpid(), host=socket.gethostname(), url=address.url, token=token
    )
    file = _beside(database)
    new = file.with_name(f"{file.name}.{said.process}")
    with contextlib.ExitStack() as stack:
        try:
            new.unlink(missing_ok=True)  # in a folder of everybody, another's would be read by him
            opened = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            lock = stack.enter_context(os.fdopen(opened, "wb", buffering=0))
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(msgspec.json.encode(said))
            new.replace(file)
            stack.callback(file.unlink, missing_ok=True)
        except OSError:
            new.unlink(missing_ok=True)
        yield


def running_service(database: Path) -> GatewayAddress | None:
    """Where the service of this database listens on this machine; ``None`` if nowhere."""
    try:
        with _beside(database).open("rb") as file:
            owner = os.fstat(file.fileno()).st_uid
            if owner not in (os.geteuid(), database.stat().st_uid) or not _is_held(file.fileno()):
                return None
            said = msgspec.json.decode(file.read(), type=_Announcement)
    except (OSError, msgspec.MsgspecError):
        return None
    if said.host != socket.gethostname():
        return None
    token = None if said.token is None else Secret(said.token)
    return GatewayAddress(url=said.url, token=token)


def _beside(database: Path) -> Path:
    return database.with_name(f"{database.name}.service")


def _is_held(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
