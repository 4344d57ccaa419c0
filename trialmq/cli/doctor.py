"""``trialmq doctor``: is everything here that is needed, and what to do about what is not?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from schema.errors import UnknownName
from schema.identity import ORCHESTRATOR
from trialmq.cli.json_file import STDOUT, check_json_file, write_json_file
from trialmq.cli.options import BROKER, COMMON, BrokerOptions, Common

if TYPE_CHECKING:
    from rich.console import Console

    from schema.brokers.address import BrokerAddress
    from trialmq.doctor.examination import Check
    from trialmq.doctor.findings import Finding


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """All findings; ``well`` is what the exit code says."""

    well: bool
    findings: "tuple[Finding, ...]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """Options of ``trialmq doctor``."""

    allow: Annotated[
        tuple[str, ...], Parameter(metavar="OBJECTIVE", negative="", show_default=False)
    ] = ()
    """Load this objective, as a runner would. May be repeated."""

    state_dir: Annotated[Path | None, Parameter(metavar="DIR", show_default=False)] = None
    """The folder in which a runner keeps what is not sent yet."""

    orchestrator: Annotated[str, Parameter(metavar="NAME")] = ORCHESTRATOR
    """The --name of the `trialmq serve` that is meant."""

    only: Annotated[
        tuple[str, ...], Parameter(metavar="SUBJECT", negative="", show_default=False)
    ] = ()
    """Look at this only: python, packages, gpu, clock, disk, database, broker, objective."""

    json: Annotated[
        str | None, Parameter(metavar="FILE", allow_leading_hyphen=True, show_default=False)
    ] = None
    """Write everything to this file; - is standard output."""


DEFAULTS = DoctorOptions()


def doctor(
    *, options: DoctorOptions = DEFAULTS, broker: BrokerOptions = BROKER, common: Common = COMMON
) -> int:
    """Look at this machine, the broker and the database.

    Each line is one check: good, doubtful (!) or wrong (✗), with what to do.
    It takes at most ten seconds, and changes nothing.

    Exit code 1: something is wrong.
    """
    import os

    from schema.brokers.address import broker_address
    from schema.identity import checked_orchestrator
    from trialmq.cli.terminal import console
    from trialmq.doctor.examination import examine
    from trialmq.doctor.findings import Grade

    if options.json is not None:
        check_json_file(options.json)
    checked_orchestrator(options.orchestrator)
    address = broker_address(
        broker.broker,
        os.environ,
        file=broker.broker_file,
        password_file=broker.broker_password_file,
    )
    findings = asyncio.run(examine(checks(options, common.db, address)))
    well = all(finding.grade is not Grade.WRONG for finding in findings)
    if options.json is not None:
        write_json_file(options.json, Diagnosis(well=well, findings=tuple(findings)))
    show(console(stderr=options.json == STDOUT), findings)
    return 0 if well else 1


def checks(
    options: DoctorOptions, database: Path, address: "BrokerAddress | None"
) -> "list[Check]":
    """What is to be looked at."""
    from trialmq.doctor.clock import look_at_clock
    from trialmq.doctor.disk import look_at_folder
    from trialmq.doctor.examination import Check
    from trialmq.doctor.python import look_at_devices, look_at_packages, look_at_python

    made = [
        Check("python", look_at_python),
        Check("packages", look_at_packages),
        Check("gpu", look_at_devices),
        Check("clock", look_at_clock),
        Check("disk: database", lambda: look_at_folder("database", database.absolute().parent)),
        _of_database(database),
    ]
    if options.state_dir is not None:
        folder = options.state_dir
        made.append(Check("disk: state", lambda: look_at_folder("state", folder)))
    if address is not None:
        made.append(_of_broker(address, options.orchestrator))
    made += [_of_objective(entry) for entry in options.allow]
    known = {check.subject.split()[0].rstrip(":") for check in made}
    for subject in options.only:
        if subject not in known:
            raise UnknownName("subject to look at with these options:", subject, known)
    return [c for c in made if not options.only or c.subject.split()[0].rstrip(":") in options.only]


def _of_database(path: Path) -> "Check":
    from trialmq.doctor.examination import Check

    def look() -> "Sequence[Finding]":
        from trialmq.doctor.database import look_at_database

        return look_at_database(path)

    return Check("database", look)


def _of_broker(address: "BrokerAddress", orchestrator: str) -> "Check":
    from schema.brokers.connecting import connect
    from trialmq.doctor.examination import Check

    async def look() -> "Sequence[Finding]":
        connect(address, "doctor")  # says in a sentence which library is missing
        from trialmq.doctor.broker import look_at_broker

        return await look_at_broker(address, orchestrator)

    return Check("broker", look)


def _of_objective(entry: str) -> "Check":
    from trialmq.doctor.examination import Check
    from trialmq.doctor.objective import look_at_objective

    async def look() -> "Sequence[Finding]":
        return await look_at_objective(entry)

    return Check(f"objective {entry}", look)


def show(screen: "Console", findings: "Sequence[Finding]") -> None:
    """A line a finding, and below it what to do."""
    from rich.text import Text

    from trialmq.doctor.findings import Grade

    marks = {
        Grade.GOOD: ("✓", "complete"),
        Grade.NOT_HERE: ("–", "faint"),
        Grade.DOUBTFUL: ("!", "pruned"),
        Grade.WRONG: ("✗", "failed"),
    }
    for finding in findings:
        mark, style = marks[finding.grade]
        line = Text.assemble((mark, style), " ", (finding.subject, "name"), f": {finding.found}")
        screen.print(line, soft_wrap=True)
        if finding.cure:
            screen.print(Text(f"    → {finding.cure}"), soft_wrap=True)
