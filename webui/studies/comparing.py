"""What differs between two studies, line by line. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schema.durations import shown_duration
from schema.figures import measured
from schema.results import Progress, TrialResult
from schema.space import Space
from schema.study import StudySpec
from schema.values import Value, written
from schema.variables import Variable

NONE = "–"
Results = tuple[StudySpec, Progress, Sequence[TrialResult]]
"""A study with how far it is and its trials."""


class Line(NamedTuple):
    """One thing about both."""

    what: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """True where they are not the same."""
        return self.left != self.right


def settings_lines(left: StudySpec, right: StudySpec) -> list[Line]:
    """How the studies were made."""
    return [Line(what, a, b) for (what, a), (_, b) in zip(_made(left), _made(right), strict=True)]


def space_lines(left: Space, right: Space) -> list[Line]:
    """What they search: the variables that one of them treats otherwise than the other."""
    paths = dict.fromkeys(variable.path for variable in (*left.variables, *right.variables))
    lines = [Line(path, _searched(left, path), _searched(right, path)) for path in paths]
    return [line for line in lines if line.differs]


def result_lines(left: Results, right: Results) -> list[Line]:
    """What came out of them."""
    return [Line(what, a, b) for (what, a), (_, b) in zip(_out(*left), _out(*right), strict=True)]


def config_lines(left: Mapping[str, Value], right: Mapping[str, Value]) -> list[Line]:
    """The variables in which two configurations differ."""
    lines = [Line(p, _value(left, p), _value(right, p)) for p in dict.fromkeys([*left, *right])]
    return [line for line in lines if line.differs]


def _made(spec: StudySpec) -> list[tuple[str, str]]:
    settings, objective = spec.settings, spec.objective
    pruner, limits = settings.pruner, settings.limits
    constraints = [
        f"{c.metric} {'≤' if c.at_most else '≥'} {c.bound:g}" for c in objective.constraints
    ]
    return [
        ("objective", objective.entry),
        ("optimises", ", ".join(f"{m.direction} {m.name}" for m in objective.metrics)),
        ("constraints", ", ".join(constraints) or NONE),
        ("sampler", spec.sampler),
        ("seed", str(spec.seed)),
        ("pruner", f"{pruner.pruner}, {pruner.aggressiveness}"),
        ("judged by", pruner.prune_on or "as usual"),
        (
            "numbers of the pruner",
            ", ".join(f"{k}={v}" for k, v in pruner.parameters.items()) or NONE,
        ),
        ("control trials", f"{pruner.control_fraction:.0%}"),
        ("trials at most", NONE if limits.trials is None else f"{limits.trials:,}"),
        ("starts none after", _duration(limits.seconds)),
        ("a trial takes at most", _duration(limits.trial_seconds)),
        ("trials at once", NONE if settings.parallelism is None else str(settings.parallelism)),
        ("variables searched", str(len(objective.space.sampling_order()))),
    ]


def _out(
    spec: StudySpec, progress: Progress, trials: Sequence[TrialResult]
) -> list[tuple[str, str]]:
    best = NONE if progress.best is None else f"{measured(progress.best[1])} (#{progress.best[0]})"
    seconds = sum(trial.seconds for trial in trials)
    steps = sum(trial.reports for trial in trials)
    return [
        (f"best {spec.metric.name}", best),
        ("complete", f"{progress.complete:,}"),
        ("pruned", f"{progress.pruned:,}"),
        ("failed", f"{progress.failed:,}"),
        ("time of all trials", shown_duration(seconds)),
        ("a trial", _duration(progress.typical_seconds)),
        ("reports", f"{steps:,}"),
    ]


def _searched(space: Space, path: str) -> str:
    if not space.has(path):
        return "not there"
    variable: Variable = space.variable(path)
    if variable.after_training:
        return f"after training: {variable.domain()}"
    return variable.domain() if variable.searched else written(variable.default)


def _value(config: Mapping[str, Value], path: str) -> str:
    return written(config[path]) if path in config else NONE


def _duration(seconds: float | None) -> str:
    return NONE if seconds is None else shown_duration(seconds)
