"""A runner that trains in words: it takes real trials and reports curves, without a process.

What it reports follows from the configuration alone, so that a test knows which trial is best.
"""

import math
from collections.abc import Sequence

from schema.messages import Assignment, DeviceHealth, Failure, Final, Hello, Report
from schema.space import Space
from schema.study import (
    Constraint,
    Direction,
    Limits,
    Metric,
    ObjectiveDescription,
    StudySettings,
    StudySpec,
)
from schema.trial import FailureKind, Outcome
from schema.variables import Condition, Variable
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, reported

STEPS = 12
SPACE = Space(
    variables=(
        Variable(
            path="architecture.channels",
            kind="int",
            default=16,
            low=8,
            high=64,
            log=True,
            searched=True,
            doc="width of each layer",
        ),
        Variable(
            path="architecture.activation",
            kind="str",
            default="relu",
            choices=("relu", "gelu", "silu"),
            searched=True,
        ),
        Variable(
            path="training.learning_rate",
            kind="float",
            default=1e-3,
            low=1e-5,
            high=1e-1,
            log=True,
            searched=True,
            live=True,
            doc="step size",
        ),
        Variable(
            path="training.optimizer",
            kind="str",
            default="adamw",
            choices=("adamw", "sgd"),
            searched=True,
        ),
        Variable(
            path="training.momentum",
            kind="float",
            default=0.9,
            low=0.0,
            high=0.99,
            searched=True,
            when=(Condition(path="training.optimizer", values=("sgd",)),),
        ),
        Variable(path="training.clip", kind="bool", default=False, searched=True, live=True),
        Variable(path="training.epochs", kind="int", default=STEPS, low=1, high=100),
        Variable(
            path="inference.threshold",
            kind="float",
            default=0.5,
            low=0.05,
            high=0.95,
            after_training=True,
        ),
    )
)
OFFER = ObjectiveDescription(
    entry="project/train.py:train",
    metrics=(Metric(name="f1", direction=Direction.MAXIMIZE),),
    space=SPACE,
    steps="training.epochs",
    doc="Finds a word in speech.",
)
TWO_METRICS = ObjectiveDescription(
    entry="project/pareto.py:train",
    metrics=(
        Metric(name="f1", direction=Direction.MAXIMIZE),
        Metric(name="false_positive_rate", direction=Direction.MINIMIZE),
    ),
    constraints=(Constraint(metric="false_positive_rate", at_most=True, bound=0.2),),
    space=SPACE,
    steps="training.epochs",
)
DEVICES = (
    DeviceHealth(
        name="NVIDIA H200",
        uuid="GPU-1",
        memory_total=150_000_000_000,
        memory_used=42_000_000_000,
        utilisation=0.87,
        temperature=61.0,
    ),
    DeviceHealth(name="NVIDIA H200 MIG 1g.18gb", uuid="MIG-2", memory_total=18_000_000_000),
)


def spec(
    name: str, *, trials: int, offer: ObjectiveDescription = OFFER, parallelism: int | None = None
) -> StudySpec:
    """A random search that ends nothing early."""
    settings = StudySettings(limits=Limits(trials=trials), parallelism=parallelism)
    return StudySpec(name=name, objective=offer, sampler="random", seed=3, settings=settings)


def curve(trial: Assignment, steps: int = STEPS, first: int = 0) -> Sequence[Report]:
    """What a trial reports: step, seconds, metrics. The nearer its rate to 1e-3, the better."""
    rate = float(trial.values["training.learning_rate"])
    top = 0.98 / (1.0 + abs(math.log10(rate / 1e-3)))
    return [
        (
            step,
            1.0 + step,
            {
                "f1": top * (1.0 - math.exp(-(step + 1) / 3.0)),
                "loss": (1.1 - top) * math.exp(-step / 4.0),
                "false_positive_rate": top / 3.0,
            },
        )
        for step in range(first, steps)
    ]


class ActingRunner:
    """A runner that has arrived."""

    def __init__(self, words: ScriptedRunner) -> None:
        self.words = words

    async def arrive(self, *offers: ObjectiveDescription, slots: int = 2) -> None:
        """Offer objectives, with two devices of which one tells little."""
        await self.words.listen()
        hello = Hello(
            runner=self.words.name,
            boot=self.words.boot,
            slots=slots,
            offers=offers,
            devices=DEVICES,
            host="gpu-1",
            version="0.1.0",
        )
        await self.words.say(hello)
        await self.words.orders()

    async def begin(self, steps: int = STEPS // 2) -> Assignment:
        """Take the next trial, report that many steps, and leave it running."""
        trial = await self.words.assignment()
        await self.words.record(trial, 1, STARTED, reported(*curve(trial, steps)))
        await self.words.applied(trial, 2)
        return trial

    async def end(self, trial: Assignment, *, steps: int = STEPS // 2) -> None:
        """The rest of a trial that was begun with that many steps."""
        reports = curve(trial, first=steps)
        metrics = reports[-1][2]
        final = Final(
            outcome=Outcome.COMPLETE, metrics=metrics, seconds=13.0, output="epoch 12 of 12\n"
        )
        await self.words.record(trial, 3, reported(*reports), final)
        await self.words.applied(trial, 4)

    async def fail(self, trial: Assignment) -> None:
        """A trial that was begun raises."""
        failure = Failure(
            kind=FailureKind.EXCEPTION,
            reason="ValueError: the loss is negative",
            traceback='Traceback (most recent call last):\n  File "train.py", line 7\nValueError',
        )
        final = Final(outcome=Outcome.FAILED, failure=failure, seconds=7.0, output="epoch 6\n")
        await self.words.record(trial, 3, final)
        await self.words.applied(trial, 3)

    async def train(self, count: int, *, failing: Sequence[int] = ()) -> None:
        """That many trials, one after the other; those of the numbers ``failing`` raise."""
        for _ in range(count):
            trial = await self.begin()
            if trial.number in failing:
                await self.fail(trial)
            else:
                await self.end(trial)
