"""What an objective says that no database or message can hold as it is."""

from pathlib import Path

import pytest

from schema.study import Limits
from schema.trial import FailureKind, TrialState
from trialmq.choices import SweepChoices
from trialmq.sweep import sweep

OBJECTIVES = Path(__file__).with_name("unusual_objectives.py")


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("name_of_a_file", "ValueError: no such file: caf\\udce9"),
        ("step_of_64_bits", "TypeError: step must be a whole number from 0 up, of 63 bits"),
    ],
)
async def test_it_is_said_as_the_reason_of_the_failure(
    tmp_path: Path, objective: str, said: str
) -> None:
    choices = SweepChoices(
        objective=f"{OBJECTIVES}:{objective}",
        database=tmp_path / "t.db",
        runners=1,
        sampler="random",
        limits=Limits(trials=1),
    )
    [trial] = (await sweep(choices, lambda picture: None)).trials
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.EXCEPTION)
    assert trial.reason.startswith(said)
    assert trial.attempt == 1
