"""``trialmq runner``: trains on this machine what a service hands out, until Ctrl-C."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter, Token

from schema.errors import WrongInput
from schema.identity import ORCHESTRATOR
from trialmq.cli.log import LogFormat, configure_log
from trialmq.cli.options import ALWAYS, BROKER, Always, BrokerOptions, joined_address
from trialmq.installed import installed_version

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
DEVICES = Group("Devices", sort_key=2)


def read_slots(_: Any, tokens: Sequence[Token]) -> int | None:
    """A number of slots, or ``None`` for auto.

    Raises:
        WrongInput: it is neither.
    """
    text = tokens[0].value
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise WrongInput(f"--slots {text}: write a number from 1 on, or auto")
    return int(text)


def runner(
    *,
    allow: Annotated[
        tuple[str, ...], Parameter(metavar="OBJECTIVE", negative="", show_default=False)
    ] = (),
    broker: BrokerOptions = BROKER,
    name: Annotated[str | None, Parameter(metavar="NAME", show_default=False)] = None,
    orchestrator: Annotated[str, Parameter(metavar="NAME")] = ORCHESTRATOR,
    slots: Annotated[
        int | None,
        Parameter(group=DEVICES, converter=read_slots, metavar="N|auto", show_default=False),
    ] = None,
    devices: Annotated[
        tuple[str, ...],
        Parameter(group=DEVICES, metavar="DEVICE", negative="", show_default=False),
    ] = (),
    slots_per_device: Annotated[int, Parameter(group=DEVICES, metavar="N")] = 1,
    isolate: Flag = False,
    state_dir: Annotated[Path | None, Parameter(metavar="DIR", show_default=False)] = None,
    log_format: LogFormat = LogFormat.TEXT,
    quiet: Flag = False,
    common: Always = ALWAYS,
) -> int:
    """Train on this machine what a `trialmq serve` hands out.

    Only what is allowed here is ever run: code does not travel. What trials
    report is kept on disk until the service has stored it, so the broker and
    the service may come and go. Ctrl-C gives running trials back; twice: at
    once, and they are run again elsewhere.

    Args:
        allow: path/to/file.py:function or package.module:function. May be repeated.
        name: Of this runner; the broker may hold it to that. [default: of this host]
        orchestrator: The --name of the `trialmq serve` to work for
        slots: Trials at once; auto is one a GPU, else one a core. [default: auto]
        devices: Train on these: cpu, a GPU's index or UUID. May be repeated. [default: all GPUs]
        slots_per_device: Trials at once on each GPU
        isolate: Give each trial a fresh process, not a warm one
        state_dir: Where records are kept until they are stored. [default: of this user]
        log_format: text for people, json for machines
        quiet: Log nothing but warnings
    """
    from trialmq.hosting import HostChoices, host

    if not allow:
        raise WrongInput("--allow: name what may be run here, as path/to/file.py:function")
    configure_log(format=log_format, quiet=quiet, debug=common.debug)
    choices = HostChoices(
        address=joined_address(broker),
        objectives=allow,
        name=name,
        orchestrator=orchestrator,
        slots=slots,
        devices=devices,
        slots_per_device=slots_per_device,
        isolate=isolate,
        state_dir=state_dir,
        version=installed_version(),
    )
    if asyncio.run(host(choices)):
        return 0
    print("trialmq: ended; no trial is lost", file=sys.stderr)
    return 130
