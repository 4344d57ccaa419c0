"""``trialmq train``: run an objective for real, as a session that can be edited while it runs.

A session is a study of one trial: nothing is searched and nothing pruned. It runs here, or with
``--connect`` on a runner of a service, where ``trialmq session`` edits it from anywhere.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from schema.defining import default_study
from schema.errors import WrongInput
from schema.overrides import Overrides
from schema.pruning import PrunerSettings
from schema.study import Limits, ObjectiveDescription
from schema.trial import TrialState
from trialmq.choices import Base, SweepChoices, declared
from trialmq.cli.base_profile import base_from
from trialmq.cli.listen_options import LISTEN, ListenOptions, check_not_given, listen_choices
from trialmq.cli.options import HERE, Place
from trialmq.cli.profile_names import trial_name
from trialmq.cli.profile_values import values_in

if TYPE_CHECKING:
    from schema.space import Space
    from trialmq.cli.view import View
    from trialmq.listening import ListenChoices
    from trialmq.sweep_result import SweepResult

Texts = Annotated[tuple[str, ...], Parameter(metavar="VAR=VALUE", negative="", show_default=False)]
Text = Annotated[str | None, Parameter(show_default=False)]


def train(
    objective: str,
    /,
    *,
    profile: Annotated[str | None, Parameter(metavar="NAME", show_default=False)] = None,
    origin: Annotated[
        str | None, Parameter(name="--from", metavar="STUDY[:NUMBER]", show_default=False)
    ] = None,
    set: Texts = (),
    session: Annotated[str | None, Parameter(metavar="NAME", show_default=False)] = None,
    quiet: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    listening: ListenOptions = LISTEN,
    common: Place = HERE,
    tokens: Annotated[Sequence[str], Parameter(parse=False)],
) -> int:
    """Train for real: one configuration, nothing pruned, editable while it runs.

    A crash of its process is followed by another attempt, from the newest
    checkpoint where the objective writes any. With --connect it runs on a
    runner of a `trialmq serve`; edit it with `trialmq session apply`.

    Args:
        objective: path/to/file.py:function or package.module:function
        profile: Start with this profile: NAME or NAME@VERSION
        origin: Start with a trial of a study, or with its best one
        set: Start with another value: training.epochs=12. May be repeated.
        session: What it is called; the same name goes on with the same session
        quiet: Show nothing but errors
    """
    if profile is not None and origin is not None:
        raise WrongInput("--profile and --from: give one of them")
    name = session or f"{default_study(objective)[:48]}-{time.strftime('%m%d-%H%M%S')}"
    base, source = _base(profile, origin, common)
    choices = SweepChoices(
        objective=objective,
        study=name,
        database=common.db,
        runners=1,
        pruner=PrunerSettings(pruner="nop"),
        limits=Limits(trials=1),
        base=base,
        overrides=lambda offer: _overrides(offer, set),
        session=True,
        origin=source,
    )
    result = _run(choices, common, quiet, listening, tokens)
    if isinstance(result, str):
        print(f"trialmq: {result}", file=sys.stderr)
        return 130
    return _end(result, name, objective, common)


def _overrides(offer: ObjectiveDescription, texts: Sequence[str]) -> Overrides:
    return Overrides(set=values_in(offer.space, texts))


def _base(profile: str | None, origin: str | None, common: Place) -> tuple[Base, str]:
    """Where the configuration comes from, and what that is called."""
    if profile is not None:
        return base_from(profile, common)
    if origin is None:
        return declared, ""
    from orchestrator.reading.summary import best_of
    from schema.adaptation import as_defaults
    from trialmq.cli.reading import read_study

    named = trial_name(origin, "--from")
    found = read_study(common, named.study)
    trial = best_of(found.spec, found.trials)
    if named.number is not None:
        trial = next((t for t in found.trials if t.number == named.number), None)
    if trial is None:
        raise WrongInput(f"--from {origin}: there is no such trial, or none is complete")
    values = trial.config

    def base(offer: ObjectiveDescription) -> "Space":
        return as_defaults(values, offer.space)

    return base, f"trial {named.study}:{trial.number}"


def _run(
    choices: SweepChoices,
    common: Place,
    quiet: bool,
    listening: ListenOptions,
    tokens: Sequence[str],
) -> "SweepResult | str":
    from trialmq.cli.terminal import console
    from trialmq.cli.training_view import TrainingView
    from trialmq.cli.view import View

    view = View() if quiet else TrainingView(console(quiet=quiet))
    if common.connect is None:
        listen = listen_choices(listening, common.token_file)
        return asyncio.run(_here(choices, view, listen))
    check_not_given(listening)
    from trialmq.cli.elsewhere import run_elsewhere

    return asyncio.run(run_elsewhere(choices, common, view, tokens))


async def _here(
    choices: SweepChoices, view: "View", listen: "ListenChoices | None"
) -> "SweepResult":
    async with view:
        from trialmq.sweep import sweep

        return await sweep(choices, view.watch, listen, view.tell)


def _end(result: "SweepResult", name: str, objective: str, common: Place) -> int:
    from schema.figures import shown_metrics
    from trialmq.cli.ending import written_command

    trial = result.trials[0]
    if trial.state is TrialState.COMPLETE:
        edits = f", revision {trial.revision}" if trial.revision else ""
        print(f"session {name} is complete{edits}: {shown_metrics(trial.metrics or {})}")
        return 0
    again = written_command(["train", objective, "--session", name, *common.hint])
    if not trial.state.ended:
        print(f"trialmq: interrupted; go on with: {again}", file=sys.stderr)
        return 130
    look = written_command(["show", name, "0", *common.hint])
    print(f"trialmq: session {name} {trial.state}: {trial.reason}; see {look}", file=sys.stderr)
    return 1
