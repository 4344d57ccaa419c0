"""The objective: what a user decorates, and how it is described.

It is loaded only in the processes that train (`trial_runner.loading`); what the rest of the system
needs to know of it (metrics, constraints, the search space) is described as plain data.
"""

import inspect
import typing
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from schema.configuration import Config, build
from schema.declaration import space_of
from schema.errors import ConfigurationError, WrongInput
from schema.space import Space
from schema.study import Constraint, Direction, Metric, ObjectiveDescription
from schema.values import Value
from trial_runner.byte_size import parse_bytes

Train = Callable[[Any, Any], Any]


class Objective:
    """A user's training function with what it optimises; calling it calls the function."""

    def __init__(
        self,
        function: Train,
        metrics: tuple[Metric, ...],
        constraints: tuple[Constraint, ...],
        steps: int | str | None,
        gpu_memory: int | None = None,
    ) -> None:
        self.function = function
        self.metrics = metrics
        self.constraints = constraints
        self.steps = steps
        self.gpu_memory = gpu_memory
        self.__name__ = getattr(function, "__name__", "objective")
        self.__doc__ = function.__doc__

    def __call__(self, config: Any, trial: Any) -> Any:
        return self.function(config, trial)

    @cached_property
    def config_class(self) -> type[Config]:
        """The configuration class that the function's first parameter is annotated with.

        Raises:
            ConfigurationError: it has no such annotation.
        """
        hints = typing.get_type_hints(self.function)
        names = list(inspect.signature(self.function).parameters)
        wanted = hints.get(names[0]) if names else None
        if not (isinstance(wanted, type) and issubclass(wanted, Config)) or len(names) != 2:
            raise ConfigurationError(
                f"objective {self.__name__!r}: write it as "
                f"`def {self.__name__}(config: YourConfig, trial: tq.Trial)`, "
                "YourConfig a class derived from tq.Config"
            )
        return wanted

    @cached_property
    def space(self) -> Space:
        """Every variable of the configuration class.

        Raises:
            ConfigurationError: the class is not a search space.
        """
        return space_of(self.config_class)

    def configure(self, values: dict[str, Value]) -> Config:
        """The typed configuration of one trial."""
        return build(self.config_class, values)

    def describe(self, entry: str) -> ObjectiveDescription:
        """What the orchestrator has to know of it.

        Raises:
            ConfigurationError: the configuration class is not a search space.
        """
        return ObjectiveDescription(
            entry=entry,
            metrics=self.metrics,
            constraints=self.constraints,
            space=self.space,
            steps=self.steps,
            gpu_memory=self.gpu_memory,
            doc=inspect.getdoc(self.function) or "",
        )


def objective(
    *,
    maximize: str | Sequence[str] = (),
    minimize: str | Sequence[str] = (),
    constraints: Sequence[str] = (),
    steps: int | str | None = None,
    gpu_memory: str | int | None = None,
) -> Callable[[Train], Objective]:
    """Make ``def train(config: MyConfig, trial: tq.Trial) -> dict[str, float]`` an objective.

    Args:
        maximize: the metric, or metrics, of which more is better.
        minimize: the metric, or metrics, of which less is better.
        constraints: what a result must hold to count as best: ``"false_positive_rate <= 0.05"``.
        steps: how many steps a full trial reports, or the variable that says it
            (``"training.epochs"``); pruning is then timed by it.
        gpu_memory: how much memory of a GPU a trial needs, ``"6GiB"`` or bytes; it is then started
            only where so much is free. Without meaning on the CPU.

    Raises:
        WrongInput: no metric, one that is named twice, or a constraint or an amount of memory that
            does not read.
    """
    up = (maximize,) if isinstance(maximize, str) else tuple(maximize)
    down = (minimize,) if isinstance(minimize, str) else tuple(minimize)
    if not up + down:
        raise WrongInput('objective: name a metric, as in @tq.objective(maximize="f1")')
    if len(set(up + down)) < len(up + down):
        raise WrongInput("objective: a metric is named twice")
    metrics = tuple(Metric(name=name, direction=Direction.MAXIMIZE) for name in up) + tuple(
        Metric(name=name, direction=Direction.MINIMIZE) for name in down
    )
    parsed = tuple(Constraint.parse(text) for text in constraints)
    memory = None if gpu_memory is None else parse_bytes(gpu_memory)
    return lambda function: Objective(function, metrics, parsed, steps, memory)
