"""What a runner finds when it is started on the folder of one that was killed."""

import asyncio
import signal
from pathlib import Path

import msgspec

from schema.messages import Final, LeaseOrder, Record, Report, Reported
from schema.trial import FailureKind, Outcome
from tests.orchestrator.one_study import STARTED, completed, reported
from tests.protocol.test_durable_spool import accepted, held, killed, opened
from trial_runner.processes import mark_of
from trial_runner.recovery import recover
from trial_runner.result_file import Tail, result_path, results_folder, write_result
from trial_runner.spool_format import ProcessMark


async def recovered(folder: Path) -> dict[tuple[int, int], list[Record]]:
    spool = opened(folder)
    recover(spool)
    assert await spool.stored()
    spool.close()
    return held(folder)


async def test_a_training_that_died_with_its_runner_is_lost_and_what_did_not_begin_is_given_back(
    tmp_path: Path,
) -> None:
    spool = opened(tmp_path)
    began, waited, ended = (accepted(spool, trial) for trial in (1, 2, 3))
    spool.append(began, STARTED)
    spool.append(began, reported((0, {"loss": 1.0})))
    spool.append(ended, STARTED)
    spool.append(ended, completed(0.5))
    assert waited.seq == 0
    assert await spool.stored()
    spool.close()
    found = await recovered(tmp_path)
    lost, released, complete = (found[trial, 1][-1].body for trial in (1, 2, 3))
    assert isinstance(lost, Final) and lost.failure is not None
    assert (lost.failure.kind, len(found[1, 1])) == (FailureKind.LOST, 3)
    assert isinstance(released, Final) and released.outcome is Outcome.RELEASED
    assert isinstance(complete, Final) and complete.outcome is Outcome.COMPLETE
    assert await recovered(tmp_path) == found, "a second start adds nothing"


async def test_a_result_that_only_the_slot_had_written_counts_with_the_reports_it_had_sent(
    tmp_path: Path,
) -> None:
    spool = opened(tmp_path)
    lease = accepted(spool, 1)
    spool.append(lease, STARTED)
    tail = Tail()
    for step in range(5):
        batch = reported((step, {"loss": 1.0}))
        tail.append(bytes(batch.reports))
        if step < 3:  # the last two were still on their way
            lease.batches += 1
            spool.append(lease, batch)
    assert await spool.stored()
    write_result(result_path(results_folder(tmp_path), 1, 1), tail.result(completed(0.9)))
    spool.close()
    [records] = (await recovered(tmp_path)).values()
    final = records[-1].body
    assert isinstance(final, Final) and final.metrics == completed(0.9).metrics
    steps = [
        report[0]
        for record in records
        if isinstance(record.body, Reported)
        for report in msgspec.msgpack.decode(record.body.reports, type=list[Report])
    ]
    assert steps == list(range(5))


async def test_a_training_that_outlived_its_runner_is_ended_and_nobody_who_has_its_number_now(
    tmp_path: Path,
) -> None:
    sleep = ("sleep", "600")
    left = await asyncio.create_subprocess_exec(*sleep, start_new_session=True)
    other = await asyncio.create_subprocess_exec(*sleep, start_new_session=True)
    theirs = mark_of(left.pid)
    assert theirs is not None
    spool = opened(tmp_path)
    for trial, mark in ((1, theirs), (2, ProcessMark(other.pid, "another start of the machine"))):
        lease = accepted(spool, trial)
        spool.began(lease, mark)
        spool.append(lease, STARTED)
    assert await spool.stored()
    spool.close()
    await recovered(tmp_path)
    assert await left.wait() == -signal.SIGKILL
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_an_end_follows_what_was_stored_elsewhere_before_the_disk_lost_it(
    tmp_path: Path,
) -> None:
    spool = opened(tmp_path)
    lease = accepted(spool, 1)
    spool.append(lease, STARTED)
    assert await spool.stored()
    kept = killed(tmp_path)  # as of then, before the reports were synced
    for step in range(3):
        spool.append(lease, reported((step, {"loss": 1.0})))
    assert await spool.stored()
    spool.close()
    spool = opened(kept)
    recover(spool)
    [lease] = spool.leases.values()
    assert lease.seq == 2, "the orchestrator has another record of this number"
    spool.obey(LeaseOrder(1, 1, applied=4, goes_on=True))
    assert [record.seq for record in lease.records] == [5]
    assert spool.unsent({lease: lease.seq}) == list(lease.records)
    assert await spool.stored()
    spool.close()
    spool = opened(kept)
    [lease] = spool.leases.values()
    assert lease.ended and [record.seq for record in lease.records] == [5]
    spool.obey(LeaseOrder(1, 1, applied=5))
    assert not spool.leases
    spool.close()


def damage(folder: Path) -> None:
    Path(result_path(results_folder(folder), 1, 1)).write_bytes(b"\x83garbage")


async def test_a_result_file_that_is_damaged_is_none(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    lease = accepted(spool, 1)
    spool.append(lease, STARTED)
    assert await spool.stored()
    spool.close()
    damage(tmp_path)
    [records] = (await recovered(tmp_path)).values()
    final = records[-1].body
    assert isinstance(final, Final) and final.failure is not None
    assert final.failure.kind is FailureKind.LOST
