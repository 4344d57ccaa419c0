"""``trialmq queue``: run a configuration of one's own as a trial of a study."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from schema.errors import WrongInput
from schema.figures import counted
from trialmq.cli.changing import change
from trialmq.cli.notes import tell
from trialmq.cli.options import HERE, Place
from trialmq.cli.profile_names import ProfileName, profile_name
from trialmq.cli.profile_values import values_of_study

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from schema.profile_history import QueuedTrial


def queue(
    study: str,
    /,
    *,
    profile: Annotated[str | None, Parameter(metavar="NAME[@VERSION]")] = None,
    trial: Annotated[int | None, Parameter(metavar="NUMBER")] = None,
    set: Annotated[
        tuple[str, ...], Parameter(metavar="VAR=VALUE", negative="", show_default=False)
    ] = (),
    because: Annotated[str, Parameter(metavar="TEXT", show_default=False)] = "",
    common: Place = HERE,
) -> None:
    """Queue a configuration as a trial of a study, before those that are searched.

    It runs with exactly these values. The sampler learns from it, unless it
    changes what the study does not search.

    Args:
        study: The study's name
        profile: Take this profile
        trial: Take the configuration of this trial of the study
        set: Change a value of it, or of the default one: training.epochs=12. May be repeated.
        because: Why; it is shown with the trial
    """
    if profile is not None and trial is not None:
        raise WrongInput("queue: write --profile or --trial, not both")
    if profile is None and trial is None and not set:
        raise WrongInput("say what to queue: --profile NAME, --trial NUMBER or --set VAR=VALUE")
    named = ProfileName("") if profile is None else profile_name(profile)

    async def work(client: "Client") -> "QueuedTrial":
        return await client.queue(
            study,
            profile=named.name,
            version=named.version,
            trial=trial,
            set=await values_of_study(client, study, set),
            because=because,
        )

    queued = change(common, work)
    tell(f"profile {named}", queued.notes)
    for line in said(queued, local=common.connect is None):
        print(line)


def said(queued: "QueuedTrial", *, local: bool) -> list[str]:
    """What becomes of it."""
    before = queued.place - 1
    behind = f", behind {counted(before, 'other')}" if before else ""
    lines = [f"queued as a trial of study {queued.study}{behind}"]
    if queued.held_up:
        lines.append(f"it waits: {queued.held_up}")
    if local:
        lines.append("`trialmq run` runs it, as it goes on with the study")
    return lines
