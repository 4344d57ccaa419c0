"""``trialmq import optuna`` and ``export optuna``: what both sides can hold goes both ways."""

import asyncio
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial

from orchestrator.reading.results import Results
from tests.cli.optuna_script import objective
from trialmq.cli.main import main

SCRIPT = Path(__file__).with_name("optuna_script.py")


def search(trial: optuna.Trial) -> float:
    """Reports, fails and is pruned."""
    x = trial.suggest_float("x", -1.0, 1.0)
    trial.suggest_categorical("mixed", [None, 1, "one"])
    trial.suggest_int("n", 2, 32, log=True)
    trial.suggest_float("stepped", 0.0, 1.0, step=0.25)
    trial.set_user_attr("words", ["a", {"b": 1}])
    for step in (1, 3):
        trial.report(x * step, step)
    if trial.number == 2:
        raise ValueError
    if trial.number == 3:
        raise optuna.TrialPruned
    return x


def comparable(trial: FrozenTrial) -> dict[str, object]:
    """All that has to survive; what is of no type of ours is a text."""
    assert trial.datetime_start is not None and trial.datetime_complete is not None
    return {
        "state": trial.state,
        "values": trial.values,
        "params": {n: str(v) if n in ("mixed", "kind") else v for n, v in trial.params.items()},
        "ranges": {n: d for n, d in trial.distributions.items() if n not in ("mixed", "kind")},
        "intermediate": trial.intermediate_values,
        "times": (trial.datetime_start.timestamp(), trial.datetime_complete.timestamp()),
        "words": trial.user_attrs.get("words"),
    }


def test_a_study_goes_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    database = ["--db", str(tmp_path / "t.db")]
    before = optuna.create_study(study_name="mine", storage=url, direction="maximize")
    before.optimize(search, n_trials=6, catch=(ValueError,))
    before.ask()
    assert main(["import", "optuna", url, "mine", *database]) == 0
    assert "1 had not ended" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "t.db")]) == 0
    assert main(["export", "optuna", "mine", url, "--name", "again", *database]) == 0
    after = optuna.load_study(study_name="again", storage=url)
    assert after.direction == before.direction
    ended = [t for t in before.trials if t.state.is_finished()]
    assert [comparable(t) for t in after.trials] == [comparable(t) for t in ended]
    assert after.best_trial.number == before.best_trial.number


def test_it_goes_on_here(tmp_path: Path) -> None:
    url = str(tmp_path / "optuna.log")
    database = ["--db", str(tmp_path / "t.db")]
    backend = optuna.storages.journal.JournalFileBackend(url)
    storage = optuna.storages.JournalStorage(backend)
    optuna.create_study(study_name="s", storage=storage).optimize(objective, n_trials=5)
    assert main(["import", "optuna", url, "s", *database]) == 0
    entry = f"{SCRIPT}:objective"
    words = ["--study", "s", "--trials", "8", "--runners", "1", "--quiet"]
    assert main(["run", entry, *words, *database]) == 0

    async def kept() -> dict[int, dict[str, object]]:
        async with Results.open(tmp_path / "t.db") as results:
            study = await results.study("s")
            assert len(await results.trials(study)) == 8
            return await results.attributes(study)

    assert all(attributes["layers squared"] for attributes in asyncio.run(kept()).values())


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/optuna.db"
    optuna.create_study(study_name="mine", storage=url)
    database = ["--db", str(tmp_path / "t.db")]
    assert main(["import", "optuna", url, "mime", *database]) == 2
    assert "mine" in capsys.readouterr().err
    assert main(["import", "optuna", f"{url}x", "mine", *database]) == 2
    assert f"there is no Optuna storage {url}x" in capsys.readouterr().err
    assert not Path(f"{url}x".removeprefix("sqlite:///")).exists()
    assert main(["import", "optuna", "nosuch://x", "mine", *database]) == 2
    assert main(["import", "optuna", url, "mine", *database]) == 0
    assert main(["import", "optuna", url, "mine", *database]) == 2
    assert "--name" in capsys.readouterr().err
    assert main(["export", "optuna", "mine", url, *database]) == 2
    assert "--name" in capsys.readouterr().err
