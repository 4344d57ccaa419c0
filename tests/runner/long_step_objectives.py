"""Objectives whose steps are long enough to wait for the verdict, and that tell how often they did.

They wait for a second where others wait for a hundredth of the step, so that it does not depend on
the speed of the machine what they hear.
"""

import time
from typing import Annotated

import trialmq as tq
from trial_runner import slot_inbox
from trial_runner import trial as trials


class Steps(tq.Config):
    """How long a step takes."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.06


def count_waits() -> list[float]:
    """The waits of this process from here on, in seconds."""
    trials.WAIT_SHARE = 1.0 / 0.06
    waits: list[float] = []
    really = slot_inbox.SlotInbox.wait

    def counted(inbox: slot_inbox.SlotInbox, seconds: float) -> None:
        waits.append(seconds)
        really(inbox, seconds)

    setattr(slot_inbox.SlotInbox, "wait", counted)  # noqa: B010 - mypy refuses the plain form
    return waits


@tq.objective(maximize="score")
def trains(config: Steps, trial: tq.Trial) -> dict[str, float]:
    """Five steps; says after which of them it went on."""
    waits = count_waits()
    for step in range(5):
        time.sleep(config.x)  # the training
        trial.report(step, score=1.0)
        print("went on after step", step)
    return {"score": 1.0, "waits": float(len(waits))}
