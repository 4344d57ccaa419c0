"""Studies to and from an Optuna storage, with everything that both sides can hold.

Parameters, distributions, intermediate values, states, times, constraints and user attributes go
both ways. What an Optuna storage cannot hold (attempts, revisions, what was printed) stays here.
"""

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from orchestrator.sampling import distribution
from schema.errors import UnknownName, WrongInput
from schema.growing import grown
from schema.messages import Report
from schema.results import StudyOverview, TrialResult
from schema.space import Space
from schema.study import Direction, Limits, Metric, ObjectiveDescription, StudySettings, StudySpec
from schema.trial import FailureKind, TrialState
from schema.values import KINDS, Value
from schema.variables import Variable

STATES = {
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
    TrialState.CANCELLED: OptunaState.FAIL,
}
OURS = "trialmq "
"""Before the names of what we add to the user attributes."""

OBJECTIVE = OURS + "objective"
BACK = {
    OptunaState.COMPLETE: TrialState.COMPLETE,
    OptunaState.PRUNED: TrialState.PRUNED,
    OptunaState.FAIL: TrialState.FAILED,
}


@dataclass(frozen=True, slots=True)
class FromOptuna:
    """A study of an Optuna storage: its trials in order, each with its curve and attributes."""

    spec: StudySpec
    created: float
    trials: list[TrialResult]
    curves: dict[int, list[Report]]
    attributes: dict[int, dict[str, Any]]
    left_out: int
    """Trials that had not ended."""


# ---------------------------------------------------------------------- to Optuna


def export_study(
    url: str,
    name: str,
    study: StudyOverview,
    trials: Sequence[TrialResult],
    curves: Mapping[int, Sequence[Report]],
    attributes: Mapping[int, Mapping[str, Any]],
) -> int:
    """Write the trials that ended as a new study ``name``; returns how many.

    Raises:
        WrongInput: the storage cannot be opened, or has a study of this name.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spec = study.spec
    try:
        made = optuna.create_study(
            study_name=name,
            storage=_storage(url),
            directions=[
                optuna.study.StudyDirection[m.direction.name] for m in spec.objective.metrics
            ],
        )
    except optuna.exceptions.DuplicatedStudyError as error:
        raise WrongInput(f"{url} has a study {name!r}; choose another with --name") from error
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    made.set_metric_names([metric.name for metric in spec.objective.metrics])
    made.set_user_attr(OBJECTIVE, spec.objective.entry)
    ended = [trial for trial in trials if trial.state.ended]
    made.add_trials(
        _frozen(spec, trial, curves.get(trial.number, ()), attributes.get(trial.number, {}))
        for trial in ended
    )
    return len(ended)


def _frozen(
    spec: StudySpec, trial: TrialResult, curve: Sequence[Report], attributes: Mapping[str, Any]
) -> FrozenTrial:
    space = spec.objective.space
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}
    for variable in space.sampling_order():
        if variable.path in trial.sampled:
            # Ordered choices are choices there: an index would say nothing to anybody.
            params[variable.path] = trial.sampled[variable.path]
            choices = variable.choices
            distributions[variable.path] = (
                distribution(variable) if choices is None else CategoricalDistribution(choices)
            )
    metrics = trial.metrics or {}
    single = len(spec.objective.metrics) == 1
    values: list[float] | None = None
    if trial.state is TrialState.COMPLETE:
        values = [metrics[m.name] for m in spec.objective.metrics]
    elif trial.state is TrialState.PRUNED and single and trial.value is not None:
        values = [trial.value]  # the last one reported, as Optuna has it
    frozen = FrozenTrial(
        number=trial.number,
        trial_id=-1,
        state=STATES[trial.state],
        value=None,
        values=values,
        datetime_start=_moment(trial.started or trial.created),
        datetime_complete=_moment(trial.ended),
        params=params,
        distributions=distributions,
        user_attrs=_user_attributes(trial, attributes),
        system_attrs=_constraints(spec, metrics),
        intermediate_values={s: m[spec.metric.name] for s, _, m in curve if spec.metric.name in m}
        if single
        else {},
    )
    frozen._validate()
    return frozen


def _user_attributes(trial: TrialResult, own: Mapping[str, Any]) -> dict[str, Any]:
    """The trial's own, and of ours what a person would look for."""
    ours = {"runner": trial.runner, "reason": trial.reason, "metrics": trial.metrics}
    return {**{f"{OURS}{name}": v for name, v in ours.items() if v}, **own}


def _constraints(spec: StudySpec, metrics: Mapping[str, float]) -> dict[str, Any]:
    """As Optuna's own samplers store them: at most 0 where a constraint holds."""
    known = [c for c in spec.objective.constraints if c.metric in metrics]
    if not known or len(known) < len(spec.objective.constraints):
        return {}
    return {"constraints": [c.violation(metrics[c.metric]) for c in known]}


def _moment(seconds: float | None) -> datetime | None:
    """Optuna's times are local and say nothing of their zone."""
    return None if seconds is None else datetime.fromtimestamp(seconds)


# ---------------------------------------------------------------------- from Optuna


def read_study(url: str, name: str, as_name: str) -> FromOptuna:
    """The study ``name`` of an Optuna storage, to be called ``as_name`` here.

    Raises:
        UnknownName: there is no such study; the message offers the nearest.
        WrongInput: the storage cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = Path(url.removeprefix("sqlite:///"))
    if "://" not in str(file) and not file.exists():  # opening it would make one
        raise WrongInput(f"there is no Optuna storage {url}")
    storage = _storage(url)
    known = [s.study_name for s in optuna.get_all_study_summaries(storage=storage)]
    if name not in known:
        raise UnknownName(f"study in {url} that is called", name, known)
    study = optuna.load_study(study_name=name, storage=storage)
    metrics = _metrics(study)
    frozen = study.get_trials(deepcopy=False)
    ended = [trial for trial in frozen if trial.state in BACK]
    space = Space(variables=())
    for trial in ended:
        space = grown(space, _variables(trial))
    spec = StudySpec(
        name=as_name,
        objective=ObjectiveDescription(
            entry=str(study.user_attrs.get(OBJECTIVE, "")),  # else whatever goes on with it
            metrics=metrics,
            space=space,
            dynamic=True,
            doc=f"imported from Optuna's study {name!r}",
        ),
        settings=StudySettings(limits=Limits(trials=len(ended))),
    )
    trials = [_result(number, trial, metrics) for number, trial in enumerate(ended)]
    return FromOptuna(
        spec=spec,
        created=min((trial.created for trial in trials), default=datetime.now().timestamp()),
        trials=trials,
        curves={n: _curve(trial, metrics[0].name) for n, trial in enumerate(ended)},
        attributes={n: _plain(trial.user_attrs) for n, trial in enumerate(ended)},
        left_out=len(frozen) - len(ended),
    )


def _metrics(study: optuna.Study) -> tuple[Metric, ...]:
    directions: list[Direction] = [Direction[way.name] for way in study.directions]
    names = study.metric_names
    if not names:
        several = [f"value_{index}" for index in range(len(directions))]
        names = several if len(directions) > 1 else ["value"]
    pairs = zip(names, directions, strict=True)
    return tuple(Metric(name=name, direction=direction) for name, direction in pairs)


def _variables(trial: FrozenTrial) -> Iterable[Variable]:
    for name, kind in trial.distributions.items():
        value = _value(kind, trial.params[name])
        if isinstance(kind, CategoricalDistribution):
            choices = _choices(kind)
            several = len(choices) > 1
            yield Variable(
                path=name,
                kind=KINDS[type(choices[0])],
                default=value,
                choices=choices,
                searched=several,
            )
        elif isinstance(kind, IntDistribution | FloatDistribution) and kind.low < kind.high:
            yield Variable(
                path=name,
                kind="int" if isinstance(kind, IntDistribution) else "float",
                default=value,
                low=kind.low,
                high=kind.high,
                step=None if kind.log else kind.step,
                log=kind.log,
                searched=True,
            )


def _choices(kind: CategoricalDistribution) -> tuple[Value, ...]:
    """The choices, as texts where they are of several types."""
    kinds = {KINDS.get(type(choice)) for choice in kind.choices}
    if len(kinds) == 1 and None not in kinds:
        return tuple(choice for choice in kind.choices if choice is not None)
    return tuple(str(choice) for choice in kind.choices)


def _value(kind: BaseDistribution, value: Any) -> Value:
    if isinstance(kind, CategoricalDistribution):
        return _choices(kind)[kind.choices.index(value)]
    return int(value) if isinstance(kind, IntDistribution) else float(value)


def _result(number: int, trial: FrozenTrial, metrics: tuple[Metric, ...]) -> TrialResult:
    state = BACK[trial.state]
    values = trial.values if state is TrialState.COMPLETE else None
    config = {n: _value(kind, trial.params[n]) for n, kind in trial.distributions.items()}
    started, ended = _seconds(trial.datetime_start), _seconds(trial.datetime_complete)
    last = trial.last_step
    value = trial.intermediate_values[last] if last is not None else None
    return TrialResult(
        id=0,
        study=0,
        number=number,
        sampled=config,
        config=config,
        created=started or ended or 0.0,
        state=state,
        attempt=1,
        runner="optuna",
        value=values[0] if values else value,
        metrics=dict(zip((m.name for m in metrics), values, strict=True)) if values else None,
        failure=FailureKind.EXCEPTION if state is TrialState.FAILED else None,
        reason=str(trial.system_attrs.get("fail_reason", "it failed in Optuna"))
        if state is TrialState.FAILED
        else "",
        reports=len(trial.intermediate_values),
        last_step=last,
        started=started,
        ended=ended,
        seconds=max(0.0, ended - started) if started and ended else 0.0,
    )


def _curve(trial: FrozenTrial, metric: str) -> list[Report]:
    return [(step, 0.0, {metric: v}) for step, v in sorted(trial.intermediate_values.items())]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has them; Optuna holds nothing else."""
    kept = {name: value for name, value in attributes.items() if not name.startswith(OURS)}
    return dict(json.loads(json.dumps(kept)))


def _storage(url: str) -> Any:
    """A database by its URL, or Optuna's journal file by its path.

    Raises:
        WrongInput: it cannot be opened.
    """
    from optuna.storages import JournalStorage, get_storage
    from optuna.storages.journal import JournalFileBackend

    try:
        if "://" in url:
            return get_storage(url)
        return JournalStorage(JournalFileBackend(url))
    except Exception as error:
        raise WrongInput(f"Optuna's storage {url} cannot be opened: {error}") from error
