"""One runner for a fleet: the objectives that may run here, the devices, the broker, the agent.

The objectives are loaded first, so that what is wrong with them is said at once; then the broker is
waited for, however long that takes. What trials report is kept on disk until it is stored.
"""

import asyncio
import logging
import re
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from schema.brokers.address import BrokerAddress
from schema.brokers.connecting import connect
from schema.identity import ORCHESTRATOR, checked_name, checked_orchestrator, runner_party
from schema.study import ObjectiveDescription
from trial_runner.agent import RunnerAgent
from trial_runner.devices import Device, choose_devices
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trialmq.interruption import interruption

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChoices:
    """What the user chose; a `None` follows from the host."""

    address: BrokerAddress
    objectives: Sequence[str]
    name: str | None = None
    orchestrator: str = ORCHESTRATOR
    slots: int | None = None
    devices: Sequence[str] = ()
    slots_per_device: int = 1
    isolate: bool = False
    state_dir: Path | None = None
    version: str = ""


async def host(choices: HostChoices) -> bool:
    """Train until the service says that it is enough: True; False after Ctrl-C or SIGTERM.

    Raises:
        WrongInput: an objective cannot be loaded, or a name, device or folder is wrong.
        WorkFailed: the processes of the slots cannot be started.
    """
    name = checked_name("runner", choices.name or runner_of_this_host())
    checked_orchestrator(choices.orchestrator)
    devices = choose_devices(choices.slots, choices.devices, choices.slots_per_device)
    async with AsyncExitStack() as stack:
        launchers = [
            await stack.enter_async_context(Launcher(entry, threads=devices[0].threads))
            for entry in dict.fromkeys(choices.objectives)
        ]
        offers = await asyncio.gather(*(launcher.load() for launcher in launchers))
        _tell(name, offers, devices, choices)
        party = runner_party(name)
        broker = await stack.enter_async_context(connect(choices.address, party, patient=True))
        settings = RunnerSettings(
            isolate=choices.isolate,
            orchestrator=choices.orchestrator,
            state_dir=state_of(name, choices.state_dir),
        )
        agent = await stack.enter_async_context(
            RunnerAgent(name, broker, launchers, devices, settings)
        )
        return await _until_ended(agent)


async def _until_ended(agent: RunnerAgent) -> bool:
    with interruption() as interrupted:
        stop = asyncio.create_task(interrupted.wait())
        waiting: set[asyncio.Future[Any]] = {stop, agent.broken, agent.ended}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if agent.broken.done():
            agent.broken.result()
        if agent.ended.done():
            logger.info("told to stop: every trial is given back")
            return True
        logger.info("giving running trials back; Ctrl-C again ends at once")
        await agent.drain(DRAIN_SECONDS)
        return False


def runner_of_this_host() -> str:
    """A runner's name, from that of the host without its domain."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname().partition(".")[0])
    return name.lstrip("._-")[:64] or "runner"


def state_of(name: str, chosen: Path | None) -> Path:
    """Where the records of this runner are kept."""
    return chosen or platformdirs.user_state_path("trialmq") / name


def _tell(
    name: str,
    offers: Sequence[ObjectiveDescription],
    devices: Sequence[Device],
    choices: HostChoices,
) -> None:
    slots = Counter(device.name for device in devices)
    where = ", ".join(f"{count} on {device}" for device, count in slots.items())
    logger.info(
        "runner %s offers %s, slots: %s; for %r at %s",
        name,
        ", ".join(offer.entry for offer in offers),
        where,
        choices.orchestrator,
        choices.address,
    )
