"""What a decision gives on stored scores: detections, precision, recall, F1, false alarms. Pure.

Scores of a trial go in once; then any `Decision`, or a whole curve against the threshold, is judged
without a model. A clip counts as detected if the detector would fire anywhere in it, so each has
one critical level, and all thresholds are read off the sorted ones. In a stream the detector is
followed from firing to firing, looking only at frames that could fire.

A detection in a stream is right within an event, one for each event; every other is a false alarm.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, repeat
from math import inf
from operator import sub, truediv
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from schema.scores import LEVELS, Decision, Scores, StreamScores, clips_from, frames_from

REMEMBERED = 4
"""So many smoothings stay at hand, so that whoever moves a slider does not wait."""

TRIED = 200


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """Right and wrong detections; of streams ``true_negatives`` is 0, as nobody can count them.

    Precision is 1 where nothing was detected, recall where there was nothing to detect.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int = 0

    @property
    def precision(self) -> float:
        """The share of detections that are right."""
        found = self.true_positives + self.false_positives
        return self.true_positives / found if found else 1.0

    @property
    def recall(self) -> float:
        """The share of what there was to detect that is detected."""
        wanted = self.true_positives + self.false_negatives
        return self.true_positives / wanted if wanted else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where there was nothing at all."""
        either = 2 * self.true_positives + self.false_positives + self.false_negatives
        return 2 * self.true_positives / either if either else 0.0


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision gives: on clips, and on streams, as far as there are scores of them."""

    decision: Decision
    clips: Confusion | None = None
    stream: Confusion | None = None
    false_alarms_per_hour: float | None = None


class Detection:
    """Judges decisions on the scores of one trial."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self._clips = [] if scores.clips is None else clips_from(scores.clips)
        self._streams = [_Stream(stream) for stream in scores.streams]
        self._smoothed: dict[int, _Smoothed] = {}
        self._sorted: tuple[tuple[int, float | None], _Criticals] | None = None

    def judge(self, decision: Decision) -> Judgement:
        """What this decision gives."""
        return self.curve(decision, [decision.threshold])[0]

    def curve(self, decision: Decision, thresholds: Iterable[float]) -> list[Judgement]:
        """What the decision gives at each of these thresholds, ascending."""
        ascending = sorted(set(thresholds))
        window = max(decision.smoothing, 1)
        smoothed = self._smooth(window)
        levels = [self.scores.level(threshold) for threshold in ascending]
        high = None if decision.high is None else self.scores.level(decision.high)
        low = None if decision.low is None else self.scores.level(decision.low)
        clips: Iterator[Confusion | None] = iter([None] * len(levels))
        if self._clips:
            clips = map(self._criticals(decision).confusion, levels)
        rule = _Rule(window, high, low, decision.cool_down)
        ways = zip(self._streams, smoothed.streams, strict=True)
        fired = [stream.at(levels, means, rule) for stream, means in ways]
        judged = []
        for threshold, on_clips, *found in zip(ascending, clips, *fired, strict=True):
            stream = _together(found) if found else None
            judged.append(
                Judgement(
                    decision=replace(decision, threshold=threshold),
                    clips=on_clips,
                    stream=stream,
                    false_alarms_per_hour=None if stream is None else self._hourly(stream),
                )
            )
        return judged

    def best_on_clips(self, decision: Decision) -> float | None:
        """The threshold with the highest F1 on clips, of equals the highest; ``None`` without."""
        if not self._clips:
            return None
        criticals = self._criticals(decision)
        level = max(criticals.turning, key=lambda at: (criticals.confusion(at).f1, at), default=0)
        return self.scores.score(level)

    def best_on_stream(self, decision: Decision) -> float | None:
        """The same on streams, of `TRIED` thresholds that are evenly spread over the scores."""
        if not self._streams:
            return None
        tried = [self.scores.score(LEVELS * (n + 0.5) / TRIED) for n in range(TRIED)]
        judged = self.curve(decision, tried)
        best = max(judged, key=lambda j: (j.stream.f1 if j.stream else 0.0, j.decision.threshold))
        return best.decision.threshold

    def _hourly(self, stream: Confusion) -> float:
        seconds = sum(each.scores.seconds for each in self._streams)
        return stream.false_positives / (seconds / 3600)

    def _smooth(self, window: int) -> "_Smoothed":
        known = self._smoothed.pop(window, None)
        if known is None:
            clips = [means_of(frames, window) for _, frames in self._clips]
            known = _Smoothed(clips, [means_of(s.frames, window) for s in self._streams])
        self._smoothed[window] = known
        if len(self._smoothed) > REMEMBERED:
            del self._smoothed[next(iter(self._smoothed))]
        return known

    def _criticals(self, decision: Decision) -> "_Criticals":
        window = max(decision.smoothing, 1)
        high = None if decision.high is None else self.scores.level(decision.high)
        if self._sorted is None or self._sorted[0] != (window, high):
            levels: tuple[list[float], list[float]] = [], []
            means = self._smooth(window).clips
            for (wanted, frames), smoothed in zip(self._clips, means, strict=True):
                levels[wanted].append(_critical_level(frames, smoothed, high))
            self._sorted = (window, high), _Criticals(*map(sorted, levels))
        return self._sorted[1]


class _Smoothed(NamedTuple):
    """Mean levels: of each clip, and of each stream."""

    clips: list[Sequence[float]]
    streams: list[Sequence[float]]


def means_of(levels: Sequence[int], window: int) -> Sequence[float]:
    """The mean of the last ``window`` levels at each frame, of fewer at the beginning."""
    if window == 1:
        return levels
    sums = list(accumulate(levels, initial=0))
    begin = [sums[count] / count for count in range(1, min(window, len(levels)) + 1)]
    rest = map(sub, sums[window + 1 :], sums[1:])
    return begin + list(map(truediv, rest, repeat(window)))


def _critical_level(frames: Sequence[int], means: Sequence[float], high: float | None) -> float:
    """The highest threshold at which the detector still fires in a clip; -1: at none."""
    highest = max(means, default=-1)
    if high is None or highest < high:
        return highest if high is None else -1
    both = zip(frames, means, strict=True)
    return max([level for level, mean in both if mean >= high])


class _Criticals:
    """The sorted critical levels of the clips with nothing to detect, and of the others."""

    def __init__(self, others: list[float], wanted: list[float]) -> None:
        self._others = others
        self._wanted = wanted

    @property
    def turning(self) -> list[float]:
        """The levels at which the detector begins to miss what is wanted: the best is one."""
        return [level for level in self._wanted if level >= 0]

    def confusion(self, level: float) -> Confusion:
        """What a threshold at this level gives."""
        missed = bisect_left(self._wanted, level)
        quiet = bisect_left(self._others, level)
        return Confusion(
            true_positives=len(self._wanted) - missed,
            false_positives=len(self._others) - quiet,
            false_negatives=missed,
            true_negatives=quiet,
        )


class _Rule(NamedTuple):
    """A decision without its threshold, in levels."""

    window: int
    high: float | None
    low: float | None
    cool_down: float


class _Stream:
    """One stream: its levels, and what there is to detect."""

    def __init__(self, scores: StreamScores) -> None:
        self.scores = scores
        self.frames = frames_from(scores.frames)
        self._prepared: tuple[object, list[int], list[int] | None] = None, [], None

    def at(
        self, thresholds: Sequence[float], means: Sequence[float], rule: _Rule
    ) -> Iterator[Confusion]:
        """What each of the ascending ``thresholds``, in levels, gives; what one of them keeps from
        firing, the next ones do, too."""
        on, low = rule.high, rule.low
        if on is not None:
            low = on if low is None else min(low, on)
        what = means if on is None else self.frames
        able, below = self._prepare(means, (rule.window, on, low))
        for threshold in thresholds:
            able = [frame for frame in able if what[frame] >= threshold]
            if below is None or (on is None and low is not None and low >= threshold):
                fired = self._fired_anew(able, rule.cool_down)
            else:
                fired = self._fired(able, below, rule.cool_down)
            yield self._held_against_events(fired)

    def _prepare(
        self, means: Sequence[float], key: tuple[int, float | None, float | None]
    ) -> tuple[list[int], list[int] | None]:
        """The frames that could fire at some threshold, and those that arm the detector, where that
        does not depend on it; kept while only the threshold changes."""
        _, on, low = key
        if self._prepared[0] != key:
            able = list(range(len(means)))
            if on is not None:
                able = [frame for frame in able if means[frame] >= on]
            below = None if low is None else [f for f, mean in enumerate(means) if mean < low]
            self._prepared = key, able, below
        return self._prepared[1], self._prepared[2]

    def _fired(self, able: Sequence[int], below: Sequence[int], cool_down: float) -> list[float]:
        """When the detector fires, in seconds; it is armed again by the frames of ``below``."""
        start, hertz = self.scores.start, self.scores.hertz
        fired: list[float] = []
        armed, allowed = 0, -inf
        for frame in able:
            if frame < armed or (time := start + frame / hertz) < allowed:
                continue
            fired.append(time)
            allowed = time + cool_down
            later = bisect_right(below, frame)
            armed = below[later] if later < len(below) else len(self.frames)
        return fired

    def _fired_anew(self, able: Sequence[int], cool_down: float) -> list[float]:
        """The same where it is armed again by every frame that could not fire."""
        start, hertz = self.scores.start, self.scores.hertz
        fired: list[float] = []
        armed, allowed, before = True, -inf, -1
        for frame in able:
            if frame != before + 1:
                armed = True
            before = frame
            if armed and (time := start + frame / hertz) >= allowed:
                fired.append(time)
                armed, allowed = False, time + cool_down
        return fired

    def _held_against_events(self, fired: Sequence[float]) -> Confusion:
        used = [False] * len(fired)
        for begin, end in self.scores.events:
            first = bisect_left(fired, begin)
            while first < len(fired) and used[first]:
                first += 1
            if first < len(fired) and fired[first] <= end:
                used[first] = True
        hits = sum(used)
        return Confusion(
            true_positives=hits,
            false_positives=len(fired) - hits,
            false_negatives=len(self.scores.events) - hits,
        )


def _together(found: Sequence[Confusion]) -> Confusion:
    """Several streams as one."""
    if len(found) == 1:
        return found[0]
    return Confusion(
        true_positives=sum(each.true_positives for each in found),
        false_positives=sum(each.false_positives for each in found),
        false_negatives=sum(each.false_negatives for each in found),
    )
