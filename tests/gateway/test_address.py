"""Addresses of services, and the tokens that go with them; where to listen."""

import socket
from pathlib import Path

import pytest

from orchestrator.client.gateway_address import GatewayAddress, gateway_address, read_token
from orchestrator.gateway.listening import Busy, Listen, bind, is_local, parse_listen
from schema.errors import GatewayError, WrongInput
from schema.secrets import Secret
from trialmq.running_service import announced, running_service

TOKEN = "the-token-of-the-tests"


def test_a_token_is_taken_from_where_nobody_else_sees_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    environ = {"TRIALMQ_TOKEN": TOKEN}
    expected = GatewayAddress(url="ws://h:8484", token=Secret(TOKEN))
    assert gateway_address("http://h:8484/", {}, token_file=file) == expected
    assert gateway_address("ws://h:8484", environ) == expected
    assert gateway_address(f"ws://h:8484?token={TOKEN}", {}, private=True) == expected
    assert gateway_address("ws://h:8484", {}, token=TOKEN) == expected
    assert TOKEN not in f"{expected!r} {expected}"
    file.chmod(0o640)
    with pytest.raises(WrongInput, match="can be read by others"):
        gateway_address("ws://h:8484", {}, token_file=file)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"ws://h:8484?token={TOKEN}", "a token on the command line can be seen"),
        ("ws://h:x", "this is no URL"),
        ("ws://:8484", "names no service"),
        ("ws://alice:secret@h", "a service has no users"),
        ("ws://h?cafile=ca.pem", "cafile is for TLS"),
        ("wss://h?colour=red", "no 'colour'"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_a_secret(url: str, said: str) -> None:
    with pytest.raises(GatewayError, match=said) as caught:
        gateway_address(url, {})
    assert TOKEN not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_token_that_no_header_can_carry_is_refused() -> None:
    for token in ("two words", "line\nbreak", "ключ"):
        with pytest.raises(GatewayError, match="printable characters"):
            read_token({}, token=token)


def test_where_to_listen() -> None:
    assert parse_listen("8484") == Listen(host="127.0.0.1", port=8484)
    assert parse_listen("[::1]:80") == Listen(host="::1", port=80)
    assert is_local(parse_listen("localhost:1"))
    assert not is_local(parse_listen("0.0.0.0:1"))
    for wrong in ("", "x", ":80", "::1:80", "h:70000", "h:-1"):
        with pytest.raises(WrongInput, match="write HOST:PORT or PORT"):
            parse_listen(wrong)


def test_a_port_that_is_taken_is_refused_or_the_next_one_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Busy, match=f"127.0.0.1:{port} is in use by another process"):
            bind(Listen(port=port))
        with bind(Listen(port=port, or_next=True)) as next_one:
            assert next_one.getsockname()[1] > port


def test_a_service_is_found_by_its_database_while_it_lives(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    file = tmp_path / "t.db.service"
    address = GatewayAddress(url="ws://127.0.0.1:1", token=Secret(TOKEN))
    database.touch()
    with announced(database, address):
        assert running_service(database) == address
        assert file.stat().st_mode & 0o777 == 0o600
        left_behind = file.read_bytes()
    assert not file.exists()
    assert running_service(database) is None
    file.write_bytes(left_behind)  # as a process leaves it that was killed
    assert running_service(database) is None
    with announced(tmp_path / "not there" / "t.db", address):
        pass
