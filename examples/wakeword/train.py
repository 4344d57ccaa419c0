"""The objective: one trial trains one wake-word detector.

    trialmq run examples/wakeword/train.py:train --trials 40 --runners 2

The validation voices' F1, at the best threshold for them, decides.  When the training is over, the
inference group is chosen on the stream of the validation voices, which needs no training; their
scores are stored, so that `trialmq thresholds` shows what other decisions give.  A training that
diverges raises `FloatingPointError`, so the trial fails with that reason and is not scored 0.
"""

import trialmq as tq
from examples.wakeword.configuration import Inference, WakewordConfig
from examples.wakeword.data import load
from examples.wakeword.detection import judge, right_times
from examples.wakeword.training import WakewordTraining


@tq.objective(maximize="f1", steps="training.epochs")
def train(config: WakewordConfig, trial: tq.Trial) -> dict[str, float]:
    """Train for all epochs; report "f1", "false_positive_rate" and "loss" after each.

    The result has those of the last epoch, and of the chosen decision "stream_f1", "stream_recall"
    and "false_alarms_per_hour".
    """
    corpus = load()
    training = WakewordTraining(config, corpus, seed=trial.seed, device=trial.device)
    metrics: dict[str, float] = {}
    for epoch in range(config.training.epochs):
        metrics = training.epoch(trial.config)  # its live variables may have been edited
        trial.report(epoch, **metrics)

    stream = training.detector.stream_scores(corpus.validation.stream)

    trial.store_scores(
        clips=training.validation_scores(),
        labels=corpus.validation.wake,
        streams=[
            tq.ScoredStream(
                scores=stream.scores,
                hertz=stream.hertz,
                start=stream.times[0],
                seconds=stream.times[-1],
                events=right_times(corpus.validation.wake_times),
            )
        ],
        threshold="inference.threshold",
        smoothing="inference.smoothing_windows",
        high="inference.hysteresis_high",
        low="inference.hysteresis_low",
        cool_down="inference.cool_down_s",
    )

    def decide(inference: Inference) -> dict[str, float]:
        return judge(stream, corpus.validation.wake_times, inference).metrics()

    return {**metrics, **trial.tune_after_training(decide, maximize="stream_f1")}
