"""What a client can ask of trials, and change of them."""

from collections.abc import AsyncIterator, Mapping

from orchestrator.client.asking import NOTHING, Asking
from schema.commands.trials import GetTrial, GetTrials, QueueTrial, StopTrial, TrialDetail
from schema.profile_history import (
    QueuedTrial,
)
from schema.results import TrialResult
from schema.values import Value


class TrialCalls(Asking):
    """A part of `Client`: trials."""

    async def trials(self, study: str) -> AsyncIterator[TrialResult]:
        """The trials of a study by number, page by page."""
        first = 0
        while page := await self.ask(GetTrials(study=study, first=first), tuple[TrialResult, ...]):
            for trial in page:
                yield trial
            first = page[-1].number + 1

    async def trial(self, study: str, number: int) -> TrialDetail:
        """One trial with its attempts, curve and events."""
        return await self.ask(GetTrial(study=study, number=number), TrialDetail)

    async def stop_trial(self, study: str, number: int, *, because: str = "") -> TrialResult:
        """End one trial; it counts as cancelled."""
        return await self.ask(StopTrial(study=study, number=number, because=because), TrialResult)

    async def queue(
        self,
        study: str,
        *,
        profile: str = "",
        version: int | None = None,
        trial: int | None = None,
        set: Mapping[str, Value] = NOTHING,
        because: str = "",
    ) -> QueuedTrial:
        """Run a configuration as the next trial: a profile's, a trial's or the default one, with
        the values of ``set`` in their places."""
        command = QueueTrial(
            study=study,
            profile=profile,
            version=version,
            trial=trial,
            set=dict(set),
            because=because,
        )
        return await self.ask(command, QueuedTrial)
