"""What a person wrote into the form of a study, and the study that it makes. Pure.

Every field is text or a choice, as it stands in the form; `Form.problems` says field by field what
is wrong with it, `Form.spec` makes the study. Domains are written as ``--search`` takes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from msgspec.structs import replace

from schema.defining import directed, judged_by, with_steps
from schema.durations import parse_duration
from schema.errors import WrongInput
from schema.identity import checked_name
from schema.narrowing import narrow
from schema.overrides import Overrides, Search, parse_search
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import (
    Constraint,
    Direction,
    Limits,
    ObjectiveDescription,
    StudySettings,
    StudySpec,
)
from schema.values import Value
from schema.variables import Variable

TRIALS = 40


class Role(StrEnum):
    """What becomes of a variable."""

    SEARCH = "search"
    FIX = "fix"
    LEAVE = "default"


@dataclass(slots=True, kw_only=True)
class Wish:
    """What is wanted of one variable: its ``domain`` where it is searched, else its ``value``."""

    role: Role
    domain: str
    value: str


@dataclass(slots=True, kw_only=True)
class Form:
    """The form of a study of what a runner offers."""

    offer: ObjectiveDescription
    name: str
    wishes: dict[str, Wish]
    metrics: list[str]
    constraints: list[str]
    directions: list[str] = field(default_factory=list)
    sampler: str = "tpe"
    seed: float | None = 0
    pruner: str = "successive_halving"
    aggressiveness: str = Aggressiveness.STANDARD
    prune_on: str = ""
    parameters: str = ""
    control_percent: float | None = 0
    trials: float | None = TRIALS
    seconds: str = ""
    trial_seconds: str = ""
    silent_seconds: str = ""
    parallelism: float | None = None
    weight: float | None = 1.0
    paused: bool = False

    def problems(self) -> dict[str, str]:
        """What is wrong, by field; that of a variable by its path."""
        found = {name: self.problem(name) for name in self._checks()}
        return {name: problem for name, problem in found.items() if problem}

    def problem(self, name: str) -> str:
        """What is wrong with one field; empty if nothing is."""
        check = self._checks().get(name)  # of some fields nothing can be wrong
        try:
            if check is not None:
                check()
        except WrongInput as error:
            return str(error)
        return ""

    def spec(self) -> StudySpec:
        """The study.

        Raises:
            WrongInput: a field is wrong; the message is that of the first one.
        """
        for problem in self.problems().values():
            raise WrongInput(problem)
        offer = self._directed()
        space = narrow(offer.space, self._overrides())
        objective = replace(offer, space=space)
        spec = StudySpec(
            name=self.name,
            objective=objective,
            sampler=self.sampler,
            seed=int(self.seed or 0),
            settings=self.settings(objective),
        )
        if offer.dynamic:
            return spec
        return judged_by(spec, self.metrics, self._constraints())

    def settings(self, objective: ObjectiveDescription) -> StudySettings:
        """What can be changed while the study runs.

        Raises:
            WrongInput: a field is wrong.
        """
        return StudySettings(
            pruner=with_steps(self._pruner(), objective),
            limits=self._limits(),
            parallelism=_whole("trials at once", self.parallelism, least=1),
            weight=self.weight or 1.0,
            paused=self.paused,
        )

    # ------------------------------------------------------------------ the parts

    def _checks(self) -> Mapping[str, Callable[[], object]]:
        variables = {
            path: partial(self._narrowed, self.offer.space.variable(path)) for path in self.wishes
        }
        return {
            "name": lambda: checked_name("study", self.name),
            "metrics": self._check_metrics,
            "constraints": self._constraints,
            "seed": lambda: _whole("the seed", self.seed, least=0),
            "parameters": self._parameters,
            "control_percent": self._control,
            "trials": lambda: _whole("trials", self.trials, least=1),
            "seconds": lambda: _seconds(self.seconds),
            "trial_seconds": lambda: _seconds(self.trial_seconds),
            "silent_seconds": lambda: _seconds(self.silent_seconds),
            "parallelism": lambda: _whole("trials at once", self.parallelism, least=1),
            "weight": self._check_weight,
            **variables,
        }

    def _directed(self) -> ObjectiveDescription:
        return directed(self.offer, [Direction(each) for each in self.directions])

    def _check_metrics(self) -> None:
        if not self.metrics and not self.offer.dynamic:
            raise WrongInput("choose at least one metric to optimise")

    def _constraints(self) -> list[Constraint]:
        return [Constraint.parse(text) for text in self.constraints if text.strip()]

    def _parameters(self) -> dict[str, int | float | bool | str]:
        found: dict[str, int | float | bool | str] = {}
        for text in self.parameters.replace(",", " ").split():
            name, equals, value = text.partition("=")
            if not (name and equals and value):
                raise WrongInput(f"{text!r}: write name=value, as min_resource=2")
            found[name] = _number_or_word(value)
        return found

    def _control(self) -> float:
        percent = self.control_percent or 0.0
        if not 0 <= percent <= 100:
            raise WrongInput(f"{percent:g} %: write 0 to 100")
        return percent / 100

    def _check_weight(self) -> None:
        if self.weight is not None and self.weight <= 0:
            raise WrongInput(f"a weight of {self.weight:g}: it should be above 0")

    def _pruner(self) -> PrunerSettings:
        return PrunerSettings(
            pruner=self.pruner,
            aggressiveness=Aggressiveness(self.aggressiveness),
            parameters=self._parameters(),
            control_fraction=self._control(),
            prune_on=self.prune_on or None,
        )

    def _limits(self) -> Limits:
        return Limits(
            trials=_whole("trials", self.trials, least=1),
            seconds=_seconds(self.seconds),
            trial_seconds=_seconds(self.trial_seconds),
            silent_seconds=_seconds(self.silent_seconds),
        )

    def _wished(self, variable: Variable) -> Search | Value | None:
        """What is searched or set; ``None`` where the variable is left as it is declared."""
        wish = self.wishes[variable.path]
        if wish.role is Role.LEAVE:
            return None
        if wish.role is Role.FIX:
            return variable.parse(wish.value)
        declared = variable.searched or variable.after_training
        if declared and wish.domain.replace(" ", "") == variable.domain().replace(" ", ""):
            return None
        if not wish.domain.strip():
            raise WrongInput(f"{variable.path}: write what to search, as {example(variable)}")
        return parse_search(f"{variable.path}={wish.domain}", self.offer.space)[1]

    def _narrowed(self, variable: Variable) -> None:
        """Check what is wanted of one variable."""
        wished = self._wished(variable)
        if wished is not None and not isinstance(wished, Value):
            narrow(self.offer.space, Overrides(search={variable.path: wished}))

    def _overrides(self) -> Overrides:
        fixed: dict[str, Value] = {}
        searched: dict[str, Search] = {}
        left: list[str] = []
        for path, wish in self.wishes.items():
            wished = self._wished(self.offer.space.variable(path))
            if wish.role is Role.LEAVE:
                left.append(path)
            elif wish.role is Role.FIX and isinstance(wished, Value):
                fixed[path] = wished
            elif wished is not None and not isinstance(wished, Value):
                searched[path] = wished
        return Overrides(set=fixed, search=searched, leave_out=tuple(left))


def example(variable: Variable) -> str:
    """How something to search is written for this variable."""
    if variable.domain():
        return variable.domain()
    return {"int": "1..10", "float": "0..1", "bool": "true,false", "str": "one,another"}[
        variable.kind
    ]


def _whole(what: str, number: float | None, *, least: int) -> int | None:
    if number is None:
        return None
    if number != int(number) or number < least:
        raise WrongInput(f"{what}: write a whole number of at least {least}, not {number:g}")
    return int(number)


def _seconds(text: str) -> float | None:
    return parse_duration(text) if text.strip() else None


def _number_or_word(text: str) -> int | float | bool | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
