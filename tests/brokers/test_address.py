"""Where a broker's address comes from, and that its password is never shown."""

import sys
from pathlib import Path

import pytest

from schema.brokers.address import BrokerAddress, broker_address
from schema.brokers.connecting import connect
from schema.errors import BrokerError
from schema.secrets import Secret

PASSWORD = {"TRIALMQ_BROKER_PASSWORD": "s3cret"}


def address(url: str | None, environ: dict[str, str] = PASSWORD) -> BrokerAddress:
    found = broker_address(url, environ)
    assert found is not None
    return found


def private(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "broker"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_url_is_read_whole() -> None:
    url = "amqps://gpu%401@[::1]:5999/team%2Fa?cafile=ca.pem&certfile=me.pem&keyfile=me.key"
    assert address(url) == BrokerAddress(
        host="::1",
        port=5999,
        user="gpu@1",
        password=Secret("s3cret"),
        vhost="team/a",
        tls=True,
        cafile="ca.pem",
        certfile="me.pem",
        keyfile="me.key",
    )


@pytest.mark.parametrize(
    ("url", "port", "vhost"),
    [
        ("amqp://host", 5672, "/"),
        ("amqp://host/", 5672, "/"),
        ("amqps://host/%2F", 5671, "/"),
        ("amqp://host:1/trialmq", 1, "trialmq"),
    ],
)
def test_what_a_url_leaves_out_is_what_brokers_use(url: str, port: int, vhost: str) -> None:
    found = address(url)
    assert (found.host, found.port, found.vhost, found.user) == ("host", port, vhost, "guest")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("localhost:5672", "--broker: a broker's URL begins with amqp:// or amqps://"),
        ("http://host", "begins with amqp:// or amqps://"),
        ("amqp://", "names no host"),
        ("amqp://host:port/", "this is no URL"),
        ("amqp://[::1/", "this is no URL"),
        ("amqp://host?cafile=ca.pem", "cafile is for TLS; write amqps://"),
        ("amqps://host?certfile=me.pem", "certfile and keyfile are given together"),
        ("amqps://host?verify=no", "takes cafile, certfile, keyfile, and no 'verify'"),
        ("amqp://user:pw@host", "can be seen by every user of this machine"),
    ],
)
def test_a_wrong_url_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(BrokerError) as caught:
        address(url)
    assert sentence in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_user_needs_a_password() -> None:
    with pytest.raises(BrokerError, match="no password for the user 'gpu1'"):
        address("amqp://gpu1@host", {})


def test_the_command_line_comes_before_the_file_and_the_file_before_the_environment(
    tmp_path: Path,
) -> None:
    environ = {"TRIALMQ_BROKER_URL": "amqp://user:pw@from-environment"}
    file = private(tmp_path, "amqp://user:pw@from-file\n")
    by_url = broker_address("amqp://from-url", environ, file=file)
    by_file = broker_address(None, environ, file=file)
    by_environment = broker_address(None, environ)
    found = [a.host for a in (by_url, by_file, by_environment) if a is not None]
    assert found == ["from-url", "from-file", "from-environment"]
    assert broker_address(None, {}) is None


def test_a_password_comes_from_its_own_file(tmp_path: Path) -> None:
    found = broker_address("amqp://u@host", PASSWORD, password_file=private(tmp_path, "filed\n"))
    assert found is not None
    assert found.password.reveal() == "filed"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path, "amqp://user:pw@host", mode)
    with pytest.raises(BrokerError, match=f"run: chmod 600 {file}"):
        broker_address(None, {}, file=file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="absent cannot be read"):
        broker_address(None, {}, file=tmp_path / "absent")


def test_a_password_is_never_shown() -> None:
    found = address("amqp://gpu1@host/v")
    assert str(found) == "amqp://gpu1@host:5672/v"
    shown = (str(found), repr(found), f"{found!r}", repr(found.password), str(found.password))
    assert not [text for text in shown if "s3cret" in text]


def test_a_missing_library_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in [name for name in sys.modules if name.startswith("schema.brokers.")]:
        if module.rpartition(".")[2] in {"rabbitmq", "connection", "link", "publishing"} | {
            "consuming"
        }:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "aio_pika", None)
    with pytest.raises(BrokerError, match=r"pip install 'trialmq\[amqp\]'"):
        connect(address("amqp://host"), "r.gpu1")
