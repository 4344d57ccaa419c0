"""Results are corrected, hidden, noted: what counts is counted anew, by the sampler too."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from schema.brokers.memory import MemoryHub
from schema.errors import UnknownName, WrongInput
from schema.identity import ORCHESTRATOR, client_party, clients_inbox
from schema.results import TrialResult
from schema.study import Constraint, Limits, StudySettings
from schema.values import Value
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, SPEC, rows, serving

BOUNDED = replace(OFFER, constraints=(Constraint.parse("fpr <= 0.5"),))
TRIALS = 14
"""More than the sampler draws before it learns."""

STUDY = replace(
    SPEC, objective=BOUNDED, sampler="tpe", settings=StudySettings(limits=Limits(trials=TRIALS))
)


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[tuple[Client, ScriptedRunner]]:
    """A service on this database, a client of it called alice, and a runner."""
    hub = MemoryHub()
    async with (
        serving(path, hub, resident=True),
        hub.connect(client_party("alice")) as ours,
        hub.connect("r.runner-1") as theirs,
    ):
        await ours.declare(clients_inbox())
        runner = ScriptedRunner(theirs)
        await runner.listen()
        await runner.hello(BOUNDED)
        await runner.orders()
        async with Client(BrokerTransport(ours, "alice", ORCHESTRATOR)) as client:
            yield client, runner


async def run_trial(runner: ScriptedRunner) -> dict[str, Value]:
    """The next trial runs to its end; the nearer to 0.3 its rate is, the better."""
    given = await runner.assignment()
    f1 = 1.0 - abs(float(given.values["rate"]) - 0.3)
    ending = completed(f1=f1, fpr=0.1, loss=9.0)
    await runner.record(given, 1, STARTED, reported((0, 0.1, {"f1": f1})), ending)
    await runner.applied(given, 3)
    return given.values


async def run_some(client: Client, runner: ScriptedRunner) -> list[TrialResult]:
    """A study of some trials, which is done; returns them, the best first."""
    await client.create_study(STUDY)
    for _ in range(TRIALS):
        await run_trial(runner)
    found = [trial async for trial in client.trials("s")]
    assert len(found) == TRIALS
    return sorted(found, key=lambda trial: -(trial.value or 0.0))


async def next_values(client: Client, runner: ScriptedRunner) -> dict[str, Value]:
    """What the sampler chooses next, for one more trial."""
    await client.change_settings("s", {"limits": {"trials": TRIALS + 1}})
    return await run_trial(runner)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "studies.db"


async def test_the_sampler_is_what_it_would_be_had_it_never_learnt_otherwise(path: Path) -> None:
    copy, unedited = path.with_name("copy.db"), path.with_name("unedited.db")

    def snapshot(to: Path) -> None:
        with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(to)) as other:
            db.backup(other)

    async with served(path) as (client, runner):
        best, second, *_, last = await run_some(client, runner)
        snapshot(unedited)
        await client.hide("s", best.number, because="leaked labels")
        await client.rescore("s", second.number, {"f1": 0.01})
        await client.rescore("s", last.number, {"f1": 2.0})
        snapshot(copy)
        chosen = await next_values(client, runner)
    async with served(copy) as (client, runner):
        assert await next_values(client, runner) == chosen
    async with served(unedited) as (client, runner):
        assert await next_values(client, runner) != chosen


async def test_a_corrected_metric_counts_and_the_old_one_is_kept(path: Path) -> None:
    async with served(path) as (client, runner):
        best, second, *_ = await run_some(client, runner)
        found = await client.rescore("s", best.number, {"f1": 0.25}, because="wrong labels")
        assert (found.value, found.rescored, found.measured) == (0.25, True, best.metrics)
        assert found.metrics == {"f1": 0.25, "fpr": 0.1, "loss": 9.0}
        assert (await client.progress("s")).best == (second.number, second.value)
        await client.rescore("s", second.number, {"fpr": 0.9})  # not feasible any more
        summary = await client.summary("s")
        assert summary.best is not None
        assert summary.best.number not in (best.number, second.number)
        again = await client.rescore("s", best.number, best.metrics or {})
        assert (again.value, again.measured) == (best.value, None)
        detail = await client.trial("s", best.number)
    said = [event.text for event in detail.events if event.kind == "rescore"]
    old = f"{best.value:.17g}"
    assert said[0].startswith("by alice: f1 ")
    assert said[0].endswith(" → 0.25 (wrong labels)")
    assert float(said[0].split()[3]) == float(old)
    assert len(said) == 2


async def test_a_hidden_trial_counts_in_nothing_until_it_is_shown_again(path: Path) -> None:
    async with served(path) as (client, runner):
        best, second, *_ = await run_some(client, runner)
        assert (await client.hide("s", best.number)).hidden
        assert (await client.hide("s", best.number)).hidden, "it stays so"
        assert (await client.progress("s")).best == (second.number, second.value)
        summary = await client.summary("s")
        assert summary.best is not None
        assert (summary.best.number, summary.hidden) == (second.number, 1)
        assert summary.trials["complete"] == TRIALS
    async with served(path) as (client, runner):
        assert (await client.progress("s")).best == (second.number, second.value)
        await client.hide("s", best.number, hidden=False)
        assert (await client.progress("s")).best == (best.number, best.value)
    kinds = "SELECT kind, text FROM event WHERE kind LIKE '%hide' ORDER BY id"
    assert rows(path, kinds) == [("hide", "by alice"), ("unhide", "by alice")]


async def test_a_note_and_tags_are_kept_also_of_a_trial_that_runs(path: Path) -> None:
    async with served(path) as (client, runner):
        await client.create_study(STUDY)
        given = await runner.assignment()
        await client.annotate("s", 0, note=" looks odd ", tags=("odd", "odd", "later"))
        await runner.record(given, 1, STARTED, completed(f1=0.5, fpr=0.1))
        await runner.applied(given, 2)
        found = await client.annotate("s", 0, tags=("odd",))
        assert (found.note, found.tags, found.value) == ("looks odd", ("odd",), 0.5)
        assert (await client.annotate("s", 0, note="", tags=())).note == ""


@pytest.mark.parametrize(
    ("metrics", "sentence"),
    [
        (
            {"f1": float("nan")},
            "f1: nan is not a finite number; hide a trial whose result is of no",
        ),
        ({"f1": float("inf")}, "f1: inf is not a finite number"),
        ({"f2": 0.5}, "there is no metric of trial 0 of study 's': 'f2'; did you mean 'f1'?"),
        ({}, "say which metric is to be corrected, and how: f1=0.93"),
    ],
    ids=str,
)
async def test_what_is_no_result_is_refused_and_nothing_has_changed(
    metrics: dict[str, float], sentence: str, path: Path
) -> None:
    async with served(path) as (client, runner):
        await client.create_study(STUDY)
        await run_trial(runner)
        before = (await client.trial("s", 0)).trial
        with pytest.raises(WrongInput) as refused:
            await client.rescore("s", 0, metrics)
        assert sentence in str(refused.value)
        assert (await client.trial("s", 0)).trial == before


async def test_only_what_has_ended_is_hidden_and_only_a_fork_is_learnt_from(path: Path) -> None:
    async with served(path) as (client, runner):
        await client.create_study(STUDY)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        with pytest.raises(WrongInput, match="is running: only one that has ended can be hidden"):
            await client.hide("s", 0)
        with pytest.raises(WrongInput, match="is running: only a complete trial has metrics"):
            await client.rescore("s", 0, {"f1": 0.5})
        with pytest.raises(WrongInput, match="trial 0 of study 's' is no fork: nobody edited it"):
            await client.learn_from_fork("s", 0)
        with pytest.raises(WrongInput, match="tag 'a,b': write a short word without commas"):
            await client.annotate("s", 0, note="kept?", tags=("a,b",))
        assert (await client.trial("s", 0)).trial.note == ""
        with pytest.raises(UnknownName, match="there is no trial in study 's': '99'"):
            await client.hide("s", 99)
