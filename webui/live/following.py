"""Follows one study through the client, and writes what it hears into its `LiveStudy`."""

import asyncio
import contextlib
import logging

from orchestrator.client.client import Client
from orchestrator.client.feed import (
    Followed,
    Found,
    Grew,
    Happened,
    Lost,
    Moved,
    SettingsChanged,
    Snapshot,
    SpaceGrew,
)
from schema.errors import TrialMQError, UnknownName, WorkFailed
from webui.live.study import LiveStudy

logger = logging.getLogger(__name__)

EVERY_SECONDS = 0.25
AGAIN_SECONDS = 2.0


async def follow(client: Client, study: LiveStudy) -> None:
    """Keep ``study`` as it is, until nobody looks at it any more or it is deleted."""
    unwatched = asyncio.create_task(study.unwatched())
    hearing = asyncio.create_task(_hear_on(client, study))
    try:
        await asyncio.wait({unwatched, hearing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (unwatched, hearing):
            task.cancel()
        await asyncio.gather(unwatched, hearing, return_exceptions=True)
        study.lose("nobody looked at it for a while")


async def _hear_on(client: Client, study: LiveStudy) -> None:
    while not study.deleted:
        try:
            await _hear(client, study)
        except (UnknownName, WorkFailed):
            study.gone()
        except TrialMQError as error:
            study.lose(str(error))
            await asyncio.sleep(AGAIN_SECONDS)


async def _hear(client: Client, study: LiveStudy) -> None:
    events = client.events(study.name, curves=True, every=EVERY_SECONDS)
    async with contextlib.aclosing(events):
        async for heard in events:
            _take(study, heard)


def _take(study: LiveStudy, heard: Followed) -> None:
    match heard:
        case Snapshot():
            study.begin(heard.study, heard.trials, heard.progress, heard.settings)
        case Happened():
            if heard.trial is not None:
                study.put([heard.trial])
        case Moved():
            study.move(heard.progress)
        case SettingsChanged():
            study.change(heard.settings)
        case SpaceGrew():
            study.redefine(heard.study)
        case Grew():
            for part in heard.parts:
                study.grow(part.number, part.attempt, part.reports)
        case Lost():
            study.lose(heard.because)
        case Found():
            study.find()
