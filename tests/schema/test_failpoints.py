"""Failpoints: each is at one place, is spelled as in the tests, and does what it says."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from schema.errors import WrongInput
from schema.failpoints import VARIABLE, Action, Failpoint

ROOT = Path(__file__).parents[2]
SHIPPED = ("schema", "orchestrator", "trial_runner", "trialmq", "webui")
NAME = re.compile(r"[a-z_]+(\.[a-z_]+)+")


def failpoints_in(folders: tuple[str, ...], written: str) -> Counter[str]:
    """The names in the source of ``folders`` for which ``written`` has one group."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    found = (re.findall(written, file.read_text("utf-8")) for file in files)
    return Counter(name for names in found for name in names)


PLACES = failpoints_in(SHIPPED, r"(?<!`)\breach\(\"([^\"]+)\"\)")
USED = failpoints_in(("tests",), r"\"([a-z_]+\.[a-z_.]+)(?::\d+)?:(?:kill|stop|delay|enospc)\"")


def test_each_failpoint_is_at_one_place_and_named_alike() -> None:
    assert PLACES
    assert {name: times for name, times in PLACES.items() if times != 1} == {}
    assert [name for name in PLACES if not NAME.fullmatch(name)] == []


def test_no_test_breaks_a_process_at_a_place_that_is_not_there() -> None:
    assert set(USED) - set(PLACES) - {"some.place"} == set()


def after(failpoint: str, *reached: str) -> "subprocess.CompletedProcess[str]":
    """A process that comes by some places, and counts them."""
    code = "from schema.failpoints import reach\n"
    code += "".join(f"reach({name!r})\nprint({name!r}, flush=True)\n" for name in reached)
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, VARIABLE: failpoint},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_process_is_killed_at_the_nth_time_it_comes_by() -> None:
    run = after("some.place:2:kill", "some.place", "another", "some.place", "another")
    assert run.returncode == -signal.SIGKILL
    assert run.stdout.split() == ["some.place", "another"]


def test_a_disk_that_is_full_stays_full() -> None:
    run = after("some.place:enospc", "another", "some.place")
    assert "OSError: [Errno 28] No space left on device" in run.stderr
    assert run.stdout.split() == ["another"]


@pytest.mark.parametrize(
    "text", ["a", "a:b", ":kill", "some.place:0:kill", "a:x:kill", "a:1:2:kill"]
)
def test_a_failpoint_that_does_not_read_says_how_it_is_written(text: str) -> None:
    with pytest.raises(WrongInput, match="write it as"):
        Failpoint.read(text)


def test_a_failpoint_reads() -> None:
    assert Failpoint.read("some.place:kill") == Failpoint("some.place", 1, Action.KILL)
    assert Failpoint.read("some.place:3:stop") == Failpoint("some.place", 3, Action.STOP)
