"""``trialmq run`` and ``train`` as processes that listen: found, asked and edited from outside."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trialmq as tq
from orchestrator.client.client import Client
from schema.errors import GatewayError, StoreError
from trialmq.cli.main import main

ROOT = Path(__file__).parents[2]
LIVE = ROOT / "tests" / "cli" / "live_objectives.py"


class Terminal:
    """A folder in which commands run, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that runs meanwhile; both its outputs are its output."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRIALMQ_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "trialmq", *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )
        self._started.append(process)
        return process

    def __call__(self, *words: str) -> tuple[int, str]:
        """A command that ends: its exit code and what it said."""
        process = self.start(*words)
        said, _ = process.communicate()
        return process.returncode, said

    def close(self) -> None:
        """Nothing that was started goes on."""
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def says(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Returns with the first line of its output that fits."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match
        said += line
    raise AssertionError(f"it ended and did not say {pattern}:\n{said}")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in an empty folder."""
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


def training(terminal: Terminal, *words: str) -> tuple[subprocess.Popen[str], str]:
    """A training ``live`` that has reported, and where it listens."""
    start = ("train", f"{LIVE}:train", "--session", "live", "--set", "training.rate=0.002")
    train = terminal.start(*start, *words)
    url = says(train, "listening at (.*)")[1]
    says(train, "step ")
    return train, url


def test_a_training_is_edited_from_a_second_terminal_with_nothing_else_given(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train, url = training(terminal, "--new-token")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=\S{32}", url)

    code, said = terminal("session", "apply", "live", "training.rate=0.0003")
    assert code == 0, said
    assert re.search(r"training\.rate 0\.002 → 0\.0003 applied at step \d+", said)
    monkeypatch.chdir(terminal.folder)
    for variable in ("TRIALMQ_TOKEN", "TRIALMQ_BROKER_URL", "TRIALMQ_DB"):
        monkeypatch.delenv(variable, raising=False)
    assert main(["profile", "save", "mine", "--from", "live:0"]) == 0
    assert main(["trials", "--connect", url.partition("?")[0]]) == 2
    assert "refuses the token, or wants one" in capsys.readouterr().err

    (terminal.folder / "end").touch()
    says(train, "session live is complete, revision 1: score 3e-4")
    assert train.wait() == 0
    assert main(["session", "list"]) == 0
    assert "session live: complete, attempt 1" in capsys.readouterr().out
    assert main(["runners"]) == 2
    assert "no service runs here on trialmq.db" in capsys.readouterr().err


async def test_a_notebook_follows_what_was_started_in_a_terminal(terminal: Terminal) -> None:
    train, url = await asyncio.to_thread(training, terminal)

    async def looks(client: Client) -> str:
        assert (await client.trial("live", 0)).curve
        return (await client.service()).database

    async with (
        tq.connect(url) as a,
        tq.connect(url.replace("http", "ws"), client="bob") as b,
        tq.connect(terminal.folder / "trialmq.db") as c,
        tq.connect(url) as d,
    ):
        seen = await asyncio.gather(*(looks(client) for client in (a, b, c, d)))
        assert set(seen) == {"trialmq.db"}
        made = await b.apply("live", {"training.rate": 0.01})
        assert (await a.settled("live", made.number)).author == "bob"
    (terminal.folder / "end").touch()
    assert await asyncio.to_thread(train.wait) == 0
    with pytest.raises(GatewayError, match="cannot be reached"):
        async with tq.connect(url):
            pass
    async with tq.connect(terminal.folder / "trialmq.db") as client:
        assert (await client.trial("live", 0)).trial.metrics == {"score": 0.01, "width": 4.0}


async def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        async with tq.connect(tmp_path / "none.db"):
            pass
    assert not (tmp_path / "none.db").exists()


def test_a_busy_port_is_said_and_the_run_goes_on(terminal: Terminal) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, said = terminal("run", f"{LIVE}:quick", "--trials", "2", "--listen", port)
    assert code == 0, said
    assert f"not listening: 127.0.0.1:{port} is in use by another process" in said


def test_a_run_that_does_not_listen_is_said_to_whoever_wants_to_change_it(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    train = terminal.start("train", f"{LIVE}:train", "--session", "live", "--no-listen")
    says(train, "step ")
    assert not (terminal.folder / "trialmq.db.service").exists()
    assert main(["profile", "delete", "none", "--db", str(terminal.folder / "trialmq.db")]) == 2
    assert "that does not listen here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--listen", "0.0.0.0:0"], "other machines can reach that, so it needs a token"),
        (["--listen", "nonsense"], "--listen nonsense: write HOST:PORT or PORT"),
        (["--no-listen", "--new-token"], "--no-listen: that goes with no other option"),
        (["--token-file", "short"], "the token has less than 16 characters"),
        (["--listen", "1", "--connect", "ws://127.0.0.1:1"], "with --connect nothing runs here"),
        (["--connect", "ws://127.0.0.1:1"], "ws://127.0.0.1:1 cannot be reached"),
        (["--connect", "amqp://127.0.0.1:1", "--token-file", "short"], "a token is for ws://"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_would_be_unsafe_or_wrong_is_refused_before_anything_starts(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIALMQ_TOKEN", raising=False)
    Path("short").write_text("short")
    Path("short").chmod(0o600)
    assert main(["run", f"{LIVE}:quick", "--quiet", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("trialmq.db").exists()
