"""A study as data: what is optimised, over which space, with which sampler, pruner and limits.

An ``ObjectiveDescription`` comes from the process that loaded the user's code; the orchestrator
adds the user's choices and stores the ``StudySpec``. No code travels, only these structs.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from schema.errors import WrongInput
from schema.pruning import PrunerSettings
from schema.space import Space
from schema.values import Value


class Direction(StrEnum):
    """Whether more or less of a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that the study optimises."""

    name: str
    direction: Direction

    def better(self, left: float, right: float) -> bool:
        """True when ``left`` is strictly better than ``right``."""
        return left > right if self.direction is Direction.MAXIMIZE else left < right


class Constraint(msgspec.Struct, frozen=True, kw_only=True):
    """``metric <= bound`` or ``metric >= bound``; a trial that violates one is not feasible."""

    metric: str
    at_most: bool
    bound: float

    def violation(self, value: float) -> float:
        """How far ``value`` is on the wrong side; at most 0 when the constraint holds."""
        return value - self.bound if self.at_most else self.bound - value

    @classmethod
    def parse(cls, text: str) -> "Constraint":
        """Read ``"false_positive_rate <= 0.05"``.

        Raises:
            WrongInput: when it is not ``metric <= number`` or ``metric >= number``.
        """
        for sign, at_most in (("<=", True), (">=", False)):
            name, found, bound = text.partition(sign)
            if found:
                try:
                    return cls(metric=name.strip(), at_most=at_most, bound=float(bound))
                except ValueError:
                    break
        raise WrongInput(
            f"constraint {text!r}: write it as 'metric <= number' or 'metric >= number'"
        )


class ObjectiveDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner offers: the entry point, what it optimises, and its space.

    ``steps`` is how many steps a full trial reports, or the path of the variable that says it.
    ``gpu_memory`` is how many bytes of a GPU a trial needs, ``None`` where nobody said. A space
    that is ``dynamic`` grows by what trials ask for while they run; so an Optuna objective does.
    """

    entry: str
    metrics: tuple[Metric, ...]
    space: Space
    constraints: tuple[Constraint, ...] = ()
    steps: int | str | None = None
    gpu_memory: int | None = None
    doc: str = ""
    dynamic: bool = False

    def reported_steps(self) -> int | None:
        """How many steps a trial with the default configuration reports, where that is known."""
        if isinstance(self.steps, str):
            return int(self.space.variable(self.steps).default)
        return self.steps

    def feasible(self, values: Mapping[str, float]) -> bool:
        """True when every constraint holds; a metric that is missing violates its constraint."""
        return all(
            c.metric in values and c.violation(values[c.metric]) <= 0 for c in self.constraints
        )


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """How an objective says that it is judged, where a study judges it otherwise."""

    metrics: tuple[Metric, ...]
    constraints: tuple[Constraint, ...] = ()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a study ends, how long one trial may take, and how long it may report nothing.

    Seconds; ``None`` is no limit.
    """

    trials: int | None = None
    seconds: float | None = None
    trial_seconds: float | None = None
    silent_seconds: float | None = None


class StudySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be changed while trials run; each change is a new version.

    ``parallelism`` is how many trials run at once, ``None`` as many as there are slots; ``weight``
    the study's share of the runners beside other studies. A ``paused`` study starts no trial.
    """

    pruner: PrunerSettings = PrunerSettings()
    limits: Limits = Limits()
    parallelism: int | None = None
    weight: float = 1.0
    paused: bool = False


class StudyKind(StrEnum):
    """What a study is for."""

    SEARCH = "search"
    SESSION = "session"  # one training for real: its only trial is not pruned, and can be edited


class StudySpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that defines a study; stored with it.

    ``origin`` is what its configuration was taken from: ``profile quiet@2``, ``trial s:7``; empty
    for the objective's own defaults. A session begins with the configuration ``start``.
    """

    name: str
    objective: ObjectiveDescription
    sampler: str = "tpe"
    seed: int = 0
    settings: StudySettings = StudySettings()
    kind: StudyKind = StudyKind.SEARCH
    start: dict[str, Value] = {}
    origin: str = ""
    declared: Declared | None = None

    @property
    def offered(self) -> ObjectiveDescription:
        """The objective with its own metrics and constraints, as a runner offers it."""
        if self.declared is None:
            return self.objective
        metrics, constraints = self.declared.metrics, self.declared.constraints
        return msgspec.structs.replace(self.objective, metrics=metrics, constraints=constraints)

    @property
    def is_session(self) -> bool:
        """True for a training for real."""
        return self.kind is StudyKind.SESSION

    @property
    def metric(self) -> Metric:
        """The metric that pruning looks at and results are sorted by: the first one."""
        return self.objective.metrics[0]
