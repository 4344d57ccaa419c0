"""``trialmq trial``: make something of a result: correct it, hide it, note it, learn from a fork.

The sampler and the pruner then know what counts, as if it had been so from the beginning; what the
training returned, and who changed what, stays stored.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from schema.errors import WrongInput
from schema.figures import shown_metrics
from trialmq.cli.changing import change
from trialmq.cli.marks import marks_of
from trialmq.cli.options import HERE, Place
from trialmq.cli.profile_names import TrialName, trial_name

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from schema.results import TrialResult

Because = Annotated[str, Parameter(metavar="TEXT", show_default=False)]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def trial_application(sort_key: int) -> App:
    """The commands ``trialmq trial …``, at their place among the others."""
    app = App(name="trial", help="Correct, hide or annotate the result of a trial.")
    app.sort_key = sort_key
    for command in (rescore, hide, unhide, note, tag, learn):
        app.command(command)
    return app


def rescore(trial: str, /, *metrics: str, because: Because = "", common: Place = HERE) -> None:
    """Correct metrics of a complete trial; what its training returned stays stored.

    Args:
        trial: STUDY:NUMBER
        metrics: NAME=NUMBER, as f1=0.93; one or more
        because: Why, for the history
    """
    values = dict(map(_metric, metrics))
    _edit(trial, common, lambda client, of: client.rescore(*of, values, because=because))


def hide(trial: str, /, *, because: Because = "", common: Place = HERE) -> None:
    """Let a trial that has ended count in nothing: not as the best, nor for sampler and pruner.

    Args:
        trial: STUDY:NUMBER
        because: Why, for the history
    """
    _edit(trial, common, lambda client, of: client.hide(*of, because=because))


def unhide(trial: str, /, *, because: Because = "", common: Place = HERE) -> None:
    """Let a hidden trial count again.

    Args:
        trial: STUDY:NUMBER
        because: Why, for the history
    """
    _edit(trial, common, lambda client, of: client.hide(*of, hidden=False, because=because))


def note(trial: str, text: str, /, *, common: Place = HERE) -> None:
    """Put a note on a trial, in the place of the one that it has.

    Args:
        trial: STUDY:NUMBER
        text: The note; "" takes it away
    """
    _edit(trial, common, lambda client, of: client.annotate(*of, note=text))


def tag(trial: str, /, *tags: str, remove: Flag = False, common: Place = HERE) -> None:
    """Put tags on a trial, beside those that it has.

    Args:
        trial: STUDY:NUMBER
        tags: Short words, one or more
        remove: Take them off instead
    """
    if not tags:
        raise WrongInput(f"tag: write trialmq trial tag {trial} TAG, one or more")

    async def edit(client: "Client", of: tuple[str, int]) -> "TrialResult":
        there = (await client.trial(*of)).trial.tags
        kept = tuple(each for each in there if each not in tags)
        return await client.annotate(*of, tags=kept if remove else (*kept, *tags))

    _edit(trial, common, edit)


def learn(trial: str, /, *, no: Flag = False, because: Because = "", common: Place = HERE) -> None:
    """Let a trial that was edited while it ran count as a result of its last configuration.

    Without that it counts for nothing: no configuration alone led to what came out.

    Args:
        trial: STUDY:NUMBER
        no: Let it count for nothing again
        because: Why, for the history
    """
    _edit(
        trial,
        common,
        lambda client, of: client.learn_from_fork(*of, learn=not no, because=because),
    )


def _edit(
    text: str,
    place: Place,
    edit: "Callable[[Client, tuple[str, int]], Awaitable[TrialResult]]",
) -> None:
    of = _numbered(text)
    trial = change(place, lambda client: edit(client, of))
    print(f"trial {of[0]}:{of[1]}: {', '.join(_standing(trial))}")


def _standing(trial: "TrialResult") -> Sequence[str]:
    metrics = shown_metrics(trial.metrics or {})
    return [part for part in (trial.state, metrics, marks_of(trial)) if part]


def _numbered(text: str) -> tuple[str, int]:
    named: TrialName = trial_name(text, "trial")
    if named.number is None:
        raise WrongInput(f"trial {text}: write STUDY:NUMBER, as in {named.study}:12")
    return named.study, named.number


def _metric(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    try:
        if equals and name.strip():
            return name.strip(), float(number)
    except ValueError:
        pass
    raise WrongInput(f"{text}: write NAME=NUMBER, as in f1=0.93")
