"""An objective that uses torch as most do, and tells what that loaded in its process."""

import gc
import sys

import torch

import trialmq as tq


class Nothing(tq.Config):
    """Nothing is searched."""

    x: float = 0.0


@tq.objective(minimize="loss")
def trains(config: Nothing, trial: tq.Trial) -> dict[str, float]:
    """One step; says how many modules it imported, and how many objects no collection looks at."""
    before = set(sys.modules)
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.AdamW([weight])
    torch.autograd.backward((weight * trial.seed).sum())
    optimizer.step()
    imported = set(sys.modules) - before
    print("imported:", *sorted(imported))
    return {"loss": 0.0, "imported": float(len(imported)), "frozen": float(gc.get_freeze_count())}
