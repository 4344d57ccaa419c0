"""What a decision gives on the stored scores of a trial, as curves and as lines to read. Pure.

In go the scores and a configuration; the variables that have a role in the decision are what a
person moves. Values are always ones that the configuration allows.
"""

from collections.abc import Mapping

import msgspec

from schema.detection import Confusion, Detection, Judgement
from schema.scores import Decision, Scores
from schema.space import Space
from schema.values import Value
from schema.variables import Variable, is_number

POINTS = 121
"""Thresholds of a curve."""

DIGITS = 4
"""Nobody moves a slider more exactly."""

CLIPS, STREAM = "clips", "stream"
PRECISION, RECALL, F1, ALARMS = "precision", "recall", "F1", "false alarms per hour"

Curves = dict[str, list[tuple[float, float]]]


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is shown for one decision and one part of the scores."""

    confusion: Confusion | None
    false_alarms_per_hour: float | None
    curves: Curves


class Judging:
    """The scores of one trial, and what moves on them; ``space`` is the one of its study."""

    def __init__(self, scores: Scores, space: Space) -> None:
        self._scores = scores
        self._detection = Detection(scores)
        roles = scores.roles.paths()
        self.roles = {role: path for role, path in roles.items() if space.has(path)}
        """The variables that a person moves, by their role."""
        self._space = space
        self._curves: tuple[Decision, str, Curves] | None = None

    @property
    def parts(self) -> list[str]:
        """What there are scores of."""
        clips = [CLIPS] if self._scores.clips is not None else []
        return clips + ([STREAM] if self._scores.streams else [])

    def variable(self, role: str) -> Variable:
        """The variable that has a role."""
        return self._space.variable(self.roles[role])

    def allowed(self, role: str, value: float) -> Value:
        """The value that the configuration allows, nearest to where a slider stands."""
        variable = self.variable(role)
        return variable.nearest(round(value) if variable.kind == "int" else round(value, DIGITS))

    def picture(self, values: Mapping[str, Value], part: str) -> Picture:
        """What the decision in a configuration gives."""
        decision = self._scores.roles.decision(values)
        judged = self._detection.judge(decision)
        return Picture(
            confusion=judged.clips if part == CLIPS else judged.stream,
            false_alarms_per_hour=judged.false_alarms_per_hour,
            curves=self._curves_of(decision, part),
        )

    def _curves_of(self, decision: Decision, part: str) -> Curves:
        """Against the threshold; the same as long as nothing else moves."""
        bare = msgspec.structs.replace(decision, threshold=0.0)
        if self._curves is None or self._curves[:2] != (bare, part):
            judged = self._detection.curve(decision, self._thresholds())
            self._curves = bare, part, _curves(judged, part)
        return self._curves[2]

    def _thresholds(self) -> list[float]:
        low, high = self.range("threshold")
        return [low + (high - low) * point / (POINTS - 1) for point in range(POINTS)]

    def range(self, role: str) -> tuple[float, float]:
        """From where to where a slider goes."""
        variable = self.variable(role)
        numbers = [choice for choice in variable.choices or () if is_number(choice)]
        if numbers:
            return min(numbers), max(numbers)
        if variable.low is not None and variable.high is not None:
            return variable.low, variable.high
        return (1, 50) if variable.kind == "int" else (self._scores.lowest, self._scores.highest)


def _curves(judged: list[Judgement], part: str) -> Curves:
    curves: Curves = {PRECISION: [], RECALL: [], F1: []}
    for judgement in judged:
        at = judgement.decision.threshold
        confusion = judgement.clips if part == CLIPS else judgement.stream
        if confusion is not None:
            curves[PRECISION].append((at, confusion.precision))
            curves[RECALL].append((at, confusion.recall))
            curves[F1].append((at, confusion.f1))
        if part == STREAM and judgement.false_alarms_per_hour is not None:
            curves.setdefault(ALARMS, []).append((at, judgement.false_alarms_per_hour))
    return curves
