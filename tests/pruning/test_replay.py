"""Stored curves go through a pruner once more: what it would have saved, and what it would lose."""

from collections.abc import Sequence
from math import inf
from random import Random

import pytest
from msgspec.structs import replace

from orchestrator.engine.trials import Trial
from orchestrator.pruning.build import build_pruner
from orchestrator.reading.replay import (
    Recording,
    replay,
    replay_all,
    settings_to_try,
)
from schema.commands.insight import Replay, Replayed
from schema.errors import UnknownName, WorkFailed, WrongInput
from schema.messages import Report
from schema.pruning import Aggressiveness, PrunerSettings
from schema.trial import TrialState
from tests.orchestrator.one_study import study_spec

Parameters = dict[str, int | float | bool | str]
MEDIAN_AT_ONCE = {"n_startup_trials": 1, "n_warmup_steps": 0, "n_min_trials": 1}


class Story:
    """Trials of a study that maximizes ``score``, one report a second."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        self.curves: dict[int, list[Report]] = {}

    def trial(
        self,
        values: Sequence[float],
        *,
        state: TrialState = TrialState.COMPLETE,
        started: float | None = None,
        **others: float,
    ) -> Trial:
        """One more trial that reported ``values``; after the others, unless ``started`` is given.

        ``others`` are metrics that it ended with.
        """
        number = len(self.trials)
        if started is None:
            started = max((t.ended or 0.0 for t in self.trials), default=0.0) + 1
        complete = state is TrialState.COMPLETE
        trial = Trial(
            id=100 + number,
            study=1,
            number=number,
            sampled={},
            config={},
            created=0.0,
            state=state,
            started=started,
            ended=started + len(values),
            value=values[-1] if complete and values else 0.0,
            metrics={"score": values[-1] if values else 0.0, **others} if complete else None,
        )
        self.trials.append(trial)
        self.curves[number] = [(i, i + 0.5, {"score": v}) for i, v in enumerate(values)]
        return trial

    def recording(self, *constraints: str, pruner: PrunerSettings | None = None) -> Recording:
        """The study as it is stored."""
        spec = study_spec(constraints=constraints, pruner=pruner or PrunerSettings())
        return Recording(spec, [trial.result() for trial in self.trials], self.curves)

    def through(self, pruner: str, *constraints: str, **numbers: float) -> Replayed:
        """What a pruner would have done."""
        settings = PrunerSettings(pruner=pruner, parameters=dict(numbers), steps=12)
        return replay(self.recording(*constraints), settings)


def test_the_steps_after_the_verdict_are_saved() -> None:
    story = Story()
    story.trial([1.0, 1.0, 1.0, 1.0])
    story.trial([1.0, -1.0, 1.0, 1.0])
    found = story.through("threshold", lower=0.0, n_warmup_steps=0)
    assert (found.pruned, found.steps_saved) == (1, 2)


def test_the_best_that_would_be_lost_are_counted_and_the_best_that_is_left() -> None:
    story = Story()
    for value in (9.0, 8.0, 7.0, 6.0, 5.0):
        story.trial([-1.0 if value in (9.0, 7.0, 5.0) else 1.0, value])
    found = story.through("threshold", lower=0.0, n_warmup_steps=0)
    assert found.lost == {1: 1, 3: 2}  # of ten there are not enough
    assert found.best == 8.0


def test_a_trial_that_violates_a_constraint_is_none_of_the_best() -> None:
    story = Story()
    story.trial([-1.0, 9.0], loss=2.0)
    story.trial([1.0, 8.0], loss=0.0)
    story.trial([-1.0, 7.0], loss=0.0)
    found = story.through("threshold", "loss <= 1", lower=0.0, n_warmup_steps=0)
    assert found.pruned == 2
    assert found.lost == {1: 0}
    assert found.best == 8.0


def test_what_ended_later_is_no_evidence_although_it_began_earlier() -> None:
    after, beside = Story(), Story()
    for story, second_starts in ((after, 10.0), (beside, 0.2)):
        story.trial([5.0, 5.0, 5.0, 5.0], started=0.0)
        story.trial([1.0, 1.0, 1.0, 1.0], started=second_starts)
    assert after.through("median", **MEDIAN_AT_ONCE).steps_saved == 3
    assert beside.through("median", **MEDIAN_AT_ONCE).steps_saved == 0


def test_reports_of_trials_that_ran_at_once_take_turns() -> None:
    story = Story()
    story.trial([1.0, 1.0, 1.0], started=0.0)
    story.trial([2.0, 2.0, 2.0], started=0.1)
    order = [(a.trial.number, a.report and a.report[0]) for a in story.recording().arrivals]
    assert order == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2), (0, None), (1, None)]


def test_a_trial_that_would_have_been_ended_is_no_evidence() -> None:
    story = Story()
    story.trial([5.0, 5.0])
    for _ in range(3):
        story.trial([1.0, 1.0])  # were they evidence, the median would be theirs
    assert story.through("median", **MEDIAN_AT_ONCE).pruned == 3


def test_only_complete_trials_count_and_the_others_take_part() -> None:
    story = Story()
    for _ in range(3):
        story.trial([5.0, 5.0], state=TrialState.PRUNED)
    assert story.trial([4.0, 4.0, 4.0, 4.0]).state is TrialState.COMPLETE
    settings = PrunerSettings(pruner="successive_halving", steps=4, parameters={"min_resource": 1})
    result = replay_all(story.recording(), [settings])
    assert (result.complete, result.pruned, result.steps) == (1, 3, 4)
    assert result.replayed[0].pruned == 1
    assert result.replayed[0].steps_saved == 2


def test_what_is_saved_of_trials_whose_end_is_not_known_is_not_counted() -> None:
    story = Story()
    story.trial([1.0, 1.0, 1.0])
    story.trial([-1.0, 1.0, 1.0, 1.0], state=TrialState.PRUNED)
    found = story.through("threshold", lower=0.0, n_warmup_steps=0)
    assert (found.pruned, found.steps_saved) == (0, 0)


def test_a_trial_that_violates_a_constraint_is_no_opponent_for_others() -> None:
    story = Story()
    story.trial([1.0] * 6, loss=0.0)
    story.trial([9.0] * 6, loss=2.0)
    story.trial([5.0] * 6, loss=0.0)
    numbers = {"n_startup_steps": 2, "p_threshold": 0.5}
    assert story.through("wilcoxon", **numbers).pruned == 1
    assert story.through("wilcoxon", "loss <= 1", **numbers).pruned == 0


def test_a_trial_ends_after_its_reports_although_its_start_was_recorded_late() -> None:
    story = Story()
    story.trial([1.0, 2.0]).started = 2.0  # by then it had reported once
    assert [arrival.report for arrival in story.recording().arrivals] == [
        (0, {"score": 1.0}),
        (1, {"score": 2.0}),
        None,
    ]


def test_a_trial_that_runs_still_is_left_aside() -> None:
    story = Story()
    story.trial([5.0, 5.0])
    story.trial([5.0], state=TrialState.RUNNING).ended = None
    assert {arrival.trial.number for arrival in story.recording().arrivals} == {0}


def test_pruning_switched_off_saves_and_loses_nothing() -> None:
    story = Story()
    for value in (1.0, 2.0, -inf, 4.0):
        story.trial([value] * 5)
    off = PrunerSettings(aggressiveness=Aggressiveness.OFF)
    found = replay(story.recording(), off)
    assert (found.pruned, found.steps_saved, found.lost) == (0, 0, {1: 0, 3: 0})


def lived(settings: PrunerSettings, seed: int) -> Story:
    """Sixty trials of twelve steps, three at a time, ended by the pruner as they ran."""
    random = Random(seed)
    pruner = build_pruner(settings, maximize=True, study_name="study")
    story, running = Story(), dict[int, list[float]]()
    now = 0.0
    while len(story.trials) < 60 or running:
        now += 1.0
        while len(running) < 3 and len(story.trials) < 60:
            trial = story.trial([], state=TrialState.RUNNING, started=now)
            level = random.random()
            running[trial.number] = [level + 0.3 * random.random() for _ in range(12)]
        number = random.choice(list(running))
        trial, left, curve = story.trials[number], running[number], story.curves[number]
        trial.ended = now
        if left:
            curve.append((12 - len(left), now - (trial.started or 0.0), {"score": left[0]}))
            if pruner.report(number, curve[-1][0], left.pop(0)) is None:
                continue
            trial.state = TrialState.PRUNED
            pruner.drop(number)
        else:
            trial.value = curve[-1][2]["score"]
            trial.metrics = dict(curve[-1][2])
            trial.state = TrialState.COMPLETE
            pruner.complete(number, trial.value)
        del running[number]
    return story


@pytest.mark.parametrize("pruner", ["median", "percentile", "patient", "wilcoxon", "hyperband"])
def test_a_study_replayed_through_its_own_pruner_ends_as_it_ended(pruner: str) -> None:
    settings = PrunerSettings(
        pruner=pruner, aggressiveness=Aggressiveness.AGGRESSIVE, steps=12, parameters={}
    )
    story = lived(settings, seed=5)
    assert sum(trial.state is TrialState.PRUNED for trial in story.trials) > 10
    found = replay(story.recording(), settings)
    assert found.pruned == 0
    other = replace(settings, pruner="threshold", parameters={"lower": 0.5})
    assert replay(story.recording(), other).pruned > 0


def everything(story: Story, pruner: PrunerSettings | None = None) -> Replay:
    """All members at all levels."""
    recording = story.recording(pruner=pruner)
    return replay_all(recording, settings_to_try(recording, None, None))


def test_all_members_are_replayed_at_all_levels_but_for_those_that_need_a_number() -> None:
    story = Story()
    story.trial([1.0] * 6)
    result = everything(story)
    assert len({(row.pruner, row.aggressiveness) for row in result.replayed}) == 6 * 3
    assert result.left_out == {
        "threshold": "the threshold pruner needs a number: set lower, upper or both"
    }


def test_the_numbers_that_a_study_set_stay_with_its_own_pruner() -> None:
    story = Story()
    story.trial([-1.0] * 16)
    result = everything(story, PrunerSettings(pruner="threshold", parameters={"lower": 0.0}))
    own = [row for row in result.replayed if row.pruner == "threshold"]
    assert [row.steps_saved for row in own] == [11, 13, 14]  # from steps 4, 2 and 1 of 16 on
    assert result.left_out == {}


def test_a_pruner_that_was_asked_for_and_cannot_be_built_is_an_error() -> None:
    story = Story()
    story.trial([1.0])
    recording = story.recording()
    with pytest.raises(WrongInput, match="set lower, upper or both"):
        replay_all(recording, settings_to_try(recording, "threshold", None), strict=True)
    with pytest.raises(UnknownName, match="did you mean 'median'"):
        replay_all(recording, settings_to_try(recording, "medain", None), strict=True)


def test_a_study_without_a_complete_curve_has_nothing_to_replay() -> None:
    story = Story()
    story.trial([])
    story.trial([1.0, 2.0], state=TrialState.PRUNED)
    with pytest.raises(WorkFailed, match="no complete trial that reported score"):
        story.recording()
