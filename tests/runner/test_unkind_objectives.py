"""Whatever an objective does to its process, its attempt ends, with a reason, and the next runs."""

import os
import select
from contextlib import suppress

import pytest

from schema.messages import RECORDS_BYTES, Failure, Final
from schema.trial import FailureKind, Outcome
from tests.runner.conftest import Stage, trial
from trial_runner.output import COUNT_BYTES, FILE_BYTES


async def end_of(stage: Stage, objective: str, **more: object) -> Final:
    """How a trial ends; afterwards the slot has run another one."""
    async with stage.runner(objective, "process"):
        await stage.orchestrator.assign(trial(1, objective, **more))
        end = await stage.orchestrator.final(1)
        await stage.orchestrator.assign(trial(2, "process"))
        assert (await stage.orchestrator.final(2)).outcome is Outcome.COMPLETE
        return end


def failure_of(end: Final) -> Failure:
    assert end.outcome is Outcome.FAILED and end.failure is not None
    return end.failure


async def test_a_trial_that_reports_nothing_for_too_long_is_ended(stage: Stage) -> None:
    failure = failure_of(await end_of(stage, "hangs", hang_seconds=0.4))
    assert (failure.kind, failure.reason) == (FailureKind.HANG, "it reported nothing for 0.4 s")
    assert stage.orchestrator.steps(1) == [0]


async def test_a_trial_that_reports_often_enough_is_let_run(stage: Stage) -> None:
    end = await end_of(stage, "many_batches", hang_seconds=0.5)
    assert end.outcome is Outcome.COMPLETE


@pytest.mark.parametrize(
    ("objective", "words"), [("garbage", "no frame begins with"), ("no_reports", "not a batch")]
)
async def test_what_is_no_message_of_a_slot_fails_the_trial_and_says_so(
    stage: Stage, objective: str, words: str
) -> None:
    failure = failure_of(await end_of(stage, objective))
    assert failure.kind is FailureKind.BAD_RESULT
    assert words in failure.reason


@pytest.mark.parametrize("objective", ["huge_report", "huge_result"])
async def test_what_is_too_large_for_any_message_fails_the_trial_and_says_so(
    stage: Stage, objective: str
) -> None:
    failure = failure_of(await end_of(stage, objective))
    assert failure.kind is FailureKind.BAD_RESULT
    assert "bytes, and at most" in failure.reason
    assert stage.orchestrator.largest <= RECORDS_BYTES


async def test_reports_that_are_large_together_travel_in_several_messages(stage: Stage) -> None:
    end = await end_of(stage, "huge_batch")
    assert end.outcome is Outcome.COMPLETE
    assert stage.orchestrator.steps(1) == list(range(120))
    assert stage.orchestrator.largest <= RECORDS_BYTES


async def test_two_hundred_megabytes_of_output_are_kept_to_their_end(stage: Stage) -> None:
    end = await end_of(stage, "prints")
    assert end.output.endswith("the last line\n")
    assert end.metrics["largest"] < FILE_BYTES + 2 * COUNT_BYTES


async def test_output_of_other_processes_is_cut_by_the_runner(stage: Stage) -> None:
    end = await end_of(stage, "prints_past_python")
    assert 0 < end.metrics["size"] < 9_000_000


async def test_a_full_disk_is_its_own_kind_of_failure(stage: Stage) -> None:
    assert failure_of(await end_of(stage, "disk_is_full")).kind is FailureKind.DISK


async def test_what_a_process_started_ends_with_it(stage: Stage) -> None:
    end = await end_of(stage, "leaves_processes")
    assert failure_of(end).kind is FailureKind.CRASH
    left = [int(word) for word in end.output.split()]
    assert len(left) == 3
    for process in left:
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process)
            ready, _, _ = select.select([descriptor], [], [], 10)
            os.close(descriptor)
            assert ready, f"process {process} is still there"


async def test_a_slot_dumps_no_core_and_goes_first_when_memory_runs_out(stage: Stage) -> None:
    end = await end_of(stage, "limits")
    assert (end.metrics["core"], end.metrics["oom"]) == (0, 500)
