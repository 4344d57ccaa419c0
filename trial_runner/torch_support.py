"""The one place that knows torch: threads, seeds, and what its errors mean.

Nothing here imports torch by itself: an objective that does not use it pays nothing for it.
"""

import os
import random
import re
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


def warm_up() -> None:
    """Load what is loaded at the first use, so that no process that is forked from here does.

    The first optimizer of a process imports for a second (torch's compiler), the first seed for a
    tenth of one (``numpy.random``). Neither asks for a GPU.
    """
    seed_everything(0)
    if torch := _torch():
        torch.optim.SGD([torch.zeros(1)])


def cuda_initialised() -> bool:
    """True when CUDA runs in this process; such a process must not be forked.

    To count the GPUs is enough for that, as ``torch.cuda.is_available()`` does at the top of many a
    script, and torch tells it only to a child that was forked after: so one is, and is asked.
    """
    torch = _torch()
    if not torch or not torch.backends.cuda.is_built():
        return False
    if torch.cuda.is_initialized():
        return True
    child = os.fork()
    if child == 0:
        os._exit(int(torch.cuda._is_in_bad_fork()))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


NO_MEMORY = re.compile(
    r"CUDA error: out of memory"  # a call of CUDA's that is not of torch's allocator
    r"|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED"
    r"|DefaultCPUAllocator: (can't|not enough|cannot)"  # memory of the host
)
"""What torch says, in errors of a general type, when there is no memory left."""


def out_of_memory(error: BaseException) -> bool:
    """True when ``error`` says that the device or the host has no memory left."""
    if isinstance(error, MemoryError):
        return True
    torch = _torch()
    if torch is None or not isinstance(error, RuntimeError):
        return False
    return isinstance(error, torch.cuda.OutOfMemoryError) or bool(NO_MEMORY.search(str(error)))


def release_memory() -> None:
    """Give cached device memory back between two trials of a warm process."""
    torch = _torch()
    if torch and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
