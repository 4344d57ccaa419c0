"""The sampler: Optuna's ask and tell, in a thread of its own so that the event loop never waits.

In go trials that ended and numbers that need a configuration; out come the values that the sampler
chose, by path. Optuna's study lives in memory and is disposable: it is rebuilt from the stored
trials at every start. A variable whose conditions do not hold is never suggested, so the sampler
learns only from what was really used.
"""

import asyncio
import importlib.util
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, cast

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.study._tell import _tell_with_warning
from optuna.trial import TrialState as OptunaState

from orchestrator.engine.suggestions import Ask, Past, Told
from schema.errors import UnknownName, WrongInput
from schema.space import Space
from schema.study import StudySpec
from schema.trial import TrialState
from schema.values import Value
from schema.variables import Variable

_STATES = {
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
    TrialState.CANCELLED: OptunaState.FAIL,
}


_NEEDS = {"gp": ("scipy", "torch"), "cmaes": ("cmaes",)}
"""What Optuna imports only when a sampler is used for the first time."""


def _samplers() -> dict[str, Callable[[int], BaseSampler]]:
    samplers = optuna.samplers
    return {
        # Variable by variable: a joint density of thirty settles on the first good trial's region.
        "tpe": lambda seed: samplers.TPESampler(seed=seed, multivariate=False),
        "random": lambda seed: samplers.RandomSampler(seed=seed),
        "gp": lambda seed: samplers.GPSampler(seed=seed),
        "cmaes": lambda seed: samplers.CmaEsSampler(seed=seed),
        "nsga2": lambda seed: samplers.NSGAIISampler(seed=seed),
        "qmc": lambda seed: samplers.QMCSampler(seed=seed),
        "brute_force": lambda seed: samplers.BruteForceSampler(seed=seed),
    }


def make_sampler(name: str, seed: int) -> BaseSampler:
    """The sampler called ``name``.

    Raises:
        UnknownName: there is none of this name.
        WrongInput: a package that it needs is missing.
    """
    known = _samplers()
    if name not in known:
        raise UnknownName("sampler", name, known)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Warnings would break the live view.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    warnings.filterwarnings("ignore", module=r"optuna\.")
    for package in _NEEDS.get(name, ()):
        if importlib.util.find_spec(package) is None:
            raise WrongInput(f"sampler {name!r} needs a package: pip install {package}")
    return known[name](seed)


def check_space(name: str, space: Space) -> None:
    """Can the sampler called ``name`` search this space?

    Raises:
        WrongInput: it would have to try every value of a range that has no step.
    """
    if space.variables == () and name == "brute_force":
        raise WrongInput(
            "sampler 'brute_force' tries every value, and what an Optuna objective searches is "
            "known only while it runs; take another one"
        )
    endless = [v.path for v in space.sampling_order() if v.kind == "float" and v.step is None]
    endless = [path for path in endless if space.variable(path).choices is None]
    if name == "brute_force" and endless:
        raise WrongInput(
            f"sampler 'brute_force' tries every value, and {endless[0]} has no step; give it "
            f"one (--search {endless[0]}=low..high,step=…) or fix it (--set)"
        )


def distribution(variable: Variable) -> BaseDistribution:
    """How Optuna sees a variable: ordered choices are numbered, so that their order is used."""
    if variable.choices is not None:
        if variable.ordered:
            return IntDistribution(0, len(variable.choices) - 1)
        return CategoricalDistribution(variable.choices)
    if variable.kind == "bool":
        return CategoricalDistribution((False, True))
    assert variable.low is not None and variable.high is not None
    if variable.kind == "int":
        low, high, step = int(variable.low), int(variable.high), int(variable.step or 1)
        return IntDistribution(low, high, log=variable.log, step=step)
    return FloatDistribution(variable.low, variable.high, log=variable.log, step=variable.step)


def to_sampler(variable: Variable, value: Value) -> Value:
    """``value`` as the sampler holds it."""
    if variable.ordered and variable.choices is not None:
        return variable.choices.index(value)
    return value


def from_sampler(variable: Variable, value: Value) -> Value:
    """The variable's value behind what the sampler holds."""
    if variable.ordered and variable.choices is not None:
        return variable.choices[cast(int, value)]
    return value


class OptunaStudy:
    """The disposable Optuna study behind one of ours; not thread-safe, used by one thread."""

    def __init__(self, spec: StudySpec, past: Sequence[Past]) -> None:
        self._space: Space = spec.objective.space
        self._order = [(v, distribution(v)) for v in self._space.sampling_order()]
        # Another seed after each restart: Optuna keeps no state of its generator, and the same seed
        # would suggest the same points again.
        self._study = optuna.create_study(
            study_name=spec.name,
            directions=[
                optuna.study.StudyDirection[m.direction.name] for m in spec.objective.metrics
            ],
            sampler=make_sampler(spec.sampler, spec.seed + len(past)),
        )
        # What `brute_force` calls when it is through, to end a loop that is not ours.
        self._study.stop = lambda: None  # type: ignore[method-assign]
        self._tried: set[tuple[tuple[str, Value], ...]] | None = None
        if spec.sampler == "brute_force":
            self._tried = set()
        self._single = len(spec.objective.metrics) == 1
        self._trials: dict[int, optuna.Trial] = {}
        for trial in past:
            self._add(trial)

    def ask(self, ask: Ask) -> dict[str, Value] | None:
        """The values of the searched and active variables for one new trial.

        ``None`` when the sampler tries each configuration once, and has.
        """
        if ask.fixed is not None:
            chosen = self._space.searched_active(ask.fixed)
            self._study.enqueue_trial(
                {path: to_sampler(self._space.variable(path), v) for path, v in chosen.items()}
            )
        trial = self._study.ask()
        fixed = ask.fixed or {}
        values: dict[str, Value] = {}
        for variable, dist in self._order:
            if self._space.is_active(variable, {**fixed, **values}):
                raw = suggest(trial, variable.path, dist)
                values[variable.path] = from_sampler(variable, raw)
        if self._tried is not None:
            tried = tuple(values.items())
            if tried in self._tried and ask.fixed is None:
                self._finish(trial, OptunaState.FAIL, None)
                return None
            self._tried.add(tried)
        self._trials[ask.number] = trial
        return values

    def tell(self, told: Told) -> None:
        """A trial ended; telling one twice, or one that was never asked for, does nothing."""
        trial = self._trials.pop(told.number, None)
        if trial is None:
            return
        if told.used is not None:
            # It asked for its values itself: those are learnt from, and not what was offered.
            self._finish(trial, OptunaState.FAIL, None)
            if told.space is not None and told.space is not self._space:
                self._space = told.space
                self._order = [(v, distribution(v)) for v in told.space.sampling_order()]
            self._add(Past(number=told.number, sampled=told.used, told=told))
            return
        for name, violation in told.violations.items():
            trial.set_constraint(name, violation)
        if told.state is TrialState.COMPLETE:
            self._finish(trial, OptunaState.COMPLETE, told.values)
            return
        state = _state(told)
        if state is OptunaState.PRUNED and self._single and told.last is not None:
            trial.report(told.last[1], told.last[0])
        self._finish(trial, state, None)

    def _finish(
        self, trial: optuna.Trial, state: OptunaState, values: Sequence[float] | None
    ) -> None:
        # What `Study.tell` calls; that one then copies the whole trial for its return value, which
        # costs more than all the rest. A test holds that it is still there.
        _tell_with_warning(self._study, trial, values, state, skip_if_finished=True)

    def _add(self, past: Past) -> None:
        params, distributions = {}, {}
        for variable, dist in self._order:
            if variable.path in past.sampled:
                params[variable.path] = to_sampler(variable, past.sampled[variable.path])
                distributions[variable.path] = dist
        told = past.told
        state = OptunaState.RUNNING if told is None else _state(told)
        try:
            frozen = optuna.trial.create_trial(
                state=state,
                values=list(told.values) if told and told.values else None,
                params=params,
                distributions=distributions,
                intermediate_values=(
                    {told.last[0]: told.last[1]}
                    if told and told.last and self._single and state is OptunaState.PRUNED
                    else None
                ),
                constraints=dict(told.violations) if told and told.violations else None,
            )
        except ValueError:
            return  # outside of a space that was narrowed since: it teaches nothing here
        self._study.add_trial(frozen)
        if self._tried is not None:
            self._tried.add(tuple((path, past.sampled[path]) for path in params))
        if told is None:
            added = self._study.get_trials(deepcopy=False)[-1]
            self._trials[past.number] = optuna.Trial(self._study, added._trial_id)


def _state(told: Told) -> OptunaState:
    """A configuration for which the memory did not suffice is infeasible, which Optuna only learns
    from trials that did not fail."""
    return OptunaState.PRUNED if "memory" in told.violations else _STATES[told.state]


def suggest(trial: optuna.Trial, name: str, dist: BaseDistribution) -> Value:
    """A value out of a distribution, as the sampler holds it."""
    if isinstance(dist, FloatDistribution):
        return trial.suggest_float(name, dist.low, dist.high, log=dist.log, step=dist.step)
    if isinstance(dist, IntDistribution):
        return trial.suggest_int(name, dist.low, dist.high, log=dist.log, step=dist.step)
    assert isinstance(dist, CategoricalDistribution)
    return cast(Value, trial.suggest_categorical(name, dist.choices))


class RandomSearch:
    """Random search learns nothing, so it needs no study: each trial is drawn by Optuna's random
    sampler and forgotten, which costs a quarter of an ask through a study."""

    def __init__(self, spec: StudySpec, past: Sequence[Past]) -> None:
        self._space: Space = spec.objective.space
        self._order = [(v, distribution(v)) for v in self._space.sampling_order()]
        self._sampler = make_sampler(spec.sampler, spec.seed + len(past))
        self._study = optuna.create_study(sampler=self._sampler)
        self._trial = optuna.trial.create_trial(value=0.0)  # the sampler wants one, and ignores it

    def ask(self, ask: Ask) -> dict[str, Value]:
        """The values of the searched and active variables for one new trial."""
        if ask.fixed is not None:
            return self._space.searched_active(ask.fixed)
        values: dict[str, Value] = {}
        for variable, dist in self._order:
            if self._space.is_active(variable, values):
                raw = self._sampler.sample_independent(
                    self._study, self._trial, variable.path, dist
                )
                values[variable.path] = from_sampler(variable, raw)
        return values

    def tell(self, told: Told) -> None:
        """Nothing to learn, but for what there is to choose."""
        if told.space is not None and told.space is not self._space:
            self._space = told.space
            self._order = [(v, distribution(v)) for v in told.space.sampling_order()]


class Sampler:
    """Runs the Optuna studies in one thread; every call is one hop there and back."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sampler")
        self._studies: dict[int, OptunaStudy | RandomSearch] = {}

    async def open(self, study: int, spec: StudySpec, past: Sequence[Past]) -> None:
        """Build the Optuna study of ``study`` from what is known of its trials.

        Raises:
            WrongInput: the sampler does not exist or lacks a package.
        """

        def build() -> None:
            search = RandomSearch if spec.sampler == "random" else OptunaStudy
            self._studies[study] = search(spec, past)

        await asyncio.get_running_loop().run_in_executor(self._thread, build)

    async def exchange(
        self, study: int, tells: Iterable[Told], asks: Iterable[Ask]
    ) -> list[tuple[Ask, dict[str, Value]]]:
        """Tell what ended, then ask for what is needed: the sampler knows most then.

        Fewer answers than asks: every configuration has been tried.
        """

        def work() -> list[tuple[Ask, dict[str, Value]]]:
            known = self._studies.get(study)
            if known is None:  # closed while it was asked
                return []
            for told in tells:
                known.tell(told)
            found = []
            for ask in asks:
                if (values := known.ask(ask)) is None:
                    break
                found.append((ask, values))
            return found

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self, study: int) -> None:
        """Forget the Optuna study of ``study``, once it has answered what it was asked before."""
        self._thread.submit(self._studies.pop, study, None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
