"""What a client can ask of trials, and change of them."""

from collections.abc import AsyncIterator, Mapping, Sequence

from orchestrator.client.asking import NOTHING, Asking
from schema.commands.results import AnnotateTrial, HideTrial, LearnFromFork, RescoreTrial
from schema.commands.trials import (
    AttemptSpan,
    GetAttempts,
    GetTrial,
    GetTrials,
    QueueTrial,
    StopTrial,
    TrialDetail,
)
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

    async def attempts(self, study: str, trials: Sequence[int]) -> tuple[AttemptSpan, ...]:
        """When and where these trials ran; at most `ATTEMPTS_OF` of them at once."""
        question = GetAttempts(study=study, trials=tuple(trials))
        return await self.ask(question, tuple[AttemptSpan, ...])

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

    async def rescore(
        self, study: str, number: int, metrics: Mapping[str, float], *, because: str = ""
    ) -> TrialResult:
        """Correct metrics of a complete trial; what its training returned is kept beside them."""
        command = RescoreTrial(study=study, number=number, metrics=dict(metrics), because=because)
        return await self.ask(command, TrialResult)

    async def hide(
        self, study: str, number: int, *, hidden: bool = True, because: str = ""
    ) -> TrialResult:
        """Let a trial that has ended count in nothing, or with ``hidden=False`` count again."""
        command = HideTrial(study=study, number=number, hidden=hidden, because=because)
        return await self.ask(command, TrialResult)

    async def annotate(
        self,
        study: str,
        number: int,
        *,
        note: str | None = None,
        tags: tuple[str, ...] | None = None,
        because: str = "",
    ) -> TrialResult:
        """Give a trial another note or other tags; ``None`` leaves them as they are."""
        command = AnnotateTrial(study=study, number=number, note=note, tags=tags, because=because)
        return await self.ask(command, TrialResult)

    async def learn_from_fork(
        self, study: str, number: int, *, learn: bool = True, because: str = ""
    ) -> TrialResult:
        """Let a trial that was edited while it ran count as a result of its last configuration."""
        command = LearnFromFork(study=study, number=number, learn=learn, because=because)
        return await self.ask(command, TrialResult)
