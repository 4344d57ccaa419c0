"""What befalls credentials in the middle of a run: a password, a user, a certificate."""

import asyncio
import re
import shutil

from tests.chaos.arena import Arena
from tests.chaos.enlisting import enlist
from tests.chaos.fleet import Fleet
from tests.chaos.matrix import case
from tests.chaos.oracle import truth_lines
from tests.chaos.outage import begin, unbroken
from tests.rabbitmq_node import RabbitMQNode

BACK_SECONDS = 10.0
SOON_SECONDS = 10.0
RUNNER = "gpu1"


class Enlisted(Fleet):
    """A fleet whose runner is a user of the broker with the rights of a runner, and no more."""

    def url(self, name: str) -> str:
        if name != RUNNER:
            return super().url(name)
        user = self.user
        return f"amqp://{user}:{user}@127.0.0.1:{self.arena.node.port}"

    @property
    def user(self) -> str:
        return f"{self.name}-{RUNNER}"


@case("54", "password changed, user deleted, permission taken away in the middle of a run")
async def revoked(arena: Arena) -> None:
    """The runner says within 10 s which it is, trains on, and goes on when it is put right."""
    node = arena.node
    fleet = Enlisted(arena, runners=1, objectives=("long",))
    await asyncio.to_thread(enlist, node, RUNNER, fleet.name)
    async with fleet:
        await fleet.study(10)
        user = fleet.user
        for what, sentence in (
            ("password", "does not accept this password for the user"),
            ("user", "does not accept this password for the user"),
            ("rights", "lacks the .* permission|may not enter it"),
        ):
            await begin(fleet, 1)
            said, lines = len(fleet.processes[RUNNER].said), len(truth_lines(fleet.truth))
            await asyncio.to_thread(_revoke, node, user, what)
            arena.injected(f"{what} revoked")
            await _says_since(fleet, said, sentence)
            arena.expect(len(truth_lines(fleet.truth)) > lines, "the training stood still")
            await asyncio.to_thread(_restore, node, user, what, fleet.name)
            fleet.fault(count=False)
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


async def _says_since(fleet: Fleet, said: int, sentence: str) -> None:
    """Returns when the runner has written it after its first ``said`` characters."""
    runner = fleet.processes[RUNNER]
    await fleet.until(
        lambda: re.search(sentence, runner.said[said:]), f"it says {sentence!r}", SOON_SECONDS
    )


def _revoke(node: RabbitMQNode, user: str, what: str) -> None:
    match what:
        case "password":
            node.ctl("change_password", user, "another")
        case "user":
            node.ctl("delete_user", user)
        case _:
            node.ctl("clear_permissions", user)
    node.ctl("close_all_user_connections", user, "revoked")


def _restore(node: RabbitMQNode, user: str, what: str, orchestrator: str) -> None:
    if what == "password":
        node.ctl("change_password", user, user)
        return
    if what == "rights":
        node.ctl("delete_user", user)
    enlist(node, RUNNER, orchestrator)


class Encrypted(Fleet):
    """A fleet whose runner speaks TLS with the broker."""

    def url(self, name: str) -> str:
        if name != RUNNER:
            return super().url(name)
        files = self.arena.node.certificates
        mine = f"certfile={files.client.certificate}&keyfile={files.client.key}"
        place = f"localhost:{self.arena.node.tls_port}"
        return f"amqps://guest:guest@{place}?cafile={files.authority}&{mine}"


@case("54.1", "broker's certificate expires in the middle of a run", alone=True)
async def expired(arena: Arena) -> None:
    """The runner says so within 10 s, trains on, and goes on when there is a new certificate."""
    node = arena.node
    files = node.certificates
    good = arena.folder / "good.pem", arena.folder / "good.key"
    for file, copy in zip(files.server, good, strict=True):
        shutil.copy(file, copy)
    async with Encrypted(arena, runners=1, objectives=("long",)) as fleet:
        await fleet.study(3)
        await begin(fleet, 1)
        said, lines = len(fleet.processes[RUNNER].said), len(truth_lines(fleet.truth))
        try:
            await asyncio.to_thread(_certify, node, *files.expired)
            arena.injected("expired certificate")
            await _says_since(fleet, said, "certificate has expired")
            arena.expect(len(truth_lines(fleet.truth)) > lines, "the training stood still")
        finally:
            await asyncio.to_thread(_certify, node, *good)
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


def _certify(node: RabbitMQNode, certificate: object, key: object) -> None:
    """Give the broker this certificate, and have everybody who speaks TLS connect anew."""
    shutil.copy(str(certificate), node.certificates.server.certificate)
    shutil.copy(str(key), node.certificates.server.key)
    node.ctl("eval", "ssl:clear_pem_cache().")
    closing = (
        '[rabbit_networking:close_connection(proplists:get_value(pid, C), <<"renewed">>) '
        "|| C <- rabbit_networking:connection_info_all([pid, ssl]), proplists:get_value(ssl, C)]."
    )
    node.ctl("eval", closing)
