"""What a runner of this machine has in its spool, read beside the runner, and held to the database.

A record leaves a spool only once the orchestrator has stored it, so what waits here is not lost: it
is sent when the runner is back. What the orchestrator said that it stored has to be there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from schema.errors import WrongInput
from trial_runner.replay import Replay

Applied = Mapping[int, tuple[int, int]]
"""Attempt and last applied record, by trial."""


class SpooledLease(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt with its records up to ``last``, of which those to ``committed`` are stored."""

    trial: int
    attempt: int
    committed: int
    last: int


class SpoolReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one spool knows; ``term`` is the highest generation of an orchestrator that it saw."""

    folder: str
    term: int
    leases: tuple[SpooledLease, ...]


class WaitingRecords(msgspec.Struct, frozen=True, kw_only=True):
    """A spool beside a database: how many records wait, and what cannot be."""

    spool: str
    records: int
    contradictions: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What it means."""
        if not self.records:
            return f"{self.spool}: every record is stored"
        one = self.records == 1
        waits = "1 record waits" if one else f"{self.records:,} records wait"
        return f"{self.spool}: {waits}; {'it is' if one else 'they are'} sent while the runner runs"


def read_spool(folder: Path) -> SpoolReading:
    """What the spool in ``folder`` knows; the runner may go on writing it.

    Raises:
        WrongInput: there is none, or it cannot be read.
    """
    replay = Replay()
    try:
        if not (folder / "identity.json").is_file():
            raise WrongInput(
                f"--spool {folder}: no runner keeps its records there; give the --state-dir of one"
            )
        for segment in sorted(folder.glob("*.log")):
            try:
                replay.take(int(segment.stem), segment.read_bytes())
            except FileNotFoundError:  # all in it was stored meanwhile
                continue
    except OSError as error:
        raise WrongInput(f"--spool {folder} cannot be read: {error.strerror}") from error
    leases = []
    for (trial, attempt), held in replay.leases.items():
        lease, _ = held.lease()
        leases.append(
            SpooledLease(trial=trial, attempt=attempt, committed=held.applied, last=lease.seq)
        )
    return SpoolReading(folder=str(folder), term=replay.term, leases=tuple(leases))


def waiting(spool: SpoolReading, applied: Applied, term: int) -> WaitingRecords:
    """What of ``spool`` is not in a database that was read after it."""
    records = 0
    for lease in spool.leases:
        attempt, stored = applied.get(lease.trial, (0, 0))
        if lease.attempt >= attempt:  # an earlier one is fenced: it will be dropped
            known = stored if lease.attempt == attempt else 0
            records += max(0, lease.last - max(known, lease.committed))
    return WaitingRecords(
        spool=spool.folder, records=records, contradictions=tuple(_against(spool, applied, term))
    )


def _against(spool: SpoolReading, applied: Applied, term: int) -> Iterator[str]:
    if spool.term > term:
        yield (
            f"it has seen term {spool.term} of the orchestrator, the database is of term {term}: "
            "this is an older copy, or another database"
        )
    for lease in spool.leases:
        if lease.trial not in applied:
            continue  # its study was deleted
        attempt, stored = applied[lease.trial]
        if lease.attempt > attempt:
            yield (
                f"trial id {lease.trial}: it holds attempt {lease.attempt}, and {attempt} was the "
                "last that was granted"
            )
        elif lease.attempt == attempt and lease.committed > stored:
            yield (
                f"trial id {lease.trial}: {lease.committed} records were said to be stored, and "
                f"{stored} are"
            )
