"""The rows of the list of runners. What a driver does not tell is n/a, never 0. Pure."""

import math
from collections.abc import Iterable
from typing import Any

from schema.commands.runners import Held, Presence, RunnerOverview
from schema.durations import shown_duration
from schema.messages import DeviceHealth, Steer
from webui import addresses

Row = dict[str, Any]
UNKNOWN = "n/a"
GIBIBYTE = 2**30
TONES = {Presence.LIVE: "good", Presence.SUSPECT: "warning", Presence.GONE: "bad"}


def listed(runners: Iterable[RunnerOverview], now: float) -> list[Row]:
    """A row a runner; ``now`` is wall-clock seconds."""
    return [
        {
            "name": runner.name,
            "host": runner.host or UNKNOWN,
            "version": runner.version or UNKNOWN,
            "presence": str(runner.presence),
            "tone": TONES[runner.presence],
            "wanted": _wanted(runner),
            "steer": str(runner.steer),
            "problem": " ".join(filter(None, (runner.degraded, runner.refused))),
            "slots": f"{len(runner.held)}/{runner.slots}",
            "devices": [_device(device) for device in _unique(runner.devices)],
            "trials": [_held(held, now) for held in runner.held],
            "heartbeat": f"{shown_duration(runner.silent_seconds)} ago",
            "offers": list(runner.offers),
        }
        for runner in runners
    ]


def _wanted(runner: RunnerOverview) -> str:
    if runner.steer is Steer.STOP:
        return "stopping"
    return "draining" if runner.steer is Steer.DRAIN or runner.draining else ""


def _unique(devices: Iterable[DeviceHealth]) -> Iterable[DeviceHealth]:
    """A device that several slots share is told once."""
    return {device.uuid or device.name: device for device in devices}.values()


def _device(device: DeviceHealth) -> Row:
    used, total = device.memory_used, device.memory_total
    memory, memory_share = UNKNOWN, None
    if used is not None and total:
        memory = f"{used / GIBIBYTE:.1f} of {total / GIBIBYTE:.0f} GiB"
        memory_share = _bar(used / total)
    return {
        "name": device.name,
        "uuid": device.uuid,
        "busy": _share(device.utilisation),
        "busy_share": _bar(device.utilisation),
        "memory": memory,
        "memory_share": memory_share,
        "celsius": UNKNOWN if device.temperature is None else f"{device.temperature:.0f} °C",
    }


def _held(held: Held, now: float) -> Row:
    words = [] if held.step is None else [f"step {held.step:,}"]
    if held.started is not None:
        words.append(shown_duration(max(now - held.started, 0.0)))
    else:
        words.append("starting")
    return {
        "study": held.study,
        "number": held.number,
        "address": addresses.trials(held.study),
        "how": ", ".join(words),
    }


def _share(share: float | None) -> str:
    return UNKNOWN if share is None or math.isnan(share) else f"{share:.0%}"


def _bar(share: float | None) -> int | None:
    return None if share is None or math.isnan(share) else round(min(max(share, 0.0), 1.0) * 100)
