"""A broker that `trialmq broker init` set up on the tests' node, and who may connect to it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema.brokers.address import BrokerAddress
from schema.secrets import Secret
from tests.rabbitmq_node import RabbitMQNode
from trialmq.cli.main import main

VHOST = "fleet"
ORCHESTRATOR, RUNNER, OTHER_RUNNER, CLIENT = "fleet-main", "gpu.7", "gpu-7", "alice"
USERS = (ORCHESTRATOR, RUNNER, OTHER_RUNNER, CLIENT)
NAMES = ["--vhost", VHOST, "--user", ORCHESTRATOR, "--client", CLIENT]
NAMES += ["--runner", RUNNER, "--runner", OTHER_RUNNER]


class Fleet:
    """A virtual host with its users, and how `trialmq broker init` reaches its node."""

    def __init__(self, node: RabbitMQNode, folder: Path) -> None:
        self.node = node
        self.secrets = folder / "secrets"
        self.rabbitmqctl = folder / "rabbitmqctl"
        exports = "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in node._environment.items()
        )
        program = shlex.join([str(node._home / "sbin" / "rabbitmqctl"), "-n", node._name])
        self.rabbitmqctl.write_text(f'#!/bin/sh\n{exports}exec {program} "$@"\n')
        self.rabbitmqctl.chmod(0o700)

    def init(self, *options: str) -> int:
        """Run `trialmq broker init` for this fleet; its exit code."""
        program = ["--rabbitmqctl", str(self.rabbitmqctl)]
        return main(["broker", "init", *NAMES, *program, *options])

    def apply(self) -> int:
        """Run it so that everything is there, the secrets in files."""
        return self.init("--apply", "--secrets-dir", str(self.secrets))

    def url(self, user: str) -> str:
        """The address of this virtual host, without the secret."""
        return f"amqp://{user}@127.0.0.1:{self.node.port}/{VHOST}"

    def secret_file(self, user: str) -> Path:
        """Where the secret of ``user`` is."""
        return self.secrets / f"{user}.secret"

    def address(self, user: str) -> BrokerAddress:
        """The node as ``user`` reaches it."""
        return BrokerAddress(
            host="127.0.0.1",
            port=self.node.port,
            user=user,
            password=Secret(self.secret_file(user).read_text().strip()),
            vhost=VHOST,
        )

    def remove(self) -> None:
        """The node is as it was before."""
        for user in USERS:
            self.node.ctl("delete_user", user)
        self.node.ctl("delete_vhost", VHOST)


@pytest.fixture(scope="package")
def fleet(rabbitmq: RabbitMQNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A broker that is set up as `trialmq broker init --apply` leaves it."""
    made = Fleet(rabbitmq, tmp_path_factory.mktemp("fleet"))
    assert made.apply() == 0
    yield made
    made.remove()
