"""The options of ``trialmq run``, and the choices that they make together with a study file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter, Token

from schema.errors import WrongInput
from schema.overrides import Overrides, merge, parse_search, parse_set
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import Direction, Limits, ObjectiveDescription
from trialmq.choices import SweepChoices, declared
from trialmq.cli.base_profile import base_from
from trialmq.cli.options import Place, Seconds, at_least_one, read_parameters
from trialmq.cli.study_file import StudyFile, read_study_file

TRIALS = 40
"""How many trials a study gets that is given no limit at all."""

LIMITS = Group("Limits", sort_key=1)
SEARCH = Group("Search", sort_key=2)
PRUNING = Group("Pruning", sort_key=3)
RUNNING = Group("Running", sort_key=4)
OUTPUT = Group("Output", sort_key=5)


def read_runners(_: Any, tokens: Sequence[Token]) -> int | None:
    """A number of runners, or ``None`` for auto.

    Raises:
        WrongInput: it is neither.
    """
    text = tokens[0].value
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise WrongInput(f"--runners {text}: write a number from 1 on, or auto")
    return int(text)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of ``trialmq run``."""

    trials: Annotated[int | None, Parameter(group=LIMITS, metavar="N")] = None
    """Trials of the study in all, earlier runs included; without --timeout: 40."""

    timeout: Annotated[Seconds | None, Parameter(group=LIMITS)] = None
    """Start no more trials after this time: 90 (seconds), 10m, 2h."""

    trial_timeout: Annotated[Seconds | None, Parameter(group=LIMITS)] = None
    """End a trial that takes longer; it counts as failed."""

    silence_timeout: Annotated[Seconds | None, Parameter(group=LIMITS)] = None
    """End a trial that reports nothing for so long; it hangs, and is tried again."""

    study: Annotated[str | None, Parameter(group=SEARCH, metavar="NAME")] = None
    """The same name goes on with the same study; without: made from OBJECTIVE."""

    study_file: Annotated[Path | None, Parameter(group=SEARCH, metavar="FILE")] = None
    """TOML: these options under [study], and [set], [search], leave_out, [pruner]."""

    set: Annotated[
        tuple[str, ...],
        Parameter(group=SEARCH, metavar="VAR=VALUE", negative="", show_default=False),
    ] = ()
    """Fix a variable: training.epochs=12. May be repeated."""

    search: Annotated[
        tuple[str, ...],
        Parameter(group=SEARCH, metavar="VAR=RANGE", negative="", show_default=False),
    ] = ()
    """Search it there: training.learning_rate=1e-4..1e-2,log. May be repeated."""

    profile: Annotated[str | None, Parameter(group=SEARCH, metavar="NAME[@VERSION]")] = None
    """Start from this profile: it is the first trial, and what is searched starts there."""

    leave_out: Annotated[
        tuple[str, ...], Parameter(group=SEARCH, metavar="NAME", negative="", show_default=False)
    ] = ()
    """Leave a group or variable at its default. May be repeated."""

    direction: Annotated[
        tuple[Direction, ...],
        Parameter(group=SEARCH, metavar="WAY", negative="", show_default=False),
    ] = ()
    """Of an Optuna objective: minimize or maximize; once for each value it returns."""

    sampler: Annotated[str, Parameter(group=SEARCH, metavar="NAME")] = "tpe"
    """Who chooses configurations: tpe, random, gp, cmaes, nsga2, qmc, brute_force."""

    seed: Annotated[int, Parameter(group=SEARCH, metavar="N")] = 0
    """Seed of the sampler, and of every trial together with its number."""

    aggressiveness: Annotated[Aggressiveness, Parameter(group=PRUNING)] = Aggressiveness.STANDARD
    """How readily unpromising trials are ended early."""

    pruner: Annotated[str, Parameter(group=PRUNING, metavar="NAME")] = "successive_halving"
    """successive_halving, hyperband, median, percentile, threshold, patient, wilcoxon, nop."""

    pruner_parameter: Annotated[
        tuple[str, ...],
        Parameter(group=PRUNING, metavar="NAME=VALUE", negative="", show_default=False),
    ] = ()
    """Set one number of the pruner: min_resource=2. May be repeated."""

    prune_on: Annotated[str | None, Parameter(group=PRUNING, metavar="METRIC")] = None
    """A metric, pareto or constraints. [default: the metric; of several: pareto]"""

    control_fraction: Annotated[float, Parameter(group=PRUNING, metavar="SHARE")] = 0.0
    """This share of trials runs to the end whatever the pruner says: shows what pruning loses."""

    runners: Annotated[
        int | None,
        Parameter(group=RUNNING, converter=read_runners, metavar="N|auto", show_default=False),
    ] = None
    """How many trials run at once; auto is one a GPU, else one a core. [default: auto]"""

    isolate: Annotated[bool, Parameter(group=RUNNING, negative="", show_default=False)] = False
    """Give each trial a fresh process, not a warm one."""

    json: Annotated[
        str | None, Parameter(group=OUTPUT, metavar="FILE", allow_leading_hyphen=True)
    ] = None
    """Write a summary to this file; - is standard output."""

    quiet: Annotated[bool, Parameter(group=OUTPUT, negative="", show_default=False)] = False
    """Show nothing but errors."""


def choices_from(objective: str, options: RunOptions, common: Place) -> SweepChoices:
    """What the options ask for.

    Raises:
        WrongInput: an option, or the study file, is wrong, or there is no such profile.
    """
    at_least_one("--trials", options.trials)
    if not 0 <= options.control_fraction <= 1:
        raise WrongInput(f"--control-fraction {options.control_fraction:g}: write 0 to 1, as 0.1")
    if common.db.is_dir():
        raise WrongInput(f"--db {common.db}: it is a directory; write the path of a file")
    trials = options.trials if options.trials or options.timeout else TRIALS
    base, origin = (declared, "") if options.profile is None else base_from(options.profile, common)
    file = read_study_file(options.study_file) if options.study_file else StudyFile()
    return SweepChoices(
        objective=objective,
        study=options.study,
        database=common.db,
        runners=options.runners,
        sampler=options.sampler,
        pruner=PrunerSettings(
            pruner=options.pruner,
            aggressiveness=options.aggressiveness,
            prune_on=options.prune_on,
            control_fraction=options.control_fraction,
            parameters={**file.parameters, **dict(read_parameters(options.pruner_parameter))},
        ),
        limits=Limits(
            trials=trials,
            seconds=options.timeout,
            trial_seconds=options.trial_timeout,
            silent_seconds=options.silence_timeout,
        ),
        seed=options.seed,
        directions=options.direction,
        overrides=lambda offer: merge(file.overrides, _overrides(options, offer)),
        isolate=options.isolate,
        base=base,
        origin=origin,
    )


def _overrides(options: RunOptions, offer: ObjectiveDescription) -> Overrides:
    return Overrides(
        set=dict(parse_set(text, offer.space) for text in options.set),
        search=dict(parse_search(text, offer.space) for text in options.search),
        leave_out=options.leave_out,
    )
