"""``trialmq verify``: is everything in a database that must be there, and nothing else?

The database is checked by itself, beside what runners still have in their spools, and beside what
objectives under test wrote of what they did. It may run while the orchestrator does.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from schema.errors import WrongInput
from schema.figures import counted
from trialmq.cli.json_file import STDOUT, check_json_file, write_json_file
from trialmq.cli.options import COMMON, Common

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.reading.truth import Comparison, TruthLine
    from orchestrator.reading.verification import Verification
    from trialmq.waiting_records import WaitingRecords

Files = Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)]
SHOWN = 20
"""So many findings of a kind are shown; --json has them all."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What came out; ``well`` is what the exit code says."""

    well: bool
    database: "Verification"
    spools: "tuple[WaitingRecords, ...]" = ()
    truth: "Comparison | None" = None


def verify(
    database: Path | None = None,
    /,
    *,
    spool: Annotated[Files, Parameter(metavar="DIR")] = (),
    truth: Annotated[Files, Parameter(metavar="FILE")] = (),
    json: Annotated[
        str | None, Parameter(metavar="FILE", allow_leading_hyphen=True, show_default=False)
    ] = None,
    common: Common = COMMON,
) -> int:
    """Check that nothing is lost, counted twice or impossible.

    Beside a truth file, results and reports are counted in four words:

    lost: it was finished, and is not there (its trial is missing or failed).

    recovered: an attempt was lost on the way, and its trial is complete.

    unexpected: it is there, and nobody did it, or with other values.

    duplicated: it is there, or was done, more often than once.

    Exit code 1: something is lost, unexpected, duplicated or illegal.

    Args:
        database: Without: the one of --db
        spool: The state directory of a runner of this machine. May be repeated.
        truth: What an objective under test wrote, a JSON object a line. May be repeated.
        json: Write everything to this file; - is standard output
    """
    from trialmq.cli.terminal import console

    if json is not None:
        check_json_file(json)
    found = verified(database or common.db, spool, truth)
    if json is not None:
        write_json_file(json, found)
    screen = console(stderr=json == STDOUT)
    _show(screen, found)
    return 0 if found.well else 1


def verified(database: Path, spools: Sequence[Path], truth: Sequence[Path]) -> Verified:
    """Check a database beside spools and truth files.

    Raises:
        WrongInput: one of them is missing or something else.
    """
    from orchestrator.reading.truth import compare
    from orchestrator.reading.verification import verify as verify_database
    from trialmq.waiting_records import read_spool, waiting

    lines = [line for file in truth for line in _read(file)]
    read = [read_spool(folder) for folder in spools]  # first: what leaves it meanwhile is stored
    found, stored = asyncio.run(verify_database(database))
    applied = {each.trial.id: (each.trial.attempt, each.trial.applied) for each in stored}
    told = tuple(waiting(spool, applied, found.term) for spool in read)
    comparison = compare(lines, stored) if truth else None
    return Verified(
        well=not found.violations
        and not any(spool.contradictions for spool in told)
        and (comparison is None or comparison.well),
        database=found,
        spools=told,
        truth=comparison,
    )


def _read(file: Path) -> "Iterator[TruthLine]":
    from orchestrator.reading.truth import read_truth

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInput(f"--truth {file} cannot be read: {error}") from error
    return read_truth(f"--truth {file}", text)


def _show(screen: "Console", found: Verified) -> None:
    database = found.database
    states = ", ".join(f"{n} {state}" for state, n in sorted(database.trials.items())) or "none"
    studies = "1 study" if database.studies == 1 else f"{database.studies} studies"
    screen.print(
        f"{database.database}: {studies}; trials: {states}; "
        f"{counted(database.attempts, 'attempt')}, {counted(database.reports, 'counted report')}"
    )
    for table, rows in database.aside.items():
        if rows:
            screen.print(f"! {counted(rows, 'record')} in {table}: kept to look at, not counted")
    broken: dict[str, list[str]] = {}
    for violation in database.violations:
        broken.setdefault(violation.rule, []).append(
            f"{_where(violation.study, violation.trial)}{violation.found}"
        )
    for rule in database.rules:
        _rule(screen, rule, broken.get(rule, []))
    for spool in found.spools:
        screen.print(f"{'[pruned]![/]' if spool.records else '[complete]✓[/]'} {spool.sentence}")
        for sentence in spool.contradictions:
            screen.print(f"[failed]✗[/] {spool.spool}: {sentence}")
    if found.truth is not None:
        _show_truth(screen, found.truth)


def _rule(screen: "Console", rule: str, found: Sequence[str]) -> None:
    mark = "[failed]✗[/]" if found else "[complete]✓[/]"
    screen.print(f"{mark} {rule}")
    for sentence in found[:SHOWN]:
        screen.print(f"    {sentence}", markup=False)
    if len(found) > SHOWN:
        screen.print(f"    … and {len(found) - SHOWN} more")


def _show_truth(screen: "Console", truth: "Comparison") -> None:
    for word in ("lost", "recovered", "unexpected", "duplicated"):
        found = getattr(truth, word)
        good = word == "recovered" or not found
        mark = "[complete]✓[/]" if good else "[failed]✗[/]"
        screen.print(f"{mark} {word}: {len(found)}")
        for each in found[:SHOWN] if not good else ():
            screen.print(f"    {_where(each.study, each.trial)}{each.found}", markup=False)
    screen.print(
        f"  of {counted(truth.finished, 'finished attempt')}; "
        f"{counted(truth.open, 'trial')} not ended yet"
    )


def _where(study: str, trial: int | None) -> str:
    if not study:
        return ""
    return f"{study}: " if trial is None else f"{study}, trial {trial}: "
