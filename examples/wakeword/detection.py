"""When the detector fires on a stream, and how good that is.

Scores of a stream come in, one every 0.1 s; the inference group decides at which of them to fire.
Judging one decision takes about a millisecond, so they are searched on the finished detector.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from examples.wakeword.configuration import Inference
from examples.wakeword.detector import StreamScores

_GRACE_SECONDS = 1.2  # after the end of the phrase, in which firing is still right


@dataclass(frozen=True)
class StreamResult:
    """What one decision gives on one stream."""

    f1: float
    recall: float
    false_alarms_per_hour: float

    def metrics(self) -> dict[str, float]:
        """The figures by the names under which a trial keeps them."""
        return {
            "stream_f1": self.f1,
            "stream_recall": self.recall,
            "false_alarms_per_hour": self.false_alarms_per_hour,
        }


def detections(stream: StreamScores, inference: Inference) -> npt.NDArray[np.float64]:
    """The times, in seconds, at which the detector fires.

    It fires when it is armed, the mean of the last `smoothing_windows` scores reaches
    `hysteresis_high`, the newest score itself reaches `threshold` and `cool_down_s` have passed
    since it last fired.  Having fired, it is armed again once the mean falls below `hysteresis_low`
    (or below `hysteresis_high`, if that is lower).
    """
    means = _running_mean(stream.scores, inference.smoothing_windows)
    fires = (means >= inference.hysteresis_high) & (stream.scores >= inference.threshold)
    arms = means < min(inference.hysteresis_low, inference.hysteresis_high)
    fired: list[float] = []
    armed, allowed_from = True, -np.inf
    for window in np.flatnonzero(fires | arms):
        time = float(stream.times[window])
        if arms[window]:
            armed = True
        elif armed and time >= allowed_from:
            fired.append(time)
            armed, allowed_from = False, time + inference.cool_down_s
    return np.array(fired)


def right_times(wake_times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From when until when firing is right, (phrases, 2) in seconds, as `wake_times`: from the
    middle of a phrase to 1.2 s after its end."""
    return np.stack([wake_times.mean(1), wake_times[:, 1] + _GRACE_SECONDS], 1)


def judge(
    stream: StreamScores, wake_times: npt.NDArray[np.float64], inference: Inference
) -> StreamResult:
    """Compare the detections with the phrases, (phrases, 2) start and end in seconds.

    A detection is right within `right_times`; one for each phrase counts, every other one is a
    false alarm.
    """
    fired = detections(stream, inference)
    unused = np.ones(len(fired), bool)
    hits = 0
    for first, last in right_times(wake_times):
        right = unused & (fired >= first) & (fired <= last)
        if right.any():
            hits += 1
            unused[right.argmax()] = False
    false_alarms = int(unused.sum())
    return StreamResult(
        f1=2 * hits / max(1, hits + false_alarms + len(wake_times)),
        recall=hits / max(1, len(wake_times)),
        false_alarms_per_hour=false_alarms / (float(stream.times[-1]) / 3600),
    )


def _running_mean(scores: npt.NDArray[np.float32], windows: int) -> npt.NDArray[np.float64]:
    """The mean of the last `windows` scores, of fewer at the beginning."""
    sums = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    last = np.arange(1, len(scores) + 1)
    first = np.maximum(0, last - windows)
    means: npt.NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)
    return means
