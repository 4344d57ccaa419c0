"""A runner that is killed at any step, and started again: each trial ends once, none is run twice
that had ended, and nothing of it outlives it."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from schema.failpoints import VARIABLE
from schema.messages import Final, Record, Report, Reported
from schema.trial import FailureKind, Outcome
from tests.faults.conftest import ROOT, Sweep
from tests.faults.lone_runner import committed
from tests.faults.test_a_sweep_survives import gone

TRIALS = 4
ENTRY = f"{ROOT}/tests/faults/objectives.py:steady"


class LoneRunner:
    """`tests.faults.lone_runner` in a folder, again and again."""

    def __init__(self, sweep: Sweep, folder: Path) -> None:
        self.sweep = sweep
        self.folder = folder

    def start(self, failpoint: str = "") -> "subprocess.Popen[str]":
        return self.sweep.spawn(
            [
                sys.executable,
                "-m",
                "tests.faults.lone_runner",
                str(self.folder),
                ENTRY,
                str(TRIALS),
            ],
            {VARIABLE: failpoint},
        )

    def finish(self) -> None:
        """Start it once more, and let it come to its end."""
        process = self.start()
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        gone(self.sweep)

    def starts(self) -> Counter[int]:
        """How often the training of each trial began."""
        return Counter(int(number) for number, *_ in self.sweep.true_lines("start"))

    def finished(self) -> list[int]:
        """The trials whose training came to its end, in that order."""
        return [int(number) for number, *_ in self.sweep.true_lines("finish")]

    def complete(self) -> set[int]:
        """The trials whose result is committed."""
        return {trial for (trial, _), e in self.ends().items() if e.outcome is Outcome.COMPLETE}

    def ends(self) -> dict[tuple[int, int], Final]:
        """How each attempt ended, as it was committed."""
        records = committed(self.folder)
        return {(r.trial, r.attempt): r.body for r in records if isinstance(r.body, Final)}

    def check(self) -> None:
        """Every trial is complete, once, with all its reports in order."""
        records = committed(self.folder)
        complete = [key for key, end in self.ends().items() if end.outcome is Outcome.COMPLETE]
        assert sorted(trial for trial, _ in complete) == list(range(1, TRIALS + 1))
        for trial, attempt in complete:
            theirs = [r for r in records if (r.trial, r.attempt) == (trial, attempt)]
            assert [record.seq for record in theirs] == list(range(1, len(theirs) + 1))
            assert steps(theirs) == list(range(5)), f"trial {trial}"
            assert self.ends()[trial, attempt].metrics == {"score": trial / 100}


def steps(records: list[Record]) -> list[int]:
    """The steps that were reported in them."""
    bodies = [record.body.reports for record in records if isinstance(record.body, Reported)]
    return [r[0] for raw in bodies for r in msgspec.msgpack.decode(raw, type=list[Report])]


@pytest.fixture
def runner(sweep: Sweep, tmp_path: Path) -> LoneRunner:
    folder = tmp_path / "runner"
    folder.mkdir()
    return LoneRunner(sweep, folder)


def test_a_runner_that_is_killed_while_it_trains_takes_its_trainings_with_it(
    runner: LoneRunner,
) -> None:
    process = runner.start()
    for _ in range(3):  # the third of four has begun, so two slots train
        runner.sweep.await_notice()
    process.kill()  # the runner alone: nobody tells the others
    process.wait()
    gone(runner.sweep)
    before = runner.complete()
    runner.finish()
    runner.check()
    failures = [end.failure for end in runner.ends().values() if end.failure is not None]
    assert {failure.kind for failure in failures} == {FailureKind.LOST}, failures
    assert all(runner.starts()[trial] == 1 for trial in before), "what had ended was not run again"


@pytest.mark.parametrize(
    "failpoint",
    [
        "agent.final.received:2:kill",
        "spool.final.before_sync:2:kill",
        "spool.final.after_sync:2:kill",
        "agent.acknowledged:4:kill",
        "agent.before_publish:3:kill",
        "spool.accepted:kill",
        "spool.write:3:kill",
    ],
)
def test_a_runner_that_dies_at_any_step_goes_on_there(runner: LoneRunner, failpoint: str) -> None:
    process = runner.start(failpoint)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, said
    gone(runner.sweep)
    before = runner.complete()
    if "final" in failpoint:  # the runner had two results in its hands
        before |= set(runner.finished()[:2])
        assert len(before) == 2
    runner.finish()
    runner.check()
    again = {trial for trial, times in runner.starts().items() if times > 1}
    assert not again & before, "what had ended was not run again"


def test_a_slot_that_dies_before_it_can_tell_its_result_loses_nothing(runner: LoneRunner) -> None:
    process = runner.start("child.result.written:kill")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    runner.check()
    assert set(runner.starts().values()) == {1}
