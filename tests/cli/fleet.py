"""``trialmq serve`` and its runners in processes of their own, on the tests' own RabbitMQ.

A test waits for what a process says, not for time: each line of its standard error is kept as it
comes, and `says` returns with the first one that fits.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

PATIENCE_SECONDS = 40.0
ROOT = Path(__file__).parents[2]


class Process:
    """One command; its standard error is read all the time."""

    def __init__(
        self,
        words: tuple[str, ...],
        cwd: Path,
        url: str,
        *,
        module: str = "trialmq",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.words = words
        self._lines: list[str] = []
        self._came = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TRIALMQ_BROKER_URL": url,
                **(environment or {}),
            },
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._came:
                self._lines.append(line)
                self._came.notify_all()
        with self._came:
            self._came.notify_all()

    @property
    def said(self) -> str:
        """Everything so far."""
        return "".join(self._lines)

    def says(self, pattern: str, *, times: int = 1) -> re.Match[str]:
        """Returns when so many lines fitted; fails when the process ends before."""

        def found() -> list[re.Match[str]]:
            return [match for line in self._lines if (match := re.search(pattern, line))]

        with self._came:
            self._came.wait_for(
                lambda: len(found()) >= times or not self._reader.is_alive(), PATIENCE_SECONDS
            )
            matches = found()
        assert len(matches) >= times, f"{' '.join(self.words)} did not say {pattern}:\n{self.said}"
        return matches[times - 1]

    def ends(self) -> int:
        """Its exit code, when it has ended by itself."""
        code = self.process.wait(PATIENCE_SECONDS)
        self._reader.join()
        return code

    def output(self) -> str:
        """Its standard output, when it has ended."""
        assert self.process.stdout is not None
        text = self.process.stdout.read()
        self.ends()
        return text

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """As the kernel or a power failure would."""
        self.process.kill()
        self.process.wait()


class Fleet:
    """Processes that share a broker and, by a name of their own, an orchestrator."""

    def __init__(self, url: str, folder: Path, name: str) -> None:
        self.url = url
        self.name = name
        self.folder = folder
        self.database = folder / "studies.db"
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.process.kill()
        for process in self._processes:
            process.process.wait()

    def start(self, *words: str) -> Process:
        """Any command."""
        process = Process(words, self.folder, self.url)
        self._processes.append(process)
        return process

    def serve(self, *words: str) -> Process:
        """The orchestrator."""
        return self.start("serve", "--name", self.name, "--db", str(self.database), *words)

    def runner(self, name: str, objective: str, *words: str) -> Process:
        """A runner of one slot."""
        common = ["--orchestrator", self.name, "--state-dir", str(self.folder / name)]
        allowed = ["--allow", objective, "--slots", "1", "--devices", "cpu"]
        return self.start("runner", "--name", name, *allowed, *common, *words)

    def ask(self, *words: str) -> Process:
        """A command of a client."""
        return self.start(*words, "--connect", "env", "--orchestrator", self.name)
