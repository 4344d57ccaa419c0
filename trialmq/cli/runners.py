"""``trialmq runners``: the fleet as a table; ``drain``, ``stop``, ``resume`` steer one runner."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from schema.durations import shown_duration
from schema.figures import counted
from schema.messages import DeviceHealth, Steer
from trialmq.cli.options import FLEET, Fleet
from trialmq.cli.reaching import reached

if TYPE_CHECKING:
    from rich.table import Table

    from schema.commands.runners import RunnerOverview

WATCH_SECONDS = 2.0
UNKNOWN = "n/a"
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def runners_application(sort_key: int) -> App:
    """The commands ``trialmq runners …``, at their place among the others."""
    app = App(name="runners", help="List the runners of a service, and steer them.")
    app.sort_key = sort_key
    app.default(runners)
    for command in (drain, stop, resume):
        app.command(command)
    return app


def runners(*, json: Flag = False, watch: Flag = False, common: Fleet = FLEET) -> None:
    """List the runners: what they hold, and how their devices are.

    Args:
        json: Write everything that is known of them as JSON.
        watch: Show the table until Ctrl-C, anew every two seconds.
    """
    asyncio.run(_watch(common) if watch else _show(common, json))


def drain(name: str, /, *, common: Fleet = FLEET) -> None:
    """Let a runner finish its trials and take no more.

    Args:
        name: The runner's
    """
    _steer(name, Steer.DRAIN, common)


def stop(name: str, /, *, common: Fleet = FLEET) -> None:
    """Let a runner give its trials back, and end.

    Args:
        name: The runner's
    """
    _steer(name, Steer.STOP, common)


def resume(name: str, /, *, common: Fleet = FLEET) -> None:
    """Let a runner take trials again.

    Args:
        name: The runner's
    """
    _steer(name, Steer.RUN, common)


async def _show(fleet: Fleet, json: bool) -> None:
    import msgspec

    from trialmq.cli.terminal import console

    async with reached(fleet) as client:
        found = await client.runners()
    if json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    screen = console()
    screen.print(table_of(found) if found else "No runner is there yet.")
    for sentence in complaints(found):
        screen.print(sentence, soft_wrap=True, markup=False)


async def _watch(fleet: Fleet) -> None:
    from rich.live import Live

    from trialmq.cli.terminal import console
    from trialmq.interruption import uninterrupted

    async def follow() -> None:
        with Live(console=console(), auto_refresh=False) as live:
            while True:
                live.update(table_of(await client.runners()), refresh=True)
                await asyncio.sleep(WATCH_SECONDS)

    async with reached(fleet) as client:
        await uninterrupted(follow())


def _steer(name: str, steer: Steer, fleet: Fleet) -> None:
    async def ask() -> "RunnerOverview":
        async with reached(fleet) as client:
            return await client.steer(name, steer)

    runner = asyncio.run(ask())
    holds = f"it holds {counted(len(runner.held), 'trial')}" if runner.held else "it holds no trial"
    what = {
        Steer.RUN: "takes trials again",
        Steer.DRAIN: "takes no more trials",
        Steer.STOP: "gives its trials back and ends",
    }[steer]
    print(f"runner {runner.name} {what}; {holds}")


def table_of(runners: "Sequence[RunnerOverview]") -> "Table":
    """A row a runner."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("runner", "host", "presence"):
        table.add_column(title, no_wrap=title != "host")
    for title in ("slots", "trials"):
        table.add_column(title, justify="right")
    for title in ("device", "busy", "memory", "°C", "offers"):
        table.add_column(title, no_wrap=title != "offers")
    for runner in runners:
        table.add_row(
            Text(runner.name, "name"),
            runner.host or UNKNOWN,
            Text(standing(runner), "complete" if runner.presence == "live" else "failed"),
            str(runner.slots),
            str(len(runner.held)),
            *(_lines(cells) for cells in _devices(runner.devices)),
            _lines(runner.offers),
        )
    return table


def standing(runner: "RunnerOverview") -> str:
    """``live``, ``suspect, silent for 25 s``, ``live, draining``."""
    words = [str(runner.presence)]
    if runner.presence != "live":
        words.append(f"silent for {shown_duration(runner.silent_seconds)}")
    if runner.steer is Steer.STOP:
        words.append("stopping")
    elif runner.steer is Steer.DRAIN or runner.draining:
        words.append("draining")
    words += [word for word, there in (("degraded", runner.degraded), ("refused", runner.refused))
              if there]  # fmt: skip
    return ", ".join(words)


def complaints(runners: "Iterable[RunnerOverview]") -> list[str]:
    """What is wrong, a sentence each."""
    return [
        f"{runner.name}: {sentence}"
        for runner in runners
        for sentence in (runner.degraded, runner.refused)
        if sentence
    ]


def _devices(devices: Sequence[DeviceHealth]) -> tuple[list[str], ...]:
    unique = list({device.uuid or device.name: device for device in devices}.values())
    return (
        [device.name for device in unique],
        [_share(device.utilisation) for device in unique],
        [_memory(device) for device in unique],
        [UNKNOWN if d.temperature is None else f"{d.temperature:.0f}" for d in unique],
    )


def _share(share: float | None) -> str:
    return UNKNOWN if share is None or math.isnan(share) else f"{share:.0%}"


def _memory(device: DeviceHealth) -> str:
    if device.memory_total is None or device.memory_used is None:
        return UNKNOWN
    gibibyte = 2**30
    return f"{device.memory_used / gibibyte:.1f} of {device.memory_total / gibibyte:.0f} GiB"


def _lines(cells: Sequence[str]) -> str:
    return "\n".join(cells) or UNKNOWN
