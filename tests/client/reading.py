"""Somebody who follows a study, and puts together what he is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from orchestrator.client.client import Client
from orchestrator.client.feed import Followed, Grew, Happened, Moved, Snapshot
from schema.messages import Report
from schema.results import Event
from schema.trial import TrialState


class Reader:
    """What a reader has been told; ``snapshots`` are counted, ``begun`` is set by the first."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.states: dict[int, TrialState] = {}
        self.events: list[Event] = []
        self.attempts: dict[int, int] = {}
        self.curves: dict[int, list[Report]] = {}
        self.others: list[Followed] = []
        self.done = False
        self.begun = asyncio.Event()
        self.other = asyncio.Event()
        self.task: asyncio.Task[None]

    async def read(self, client: Client, until: Callable[["Reader"], object]) -> None:
        """Follow study ``s`` until there is no more to see."""
        async with contextlib.aclosing(client.events("s", curves=True, every=0.01)) as items:
            async for item in items:
                self.take(item)
                if until(self):
                    return

    def take(self, item: Followed) -> None:
        """The next item."""
        match item:
            case Snapshot():
                self.snapshots.append(item)
                self.states = {trial.number: trial.state for trial in item.trials}
                self.begun.set()
            case Happened(event=event, trial=trial):
                self.events.append(event)
                if trial is not None:
                    self.states[trial.number] = trial.state
            case Grew():
                for part in item.parts:
                    if self.attempts.get(part.number) != part.attempt:
                        self.curves[part.number] = []
                    self.attempts[part.number] = part.attempt
                    self.curves[part.number] += part.reports
            case Moved():
                self.done = item.progress.done
            case _:
                self.others.append(item)
                self.other.set()

    async def heard(self, kind: type[Followed]) -> None:
        """Returns when such an item has come."""
        while not any(isinstance(item, kind) for item in self.others):
            self.other.clear()
            await self.other.wait()

    def kinds(self, number: int | None) -> list[str]:
        """What happened to a trial, or without one to the study."""
        return [event.kind for event in self.events if event.trial == number]


@asynccontextmanager
async def reading(
    client: Client, until: Callable[[Reader], object] = lambda reader: reader.done
) -> AsyncIterator[Reader]:
    """A reader that has begun; at the end it has seen all that it wanted to."""
    reader = Reader()
    reader.task = asyncio.create_task(reader.read(client, until))
    begun = asyncio.create_task(reader.begun.wait())
    await asyncio.wait({begun, reader.task}, return_when=asyncio.FIRST_COMPLETED)
    yield reader
    await reader.task
