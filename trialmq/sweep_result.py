"""How a study stood when a run of it was over, wherever its trials ran."""

from dataclasses import dataclass

from schema.results import Summary, TrialResult
from schema.study import StudySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """How a sweep ended; the study's trials as they are stored, by number."""

    summary: Summary
    spec: StudySpec
    trials: list[TrialResult]
    interrupted: bool
    broken_because: str
