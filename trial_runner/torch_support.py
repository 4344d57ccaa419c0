"""The one place that knows torch: threads, seeds, and what its errors mean.

Nothing here imports torch by itself: an objective that does not use it pays nothing for it.
"""

import random
import sys
from typing import Any


def _torch() -> Any:
    return sys.modules.get("torch")


def use_threads(count: int) -> None:
    """Let torch use ``count`` threads on the CPU, its share of the machine."""
    if torch := _torch():
        torch.set_num_threads(max(1, count))


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, so that a trial can be repeated."""
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)
    if torch := _torch():
        torch.manual_seed(seed)


def cuda_initialised() -> bool:
    """True when CUDA runs in this process; such a process must not be forked."""
    torch = _torch()
    return bool(torch and torch.cuda.is_initialized())


def out_of_memory(error: BaseException) -> bool:
    """True when ``error`` says that the device or the host has no memory left."""
    if isinstance(error, MemoryError):
        return True
    torch = _torch()
    return bool(torch) and isinstance(error, torch.cuda.OutOfMemoryError)


def release_memory() -> None:
    """Give cached device memory back between two trials of a warm process."""
    torch = _torch()
    if torch and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
