"""Whoever presses Ctrl-C is asked, where somebody can answer."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trialmq.cli.elsewhere import _leave_it_running


@contextmanager
def terminal() -> Iterator[int]:
    """A terminal as standard input and error; what is written to this is typed there.

    No fixture: pytest sets both anew between a fixture and its test.
    """
    ours, theirs = os.openpty()
    with (
        os.fdopen(theirs) as stdin,
        os.fdopen(os.dup(theirs), "w") as stderr,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stderr", stderr)
        yield ours
    os.close(ours)


@pytest.mark.parametrize(
    ("typed", "left"), [("\n", True), ("y\n", True), ("n\n", False), ("No\n", False)], ids=repr
)
async def test_the_study_goes_on_unless_the_answer_is_no(typed: str, left: bool) -> None:
    with terminal() as keyboard:
        os.write(keyboard, typed.encode())
        assert await _leave_it_running() is left


async def test_another_ctrl_c_lets_it_go_on() -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    with terminal() as keyboard:
        asking = asyncio.create_task(_leave_it_running())
        loop.add_reader(keyboard, asked.set)
        await asked.wait()
        loop.remove_reader(keyboard)
        assert "leave it running? [Y/n]" in os.read(keyboard, 200).decode()
        os.kill(os.getpid(), signal.SIGINT)
        assert await asking is True


async def test_without_a_terminal_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert await _leave_it_running() is True
    assert capsys.readouterr().err == ""
