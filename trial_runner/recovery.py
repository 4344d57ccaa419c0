"""What becomes of the leases that a runner held when it was killed.

Its trainings died with it; what is left of them is ended for good. Where a training had ended and
only the runner did not get to know, the file it left is its result. The others are lost, or, if
they had not begun, given back.
"""

import logging

import msgspec

from schema.errors import Undecodable
from schema.messages import Failure, Final, Reported
from schema.trial import FailureKind, Outcome
from trial_runner.durable_spool import DurableSpool
from trial_runner.packets import LARGEST_BATCH
from trial_runner.processes import end_if_it_is
from trial_runner.received import check_reports
from trial_runner.report_batches import cut
from trial_runner.result_file import Result, read_result, result_path, results_folder
from trial_runner.spool import Lease, Spool

logger = logging.getLogger(__name__)


def recover(spool: DurableSpool) -> None:
    """Append an end to each lease that has none; it is to be stored before `clear_results`."""
    for lease in list(spool.leases.values()):
        process = spool.processes.get(lease)
        if process is not None and end_if_it_is(process):
            logger.warning("process %d of a trial was left, and was ended", process.id)
        if lease.ended:
            continue
        result = read_result(result_path(results_folder(spool.folder), *lease.key))
        if result is not None:
            append_result(spool, lease, result)
            logger.info("trial %d had ended before its runner did", lease.key[0])
        elif lease.seq:
            failure = Failure(kind=FailureKind.LOST, reason="its runner was restarted")
            spool.append(lease, Final(outcome=Outcome.FAILED, failure=failure))
        else:
            spool.append(lease, Final(outcome=Outcome.RELEASED))


def clear_results(spool: DurableSpool) -> None:
    """Remove the files: the spool has what is in them, or nobody asks for it."""
    for path in results_folder(spool.folder).iterdir():
        path.unlink(missing_ok=True)


def append_result(spool: Spool, lease: Lease, result: Result) -> None:
    """What the slot's process wrote becomes the end of ``lease``, after the reports it misses."""
    try:
        missing = result.batches_after(lease.batches)
        for number, batch in enumerate(missing, result.batches - len(missing) + 1):
            lease.batches = number  # so that none comes in twice, should this be the end again
            for part in cut(check_reports(batch), LARGEST_BATCH):
                spool.append(lease, Reported(reports=msgspec.Raw(part)))
    except Undecodable as error:
        logger.warning("reports of trial %d could not be read: %s", lease.key[0], error)
    lease.batches = result.batches
    for scored in result.scores:  # some may be there already, which does no harm
        spool.append(lease, scored)
    spool.append(lease, result.final)
