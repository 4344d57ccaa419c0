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


class Waits:
    """Counts them, and waits."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, inbox: slot_inbox.SlotInbox, seconds: float) -> None:
        """Instead of `SlotInbox.wait`."""
        self.count += 1
        inbox._poll.poll(seconds * 1000)


def count_waits() -> Waits:
    """From here on in this process."""
    trials.WAIT_SHARE = 1.0 / 0.06
    waits = Waits()
    slot_inbox.SlotInbox.wait = lambda inbox, seconds: waits(inbox, seconds)  # type: ignore[method-assign]
    return waits


@tq.objective(maximize="score")
def trains(config: Steps, trial: tq.Trial) -> dict[str, float]:
    """Five steps; a sixth is one too many for who prunes at any of them."""
    waits = count_waits()
    for step in range(5):
        time.sleep(config.x)
        trial.report(step, score=1.0)
        print("went on after step", step)
    return {"score": 1.0, "waits": float(waits.count)}
