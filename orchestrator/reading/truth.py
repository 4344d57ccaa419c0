"""What objectives say they did, beside what a database says was counted. Pure.

An objective under test writes lines to a file of its own and flushes each to the disk: a ``start``,
a ``metric`` for each report, a ``finish`` as the last thing it does. Afterwards the database is
held against them, in the four words of RabbitMQ's own Jepsen checker:

* **lost**: it was finished and is not there. A result whose trial is missing or has failed; a
  report of a complete trial.
* **recovered**: it could not be known, and it is there. A complete trial of which an earlier
  attempt was started and never finished.
* **unexpected**: it is there, and nobody did it. A result of an attempt that never finished, other
  values than those that were reported, reports in another order.
* **duplicated**: it is there, or was done, more often than once. Two processes that ran the same
  attempt, two complete attempts of a trial, a report that is stored twice.

Recovered is good news; the other three must be empty.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from orchestrator.reading.verification import StoredTrial
from schema.errors import WrongInput
from schema.messages import Report
from schema.trial import TrialState


class TruthLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an objective did; ``study`` may be left out where there is only one."""

    event: Literal["start", "metric", "finish"]
    number: int
    attempt: int
    study: str = ""
    step: int | None = None
    metrics: dict[str, float] = {}


class Discrepancy(msgspec.Struct, frozen=True, kw_only=True):
    """What is not the same in the truth and in the database, of one trial."""

    study: str
    trial: int
    found: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The truth beside the database; ``open`` trials wait or run, so nothing is lost yet."""

    finished: int
    open: int
    lost: tuple[Discrepancy, ...]
    recovered: tuple[Discrepancy, ...]
    unexpected: tuple[Discrepancy, ...]
    duplicated: tuple[Discrepancy, ...]

    @property
    def well(self) -> bool:
        """True when nothing is lost, unexpected or duplicated."""
        return not (self.lost or self.unexpected or self.duplicated)


class Attempts:
    """What the truth says of one trial, by attempt."""

    def __init__(self) -> None:
        self.starts: Counter[int] = Counter()
        self.finished: dict[int, list[dict[str, float]]] = {}
        self.reports: dict[int, list[tuple[int, dict[str, float]]]] = {}

    def add(self, line: TruthLine) -> None:
        """Take one line."""
        if line.event == "start":
            self.starts[line.attempt] += 1
        elif line.event == "finish":
            self.finished.setdefault(line.attempt, []).append(line.metrics)
        else:
            report = (line.step or 0, line.metrics)
            self.reports.setdefault(line.attempt, []).append(report)


def read_truth(name: str, text: str) -> Iterator[TruthLine]:
    """The lines of a truth file; the last one is passed over if its writer was killed over it.

    Raises:
        WrongInput: a line is something else.
    """
    for place, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            return
        try:
            yield msgspec.convert(json.loads(line), TruthLine)  # Python's JSON has NaN
        except (ValueError, msgspec.ValidationError) as error:
            raise WrongInput(f"{name}, line {place}: this is no line of truth: {error}") from error


def compare(lines: Iterable[TruthLine], stored: Sequence[StoredTrial]) -> Comparison:
    """Hold the truth against what is stored.

    Raises:
        WrongInput: a line names no study, and the database has several.
    """
    said = _by_trial(lines, stored)
    trials = {(each.study, each.trial.number): each for each in stored}
    found: dict[str, list[Discrepancy]] = {
        word: [] for word in ("lost", "recovered", "unexpected", "duplicated")
    }
    for key in sorted({*said, *trials}):
        for word, sentence in _trial(said.get(key, Attempts()), trials.get(key)):
            found[word].append(Discrepancy(study=key[0], trial=key[1], found=sentence))
    return Comparison(
        finished=sum(
            len(each) for attempts in said.values() for each in attempts.finished.values()
        ),
        open=sum(1 for each in stored if not each.trial.state.ended),
        lost=tuple(found["lost"]),
        recovered=tuple(found["recovered"]),
        unexpected=tuple(found["unexpected"]),
        duplicated=tuple(found["duplicated"]),
    )


def _by_trial(
    lines: Iterable[TruthLine], stored: Sequence[StoredTrial]
) -> dict[tuple[str, int], Attempts]:
    studies = {each.study for each in stored}
    only = next(iter(studies)) if len(studies) == 1 else ""
    said: dict[tuple[str, int], Attempts] = {}
    for line in lines:
        study = line.study or only
        if not study and len(studies) > 1:
            raise WrongInput(
                f"the truth about trial {line.number} names no study, and the database has "
                f"{len(studies)}"
            )
        said.setdefault((study, line.number), Attempts()).add(line)
    return said


def _trial(said: Attempts, stored: StoredTrial | None) -> Iterator[tuple[str, str]]:
    """The words that fit one trial, each with what was found."""
    for attempt, times in said.starts.items():
        if times > 1:
            yield "duplicated", f"attempt {attempt} was started {times} times"
    for attempt, results in said.finished.items():
        if len(results) > 1:
            yield "duplicated", f"attempt {attempt} finished {len(results)} times"
    if stored is None:
        if said.finished:
            yield "lost", "it finished, and it is not in the database"
        return
    trial = stored.trial
    if stored.complete_attempts > 1:
        yield "duplicated", f"{stored.complete_attempts} of its attempts count as complete"
    if trial.state is TrialState.FAILED and said.finished:
        yield "lost", f"attempt {min(said.finished)} finished, and the trial failed: {trial.reason}"
    if trial.state is TrialState.COMPLETE:
        yield from _complete(said, stored)


def _complete(said: Attempts, stored: StoredTrial) -> Iterator[tuple[str, str]]:
    trial = stored.trial
    results = said.finished.get(trial.attempt)
    if results is None:
        yield "unexpected", f"it is complete by attempt {trial.attempt}, which never finished"
    elif results[0] and _exact(results[0]) != _exact(trial.measured or trial.metrics or {}):
        yield "unexpected", f"it returned {results[0]}, stored is {trial.measured or trial.metrics}"
    for attempt in sorted(set(said.starts) - set(said.finished)):
        if attempt < trial.attempt:
            yield "recovered", f"attempt {attempt} was lost, attempt {trial.attempt} is complete"
    if trial.attempt in said.reports:
        yield from _curve(said.reports[trial.attempt], stored.curve)


def _curve(
    said: Sequence[tuple[int, dict[str, float]]], stored: Sequence[Report]
) -> Iterator[tuple[str, str]]:
    true = [(step, _exact(metrics)) for step, metrics in said]
    kept = [(step, _exact(metrics)) for step, _, metrics in stored]
    missing, extra = Counter(true) - Counter(kept), Counter(kept) - Counter(true)
    for (step, _), times in missing.items():
        yield "lost", f"its report of step {step} is not stored" + _times(times)
    for (step, metrics), times in extra.items():
        word = "duplicated" if (step, metrics) in true else "unexpected"
        yield word, f"a report of step {step} is stored that was not made" + _times(times)
    if not missing and not extra and true != kept:
        yield "unexpected", "its reports are stored in another order"


def _times(times: int) -> str:
    return f" ({times} times)" if times > 1 else ""


def _exact(metrics: dict[str, float]) -> tuple[tuple[str, str], ...]:
    """Metrics as something equal to itself also where they are NaN."""
    return tuple(sorted((name, repr(float(value))) for name, value in metrics.items()))
