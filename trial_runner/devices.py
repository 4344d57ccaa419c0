"""Chooses the devices of this host to train on, and says what a slot on one of them needs.

GPUs are known by UUID; of a GPU in MIG mode its instances are the devices. A slot sees only its
own, as ``cuda:0``. Without a GPU, slots share the cores.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from schema.errors import WrongInput
from trial_runner.host import cores
from trial_runner.nvml import Gpu, opened

CPU = "cpu"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """Where one slot trains.

    ``uuid`` is empty for the CPU; ``threads`` is the slot's share of the cores.
    """

    name: str
    uuid: str = ""
    threads: int = 1

    @property
    def torch_name(self) -> str:
        """What an objective passes to ``tensor.to()``."""
        return "cuda:0" if self.uuid else CPU

    def environment(self) -> dict[str, str]:
        """What the process of the slot has to find in its environment before it uses CUDA."""
        return {"CUDA_VISIBLE_DEVICES": self.uuid}


def choose_devices(
    slots: int | None = None,
    names: Sequence[str] = (),
    slots_per_device: int = 1,
    *,
    nvml: Any = None,
) -> list[Device]:
    """The device of each slot.

    Args:
        slots: how many in total, the devices in turn; ``None`` is ``slots_per_device`` on each GPU,
            and where there is none one on each core.
        names: what to train on, one or more to a text, separated by commas: a GPU's index or the
            start of its UUID, a MIG instance's UUID or ``"0:1"``, a GPU in MIG mode for all of its
            instances, or ``"cpu"``. Empty for all GPUs, else the CPU. Indices are the driver's, as
            ``nvidia-smi`` shows them. What CUDA_VISIBLE_DEVICES hides is not there.
        slots_per_device: how many slots on each GPU.
        nvml: stands in for the module ``pynvml``.

    Raises:
        WrongInput: no such device, a start that several UUIDs have, or counts that contradict.
    """
    for count, what in ((slots, "slots"), (slots_per_device, "slots per device")):
        if count is not None and count < 1:
            raise WrongInput(f"{count} {what}: it should be at least 1")
    if slots is not None and slots_per_device > 1:
        raise WrongInput("give either the number of slots or that of slots per device, not both")
    wanted = [name for text in names for name in _split(text)]
    if CPU in wanted and set(wanted) != {CPU}:
        raise WrongInput(
            f"devices {', '.join(wanted)}: the CPU trains beside no GPU in one runner; "
            "start another runner for it"
        )
    gpus = [] if wanted and CPU in wanted else _gpus(wanted, nvml)
    if not gpus and slots_per_device > 1:
        raise WrongInput("slots per device: that is for GPUs; on the CPU give the number of slots")
    total = slots or len(gpus) * slots_per_device or cores()
    threads = max(1, cores() // total)
    if not gpus:
        return [Device(name=CPU, threads=threads)] * total
    devices = [
        Device(name=f"{gpu.name} {gpu.index}", uuid=gpu.uuid, threads=threads) for gpu in gpus
    ]
    return [devices[i % len(devices)] for i in range(total)]


def share(count: int | None) -> list[Device]:
    """The devices of ``count`` slots; ``None`` is one a GPU, else one a core."""
    return choose_devices(count)


def _split(text: str) -> list[str]:
    return [part for part in (part.strip() for part in text.split(",")) if part]


def _gpus(wanted: Sequence[str], nvml: Any) -> list[Gpu]:
    """The GPUs of these names, all for none, each once."""
    with opened(nvml) as driver:
        found = driver.gpus() if driver else []
    visible = list(_visible(found))
    if not wanted:
        return visible
    chosen: dict[str, Gpu] = {}
    for name in wanted:
        matching = _matching(name, visible)
        if not matching:
            raise WrongInput(_absent(name, found, visible))
        if _ambiguous(name, matching):
            uuids = ", ".join(gpu.uuid for gpu in matching)
            raise WrongInput(f"device {name!r} is the start of several: {uuids}; write more of it")
        chosen |= {gpu.uuid: gpu for gpu in matching}
    return list(chosen.values())


def _visible(found: Sequence[Gpu]) -> Iterator[Gpu]:
    """Those that CUDA_VISIBLE_DEVICES leaves, in its order and up to what it cannot read."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        yield from found
        return
    seen: set[str] = set()
    for name in _split(names):
        matching = _matching(name, found)
        if not matching or _ambiguous(name, matching):
            return
        yield from (gpu for gpu in matching if gpu.uuid not in seen)
        seen |= {gpu.uuid for gpu in matching}


def _matching(name: str, gpus: Sequence[Gpu]) -> list[Gpu]:
    """By index, by UUID, or all instances by the one or the other of the GPU they are part of."""
    by_index = [gpu for gpu in gpus if name in (gpu.index, gpu.index.partition(":")[0])]
    by_uuid = [gpu for gpu in gpus if gpu.uuid.startswith(name)]
    return by_index or by_uuid or [gpu for gpu in gpus if gpu.parent.startswith(name)]


def _ambiguous(name: str, matching: Sequence[Gpu]) -> bool:
    """True when ``name`` is the start of more than one UUID."""
    starts = {u for gpu in matching for u in (gpu.uuid, gpu.parent) if u.startswith(name)}
    return len(starts) > 1


def _absent(name: str, found: Sequence[Gpu], visible: Sequence[Gpu]) -> str:
    if _matching(name, found):
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        return f"device {name!r} is hidden by CUDA_VISIBLE_DEVICES={hidden!r}"
    there = [CPU, *(f"{gpu.index} ({gpu.name}, {gpu.uuid})" for gpu in visible)]
    return f"there is no device {name!r}; here are {', '.join(there)}"
