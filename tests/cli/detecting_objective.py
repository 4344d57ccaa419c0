"""An objective that trains nothing, and stores scores of clips and of a stream."""

from typing import Annotated

import trialmq as tq


class Inference(tq.Group):
    threshold: Annotated[float, tq.Range(0.05, 0.95), tq.AfterTraining()] = 0.5
    smoothing: Annotated[int, tq.Range(1, 8), tq.AfterTraining()] = 1


class DetectorConfig(tq.Config):
    quality: Annotated[float, tq.Range(0.0, 1.0)] = 0.5
    noise: Annotated[float, tq.Range(0.0, 1.0)] = 0.5
    inference: Inference = Inference()


@tq.objective(maximize="f1")
def train(config: DetectorConfig, trial: tq.Trial) -> dict[str, float]:
    """Ten clips, of which the even ones are wanted, and a minute with an alarm in every ten s."""
    trial.store_scores(
        clips=[[0.1, 0.8 if clip % 2 == 0 else 0.3] for clip in range(10)],
        labels=[clip % 2 == 0 for clip in range(10)],
        streams=[tq.ScoredStream(scores=[0.2, 0.9] * 30, hertz=1.0, events=[(0.5, 1.5)])],
        threshold="inference.threshold",
        smoothing="inference.smoothing",
    )
    return {"f1": config.quality}
