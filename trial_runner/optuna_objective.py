"""An Optuna objective as it is: ``def objective(trial)`` with ``suggest_*``, unchanged.

Its search space is known only while it runs. The orchestrator chooses a value for every variable
that any trial of the study has asked for; a variable that is asked for the first time is drawn at
random here. For Optuna's samplers that choose variable by variable, as TPE does by default, this is
the same search: each value depends on earlier trials alone, not on the others of its own trial.
What a trial asked for goes back with its end.

Optuna itself is not imported; the user's script does that.
"""

import inspect
import math
import random
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from schema.configuration import Config
from schema.errors import InvalidValue, TrialMQError
from schema.messages import Suggestion
from schema.space import Space
from schema.study import Direction, Metric, ObjectiveDescription
from schema.values import KINDS, Kind, Value
from schema.variables import Variable
from trial_runner.objective import Objective
from trial_runner.trial import Pruned, Trial

Function = Callable[[Any], Any]
METRIC = Metric(name="value", direction=Direction.MINIMIZE)
"""What an Optuna objective returns has no name; which way is better, the study says."""


def is_optuna_objective(found: object) -> bool:
    """A function that is to be called with one argument."""
    if not inspect.isfunction(found):
        return False
    parameters = inspect.signature(found).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return len(needed) == 1 and needed[0].kind in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )


class NoVariables(Config):
    """The configuration of an Optuna objective: it has none that is declared."""


class OptunaObjective(Objective):
    """A user's Optuna objective."""

    def __init__(self, function: Function) -> None:
        super().__init__(lambda _, trial: _run(function, trial), (), (), None)
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    @property
    def config_class(self) -> type[Config]:
        return NoVariables

    @property
    def space(self) -> Space:
        return Space(variables=())

    def configure(self, values: dict[str, Value]) -> Config:
        """Nothing is declared; the values are handed out as they are asked for."""
        return NoVariables()

    def describe(self, entry: str) -> ObjectiveDescription:
        """What the orchestrator has to know of it."""
        return ObjectiveDescription(
            entry=entry,
            metrics=(METRIC,),
            space=self.space,
            dynamic=True,
            doc=inspect.cleandoc(self.__doc__ or ""),
        )


def _run(function: Function, trial: Trial) -> dict[str, float]:
    facade = OptunaTrial(trial)
    try:
        return _metrics(function(facade))
    except BaseException as error:
        pruned = getattr(sys.modules.get("optuna"), "TrialPruned", None)
        if pruned is not None and isinstance(error, pruned):
            raise Pruned from error
        raise
    finally:
        trial.suggested = tuple(facade.suggested.values())
        trial.attributes = facade.user_attrs


def _metrics(result: Any) -> dict[str, float]:
    """``value``, or ``value_0``, ``value_1``, … of an objective that returns several."""
    if isinstance(result, Sequence) and not isinstance(result, str | bytes):
        return {f"value_{index}": float(value) for index, value in enumerate(result)}
    if result is None:
        raise TypeError("the objective returned None; it should return a number, or several")
    return {METRIC.name: float(result)}


class OptunaTrial:
    """What an Optuna objective is handed: the part of ``optuna.Trial`` that objectives use.

    ``params``, ``distributions`` and ``user_attrs`` are as Optuna has them; ``distributions`` by
    our own `Variable`. ``report`` is that of `Trial`; ``should_prune`` says what is known by then.
    """

    def __init__(self, trial: Trial) -> None:
        self.suggested: dict[str, Suggestion] = {}
        self.params: dict[str, Any] = {}
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}
        self.datetime_start = datetime.now()
        self._trial = trial
        self._pruned = False
        self._steps: set[int] = set()

    @property
    def number(self) -> int:
        """The trial's number in its study, from 0."""
        return self._trial.number

    @property
    def distributions(self) -> dict[str, Variable]:
        """What was asked for, by name."""
        return {name: suggestion.variable for name, suggestion in self.suggested.items()}

    @property
    def study(self) -> Any:
        """Not here: the study is in another process.

        Raises:
            TrialMQError: always.
        """
        raise TrialMQError("trial.study: the study is in another process; a trial cannot reach it")

    # ------------------------------------------------------------------ values

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number from ``low`` to ``high``, both included."""
        if step is not None and low < high:
            high = low + math.floor((high - low) / step + 1e-9) * step  # as Optuna does
        variable = _range("float", name, float(low), float(high), step, log)
        return float(self._suggest(name, variable, low))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        high = low + (high - low) // step * step
        variable = _range("int", name, low, high, None if log else step, log)
        return int(self._suggest(name, variable, low))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of ``choices``."""
        choices = tuple(choices)
        kinds = {KINDS.get(type(choice)) for choice in choices}
        plain = len(kinds) == 1 and None not in kinds and len(set(choices)) == len(choices)
        labels = choices if plain else _labels(choices)
        kind = KINDS[type(labels[0])]
        several = len(choices) > 1
        variable = Variable(
            path=name, kind=kind, default=labels[0], choices=labels, searched=several
        )
        return choices[labels.index(self._suggest(name, variable, labels[0]))]

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Deprecated by Optuna: `suggest_float`."""
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Deprecated by Optuna: `suggest_float` with ``log``."""
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Deprecated by Optuna: `suggest_float` with a ``step``."""
        return self.suggest_float(name, low, high, step=q)

    def _suggest(self, name: str, variable: Variable | None, only: Value) -> Value:
        """The value of ``variable``; of a range that holds nothing else it is the ``only`` one."""
        if name in self.suggested:  # asked for again, it is the same
            return self.suggested[name].value
        if variable is None:
            self.params[name] = only
            return only
        value = self._chosen(name, variable)
        self.suggested[name] = Suggestion(variable=variable, value=value)
        self.params[name] = value
        return value

    def _chosen(self, name: str, variable: Variable) -> Value:
        if name in self._trial.preset:
            try:
                return variable.check(self._trial.preset[name])
            except InvalidValue:  # another range than in the trials before
                pass
        return drawn(variable, random.Random(f"{self._trial.seed} {name}"))

    # ------------------------------------------------------------------ reports

    def report(self, value: float, step: int) -> None:
        """Report an intermediate value; of one step the first counts."""
        if step in self._steps:
            return
        self._steps.add(step)
        try:
            self._trial.report(step, **{METRIC.name: float(value)})
        except Pruned:
            self._pruned = True

    def should_prune(self) -> bool:
        """Should the trial end now?"""
        return self._pruned or self._trial.should_stop()

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep something that JSON can hold with the trial."""
        self.user_attrs[key] = value

    def set_system_attr(self, key: str, value: Any) -> None:
        """Kept for this trial alone."""
        self.system_attrs[key] = value


def _range(
    kind: Kind, name: str, low: float, high: float, step: float | None, log: bool
) -> Variable | None:
    """A variable, or nothing for a range that holds a single value."""
    if low == high:
        return None
    return Variable(
        path=name, kind=kind, default=low, low=low, high=high, step=step, log=log, searched=True
    )


def _labels(choices: Sequence[Any]) -> tuple[str, ...]:
    """Texts for choices of several types, which a variable cannot have."""
    texts = tuple(str(choice) for choice in choices)
    return texts if len(set(texts)) == len(texts) else tuple(repr(choice) for choice in choices)


def drawn(variable: Variable, generator: random.Random) -> Value:
    """Any allowed value of a range or of choices, each as likely."""
    if variable.choices is not None:
        return generator.choice(variable.choices)
    assert variable.low is not None and variable.high is not None
    low, high, step = variable.low, variable.high, variable.step
    if variable.log:
        half = 0.5 if variable.kind == "int" else 0.0
        number = math.exp(generator.uniform(math.log(low - half), math.log(high + half)))
        number = min(max(number, low), high)
        return variable.check(round(number) if variable.kind == "int" else number)
    if step is not None:
        return variable.check(low + generator.randint(0, round((high - low) / step)) * step)
    return generator.uniform(low, high)
