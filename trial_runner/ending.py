"""How an attempt ended that did not say so itself: it was told to, or its process died. Pure."""

import signal

import msgspec

from schema.messages import RECORDS_BYTES, Assignment, Failure, Final
from schema.trial import FailureKind, Outcome


def after_crash(status: int, kills_before: int | None, kills_now: int | None) -> Failure:
    """Why a process died on its own.

    Args:
        status: its exit status, negative for a signal.
        kills_before: how many processes the kernel had killed for want of memory when it started.
        kills_now: and now.
    """
    if status >= 0:
        return Failure(kind=FailureKind.CRASH, reason=f"its process died (exit status {status})")
    name = signal.Signals(-status).name if -status < signal.SIGRTMIN else f"signal {-status}"
    if -status == signal.SIGKILL and kills_before is not None and kills_now is not None:
        if kills_now > kills_before:
            reason = f"the kernel ended its process, because memory ran out ({name})"
            return Failure(kind=FailureKind.OUT_OF_MEMORY, reason=reason)
        name += ", and not for want of memory"
    return Failure(kind=FailureKind.CRASH, reason=f"its process died ({name})")


def ended_by(
    ending: Outcome | FailureKind | Failure, final: Final, assignment: Assignment
) -> Final:
    """``final``, of an attempt that was told to end, as that for which it was told."""
    if isinstance(ending, Outcome):
        return msgspec.structs.replace(final, outcome=ending)
    if isinstance(ending, FailureKind):
        reason = f"it took longer than {assignment.limit_seconds} s"
        if ending is FailureKind.HANG:
            reason = f"it reported nothing for {assignment.hang_seconds} s"
        ending = Failure(kind=ending, reason=reason)
    return msgspec.structs.replace(final, outcome=Outcome.FAILED, failure=ending)


def too_large(final: Final, size: int) -> Final:
    """What is sent instead of a ``final`` of so many bytes."""
    reason = f"its result takes {size:,} bytes, and at most {RECORDS_BYTES:,} can be sent"
    failure = Failure(kind=FailureKind.BAD_RESULT, reason=reason)
    output = final.output[-4096:]
    return Final(outcome=Outcome.FAILED, failure=failure, seconds=final.seconds, output=output)
