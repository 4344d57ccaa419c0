"""Reading a configuration, and judging a training on the test voices."""

import json
from pathlib import Path

import pytest
import torch
from rich.console import Console

import trialmq as tq
from examples.wakeword.configuration import Training, WakewordConfig
from examples.wakeword.corpus import Corpus
from examples.wakeword.evaluate import evaluate, main, read_config, summary


def test_json_and_toml_give_the_same_configuration(tmp_path: Path) -> None:
    as_json, as_toml = tmp_path / "best.json", tmp_path / "best.toml"
    as_json.write_text(json.dumps({"training": {"optimizer": "sgd", "momentum": 0}}))
    as_toml.write_text('[training]\noptimizer = "sgd"\nmomentum = 0\n')
    expected = WakewordConfig(training=Training(optimizer="sgd", momentum=0.0))
    assert read_config(as_json) == read_config(as_toml) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"training": {"optimiser": "sgd"}}', "unknown field `optimiser`"),
        ('{"training": {"epochs": "six"}}', r"Expected `int`, got `str` - at `\$.training.epochs`"),
        ("{", "is not a wake-word configuration"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "best.json"
    path.write_text(text)
    with pytest.raises(tq.WrongInput, match=problem) as raised:
        read_config(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(tq.WrongInput, match="cannot be read: No such file"):
        read_config(tmp_path / "none.json")


def test_a_study_that_is_not_there_is_one_sentence_and_exit_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(study="mine", db=tmp_path / "none.db")
    assert raised.value.code == 2
    said = capsys.readouterr().err
    assert "none.db" in said
    assert said.count("\n") == 1


def test_a_training_is_judged_and_fits_a_terminal(corpus: Corpus) -> None:
    torch.set_num_threads(1)
    config = WakewordConfig(training=Training(epochs=2))
    run = evaluate(config, corpus, seed=1)
    assert 0 < run.validation_f1 <= 1
    assert 0 <= run.test_f1 <= 1
    assert 0 <= run.tuned_stream.recall <= 1
    console = Console(width=80)
    with console.capture() as capture:
        console.print(summary({"default": [run], "best": [run, run]}))
    shown = capture.get()
    assert f"{run.test_f1:.3f} ± 0.000" in shown
    assert max(map(len, shown.splitlines())) <= 80
