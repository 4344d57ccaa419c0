"""Whoever presses Ctrl-C is asked, where somebody can answer."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator

import pytest

from trialmq.cli.elsewhere import _leave_it_running


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard input and error; what is written here is typed there."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as stdin, os.fdopen(os.dup(theirs), "w") as stderr:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stderr", stderr)
        yield ours
    os.close(ours)


@pytest.mark.parametrize(
    ("typed", "left"), [("\n", True), ("y\n", True), ("n\n", False), ("No\n", False)], ids=repr
)
async def test_the_study_goes_on_unless_the_answer_is_no(
    keyboard: int, typed: str, left: bool
) -> None:
    os.write(keyboard, typed.encode())
    assert await _leave_it_running() is left
    assert "leave it running? [Y/n]" in os.read(keyboard, 200).decode()


async def test_another_ctrl_c_lets_it_go_on(keyboard: int) -> None:
    asking = asyncio.create_task(_leave_it_running())
    while b"[Y/n]" not in await asyncio.to_thread(os.read, keyboard, 200):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    assert await asking is True


async def test_without_a_terminal_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert await _leave_it_running() is True
    assert capsys.readouterr().err == ""
