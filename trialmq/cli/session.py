"""``trialmq session``: look at trainings, and edit them while they run.

An edit is a revision: it is stored first, then taken by the training between two steps or refused
with its reason, and this command waits for that. Of a session that nobody runs at the moment it is
stored, and the next attempt begins with it. A trial of a search is edited the same way, by its
number.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import App, Parameter

from schema.commands.trials import TrialDetail
from schema.errors import WrongInput
from schema.events import EventKind
from schema.figures import shown_metrics
from schema.revision import Revision, RevisionState
from schema.values import Change
from trialmq.cli.options import FLEET, Fleet
from trialmq.cli.profile_names import NUMBER, trial_name
from trialmq.cli.profile_values import values_of_study
from trialmq.cli.reaching import reached
from trialmq.cli.reading import all_revisions, visit
from trialmq.cli.revision_lines import history_lines, outcome_lines

if TYPE_CHECKING:
    from orchestrator.client.client import Client

T = TypeVar("T")
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Because = Annotated[str, Parameter(metavar="TEXT", show_default=False)]
Expected = Annotated[
    int | None, Parameter(name="--expect-revision", metavar="N", show_default=False)
]
PATIENCE_SECONDS = 60.0
"""So long a training may be between two of its steps before this command stops waiting."""


def session_application(sort_key: int) -> App:
    """The commands ``trialmq session …``, at their place among the others."""
    app = App(name="session", help="Edit trainings while they run.", sort_key=sort_key)
    app.command(list_sessions, name="list")
    for command in (show, apply, undo, restart, stop):
        app.command(command)
    return app


def list_sessions(*, common: Fleet = FLEET) -> None:
    """List the sessions."""

    async def ask(client: "Client") -> list[str]:
        sessions = [study.name for study in await client.studies() if study.spec.is_session]
        return [_line(name, await client.trial(name, 0)) for name in sessions]

    for line in visit(common.place, ask) or ["there is no session; start one with: trialmq train"]:
        print(line)


def show(name: str, /, *, common: Fleet = FLEET) -> None:
    """Show the configuration in force, and every edit with what became of it.

    Args:
        name: The session's, or STUDY:NUMBER of a trial that runs in a search
    """
    from trialmq.cli.configuration import configuration_table
    from trialmq.cli.terminal import console

    async def ask(client: "Client") -> "tuple[object, TrialDetail, list[Revision]]":
        study, number = await _meant(client, name)
        space = (await client.study(study)).spec.objective.space
        detail = await client.trial(study, number)
        table = configuration_table(space, detail.trial.config, 90)
        return table, detail, await all_revisions(client, study, number)

    table, detail, revisions = visit(common.place, ask)
    screen = console()
    screen.print(_line(name, detail), soft_wrap=True, markup=False)
    screen.print(table)
    for revision in revisions:
        for line in history_lines(revision):
            screen.print(line, soft_wrap=True, markup=False)


def apply(
    name: str,
    /,
    *edits: str,
    expected: Expected = None,
    because: Because = "",
    no_wait: Flag = False,
    common: Fleet = FLEET,
) -> int:
    """Change values of a session; all of them take effect together, or none.

    Args:
        name: The session's, or STUDY:NUMBER of a trial that runs in a search
        edits: VAR=VALUE, as training.learning_rate=3e-4; one or more
        expected: Only if this still is the newest revision
        because: Why, for the history
        no_wait: Do not wait until the training has taken it
    """

    async def ask(client: "Client") -> Revision:
        study, number = await _meant(client, name)
        values = await values_of_study(client, study, edits)
        made = await client.apply(study, values, number=number, expected=expected, because=because)
        return made if no_wait else await _settled(client, study, number, made)

    return _told(_ask(common, ask))


def undo(
    name: str,
    revision: int,
    /,
    *,
    expected: Expected = None,
    because: Because = "",
    common: Fleet = FLEET,
) -> int:
    """Take back what a revision changed, as a new revision.

    Args:
        name: The session's, or STUDY:NUMBER of a trial that runs in a search
        revision: Its number
        expected: Only if this still is the newest revision
        because: Why, for the history
    """

    async def ask(client: "Client") -> Revision:
        study, number = await _meant(client, name)
        made = await client.undo(study, revision, number=number, expected=expected, because=because)
        return await _settled(client, study, number, made)

    return _told(_ask(common, ask))


def restart(name: str, /, *, because: Because = "", common: Fleet = FLEET) -> None:
    """Begin another attempt with the newest configuration, from the checkpoint if there is one.

    Args:
        name: The session's, or STUDY:NUMBER of a trial that runs in a search
        because: Why, for the history
    """

    for line in _ask(common, lambda client: _restarted(client, name, because)):
        print(line)


async def _restarted(client: "Client", name: str, because: str) -> list[str]:
    """What the next attempt goes on from, and what became of what waited for it."""
    study, number = await _meant(client, name)
    before = await all_revisions(client, study, number)
    waiting = {r.number: _waiting(r) for r in before if _waiting(r)}
    last = (await client.changes(study)).after
    attempt = (await client.restart(study, number=number, because=because)).attempt
    until = time.monotonic() + (PATIENCE_SECONDS if await client.runners() else 0.0)
    said: list[str] = []
    while time.monotonic() < until:
        changes = await client.changes(study, after=last, wait=1.0, every=1.0)
        last = changes.after
        said += [
            f"{_called(name)}: {event.text}"
            for event in changes.events
            if event.kind == EventKind.BEGINS
            and (event.trial, event.text.split()[1]) == (number, f"{attempt + 1}")
        ]
        revisions = await all_revisions(client, study, number)
        if said and not any(_waiting(r) for r in revisions if r.number in waiting):
            lines = (outcome_lines(r, waiting.get(r.number, ())) for r in revisions)
            return said + [line for of_revision in lines for line in of_revision]
    told = f"attempt {attempt} is told to end; the next has not begun yet"
    return said or [f"{_called(name)}: {told}"]


def stop(name: str, /, *, because: Because = "", common: Fleet = FLEET) -> None:
    """End a session for good.

    Args:
        name: The session's, or STUDY:NUMBER of a trial that runs in a search
        because: Why, for the history
    """

    async def ask(client: "Client") -> None:
        await client.stop_trial(*await _meant(client, name), because=because)

    _ask(common, ask)
    print(f"{_called(name)} ends")


async def _meant(client: "Client", name: str) -> tuple[str, int]:
    """The study and the number of the trial that a person means by ``name``.

    Raises:
        WrongInput: it is a search, and which of its trials is not said.
    """
    named = trial_name(name, "session")
    if named.number is None and not (await client.study(named.study)).spec.is_session:
        raise WrongInput(f"{name!r} is a search: say which of its trials, as in {name}:12")
    return named.study, named.number or 0


def _waiting(revision: Revision) -> list[Change]:
    """What of it waits for a restart."""
    return [change for change in revision.changes if change.path in revision.pending]


def _called(name: str) -> str:
    return f"trial {name}" if NUMBER in name else f"session {name}"


async def _settled(client: "Client", study: str, number: int, made: Revision) -> Revision:
    """A revision when it has come as far as it can, with whoever trains now."""
    patience = PATIENCE_SECONDS if await client.runners() else 0.0
    return await client.settled(study, made.number, number=number, deadline=patience)


def _told(revision: Revision) -> int:
    """Say what became of an edit; the exit code says whether it counts."""
    for line in outcome_lines(revision):
        print(line)
    return 1 if revision.state is RevisionState.REFUSED else 0


def _line(name: str, detail: TrialDetail) -> str:
    trial = detail.trial
    said = [f"{_called(name)}: {trial.state}", f"attempt {trial.attempt}"]
    if trial.last_step is not None:
        said.append(f"step {trial.last_step}")
    said.append(f"revision {trial.revision}")
    if detail.curve:
        said.append(shown_metrics(detail.curve[-1][2]))
    return ", ".join(said)


def _ask(fleet: Fleet, question: "Callable[[Client], Awaitable[T]]") -> T:
    async def go() -> T:
        async with reached(fleet.place) as client:
            return await question(client)

    return asyncio.run(go())
