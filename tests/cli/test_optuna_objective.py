"""``trialmq run script.py:objective`` with what was written for Optuna."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.reading.results import Results
from schema.results import StudyOverview, TrialResult
from schema.trial import TrialState
from trialmq.cli.main import main

SCRIPT = Path(__file__).with_name("optuna_script.py")


def run(database: Path, name: str, *words: str, runners: int = 2) -> int:
    """The exit code of a quick run."""
    common = ["--db", str(database), "--runners", str(runners), "--study", "s", "--quiet"]
    return main(["run", f"{SCRIPT}:{name}", *common, *words])


def stored(database: Path) -> tuple[StudyOverview, list[TrialResult]]:
    """The study and its trials."""

    async def read() -> tuple[StudyOverview, list[TrialResult]]:
        async with Results.open(database) as results:
            study = await results.study("s")
            return study, await results.trials(study)

    return asyncio.run(read())


def test_a_dynamic_space_is_found_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "t.db"
    assert run(database, "objective", "--trials", "20") == 0
    assert run(database, "objective", "--trials", "30") == 0
    study, trials = stored(database)
    variables = {v.path: v for v in study.spec.objective.space.variables}
    assert {"kind", "x", "layers", "units.0"} <= variables.keys()
    assert variables["kind"].choices == ("sgd", "adam", "None")
    assert (variables["units.0"].low, variables["units.0"].high) == (4, 64)
    for trial in trials:
        assert trial.state is TrialState.COMPLETE
        config = trial.config
        units = {path for path in config if path.startswith("units.")}
        assert units == {f"units.{layer}" for layer in range(int(config["layers"]))}
        assert ("beta" in config) == (config["kind"] == "adam")
        for path, value in config.items():
            assert variables[path].check(value) == value
    # What is known is chosen by the sampler: both halves are told apart by it.
    assert len({t.config["x"] for t in trials}) == len(trials)
    assert main(["best", "s", "--db", str(database)]) == 0
    assert main(["trials", "s", "--db", str(database)]) == 0
    assert main(["show", "s", "0", "--db", str(database)]) == 0
    assert "units" in capsys.readouterr().out
    assert main(["verify", str(database)]) == 0


def test_it_may_raise_trial_pruned(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    assert run(database, "pruned", "--trials", "6", "--pruner", "nop") == 0
    _, trials = stored(database)
    assert [t.state.value for t in trials] == ["complete", "pruned"] * 3


def test_it_is_pruned(tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    numbers = ["n_startup_trials=5", "n_warmup_steps=0", "n_min_trials=1"]
    words = ["--trials", "6", "--pruner", "median"]
    words += [*(w for n in numbers for w in ("--pruner-parameter", n))]
    # With one runner the sixth has all others to be judged by.
    assert run(database, "waits_to_be_pruned", *words, runners=1) == 0
    _, trials = stored(database)
    assert trials[5].state is TrialState.PRUNED


def test_the_direction_is_the_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "t.db"
    both = ["--direction", "maximize", "--direction", "minimize"]
    assert run(database, "two", "--trials", "4", *both) == 0
    study, trials = stored(database)
    assert [str(m.direction) for m in study.spec.objective.metrics] == ["maximize", "minimize"]
    assert all(t.metrics is not None and t.metrics.keys() == {"value_0", "value_1"} for t in trials)
    assert run(tmp_path / "u.db", "nothing", "--trials", "1") == 1
    objectives = Path(__file__).with_name("objectives.py")
    capsys.readouterr()
    assert main(["run", f"{objectives}:train", "--direction", "maximize", "--quiet"]) == 2
    assert "says itself what it optimises" in capsys.readouterr().err
