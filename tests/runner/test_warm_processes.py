"""A process is forked with all that a training loads, which no collection looks at again."""

from pathlib import Path

import msgspec

from schema.trial import Outcome
from tests.runner.conftest import Stage, trial

OBJECTIVE = Path(__file__).with_name("optimizing_objective.py")


async def test_the_first_training_of_a_forked_process_has_next_to_nothing_to_import(
    stage: Stage,
) -> None:
    plain = trial(1, "trains")
    async with stage.runner("trains", file=OBJECTIVE, isolate=True):
        await stage.orchestrator.assign(
            msgspec.structs.replace(plain, objective=f"{OBJECTIVE}:trains")
        )
        final = await stage.orchestrator.final(1)
    assert final.outcome is Outcome.COMPLETE, final.failure
    assert final.metrics["imported"] < 10, final.output  # torch loads 800 for an optimizer
    assert final.metrics["frozen"] > 100_000
