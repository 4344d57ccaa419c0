"""A configuration is changed while its training runs, in real processes, with torch at work."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from schema.messages import Earlier, Record, Report, Reported, Revised, RevisionOrder, Started
from schema.trial import Outcome
from schema.values import Value
from tests.runner.conftest import Stage, trial
from tests.runner.scripted_orchestrator import ScriptedOrchestrator
from trial_runner.checkpoints import attempt_folder, name_of_checkpoint

OBJECTIVES = Path(__file__).with_name("live_objectives.py")
BEGIN: dict[str, Value] = {
    "rate": 0.1,
    "decay": 0.0,
    "dropout": 0.1,
    "clip": 1.0,
    "smoothing": 0.0,
    "width": 4,
}


@pytest.fixture(autouse=True)
def elsewhere_than_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints lie in the test's directory."""
    monkeypatch.chdir(tmp_path)


def edited(number: int, *, attempt: int = 1, **values: Value) -> RevisionOrder:
    """The whole configuration with these values, as revision ``number``."""
    return RevisionOrder(1, attempt, number, BEGIN | values)


def answers(orchestrator: ScriptedOrchestrator, attempt: int = 1) -> dict[int, Revised]:
    """What became of each revision; none is answered twice."""
    bodies = [record.body for record in orchestrator.taken.get((1, attempt), ())]
    told = [body for body in bodies if isinstance(body, Revised)]
    assert len({one.number for one in told}) == len(told)
    return {one.number: one for one in told}


def reports(record: Record) -> list[Report]:
    """The reports in a record."""
    if not isinstance(record.body, Reported):
        return []
    return msgspec.msgpack.decode(record.body.reports, type=list[Report])


async def answered(orchestrator: ScriptedOrchestrator, number: int) -> Revised:
    """What became of a revision."""
    await orchestrator.until(lambda: number in answers(orchestrator))
    return answers(orchestrator)[number]


async def in_force(orchestrator: ScriptedOrchestrator, after: Revised) -> dict[str, float]:
    """What the training says is in force, in the first step after an answer."""

    def found() -> dict[str, float] | None:
        records = orchestrator.taken[1, 1]
        told = next((i for i, record in enumerate(records) if record.body == after), len(records))
        later = [report for record in records[told:] for report in reports(record)]
        before = -1 if after.step is None else after.step
        assert all(report[0] > before for report in later), "the records are in order"
        return later[0][2] if later else None

    await orchestrator.until(found)
    metrics = found()
    assert metrics is not None
    return metrics


async def started(stage: Stage, objective: str, **more: Any) -> None:
    """The training runs, and has reported."""
    assignment = trial(1, "", values=BEGIN, **more)
    entry = f"{OBJECTIVES}:{objective}"
    await stage.orchestrator.assign(replace(assignment, objective=entry))
    await stage.orchestrator.until(lambda: (1, assignment.attempt) in stage.orchestrator.taken)


async def test_an_edit_takes_effect_on_what_it_is_bound_to_between_two_steps(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("trains", file=OBJECTIVES):
        await started(stage, "trains")
        await orchestrator.until(lambda: orchestrator.steps(1))
        await orchestrator.order(revisions=(edited(1, rate=0.02, decay=0.3, dropout=0.4),))
        told = await answered(orchestrator, 1)
        assert (set(told.applied), told.unbound, told.refused) == (
            {"rate", "decay", "dropout"},
            (),
            "",
        )
        assert told.step is not None
        seen = await in_force(orchestrator, told)
        assert seen["rate"] == seen["config_rate"] == 0.02
        assert (seen["decay"], seen["dropout"], seen["revision"]) == (0.3, 0.4, 1)


async def test_what_is_bound_to_nothing_is_handed_to_the_training_code(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("trains", file=OBJECTIVES):
        await started(stage, "trains")
        await orchestrator.order(revisions=(edited(1, clip=5.0, smoothing=0.2),))
        told = await answered(orchestrator, 1)
        assert (set(told.applied), told.unbound) == ({"clip", "smoothing"}, ("clip",))
        seen = await in_force(orchestrator, told)
        await orchestrator.until(
            lambda: any(
                report[2]["clip"] == 5.0
                for record in orchestrator.taken[1, 1]
                for report in reports(record)
            )
        )
        assert seen["smoothing"] == 0.2


async def test_an_edit_that_the_training_refuses_is_taken_back_as_a_whole(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("trains", file=OBJECTIVES):
        await started(stage, "trains")
        refused = edited(1, rate=0.02, decay=0.3, dropout=0.4, clip=5.0, smoothing=0.45)
        await orchestrator.order(revisions=(refused,))
        told = await answered(orchestrator, 1)
        assert told.refused == "smoothing: the labels would be of no use"
        assert (told.applied, told.unbound) == ((), ())
        seen = await in_force(orchestrator, told)
        assert {name: seen[name] for name in BEGIN} == BEGIN
        assert (seen["config_rate"], seen["revision"]) == (0.1, 0)


async def test_the_users_own_check_of_a_configuration_refuses_an_edit(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("trains", file=OBJECTIVES):
        await started(stage, "trains")
        await orchestrator.order(revisions=(edited(1, rate=0.6, dropout=0.6),))
        told = await answered(orchestrator, 1)
        assert "with so much dropout rate must be 0.5 at most" in told.refused
        assert (await in_force(orchestrator, told))["rate"] == 0.1


async def test_a_variable_that_is_not_live_stays_as_it_is(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("trains", file=OBJECTIVES):
        await started(stage, "trains")
        await orchestrator.order(revisions=(edited(1, rate=0.02, width=8),))
        told = await answered(orchestrator, 1)
        assert told.applied == ("rate",)
        seen = await in_force(orchestrator, told)
        assert (seen["rate"], seen["width"]) == (0.02, 4)


async def test_edits_that_are_repeated_late_or_out_of_order_take_effect_once(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    first, second, third = (edited(n, rate=n / 100) for n in (1, 2, 3))
    async with stage.runner("trains", file=OBJECTIVES):
        await started(stage, "trains")
        await orchestrator.order(revisions=(first, second))
        await orchestrator.order(revisions=(first, second))
        await answered(orchestrator, 2)
        await orchestrator.order(revisions=(third,))
        await orchestrator.order(revisions=(second, first))
        await orchestrator.order(revisions=(edited(9, attempt=2, rate=0.9),))
        told = await answered(orchestrator, 3)
        assert (await in_force(orchestrator, told))["rate"] == 0.03
        assert list(answers(orchestrator)) == [1, 2, 3]
        await orchestrator.until(
            lambda: (
                [lease.revision for x in orchestrator.heartbeats[-1:] for lease in x.leases] == [3]
            )
        )


async def test_an_edit_of_a_trial_that_waits_takes_effect_when_it_starts(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("asks", file=OBJECTIVES):
        await orchestrator.until(lambda: orchestrator.hellos)
        boot = orchestrator.hellos[-1].boot
        entry = f"{OBJECTIVES}:asks"
        given = replace(trial(1, "", values=BEGIN, revision=1), objective=entry, boot=boot)
        await orchestrator.order(assignments=(given,), revisions=(edited(2, rate=0.7),))
        final = await orchestrator.final(1)
    assert (final.metrics, final.revision) == ({"score": 0.7}, 2)
    begun = orchestrator.taken[1, 1][0].body
    assert isinstance(begun, Started)
    assert (begun.revision, begun.checkpoint) == (1, "")
    assert answers(orchestrator)[2].step is None


async def test_what_is_bound_after_an_edit_is_set_at_once(stage: Stage) -> None:
    async with stage.runner("binds_late", file=OBJECTIVES):
        await started(stage, "binds_late")
        await stage.orchestrator.order(revisions=(edited(1, clip=7.0),))
        assert (await stage.orchestrator.final(1)).metrics == {"score": 7.0}


async def test_a_binding_that_cannot_be_says_what_would_be_right(stage: Stage) -> None:
    async with stage.runner("binds_wrongly", file=OBJECTIVES):
        await started(stage, "binds_wrongly")
        said = (await stage.orchestrator.final(1)).output.splitlines()
    assert said == [
        "there is no variable 'rat'; did you mean 'rate'?",
        "width: it is not marked Live, so nothing can be bound to it; declare it as "
        "Annotated[int, …, tq.Live()]",
        "rate: Clipping has no 'nrom' to set",
        "rate: a Clipping cannot be called; name the attribute to set",
        "rate: SGD has no 'learning_rate' to set",
        "dropout: Linear has no 'p' to set",
    ]


async def test_an_edit_that_comes_after_the_end_does_not_reach_the_next_trial(
    stage: Stage,
) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("asks", file=OBJECTIVES):
        await started(stage, "asks")
        await orchestrator.order(revisions=(edited(1), edited(2, rate=0.2), edited(3, rate=0.3)))
        first = await orchestrator.final(1)
        assert first.outcome is Outcome.COMPLETE
        await started(stage, "asks", attempt=2, revision=3)
        second = await orchestrator.final(1, 2)
    assert second.metrics == {"score": 0.1}
    assert answers(orchestrator, 2) == {}


@pytest.mark.parametrize("durable", [False, True])
async def test_a_crashed_training_starts_again_from_its_checkpoint(
    stage: Stage, tmp_path: Path, durable: bool
) -> None:
    orchestrator = stage.orchestrator
    settings: dict[str, Any] = {"state_dir": tmp_path / "spool"} if durable else {}
    async with stage.runner("crashes_once", file=OBJECTIVES, **settings):
        await started(stage, "crashes_once")
        await orchestrator.until(lambda: len(orchestrator.steps(1)) > 3)
        await orchestrator.order(revisions=(edited(1, rate=0.02),))
        assert (await orchestrator.final(1)).outcome is Outcome.FAILED
        await started(stage, "crashes_once", attempt=2, revision=1)
        final = await orchestrator.final(1, 2)
    assert (final.outcome, final.revision) == (Outcome.COMPLETE, 1)
    begun = orchestrator.taken[1, 2][0].body
    assert isinstance(begun, Started)
    assert (begun.revision, begun.checkpoint) == (1, "attempt-1/step.txt")
    assert orchestrator.steps(1, 2)[0] >= 3


def test_a_trial_takes_no_checkpoint_of_an_earlier_one_of_its_name_and_number() -> None:
    former = trial(1, "", created=1795496805.25)
    attempt_folder(former).mkdir(parents=True)
    (attempt_folder(former) / "last.pt").touch()
    assert name_of_checkpoint(replace(former, attempt=2)) == "attempt-1/last.pt"
    assert name_of_checkpoint(replace(former, attempt=2, created=1795496999.5)) == ""


async def test_a_training_that_cannot_begin_with_an_edit_begins_with_what_was_before(
    stage: Stage,
) -> None:
    orchestrator = stage.orchestrator
    refused_by_the_class = BEGIN | {"rate": 0.6, "dropout": 0.6}
    refused_by_torch = BEGIN | {"width": 5}
    earlier = (Earlier(2, refused_by_torch), Earlier(1, BEGIN | {"width": 8}), Earlier(0, BEGIN))
    given = trial(1, "", values=refused_by_the_class, revision=3, earlier=earlier)
    async with stage.runner("builds", file=OBJECTIVES):
        await orchestrator.assign(replace(given, objective=f"{OBJECTIVES}:builds"))
        final = await orchestrator.final(1)
    assert (final.outcome, final.metrics, final.revision) == (Outcome.COMPLETE, {"score": 8.0}, 1)
    begun = orchestrator.taken[1, 1][0].body
    assert isinstance(begun, Started)
    assert begun.revision == 0
    told = answers(orchestrator)
    assert [(n, one.begun, bool(one.refused)) for n, one in told.items()] == [
        (3, True, True),
        (2, True, True),
        (1, True, False),
    ]
    assert "with so much dropout rate must be 0.5 at most" in told[3].refused
    assert "embed_dim must be divisible by num_heads" in told[2].refused


async def test_a_training_that_can_begin_with_nothing_fails_with_the_reason(stage: Stage) -> None:
    odd = trial(1, "", values=BEGIN | {"width": 5}, revision=1)
    given = replace(odd, objective=f"{OBJECTIVES}:builds", earlier=(Earlier(0, odd.values),))
    async with stage.runner("builds", file=OBJECTIVES):
        await stage.orchestrator.assign(given)
        final = await stage.orchestrator.final(1)
    assert final.failure is not None
    assert "embed_dim must be divisible by num_heads" in final.failure.reason
