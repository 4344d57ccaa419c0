"""What a client can do with the configuration of a trial: edit it, take that back, start again."""

import time

from orchestrator.client.asking import DEADLINE_SECONDS, Asking
from orchestrator.client.feed import WAIT_SECONDS
from schema.commands.edits import ApplyEdits, ListRevisions, RestartTrial, UndoRevision
from schema.commands.feed import Changes, GetChanges
from schema.results import TrialResult
from schema.revision import Revision, RevisionState
from schema.values import Value


class EditCalls(Asking):
    """A part of `Client`: edits; the one trial of a session is number 0."""

    async def revisions(
        self, study: str, *, number: int = 0, first: int = 1
    ) -> tuple[Revision, ...]:
        """A page of the edits of a trial, from number ``first`` on."""
        question = ListRevisions(study=study, number=number, first=first)
        return await self.ask(question, tuple[Revision, ...])

    async def apply(
        self,
        study: str,
        edits: dict[str, Value],
        *,
        number: int = 0,
        expected: int | None = None,
        because: str = "",
    ) -> Revision:
        """Change values of a trial; `settled` waits until they are in force.

        Raises:
            Conflict: the newest revision is not ``expected`` any more; says what changed since.
        """
        command = ApplyEdits(
            study=study, number=number, edits=edits, expected=expected, because=because
        )
        return await self.ask(command, Revision)

    async def undo(
        self,
        study: str,
        revision: int,
        *,
        number: int = 0,
        expected: int | None = None,
        because: str = "",
    ) -> Revision:
        """Take back what a revision changed, as a new one.

        Raises:
            Conflict: what it changed was changed again since.
        """
        command = UndoRevision(
            study=study, number=number, revision=revision, expected=expected, because=because
        )
        return await self.ask(command, Revision)

    async def settled(
        self, study: str, revision: int, *, number: int = 0, deadline: float = DEADLINE_SECONDS
    ) -> Revision:
        """Returns when the training has taken a revision or refused it, or it waits for a restart.

        At the ``deadline``, in seconds, it is returned as it then is.
        """
        until = time.monotonic() + deadline
        last = (await self.ask(GetChanges(study=study), Changes)).after
        while True:
            [found] = (await self.revisions(study, number=number, first=revision))[:1]
            left = min(until - time.monotonic(), WAIT_SECONDS)
            if found.state is not RevisionState.SENT or left <= 0:
                return found
            question = GetChanges(study=study, after=last, wait=left, every=left)
            last = (await self.ask(question, Changes, deadline=left + DEADLINE_SECONDS)).after

    async def restart(self, study: str, *, number: int = 0, because: str = "") -> TrialResult:
        """Let the next attempt of a trial begin, with the newest revision of its configuration."""
        command = RestartTrial(study=study, number=number, because=because)
        return await self.ask(command, TrialResult)
