"""Finds the devices of this host and says what a slot on one of them needs.

GPUs are found through NVML by UUID, which does not initialise CUDA; a slot sees only its own, as
``cuda:0``. Without one, slots share the cores.
"""

import os
from collections.abc import Iterator

import msgspec


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
        return "cuda:0" if self.uuid else "cpu"

    def environment(self) -> dict[str, str]:
        """What the process of the slot has to find in its environment before it uses CUDA."""
        visible = {"CUDA_VISIBLE_DEVICES": self.uuid}
        return visible if self.uuid else {"CUDA_VISIBLE_DEVICES": ""}


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus() -> list[Device]:
    """The GPUs that this process may see, by UUID; empty where there is no NVIDIA driver."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            uuid, name = _text(pynvml.nvmlDeviceGetUUID(handle)), pynvml.nvmlDeviceGetName(handle)
            found.append((index, uuid, _text(name)))
        return [Device(name=f"{name} {i}", uuid=uuid) for i, uuid, name in _visible(found)]
    finally:
        pynvml.nvmlShutdown()


def _visible(found: list[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """Those that CUDA_VISIBLE_DEVICES leaves, named there by index or UUID."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        yield from found
        return
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        yield from (d for d in found if name == str(d[0]) or d[1].startswith(name))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def share(count: int | None) -> list[Device]:
    """The devices of ``count`` slots; ``None`` is one a GPU, else one a core.

    More slots than GPUs share the GPUs in turn; CPU slots divide the cores between them.
    """
    found = gpus()
    slots = count or len(found) or cores()
    threads = max(1, cores() // slots)
    if not found:
        return [Device(name="cpu", threads=threads) for _ in range(slots)]
    turns = (found[i % len(found)] for i in range(slots))
    return [msgspec.structs.replace(device, threads=threads) for device in turns]
