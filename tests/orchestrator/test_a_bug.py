"""A bug while a message is dealt with costs that message, and nothing that was stored."""

from pathlib import Path

import pytest

from orchestrator.engine.study_engine import StudyEngine
from orchestrator.service.reception import Reception
from schema.brokers.memory import MemoryHub
from schema.commands.studies import CreateStudy, GetProgress, ListStudies, StopStudy
from schema.messages import Final, Record
from schema.requests import RefusalKind
from tests.orchestrator.asking import Asking, Refused
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, SPEC, rows, serving

BUG = "handling it failed: ZeroDivisionError: a bug"


HONEST = StudyEngine.apply


def breaks(self: StudyEngine, trial: object, record: Record, *rest: object) -> None:
    """The end of a trial is applied, and then something breaks."""
    HONEST(self, trial, record, *rest)  # type: ignore[arg-type]
    if isinstance(record.body, Final):
        raise ZeroDivisionError("a bug")


async def test_a_message_that_breaks_something_is_put_aside_and_what_it_changed_is_forgotten(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=SPEC))
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, reported((0, 0.1, {"f1": 0.1})))
        await runner.applied(given, 2)
        monkeypatch.setattr(StudyEngine, "apply", breaks)
        await runner.record(given, 3, completed(f1=0.9))
        await runner.beat()  # is answered when the service goes on
        await runner.orders()
        progress = await client.ask(GetProgress(study="s"))
        assert (progress.complete, progress.best) == (0, None)
        monkeypatch.setattr(StudyEngine, "apply", HONEST)
        await runner.record(given, 3, completed(f1=0.9))  # said again, and there is no bug
        await runner.applied(given, 3)
        second = await runner.assignment()
        await runner.record(second, 1, STARTED, completed(f1=0.2))
        await runner.applied(second, 2)
        progress = await client.ask(GetProgress(study="s"))
        assert (progress.complete, progress.best) == (2, (0, 0.9))
    [(why, raw)] = rows(path, "SELECT why, raw FROM quarantine")
    assert why == BUG
    assert b"records" in raw
    assert "ZeroDivisionError" in caplog.text


async def test_of_many_messages_at_once_only_the_one_at_fault_is_put_aside(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Reception.take

    def take(self: Reception, sender: str, body: bytes, turn: object) -> None:
        honest(self, sender, body, turn)  # type: ignore[arg-type]
        if b"broken" in body:
            raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Reception, "take", take)
    said = []
    for boot in ("first", "broken", "third"):  # wait for the service, which takes them at once
        runner.boot = boot
        await runner.hello(OFFER)
        said.append(boot)
    async with serving(path, hub, resident=True):
        heard = [(await runner.orders()).boot, (await runner.orders()).boot]
    assert heard == ["first", "third"]
    assert rows(path, "SELECT why FROM quarantine") == [(BUG,)]


async def test_a_request_that_breaks_something_is_answered_and_put_aside(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = StudyEngine.close

    def close(self: StudyEngine, because: str) -> None:
        honest(self, because)
        monkeypatch.setattr(StudyEngine, "close", honest)
        raise ZeroDivisionError("a bug")

    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=SPEC))
        await runner.assignment()
        monkeypatch.setattr(StudyEngine, "close", close)
        with pytest.raises(Refused, match="the orchestrator failed; see its log") as refused:
            await client.ask(StopStudy(study="s"))
        assert refused.value.kind is RefusalKind.FAILED
        assert (await client.ask(GetProgress(study="s"))).closed_because == ""
        assert (await client.ask(StopStudy(study="s"))).closed_because == "stopped by alice"
        assert [study.name for study in await client.ask(ListStudies())] == ["s"]
    assert [why for (why,) in rows(path, "SELECT why FROM quarantine")] == [BUG]


async def test_a_run_of_one_study_ends_with_the_error(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        given = await runner.assignment()
        monkeypatch.setattr(StudyEngine, "apply", breaks)
        await runner.record(given, 1, STARTED, completed(f1=0.9))
        with pytest.raises(ZeroDivisionError):
            await service.finished(engine)
