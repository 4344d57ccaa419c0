"""``trialmq study``: the studies of a running service, and what can be changed of them."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import App, Parameter

from schema.durations import shown_duration
from schema.errors import WrongInput
from schema.figures import measured, shown_value
from schema.results import Progress, StudyOverview
from schema.study import StudySettings
from trialmq.cli.options import FLEET, Fleet
from trialmq.cli.reaching import reached
from trialmq.cli.setting import settings_patch

if TYPE_CHECKING:
    from orchestrator.client.client import Client

T = TypeVar("T")
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def study_application(sort_key: int) -> App:
    """The commands ``trialmq study …``, at their place among the others."""
    app = App(name="study", help="Look at and change the studies of a running service.")
    app.sort_key = sort_key
    app.command(list_studies, name="list")
    for command in (show, pause, resume, stop, delete):
        app.command(command)
    app.command(set_settings, name="set")
    return app


def list_studies(*, common: Fleet = FLEET) -> None:
    """List the studies."""
    from trialmq.cli.studies import studies

    studies(common=common.place)


def show(name: str, /, *, common: Fleet = FLEET) -> None:
    """Show how a study stands, and its settings.

    Args:
        name: The study's
    """
    from trialmq.cli.terminal import console

    async def ask(client: "Client") -> tuple[StudyOverview, Progress]:
        return await client.study(name), await client.progress(name)

    overview, progress = _ask(common, ask)
    for line in lines_of(overview, progress):
        console().print(line, soft_wrap=True, markup=False)


def pause(name: str, /, *, common: Fleet = FLEET) -> None:
    """Start no more trials of a study until it is resumed; those that run go on.

    Args:
        name: The study's
    """
    _ask(common, lambda client: client.pause(name, because="paused from the command line"))
    print(f"study {name} is paused; go on with: trialmq study resume {name}")


def resume(name: str, /, *, common: Fleet = FLEET) -> None:
    """Go on with a paused study.

    Args:
        name: The study's
    """
    _ask(common, lambda client: client.resume(name, because="resumed from the command line"))
    print(f"study {name} goes on")


def stop(name: str, /, *, now: Flag = False, common: Fleet = FLEET) -> None:
    """Start no more trials of a study, for good.

    Args:
        name: The study's
        now: End the running trials, too; they count as cancelled
    """
    because = "stopped from the command line"
    _ask(common, lambda client: client.stop(name, now=now, because=because))
    rest = "running trials are ended" if now else "running trials go on to their end"
    print(f"study {name} is stopped; {rest}")


def delete(name: str, /, *, yes: Flag = False, common: Fleet = FLEET) -> None:
    """Delete a study that is not running, with all its trials.

    Args:
        name: The study's
        yes: Do not ask
    """

    async def ask(client: "Client") -> str:
        trials = sum((await client.study(name)).counts.values())
        if not (yes or confirmed(name, trials)):
            return f"study {name} is kept"
        await client.delete(name)
        return f"study {name} is deleted"

    print(_ask(common, ask))


def set_settings(name: str, /, *changes: str, common: Fleet = FLEET) -> None:
    """Change settings of a study while its trials run.

    Such as pruner.aggressiveness=aggressive, pruner.parameters.min_resource=2,
    limits.trials=80, limits.seconds=2h, parallelism=4, weight=2. none takes a
    limit away.

    Args:
        name: The study's
        changes: NAME=VALUE, one or more
    """
    patch = settings_patch(changes)
    because = "changed from the command line"
    version = _ask(common, lambda client: client.change_settings(name, patch, because=because))
    print(f"study {name} goes on with version {version.version} of its settings")


def confirmed(name: str, trials: int) -> bool:
    """Ask whether a study may be deleted.

    Raises:
        WrongInput: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise WrongInput(f"deleting study {name!r} and its {trials} trials needs --yes")
    print(f"Delete study {name} with its {trials} trials? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def lines_of(overview: StudyOverview, progress: Progress) -> Sequence[str]:
    """How a study stands, and its settings, a line each."""
    of = "" if progress.limit is None else f" of {progress.limit}"
    counts = f"{progress.complete} complete, {progress.pruned} pruned, {progress.failed} failed"
    running = f"{len(progress.running)} running, {progress.waiting} waiting"
    going = "done" if progress.done else "goes on"
    state = "paused" if progress.paused else progress.closed_because or going
    best = "no trial has completed yet"
    if progress.best is not None:
        best = f"best {progress.metric} {measured(progress.best[1])} (trial {progress.best[0]})"
    settings, origin = overview.spec.settings, overview.spec.origin
    return [
        f"{overview.name}: {'session, ' * overview.spec.is_session}{state}",
        *([f"made from {origin}"] if origin else []),
        f"{overview.spec.objective.entry}, sampler {overview.spec.sampler}",
        f"{progress.ended}{of} trials: {counts}; {running}",
        best,
        *(f"  {name} = {value}" for name, value in _settings(settings)),
    ]


def _settings(settings: StudySettings) -> Sequence[tuple[str, str]]:
    pruner, limits = settings.pruner, settings.limits

    def seconds(value: float | None) -> str:
        return "none" if value is None else shown_duration(value)

    return [
        ("pruner.pruner", pruner.pruner),
        ("pruner.aggressiveness", pruner.aggressiveness),
        ("pruner.control_fraction", shown_value(pruner.control_fraction)),
        *((f"pruner.parameters.{k}", shown_value(v)) for k, v in pruner.parameters.items()),
        ("limits.trials", "none" if limits.trials is None else str(limits.trials)),
        ("limits.seconds", seconds(limits.seconds)),
        ("limits.trial_seconds", seconds(limits.trial_seconds)),
        ("limits.silent_seconds", seconds(limits.silent_seconds)),
        ("parallelism", "auto" if settings.parallelism is None else str(settings.parallelism)),
        ("weight", shown_value(settings.weight)),
    ]


def _ask(fleet: Fleet, question: "Callable[[Client], Awaitable[T]]") -> T:
    async def go() -> T:
        async with reached(fleet) as client:
            return await question(client)

    return asyncio.run(go())
