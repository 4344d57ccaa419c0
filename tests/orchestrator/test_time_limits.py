"""``limits.seconds``: a study is closed when it was served for as long as it may be."""

import asyncio
from pathlib import Path

from msgspec.structs import replace

from orchestrator.engine.time_limit import ServedTimes
from schema.brokers.memory import MemoryHub
from schema.commands.studies import ChangeSettings, CreateStudy, GetStudy
from schema.study import Limits, StudySettings
from tests.orchestrator.asking import Asking
from tests.orchestrator.one_study import OneStudy, study_spec
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, SPEC, serving


def limited(seconds: float | None) -> StudySettings:
    """Any number of trials, in so much time."""
    return StudySettings(limits=Limits(seconds=seconds))


class Served:
    """One study with 10 seconds, on a clock that the test turns."""

    def __init__(self) -> None:
        self.study = OneStudy(replace(study_spec(trials=None), settings=limited(10.0)))
        self.engine = self.study.engine
        self.times = ServedTimes()
        self.now = 100.0
        self.times.begin(self.engine.id)
        self.after(0.0)

    def after(self, seconds: float) -> str:
        """Why the study is closed when so much time went by."""
        self.now += seconds
        self.times.close_those_over([self.engine], self.now)
        return self.engine.closed_because

    def pause(self, paused: bool) -> None:
        """Pause the study, or let it go on."""
        self.engine.change(replace(self.engine.spec.settings, paused=paused))
        self.after(0.0)


def test_a_study_is_closed_when_its_time_is_over_and_not_before() -> None:
    served = Served()
    assert served.after(9.9) == ""
    assert round(served.times.due - served.now, 6) == 0.1
    assert served.after(0.2) == "the time limit of 10 s is reached"


def test_the_time_of_a_pause_does_not_count() -> None:
    served = Served()
    served.after(6.0)
    served.pause(True)
    assert served.after(1000.0) == ""
    served.pause(False)
    assert served.after(3.9) == ""
    assert served.after(0.2) == "the time limit of 10 s is reached"


def test_another_limit_counts_what_went_by_already() -> None:
    served = Served()
    served.after(6.0)
    served.engine.change(limited(5.0))
    assert served.after(0.0) == "the time limit of 5 s is reached"


async def test_the_service_closes_a_study_and_its_last_trial_still_counts(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=replace(SPEC, settings=limited(0.2))))
        engine = service._studies.open_one("s")
        given = await runner.assignment()
        while not engine.closed_because:
            await service._turned.wait()
        assert engine.closed_because == "the time limit of 0.2 s is reached"
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
        assert engine.best == (0, 0.5)


async def test_a_larger_limit_lets_a_study_go_on_also_after_a_restart(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=replace(SPEC, settings=limited(600.0))))
        given = await runner.assignment()
        engine = service._studies.open_one("s")
        await client.ask(ChangeSettings(study="s", patch={"limits": {"seconds": 1e-6}}))
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
    async with serving(path, hub, resident=True):
        study = await client.ask(GetStudy(study="s"))
        assert study.closed_because == "the time limit of 1e-06 s is reached"
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(ChangeSettings(study="s", patch={"limits": {"seconds": 600.0}}))
        async with asyncio.timeout(10):
            assert (await runner.assignment()).number >= 1
        assert (await client.ask(GetStudy(study="s"))).closed_because == ""
