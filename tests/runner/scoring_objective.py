"""Objectives that train nothing, and store scores."""

from typing import Annotated

import trialmq as tq

FRAMES = 400
"""Of each clip; with a thousand clips the scores are sent in seven parts."""


class Decision(tq.Group):
    threshold: Annotated[float, tq.Range(0.0, 1.0), tq.AfterTraining()] = 0.5
    smoothing: Annotated[int, tq.Range(1, 9), tq.AfterTraining()] = 1
    name: str = "none"


class ScoringConfig(tq.Config):
    quality: Annotated[float, tq.Range(0.0, 1.0)] = 0.5
    decision: Decision = Decision()


@tq.objective(maximize="f1")
def train(config: ScoringConfig, trial: tq.Trial) -> dict[str, float]:
    """What is stored last counts; the first clip's score tells which trial it is of."""
    for step in range(2):
        trial.report(step, f1=config.quality)
        clips = [[(trial.number + 1) / 10] * FRAMES] + [[step / 10] * FRAMES] * 999
        trial.store_scores(
            clips=clips,
            labels=[True] + [False] * 999,
            threshold="decision.threshold",
            smoothing="decision.smoothing",
        )
    return {"f1": config.quality}


@tq.objective(maximize="f1")
def wrong(config: ScoringConfig, trial: tq.Trial) -> dict[str, float]:
    """Names a variable that is none."""
    trial.store_scores(clips=[0.5], labels=[1], threshold="decision.treshold")
    return {"f1": 0.0}


@tq.objective(maximize="f1")
def gives_up(config: ScoringConfig, trial: tq.Trial) -> dict[str, float]:
    """Stores scores, and ends as pruned."""
    trial.store_scores(clips=[0.5], labels=[1], threshold="decision.threshold")
    raise tq.Pruned
