"""The attempts of a study as bars of its timeline. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from schema.commands.trials import AttemptSpan
from schema.results import TrialResult
from schema.trial import Outcome, TrialState
from webui.charts.timeline import UNKNOWN_SLOT, Span

STATES = {
    Outcome.COMPLETE: TrialState.COMPLETE,
    Outcome.PRUNED: TrialState.PRUNED,
    Outcome.STOPPED: TrialState.CANCELLED,
    Outcome.RELEASED: TrialState.WAITING,
    Outcome.FAILED: TrialState.FAILED,
}
"""What an attempt that was not the last one came to; one without an outcome was lost."""


def spans(rows: Iterable[TrialResult], attempts: Mapping[int, Iterable[AttemptSpan]]) -> list[Span]:
    """Every attempt of ``rows``; of a trial whose attempts are not known yet, the last one."""
    return [span for row in rows for span in _spans(row, attempts.get(row.number))]


def _spans(row: TrialResult, attempts: Iterable[AttemptSpan] | None) -> Iterator[Span]:
    if attempts is None:
        if row.started is not None and row.runner:
            yield Span(
                trial=row.number,
                attempt=row.attempt,
                runner=row.runner,
                slot=UNKNOWN_SLOT,
                started=row.started,
                ended=row.ended,
                state=row.state,
            )
        return
    for attempt in attempts:
        if not attempt.slot and attempt.ended is None:
            continue  # handed out, and not begun
        yield Span(
            trial=row.number,
            attempt=attempt.attempt,
            runner=attempt.runner,
            slot=attempt.slot,
            started=attempt.started,
            ended=attempt.ended,
            state=_state(row, attempt),
        )


def _state(row: TrialResult, attempt: AttemptSpan) -> TrialState:
    if attempt.attempt == row.attempt and (row.state.ended or attempt.ended is None):
        return row.state
    if attempt.outcome is None:
        return TrialState.FAILED
    return STATES[Outcome(attempt.outcome)]
