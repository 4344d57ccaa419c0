"""``trialmq session``: look at the trainings of a running service, and edit them while they run.

An edit is a revision: it is stored first, then taken by the training between two steps or refused
with its reason, and this command waits for that.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import App, Parameter

from schema.commands.trials import TrialDetail
from schema.events import EventKind
from schema.figures import shown_metrics
from schema.revision import Revision, RevisionState
from trialmq.cli.options import FLEET, Fleet
from trialmq.cli.profile_values import values_of_study
from trialmq.cli.reaching import reached
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
        sessions = [study for study in await client.studies() if study.spec.is_session]
        details = [await client.trial(study.name, 0) for study in sessions]
        return [_line(s.name, d) for s, d in zip(sessions, details, strict=True)]

    for line in _ask(common, ask) or ["there is no session; start one with: trialmq train"]:
        print(line)


def show(name: str, /, *, common: Fleet = FLEET) -> None:
    """Show the configuration in force, and every edit with what became of it.

    Args:
        name: The session's
    """
    from trialmq.cli.configuration import configuration_table
    from trialmq.cli.terminal import console

    async def ask(client: "Client") -> "tuple[object, TrialDetail, list[Revision]]":
        revisions = await _revisions(client, name)
        space = (await client.study(name)).spec.objective.space
        table = configuration_table(space, (detail := await client.trial(name, 0)).trial.config, 90)
        return table, detail, revisions

    table, detail, revisions = _ask(common, ask)
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
        name: The session's
        edits: VAR=VALUE, as training.learning_rate=3e-4; one or more
        expected: Only if this still is the newest revision
        because: Why, for the history
        no_wait: Do not wait until the training has taken it
    """

    async def ask(client: "Client") -> Revision:
        values = await values_of_study(client, name, edits)
        made = await client.apply(name, values, expected=expected, because=because)
        return made if no_wait else await _settled(client, name, made)

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
        name: The session's
        revision: Its number
        expected: Only if this still is the newest revision
        because: Why, for the history
    """

    async def ask(client: "Client") -> Revision:
        made = await client.undo(name, revision, expected=expected, because=because)
        return await _settled(client, name, made)

    return _told(_ask(common, ask))


def restart(name: str, /, *, because: Because = "", common: Fleet = FLEET) -> None:
    """Begin another attempt with the newest configuration, from the checkpoint if there is one.

    Args:
        name: The session's
        because: Why, for the history
    """

    for line in _ask(common, lambda client: _restarted(client, name, because)):
        print(line)


async def _restarted(client: "Client", name: str, because: str) -> list[str]:
    """What the next attempt goes on from, and what became of what waited for it."""
    waiting = [r.number for r in await _revisions(client, name) if r.pending]
    last = (await client.changes(name)).after
    attempt = (await client.restart(name, because=because)).attempt
    until = time.monotonic() + PATIENCE_SECONDS
    said: list[str] = []
    while time.monotonic() < until:
        changes = await client.changes(name, after=last, wait=1.0, every=1.0)
        last = changes.after
        said += [
            f"session {name}: {event.text}"
            for event in changes.events
            if event.kind == EventKind.BEGINS and event.text.startswith(f"attempt {attempt + 1} ")
        ]
        revisions = [r for r in await _revisions(client, name) if r.number in waiting]
        if said and not any(revision.pending for revision in revisions):
            return said + [line for revision in revisions for line in outcome_lines(revision)]
    return said or [f"session {name}: attempt {attempt} is told to end; the next has not begun yet"]


def stop(name: str, /, *, because: Because = "", common: Fleet = FLEET) -> None:
    """End a session for good.

    Args:
        name: The session's
        because: Why, for the history
    """
    _ask(common, lambda client: client.stop_trial(name, 0, because=because))
    print(f"session {name} ends")


async def _revisions(client: "Client", name: str) -> list[Revision]:
    revisions: list[Revision] = []
    while page := await client.revisions(name, first=len(revisions) + 1):
        revisions += page
    return revisions


async def _settled(client: "Client", name: str, made: Revision) -> Revision:
    return await client.settled(name, made.number, deadline=PATIENCE_SECONDS)


def _told(revision: Revision) -> int:
    """Say what became of an edit; the exit code says whether it counts."""
    for line in outcome_lines(revision):
        print(line)
    return 1 if revision.state is RevisionState.REFUSED else 0


def _line(name: str, detail: TrialDetail) -> str:
    trial = detail.trial
    said = [f"session {name}: {trial.state}", f"attempt {trial.attempt}"]
    if trial.last_step is not None:
        said.append(f"step {trial.last_step}")
    said.append(f"revision {trial.revision}")
    if detail.curve:
        said.append(shown_metrics(detail.curve[-1][2]))
    return ", ".join(said)


def _ask(fleet: Fleet, question: "Callable[[Client], Awaitable[T]]") -> T:
    async def go() -> T:
        async with reached(fleet) as client:
            return await question(client)

    return asyncio.run(go())
