"""``trialmq pruning``, and control trials from the command line."""

import json
import sqlite3
from pathlib import Path

import pytest

from orchestrator.pruning.parameters import PARAMETERS, RULES
from orchestrator.pruning.phrases import PHRASES
from schema.commands.insight import Replay
from schema.results import Regret
from tests.cli.conftest import OBJECTIVES, TRIALS
from tests.cli.test_bad_input import refusal
from trialmq.cli.ending import regret_sentence
from trialmq.cli.main import main
from trialmq.cli.pruning import remarks

Capture = pytest.CaptureFixture[str]


def said(capsys: Capture, *words: str) -> str:
    """What a command prints."""
    assert main(words) == 0
    return capsys.readouterr().out


def rows(table: str) -> dict[str, list[str]]:
    """The words of each line after the first one, by that one."""
    return {line.split()[0]: line.split()[1:] for line in table.splitlines() if line.strip()}


def test_every_number_of_every_pruner_has_its_phrase() -> None:
    known = [*PARAMETERS.values(), *RULES.values()]
    assert PHRASES.keys() == {name for own in known for name in own}


def test_explain_shows_the_levels_of_the_usual_pruner_side_by_side(capsys: Capture) -> None:
    text = said(capsys, "pruning", "explain", "--steps", "20")
    assert "successive_halving  for trials of 20 steps" in text
    assert rows(text)["number"][:3] == ["conservative", "standard", "aggressive"]
    assert rows(text)["min_resource"][:3] == ["5", "2", "1"]
    assert PHRASES["min_resource"] in text


def test_explain_shows_one_level_of_one_pruner(capsys: Capture) -> None:
    words = ["--pruner", "hyperband", "--aggressiveness", "standard", "--steps", "20"]
    table = rows(said(capsys, "pruning", "explain", *words))
    assert "conservative" not in table["number"]
    assert table["max_resource"][0] == "20"
    assert table["reduction_factor"][0] == "3"


def test_explain_takes_a_number_of_the_users_and_says_what_it_assumes(capsys: Capture) -> None:
    words = ["--pruner", "patient", "--pruner-parameter", "wrapped_pruner=percentile"]
    text = said(capsys, "pruning", "explain", *words, "--pruner-parameter", "percentile=20")
    assert "12 steps are assumed" in text
    assert rows(text)["wrapped_pruner"][:3] == ["percentile"] * 3
    assert rows(text)["percentile"][:3] == ["20"] * 3


def test_explain_says_it_when_nothing_is_pruned(capsys: Capture) -> None:
    for words in (["--aggressiveness", "off"], ["--pruner", "nop"]):
        assert said(capsys, "pruning", "explain", *words) == "Every trial runs to its end.\n"


def test_replay_shows_all_members_at_all_levels(database: Path, capsys: Capture) -> None:
    text = said(capsys, "pruning", "replay", "--db", str(database))
    assert f"quick  {TRIALS - 1} complete trials with {(TRIALS - 1) * 8} reports of loss" in text
    lines = [line.split() for line in text.splitlines()]
    members = [line[0] for line in lines if line[1:2] == ["conservative"]]
    assert members == [name for name in PARAMETERS if name not in ("nop", "threshold")]
    assert ["hyperband", "aggressive"] in [line[:2] for line in lines]
    assert "Only trials that ran to their end count" in text
    assert "threshold is left out: the threshold pruner needs a number" in text


def test_replay_of_one_pruner_as_json(database: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "replay.json"
    words = ["pruning", "replay", "quick", "--pruner", "threshold", "--aggressiveness", "standard"]
    words += ["--pruner-parameter", "upper=-1", "--db", str(database)]
    assert "threshold" in said(capsys, *words, "--json", str(target))
    result = json.loads(target.read_text())
    assert json.loads(said(capsys, *words, "--json", "-")) == result
    (row,) = result["replayed"]
    assert row["numbers"] == {"n_warmup_steps": 1, "interval_steps": 1, "upper": -1.0}
    assert row["pruned"] == result["complete"] == TRIALS - 1
    assert row["steps_saved"] == (TRIALS - 1) * 6  # of 8, all but those at steps 0 and 1
    assert row["lost"] == {"1": 1, "3": 3, "10": 10}
    assert row["best"] is None


def test_replay_says_what_is_not_known_of_pruned_trials() -> None:
    pruned = Replay(
        study="s", metric="f1", complete=5, pruned=3, steps=60, replayed=[], left_out={}
    )
    assert "3 trials were pruned when the study ran" in remarks(pruned)[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["explain", "--pruner", "hyperband"], "Hyperband needs to know how many steps"),
        (["explain", "--pruner", "medain"], "did you mean 'median'?"),
        (["explain", "--steps", "0"], "it should report at least 1"),
        (["explain", "--pruner-parameter", "min_resource"], "write name=value"),
        (["replay", "quik"], "did you mean 'quick'?"),
        (["replay", "--pruner", "threshold"], "set lower, upper or both"),
        (["replay", "--pruner-parameter", "lower=1"], "say with --pruner whose number it is"),
        (["replay", "--json", "no/such/dir.json"], "there is no directory no/such"),
        (["replai"], 'Did you mean "replay"?'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_answered_with_what_would_be_right(
    words: list[str],
    sentence: str,
    database: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIALMQ_DB", str(database))
    assert sentence in refusal(capsys, "pruning", *words)


@pytest.mark.parametrize("share", ["-0.1", "1.5", "nan"])
def test_a_share_is_from_nothing_to_all(share: str, tmp_path: Path, capsys: Capture) -> None:
    words = ["run", f"{OBJECTIVES}:train", "--db", str(tmp_path / "t.db")]
    assert "write 0 to 1" in refusal(capsys, *words, f"--control-fraction={share}")


def test_control_trials_run_to_their_end_and_show_what_pruning_would_lose(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "study.toml").write_text("[study]\ncontrol_fraction = 1\n")
    target, database = tmp_path / "out.json", tmp_path / "t.db"
    words = ["run", f"{OBJECTIVES}:train", "--study", "c", "--trials", "25", "--runners", "2"]
    words += ["--sampler", "random", "--study-file", str(tmp_path / "study.toml")]
    text = said(capsys, *words, "--json", str(target), "--db", str(database))
    summary = json.loads(target.read_text())
    assert summary["trials"]["pruned"] == 0
    assert summary["regret"]["trials"] == summary["trials"]["complete"] == 24
    would = summary["regret"]["would_prune"]
    assert would > 0
    assert f"of 24 control trials the pruner would have ended {would}" in text
    with sqlite3.connect(database) as db:
        found = db.execute("SELECT trial, text FROM event WHERE kind = 'would prune'").fetchall()
    assert len(found) == would
    number, because = found[0]
    shown = said(capsys, "show", "c", str(number), "--db", str(database))
    assert f"control trial, the pruner would have ended it: {because}" in shown
    spared = next(n for n in range(25) if n not in dict(found))
    shown = said(capsys, "show", "c", str(spared), "--db", str(database))
    assert "control trial, the pruner had no objection" in shown


def test_the_regret_in_a_sentence() -> None:
    none = Regret(trials=4, would_prune=0, lost={1: 0, 3: 0}, seconds=10.0, saved=0.0)
    assert regret_sentence(none) == "none: the pruner would have ended none of 4 control trials"
    some = Regret(trials=4, would_prune=2, lost={1: 0, 3: 1}, seconds=10.0, saved=4.0)
    assert regret_sentence(some) == (
        "of 4 control trials the pruner would have ended 2, 0 of the best 1, 1 of the best 3, "
        "to save 40% of their time"
    )
