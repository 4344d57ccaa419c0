"""What helps to understand a study is worked out by the real service, and paged if it is long."""

import math

import msgspec
import pytest

from orchestrator.client.client import Client
from orchestrator.reading.replay import Recording, replay_all, settings_to_try
from orchestrator.reading.results import Results
from orchestrator.service.insight import Recent
from orchestrator.service.service import Service
from schema.commands.insight import GetImportance
from schema.commands.pages import PAGE_BYTES
from schema.errors import UnknownName, WorkFailed, WrongInput
from schema.messages import PROTOCOL, UNDERSTOOD, Assignment, Body, Hello, Scored
from schema.pruning import Aggressiveness, PrunerSettings
from schema.scores import (
    PART_BYTES,
    ClipScores,
    Roles,
    Scores,
    encode_scores,
    lengths_of,
    levels_of,
)
from schema.study import Limits, StudySettings
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, SPEC

TRIALS, STEPS = 12, 4
MEDIAN = {"n_startup_trials": 3, "n_warmup_steps": 1, "n_min_trials": 2}
STUDY = msgspec.structs.replace(
    SPEC,
    settings=StudySettings(
        limits=Limits(trials=TRIALS),
        pruner=PrunerSettings(
            pruner="median", steps=STEPS, parameters={**MEDIAN}, control_fraction=1.0
        ),
    ),
)


async def trained(runner: ScriptedRunner, assignment: Assignment, *scored: Scored) -> None:
    """Run a trial: the nearer its rate is to 1, the better, at every step."""
    rate = float(assignment.values["rate"])
    steps = reported(*((step, float(step), {"f1": rate * (step + 1)}) for step in range(STEPS)))
    bodies: tuple[Body, ...] = (STARTED, steps, *scored, completed(f1=rate * STEPS))
    await runner.record(assignment, 1, *bodies)
    await runner.applied(assignment, len(bodies))


def long_scores() -> Scores:
    """Scores that need several pages."""
    clips = 3_000
    frames = levels_of([n / clips for n in range(clips)] * 300, 0, 1)
    labels, lengths = bytes(n % 2 for n in range(clips)), lengths_of([300] * clips)
    return Scores(
        roles=Roles(threshold="rate"),
        clips=ClipScores(wanted=labels, lengths=lengths, frames=frames),
    )


async def test_scores_come_back_page_by_page_as_they_were_stored(
    client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(STUDY)
    scores = long_scores()
    data = encode_scores(scores)
    assert len(data) > PAGE_BYTES
    cut = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
    parts = [Scored(part=n, parts=len(cut), data=piece) for n, piece in enumerate(cut, 1)]
    assignment = await runner.assignment()
    await runner.record(assignment, 1, STARTED)
    for seq, part in enumerate(parts, 2):
        await runner.record(assignment, seq, part)
    await runner.record(assignment, len(parts) + 2, completed(f1=0.5))
    await runner.applied(assignment, len(parts) + 2)
    assert await client.scores("s", 0) == scores
    with pytest.raises(WrongInput, match="trial 1 has no scores"):
        await trained(runner, await runner.assignment())
        await client.scores("s", 1)
    with pytest.raises(UnknownName):
        await client.scores("s", 99)


async def test_a_runner_that_knows_of_no_scores_is_understood(
    client: Client, runner: ScriptedRunner
) -> None:
    assert {2, PROTOCOL} == UNDERSTOOD
    old = Hello(runner=runner.name, boot=runner.boot, slots=1, offers=(OFFER,), protocol=2)
    await runner.say(old)
    await client.create_study(STUDY)
    await trained(runner, await runner.assignment())
    assert (await client.trial("s", 0)).trial.metrics is not None


async def test_importance_says_how_many_trials_it_needs(
    client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(STUDY)
    await trained(runner, await runner.assignment())
    few = await client.importance("s")
    assert (few.shares, few.trials) == ({}, 1)
    assert "it takes 10" in few.because


async def test_the_pruner_draws_its_line_and_the_replay_says_what_it_does(
    client: Client, runner: ScriptedRunner, service: Service
) -> None:
    await client.create_study(STUDY)
    early = await client.pruners("s")
    assert (early.line.points, early.line.because) == ((), "too few trials have come so far")
    with pytest.raises(WorkFailed, match="there is nothing to replay"):
        await client.replay("s")
    for _ in range(TRIALS):
        await trained(runner, await runner.assignment())

    importance = await client.importance("s")
    assert (importance.trials, importance.because) == (TRIALS, "")
    assert importance.shares == {"f1": {"rate": 1.0}}

    pruners = await client.pruners("s")
    rates = sorted([float(trial.sampled["rate"]) async for trial in client.trials("s")])
    median = (rates[TRIALS // 2 - 1] + rates[TRIALS // 2]) / 2
    line = dict(pruners.line.points)
    assert pruners.line.metric == "f1"
    assert line.keys() == {1, 2, 3}
    assert all(math.isclose(line[step], median * (step + 1)) for step in line)
    levels = {(level.pruner, level.aggressiveness): level for level in pruners.levels}
    standard = levels["median", Aggressiveness.STANDARD]
    assert standard.numbers.items() >= MEDIAN.items()
    assert standard.numbers.keys() <= pruners.phrases.keys()
    assert "needs a number" in levels["threshold", Aggressiveness.STANDARD].because

    async with Results.open(service._store.path) as results:
        study = await results.study("s")
        recording = Recording(study.spec, await results.trials(study), await results.curves(study))
    numbers = {"n_startup_trials": 1}
    expected = replay_all(
        recording, settings_to_try(recording, "median", Aggressiveness.AGGRESSIVE, numbers)
    )
    told = await client.replay(
        "s", pruner="median", aggressiveness=Aggressiveness.AGGRESSIVE, parameters=numbers
    )
    assert told == expected
    assert len((await client.replay("s")).replayed) > 10


async def test_what_takes_thought_is_worked_out_once_for_all_who_ask() -> None:
    recent, worked = Recent(), 0

    async def work() -> int:
        nonlocal worked
        worked += 1
        return worked

    question = GetImportance(study="s")
    assert await recent.answer(question, work) == 1
    assert await recent.answer(GetImportance(study="s"), work) == 1
    assert await recent.answer(GetImportance(study="t"), work) == 2
