"""What a run of the wake-word sweep leaves: one line of JSON a run, appended as it ends.

An interrupted benchmark reads the lines back and does what is missing.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from schema.values import Value


class TrialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One trial that ended; times are seconds since the run began, ``f1`` a complete trial's."""

    number: int
    outcome: str
    began: float
    ended: float
    steps: int
    f1: float | None
    config: dict[str, Value]


class Run(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """One system with one seed; ``seconds`` is from the start of its process to its end."""

    system: str
    seed: int
    trials: int
    epochs: int
    seconds: float
    ended: list[TrialRecord]

    @property
    def steps(self) -> int:
        """How many epochs were trained."""
        return sum(trial.steps for trial in self.ended)

    def best(self, seconds: float | None = None) -> TrialRecord | None:
        """The best complete trial, of those that had ended by then."""
        complete = [t for t in self.by(seconds) if t.f1 is not None]
        return max(complete, key=lambda trial: trial.f1 or 0.0, default=None)

    def by(self, seconds: float | None) -> list[TrialRecord]:
        """The trials that had ended by then."""
        return [trial for trial in self.ended if seconds is None or trial.ended <= seconds]


class Judged(msgspec.Struct, frozen=True, kw_only=True, tag="judged"):
    """The best trial of a run, trained once more with its seed: F1 on voices unheard till then."""

    system: str
    seed: int
    trials: int
    epochs: int
    number: int
    validation_f1: float
    test_f1: float


Line = Run | Judged


def read(path: Path) -> Iterator[Line]:
    """The lines of a results file; a last one that was cut off is passed over."""
    if not path.exists():
        return
    for text in path.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(text, type=Line)
        except msgspec.DecodeError:
            continue


def append(path: Path, line: Line) -> None:
    """Add one line."""
    with path.open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")
