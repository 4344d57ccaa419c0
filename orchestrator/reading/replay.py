"""What another pruner would have done: a study's stored curves, reported to it once more. Pure.

The order is that in which it happened: reports by the moment at which they were made, so that
trials that ran at once take turns, and each trial's end where it ended. Once the pruner ends a
trial, the rest of its curve is never reported and it is no evidence for others; the trials that
came after it neither start earlier nor get other configurations.

Only trials that ran to their end count: what is saved and what is lost is known of them alone.
Others (pruned, failed, forks) take part with what they reported, and are not counted; hidden ones
take no part.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.engine.control_trials import lost_of_best
from orchestrator.pruning.build import build_study_pruner, explain
from orchestrator.pruning.prune_on import judge_of
from orchestrator.pruning.study_pruner import Ending
from orchestrator.reading.pruners import possible
from orchestrator.reading.summary import best_first, front_of
from schema.commands.insight import Number, Replay, Replayed
from schema.errors import WorkFailed, WrongInput
from schema.messages import Report
from schema.pruning import Aggressiveness, PrunerSettings
from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState

NO_NUMBERS: Mapping[str, Number] = {}


class Arrival(NamedTuple):
    """A trial's (step, metrics) arrive, or nothing: the trial's end; ``at`` is wall-clock time."""

    at: float
    trial: TrialResult
    report: tuple[int, dict[str, float]] | None


class Recording:
    """The ended trials of a study with what they reported, in the order in which it happened.

    Raises:
        WorkFailed: no complete trial reported anything that can be pruned on.
    """

    def __init__(
        self, spec: StudySpec, trials: Sequence[TrialResult], curves: Mapping[int, Sequence[Report]]
    ) -> None:
        self.spec = spec
        trials = [trial for trial in trials if not trial.hidden]
        self.complete = [t for t in trials if t.state is TrialState.COMPLETE and t.counts]
        self.ranked = best_first(spec, trials)
        self.front = front_of(spec, trials) if len(spec.objective.metrics) > 1 else []
        bounded = (each.metric for each in spec.objective.constraints)
        self._metrics = {*(metric.name for metric in spec.objective.metrics), *bounded}
        self.pruned = sum(trial.state is TrialState.PRUNED for trial in trials)
        ended = [trial for trial in trials if trial.state.ended]
        arrivals = [one for t in ended for one in self._arrivals(t, curves.get(t.number, ()))]
        self.arrivals = sorted(arrivals, key=lambda one: one.at)
        self.steps = Counter(one.trial.number for one in arrivals if one.report is not None)
        if not any(self.steps[trial.number] for trial in self.complete):
            raise WorkFailed(
                f"study {spec.name!r} has no complete trial that reported "
                f"{' or '.join(sorted(self._metrics))}, so there is nothing to replay"
            )

    @property
    def length(self) -> int:
        """How many steps a full trial reports, as the study knows or the longest one shows."""
        longest = max(self.steps[trial.number] for trial in self.complete)
        return self.spec.settings.pruner.steps or longest

    def _arrivals(self, trial: TrialResult, curve: Sequence[Report]) -> Iterator[Arrival]:
        began = trial.created if trial.started is None else trial.started
        ended = inf if trial.ended is None else trial.ended
        for step, seconds, metrics in curve:
            if not self._metrics.isdisjoint(metrics):
                yield Arrival(min(began + seconds, ended), trial, (step, metrics))
        yield Arrival(ended, trial, None)


def settings_to_try(
    recording: Recording,
    pruner: str | None,
    aggressiveness: Aggressiveness | None,
    numbers: Mapping[str, Number] = NO_NUMBERS,
) -> Iterator[PrunerSettings]:
    """The named pruner, or one of `RULES`, and level; or all there are that make sense.

    They are for trials of the study's length, with the given ``numbers``.
    """
    for settings in possible(recording.spec, recording.length, pruner, aggressiveness):
        yield replace(settings, parameters={**settings.parameters, **numbers})


def replay_all(
    recording: Recording, tried: Iterable[PrunerSettings], *, strict: bool = False
) -> Replay:
    """The study through one pruner after another.

    A pruner that cannot do without a number of the user's is left out, with the reason.

    Raises:
        WrongInput: it is ``strict`` and a pruner cannot be built.
    """
    replayed: list[Replayed] = []
    left_out: dict[str, str] = {}
    for settings in tried:
        try:
            replayed.append(replay(recording, settings))
        except WrongInput as error:
            if strict:
                raise
            left_out[judge_of(settings)] = str(error)
    return Replay(
        study=recording.spec.name,
        metric=recording.spec.metric.name,
        complete=len(recording.complete),
        pruned=recording.pruned,
        steps=sum(recording.steps[trial.number] for trial in recording.complete),
        replayed=replayed,
        left_out=left_out,
        front=len(recording.front),
    )


def replay(recording: Recording, settings: PrunerSettings) -> Replayed:
    """The study through one pruner.

    Raises:
        UnknownName: no such pruner or parameter.
        WrongInput: a number out of bounds, or one that the pruner cannot do without.
    """
    left = _reports_left(recording, settings)
    ranked = recording.ranked
    return Replayed(
        pruner=judge_of(settings),
        aggressiveness=settings.aggressiveness,
        numbers=explain(settings),
        pruned=sum(trial.number in left for trial in recording.complete),
        steps_saved=sum(left.get(trial.number, 0) for trial in recording.complete),
        lost=lost_of_best([trial.number for trial in ranked], left),
        best=next((trial.value for trial in ranked if trial.number not in left), None),
        front_lost=sum(trial.number in left for trial in recording.front),
    )


def _reports_left(recording: Recording, settings: PrunerSettings) -> dict[int, int]:
    """The trials that the pruner ends, with the number of reports that they did not come to."""
    spec = recording.spec
    pruner = build_study_pruner(settings, spec.objective, spec.name)
    feasible = {trial.number for trial in recording.ranked}
    left: dict[int, int] = {}
    made: Counter[int] = Counter()
    for _, trial, report in recording.arrivals:
        number = trial.number
        if number in left:
            continue
        if report is not None:
            made[number] += 1
            if pruner.report(number, *report) is not None:
                left[number] = recording.steps[number] - made[number]
                pruner.drop(number)
        elif trial.state is TrialState.COMPLETE and trial.counts:
            pruner.complete(number, Ending(trial.metrics or {}, feasible=number in feasible))
        else:
            pruner.drop(number)
    return left
