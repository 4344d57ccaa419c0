"""An orchestrator on a database and a broker, for a study of one variable."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.engine.trials import Trial
from orchestrator.sampling import Sampler
from orchestrator.service.service import Service
from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.space import Space
from schema.study import Direction, Limits, Metric, ObjectiveDescription, StudySettings, StudySpec
from schema.variables import Variable

RATE = Variable(path="rate", kind="float", default=0.5, low=0.0, high=1.0, searched=True)
OFFER = ObjectiveDescription(
    entry="package.module:train",
    metrics=(Metric(name="f1", direction=Direction.MAXIMIZE),),
    space=Space(variables=(RATE,)),
)
SPEC = StudySpec(
    name="s",
    objective=OFFER,
    sampler="random",
    seed=3,
    settings=StudySettings(limits=Limits(trials=2)),
)
ONE = msgspec.structs.replace(SPEC, settings=StudySettings(limits=Limits(trials=1)))


@asynccontextmanager
async def serving(path: Path, hub: MemoryHub, *, resident: bool = False) -> AsyncIterator[Service]:
    """An orchestrator."""
    async with (
        Store.open(path) as store,
        Sampler() as sampler,
        hub.connect() as broker,
        Service(store, broker, sampler, resident=resident, version="0.1.0") as service,
    ):
        yield service


async def stored(path: Path, study: int = 1) -> list[Trial]:
    """The trials that are stored."""
    async with Store.open(path) as store:
        trials, _ = await store.load(study)
        return trials


def rows(path: Path, statement: str) -> list[Any]:
    """What a statement finds in the database, beside whoever writes to it."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(statement).fetchall()
