"""The revisions of a session as a tab knows them, and how each variable stands by them."""

from collections.abc import Mapping, Sequence

import msgspec

from orchestrator.client.client import Client
from schema.revision import Revision, RevisionState
from schema.values import Value
from webui.editing.changes import head
from webui.editing.outcome import outcome
from webui.editing.targets import all_revisions
from webui.live.study import LiveStudy


class Standing(msgspec.Struct, frozen=True):
    """How a variable stands: in words, and whether that is good, a warning or bad; empty where it
    was never edited."""

    text: str = ""
    tone: str = ""


def standings(revisions: Sequence[Revision]) -> dict[str, Standing]:
    """How each variable stands that was ever edited: what became of its last edit."""
    found = {}
    for revision in revisions:
        for change in revision.changes:
            found[change.path] = Standing(*outcome(revision, change.path))
    return found


class Revisions:
    """The revisions of one session, read again when its trial moved or an answer is awaited."""

    def __init__(self, client: Client, study: LiveStudy) -> None:
        self.all: list[Revision] = []
        self.version = 0
        """Grows with every change."""
        self._client = client
        self._study = study
        self._seen: object = None

    async def refresh(self) -> bool:
        """Read them again if that may tell something new; True where it did.

        Raises:
            TrialMQError: there is no answer.
        """
        trial = self._study.rows.get(0)
        if trial is None:
            return False
        seen = (trial.edits, trial.revision, trial.attempt, trial.state)
        if seen == self._seen and not self.waiting:
            return False
        found = await all_revisions(self._client, self._study.name, 0)
        self._seen = seen
        if found == self.all and self.version:
            return False
        self.all = found
        self.version += 1
        self._study.drafts.settle(0, self.values)
        return True

    @property
    def waiting(self) -> bool:
        """Whether the training has not answered one of them yet."""
        return any(revision.state is RevisionState.SENT for revision in self.all)

    @property
    def pending(self) -> list[str]:
        """The variables whose newest value waits for a restart."""
        config = self._config
        return [path for path, value in self.values.items() if config.get(path) != value]

    @property
    def head(self) -> int:
        """The newest revision that was not refused."""
        return head(self._config, self.all)[0]

    @property
    def values(self) -> dict[str, Value]:
        """What it says: the configuration that the next edit is made from."""
        return head(self._config, self.all)[1]

    @property
    def _config(self) -> Mapping[str, Value]:
        trial = self._study.rows.get(0)
        return self._study.overview.spec.start if trial is None else trial.config
