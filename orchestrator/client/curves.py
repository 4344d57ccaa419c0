"""How far a reader knows the curves of a study, and of which there is more to read. Pure."""

from collections.abc import Iterable, Sequence

from schema.commands.feed import CurveFrom, CurvePart
from schema.commands.pages import PAGE_ROWS
from schema.results import RunningTrial, TrialResult


class CurvesRead:
    """The curves of one study, as far as they were read."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[CurveFrom, int]] = {}  # up to where, and how many points
        self._wanted: dict[int, tuple[int, int]] = {}  # attempt, and how many points it has

    def hear(self, trials: Iterable[TrialResult | RunningTrial]) -> None:
        """So many points have the curves of these trials by now."""
        for trial in trials:
            known, points = self._known.get(trial.number, (CurveFrom(trial.number), 0))
            more = trial.reports > (points if trial.attempt == known.attempt else 0)
            if trial.attempt >= known.attempt and more:
                self._wanted[trial.number] = trial.attempt, trial.reports

    def wanted(self) -> tuple[CurveFrom, ...]:
        """What to ask for next, those first that wait longest; nothing when all is read."""
        numbers = list(self._wanted)[:PAGE_ROWS]
        return tuple(self._known.get(n, (CurveFrom(n), 0))[0] for n in numbers)

    def take(self, asked: Sequence[CurveFrom], parts: Sequence[CurvePart]) -> bool:
        """The answer; True when there was something in it."""
        for part in parts:
            known, points = self._known.get(part.number, (CurveFrom(part.number), 0))
            points = len(part.reports) + (points if part.attempt == known.attempt else 0)
            self._known[part.number] = CurveFrom(part.number, part.attempt, part.seq), points
            wanted = self._wanted.get(part.number)
            if wanted is not None and (part.attempt, points) >= wanted:
                del self._wanted[part.number]
        if not parts:  # what was heard of is not stored yet, and will be heard of again
            for known in asked:
                self._wanted.pop(known.number, None)
        return bool(parts)
