"""A study on a running service: made of what its runners offer, and followed to its end.

Nothing here holds the study up: whoever follows may leave, lose the connection or come back.
"""

import asyncio
import contextlib
import time
from typing import Self

from msgspec.structs import replace

from orchestrator.client.client import Client, NoAnswer
from orchestrator.client.feed import GATHER_SECONDS
from schema.errors import UnknownName, WorkFailed
from schema.results import Progress
from schema.study import ObjectiveDescription, StudySpec
from trialmq.choices import SweepChoices, study_spec
from trialmq.offers import meant
from trialmq.sweep_result import SweepResult

LOOK_SECONDS = 0.5
"""A study that only reports is looked at this often; what happens in it is seen at once."""
POLL_SECONDS = 0.5
FIRST_RUNNER_SECONDS = 10.0
"""A service that was just started gets this long to hear of its runners."""


class Following:
    """One study, as it was last seen."""

    def __init__(self, client: Client, spec: StudySpec, progress: Progress) -> None:
        self.spec = spec
        self.progress = progress
        self._client = client
        self._began = time.monotonic()
        self._since = time.time()
        self._seen = self._began

    @classmethod
    async def begin(cls, client: Client, choices: SweepChoices) -> Self:
        """Create the study that the choices make, or go on with it.

        Raises:
            WrongInput: no runner offers the objective, or a choice is wrong.
            WorkFailed: no orchestrator answers.
        """
        offer = await _offer(client, choices.objective)
        spec = study_spec(choices, offer)
        settings = replace(spec.settings, parallelism=choices.runners)
        study = await client.create_study(replace(spec, settings=settings))
        return cls(client, study.spec, await client.progress(study.name))

    def picture(self) -> Progress:
        """The study as it was last seen."""
        return self.progress

    def silent(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self._seen

    async def until_done(self) -> None:
        """See what happens in the study until it is done; no answer only means to ask on.

        Raises:
            WorkFailed: somebody deleted it.
        """
        name, last, moved = self.spec.name, None, 0
        while not self.progress.done:
            await asyncio.sleep(GATHER_SECONDS)
            with contextlib.suppress(NoAnswer):
                try:
                    seen = await self._client.changes(
                        name, after=last, moved=moved, wait=LOOK_SECONDS, every=LOOK_SECONDS
                    )
                except UnknownName as error:
                    raise WorkFailed(f"study {name!r} was deleted") from error
                self.progress, last, moved = seen.progress, seen.after, seen.moved
                self._seen = time.monotonic()

    async def stop(self, because: str) -> None:
        """Start no more trials of the study."""
        await self._client.stop(self.spec.name, because=because)

    async def result(self) -> SweepResult:
        """How the study stands, with what was saved since it is followed."""
        name = self.spec.name
        summary = await self._client.summary(name, since=self._since)
        return SweepResult(
            summary=summary,
            spec=(await self._client.study(name)).spec,
            trials=[trial async for trial in self._client.trials(name)],
            interrupted=False,
            broken_because=self.progress.broken_because,
        )


async def _offer(client: Client, objective: str) -> ObjectiveDescription:
    """What runners offer under this name; the first runner is waited for."""
    until = time.monotonic() + FIRST_RUNNER_SECONDS
    while True:
        runners = await client.runners()
        if runners or time.monotonic() > until:
            return meant(objective, await client.offers(), runners)
        await asyncio.sleep(POLL_SECONDS)
