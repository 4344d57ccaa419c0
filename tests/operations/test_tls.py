"""``deploy/rabbitmq.conf`` and what `trialmq broker init` prints, on a real node with TLS only."""

import json
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_connection

import pytest

from schema.brokers.address import BrokerAddress
from schema.brokers.connecting import connect
from schema.errors import BrokerError
from schema.identity import runner_party, runners_inbox
from schema.secrets import Secret
from tests.certificates import Certificates, Signed
from tests.rabbitmq_node import RabbitMQNode, installed_home, is_start
from trialmq.cli.main import main

DEPLOYED = Path(__file__).parents[2] / "deploy" / "rabbitmq.conf"


class DeployedNode(RabbitMQNode):
    """A node that is set up as docs/security.md tells it, but for its paths and its port."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(home, folder)
        self.secrets = folder / "secrets"
        self.definitions = folder / "definitions.json"

    def _configuration(self) -> str:
        files = self.certificates
        text = DEPLOYED.read_text()
        for path, own in {
            "/etc/rabbitmq/tls/ca.pem": files.authority,
            "/etc/rabbitmq/tls/server.pem": files.server.certificate,
            "/etc/rabbitmq/tls/server.key": files.server.key,
            "/etc/rabbitmq/definitions.json": self._folder / "definitions.json",
            "listeners.ssl.default = 5671": f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
        }.items():
            assert path in text
            text = text.replace(path, str(own))
        return text

    def _answers(self) -> bool:
        context = ssl.create_default_context(cafile=str(self.certificates.authority))
        context.load_cert_chain(*self.certificates.client)
        with (
            suppress(OSError),
            create_connection(("127.0.0.1", self.tls_port), 1) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as probe,
        ):
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return is_start(probe.recv(8))
        return False

    def address(self, *, authority: Path | None = None, shown: Signed | None) -> BrokerAddress:
        """The node as the runner gpu1 reaches it, showing this certificate."""
        return BrokerAddress(
            host="localhost",
            port=self.tls_port,
            user="gpu1",
            password=Secret((self.secrets / "gpu1.secret").read_text().strip()),
            vhost="trialmq",
            tls=True,
            cafile=str(authority or self.certificates.authority),
            certfile=str(shown.certificate) if shown else "",
            keyfile=str(shown.key) if shown else "",
        )


@pytest.fixture(scope="module")
def deployed(
    rabbitmq: RabbitMQNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DeployedNode]:
    """The node, running; the shared one only says that the server is installed."""
    home = installed_home()
    assert home is not None
    node = DeployedNode(home, tmp_path_factory.mktemp("deployed"))
    with pytest.MonkeyPatch.context() as patch, node.definitions.open("w") as out:
        patch.setattr("sys.stdout", out)
        words = ["--runner", "gpu1", "--format", "definitions", "--secrets-dir", str(node.secrets)]
        assert main(["broker", "init", *words]) == 0
    with node:
        yield node


async def refusal(address: BrokerAddress) -> str:
    with pytest.raises(BrokerError) as caught:
        async with connect(address, runner_party("gpu1")):
            pass
    return str(caught.value)


async def test_a_runner_with_its_certificate_and_secret_reaches_its_inbox(
    deployed: DeployedNode,
) -> None:
    address = deployed.address(shown=deployed.certificates.client)
    async with connect(address, runner_party("gpu1")) as broker:
        assert await broker.publish(runners_inbox(), b"hello")


async def test_without_a_certificate_nobody_is_let_in(deployed: DeployedNode) -> None:
    said = await refusal(deployed.address(shown=None))
    assert "certificate" in said
    assert "certfile" in said


async def test_a_certificate_that_has_expired_is_refused(deployed: DeployedNode) -> None:
    said = await refusal(deployed.address(shown=deployed.certificates.expired))
    assert "certificate" in said
    assert "expired" in said


async def test_a_broker_that_another_authority_vouches_for_is_not_trusted(
    deployed: DeployedNode, tmp_path: Path
) -> None:
    other = Certificates(tmp_path)
    said = await refusal(
        deployed.address(authority=other.authority, shown=deployed.certificates.client)
    )
    assert "not trusted" in said
    assert "cafile" in said


async def test_a_certificate_of_another_authority_is_refused(
    deployed: DeployedNode, tmp_path: Path
) -> None:
    said = await refusal(deployed.address(shown=Certificates(tmp_path).client))
    assert "certificate" in said


async def test_a_wrong_secret_is_refused_behind_a_right_certificate(
    deployed: DeployedNode,
) -> None:
    right = deployed.address(shown=deployed.certificates.client)
    wrong = BrokerAddress(
        **{f: getattr(right, f) for f in right.__struct_fields__} | {"password": Secret("guess")}
    )
    assert "does not accept this password" in await refusal(wrong)


def test_there_is_no_user_but_those_of_the_definitions(deployed: DeployedNode) -> None:
    users = deployed.ctl("list_users", "--no-table-headers").split("\n")
    assert {line.partition("\t")[0] for line in users if line} == {"orchestrator", "gpu1"}


def test_doctor_says_that_it_is_private(
    deployed: DeployedNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = deployed.certificates
    url = f"amqps://gpu1@localhost:{deployed.tls_port}/trialmq?cafile={files.authority}"
    url += f"&certfile={files.client.certificate}&keyfile={files.client.key}"
    words = ["--only", "broker", "--broker", url, "--json", str(tmp_path / "found")]
    assert (
        main(["doctor", *words, "--broker-password-file", str(deployed.secrets / "gpu1.secret")])
        == 0
    )
    findings = json.loads((tmp_path / "found").read_text())["findings"]
    privacy = [f["found"] for f in findings if f["subject"] == "broker: privacy"]
    assert privacy == ["TLS, with a certificate of our own"]
