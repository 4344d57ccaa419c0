"""Objectives that say what no database or message can hold as it is."""

from typing import Annotated

import trialmq as tq


class UnusualConfig(tq.Config):
    rate: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


@tq.objective(maximize="f1")
def name_of_a_file(config: UnusualConfig, trial: tq.Trial) -> dict[str, float]:
    raise ValueError("no such file: " + b"caf\xe9".decode(errors="surrogateescape"))


@tq.objective(maximize="f1")
def step_of_64_bits(config: UnusualConfig, trial: tq.Trial) -> dict[str, float]:
    trial.report(2**63, f1=config.rate)
    return {"f1": config.rate}
