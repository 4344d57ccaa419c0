"""A pruner is replaced while trials run: the new one knows what the old one was told."""

from random import Random

import pytest
from msgspec.structs import replace

from orchestrator.pruning import live_pruner
from orchestrator.pruning.live_pruner import LivePruner
from orchestrator.pruning.study_pruner import Ending
from schema.errors import WrongInput
from schema.messages import Report
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import Direction, Metric
from schema.trial import TrialState
from tests.orchestrator.one_study import study_spec

F1 = Metric(name="f1", direction=Direction.MAXIMIZE)
LOSS = Metric(name="loss", direction=Direction.MINIMIZE)
OBJECTIVE = study_spec(F1, LOSS, constraints=("rate <= 0.8",)).objective
STEPS = 12
OFF = PrunerSettings(aggressiveness=Aggressiveness.OFF, steps=STEPS)


def hard(pruner: str = "median", prune_on: str = "f1") -> PrunerSettings:
    """Settings that end many trials."""
    return PrunerSettings(
        pruner=pruner,
        aggressiveness=Aggressiveness.AGGRESSIVE,
        steps=STEPS,
        prune_on=prune_on,
        parameters={"n_min_trials": 3} if prune_on == "constraints" else {},
    )


EVERY = [
    *(hard(name) for name in ("median", "percentile", "patient", "successive_halving")),
    *(hard(name) for name in ("hyperband", "wilcoxon")),
    hard(prune_on="loss"),
    hard(prune_on="pareto"),
    hard(prune_on="constraints"),
]
NAMES = [f"{each.pruner} on {each.prune_on}" for each in EVERY]


class Story:
    """A random study, lived through by several pruners that hear the same of it."""

    def __init__(self, seed: int, *pruners: LivePruner) -> None:
        self.pruners = list(pruners)
        self.verdicts: list[list[bool]] = []
        self.stored: dict[int, list[Report]] = {}
        self.ends: dict[int, tuple[TrialState, Ending | None]] = {}
        self._random = Random(seed)
        self._running: dict[int, list[int]] = {}
        self._started = 0

    def happen(self, times: int) -> None:
        """So many things happen."""
        random = self._random
        for _ in range(times):
            while len(self._running) < 4:
                self._running[self._started] = list(range(STEPS))
                self._started += 1
            trial = random.choice(list(self._running))
            dice = random.random()
            if dice < 0.01:
                self._running[trial] = list(range(STEPS))
                self.stored.pop(trial, None)
                for pruner in self.pruners:
                    pruner.lose(trial)
            elif dice < 0.03:
                self._end(trial, random.choice([TrialState.PRUNED, TrialState.FAILED]))
            elif self._running[trial]:
                self._report(trial, self._running[trial].pop(0))
            else:
                self._end(trial, TrialState.COMPLETE)

    def _report(self, trial: int, step: int) -> None:
        level = Random(trial).random()
        metrics = {
            "f1": level + step / 50 + self._random.gauss(0, 0.05),
            "loss": 1 - level + self._random.gauss(0, 0.3),
            "rate": 1 - level + self._random.gauss(0, 0.1),
            "other": 1.0,
        }
        self.stored.setdefault(trial, []).append((step, float(step), metrics))
        verdicts = [pruner.report(trial, step, metrics) for pruner in self.pruners]
        self.verdicts.append([verdict is not None for verdict in verdicts])

    def _end(self, trial: int, state: TrialState) -> None:
        del self._running[trial]
        ending = None
        if state is TrialState.COMPLETE:
            metrics = self.stored[trial][-1][2]
            ending = Ending(metrics, feasible=metrics["rate"] <= 0.8)
        self.ends[trial] = (state, ending)
        for pruner in self.pruners:
            pruner.end(trial, state, ending)


def live(settings: PrunerSettings) -> LivePruner:
    """A pruner with these settings."""
    return LivePruner(settings, OBJECTIVE, "study")


def learnt(pruner: LivePruner) -> LivePruner:
    """The pruner once its successor has caught up."""
    while pruner.learn():
        pass
    return pruner


@pytest.mark.parametrize("settings", EVERY, ids=NAMES)
def test_a_pruner_put_in_force_later_decides_as_one_that_was_there_from_the_start(
    settings: PrunerSettings,
) -> None:
    always, later = live(settings), live(OFF)
    story = Story(7, always, later)
    story.happen(900)
    later.change(settings)
    learnt(later)
    story.verdicts.clear()
    story.happen(900)
    assert all(mine == theirs for mine, theirs in story.verdicts)
    assert any(mine for mine, _ in story.verdicts)


@pytest.mark.parametrize("settings", EVERY, ids=NAMES)
def test_what_happens_while_a_pruner_learns_is_learnt_as_well(
    settings: PrunerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_pruner, "SLICE_VALUES", 40)
    always, later, never = live(settings), live(OFF), live(OFF)
    story = Story(8, always, later, never)
    story.happen(900)
    later.change(settings)
    story.verdicts.clear()
    slices = 0
    while later.learn():
        slices += 1
        story.happen(5)
    assert slices > 5
    assert not any(new for _, new, _ in story.verdicts), "the old one judges meanwhile"
    story.verdicts.clear()
    story.happen(900)
    assert all(one == other for one, other, _ in story.verdicts)
    assert any(one for one, _, _ in story.verdicts)


@pytest.mark.parametrize("settings", EVERY, ids=NAMES)
def test_a_pruner_that_remembers_what_is_stored_decides_as_one_that_was_there(
    settings: PrunerSettings,
) -> None:
    lived, restored = live(settings), live(settings)
    story = Story(9, lived)
    story.happen(1200)
    for trial, end in story.ends.items():
        restored.remember(trial, story.stored.get(trial, ()), *end)
    for trial in story.stored.keys() - story.ends.keys():
        restored.remember(trial, story.stored[trial], TrialState.RUNNING, None)
    restored.rebuild()
    story.pruners.append(restored)
    story.verdicts.clear()
    story.happen(900)
    assert all(mine == theirs for mine, theirs in story.verdicts)


def test_a_change_that_is_overtaken_by_another_never_comes_into_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_pruner, "SLICE_VALUES", 40)
    always, later = live(EVERY[0]), live(OFF)
    story = Story(10, always, later)
    story.happen(600)
    for settings in (*EVERY[1:], EVERY[0]):
        later.change(settings)
    learnt(later)
    story.verdicts.clear()
    story.happen(600)
    assert all(mine == theirs for mine, theirs in story.verdicts)


def test_settings_that_are_refused_leave_everything_as_it_was() -> None:
    always, later = live(EVERY[0]), live(EVERY[0])
    story = Story(11, always, later)
    story.happen(600)
    with pytest.raises(WrongInput):
        later.change(hard(prune_on="f2"))
    story.happen(600)
    assert all(mine == theirs for mine, theirs in story.verdicts)


def test_another_share_of_control_trials_is_no_reason_to_learn_anew() -> None:
    pruner = live(EVERY[0])
    pruner.change(replace(EVERY[0], control_fraction=0.5))
    assert pruner.learn() is False


# ---------------------------------------------------------------------- is it reported at all?


def completed(pruner: LivePruner, trial: int, *metrics: str) -> str:
    """A trial reports these metrics and completes; the warning."""
    if metrics:
        pruner.report(trial, 0, dict.fromkeys(metrics, 0.5))
    pruner.end(trial, TrialState.COMPLETE, Ending({}, feasible=True))
    return pruner.warning(trial)


def test_the_first_complete_trial_shows_that_nobody_reports_what_is_pruned_on() -> None:
    pruner = live(hard())
    assert completed(pruner, 0, "val_f1", "loss") == (
        "no trial can be pruned on f1: trial 0 reported val_f1, loss at its steps"
    )
    assert completed(pruner, 1, "val_f1") == "", "it was said"


def test_who_reports_what_is_pruned_on_is_not_warned() -> None:
    assert completed(live(hard()), 0, "f1") == ""


def test_every_metric_of_a_pareto_rank_has_to_be_reported() -> None:
    assert "pruned on loss:" in completed(live(hard(prune_on="pareto")), 0, "f1")


def test_who_reports_nothing_is_warned_when_it_was_said_what_to_prune_on() -> None:
    assert "reported nothing" in completed(live(hard()), 0)
    unsaid = PrunerSettings(steps=STEPS)
    assert completed(LivePruner(unsaid, study_spec(F1).objective, "s"), 0) == ""


def test_where_nothing_is_pruned_nothing_has_to_be_reported() -> None:
    assert completed(live(OFF), 0, "val_f1") == ""


def test_after_a_change_it_is_asked_again() -> None:
    pruner = live(hard())
    completed(pruner, 0, "f1")
    pruner.change(hard(prune_on="loss"))
    assert "pruned on loss:" in completed(pruner, 1, "f1")
